// The limits of the table, applied to a purchase.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/limit_check.h"
#include "common/contract/limits.h"
#include "common/contract/purchase.h"

typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;

// A check under way: where in the purchase it stands, and the first fault that it met.
struct check {
    struct hy_arena *arena;
    const char *list; // NULL: the purchase itself
    size_t index;
    struct hy_error error;
};

// Made only when there is a fault.
static const char *path_of(const struct check *check, const char *field) {
    if (check->list == NULL) return field;
    return hy_arena_printf(check->arena, "%s[%zu].%s", check->list, check->index, field);
}

static void report(struct check *check, enum hy_code code, const char *field, const char *detail) {
    if (check->error.code == HY_OK) check->error = (struct hy_error){code, path_of(check, field), detail};
}

static bool in_range(const struct hy_limit *limit, int64_t value) {
    return value >= limit->min && value <= limit->max;
}

static void report_limit(struct check *check, const struct hy_limit *limit, bool absent) {
    enum hy_code code = absent && limit->required ? HY_MISSING_FIELD : HY_INVALID_FIELD;
    report(check, code, limit->field, hy_limit_right_values(limit, check->arena));
}

static void check_text(struct check *check, enum hy_limit_row row, const char *text) {
    if (!hy_limit_text_is_right(&hy_limits[row], text))
        report_limit(check, &hy_limits[row], text == NULL || *text == '\0');
}

static void check_number(struct check *check, enum hy_limit_row row, int64_t number) {
    if (!in_range(&hy_limits[row], number)) report_limit(check, &hy_limits[row], number == 0);
}

static void check_line(struct check *check, const Line *line) {
    check_text(check, HY_LIMIT_LINE_ID, line->line_id);
    check_text(check, HY_LIMIT_SKU, line->sku);
    check_text(check, HY_LIMIT_CATEGORY, line->category);
    check_text(check, HY_LIMIT_BRAND, line->brand);
    check_number(check, HY_LIMIT_QUANTITY, line->quantity);
    check_number(check, HY_LIMIT_PAID_FEN, line->paid_fen);
}

static int compare_line_ids(const void *a, const void *b) {
    const Line *const *left = a;
    const Line *const *right = b;
    return strcmp((*left)->line_id, (*right)->line_id);
}

// Index of the second line with this id; there is one.
static size_t second_with_id(const Purchase *purchase, const char *line_id) {
    bool met = false;
    for (size_t i = 0;; i++) {
        if (strcmp(purchase->lines[i]->line_id, line_id) != 0) continue;
        if (met) return i;
        met = true;
    }
}

// Tills number their lines: "1", "2" … "10". Then one look at each neighbour is enough.
static bool line_ids_ascend(const Purchase *purchase) {
    size_t before = strlen(purchase->lines[0]->line_id);
    for (size_t i = 1; i < purchase->n_lines; i++) {
        size_t length = strlen(purchase->lines[i]->line_id);
        if (length < before) return false;
        if (length == before && strcmp(purchase->lines[i - 1]->line_id, purchase->lines[i]->line_id) >= 0)
            return false;
        before = length;
    }
    return true;
}

static void check_line_ids_differ(struct check *check, const Purchase *purchase) {
    if (line_ids_ascend(purchase)) return;
    size_t count = purchase->n_lines;
    const Line **sorted = hy_arena_alloc(check->arena, count * sizeof *sorted);
    memcpy(sorted, purchase->lines, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_line_ids);
    for (size_t i = 1; i < count && check->error.code == HY_OK; i++) {
        if (compare_line_ids(&sorted[i - 1], &sorted[i]) != 0) continue;
        check->list = "lines";
        check->index = second_with_id(purchase, sorted[i]->line_id);
        report(check, HY_INVALID_FIELD, "line_id",
               "each line_id once in a purchase / 同一笔消费中 line_id 不可重复");
    }
}

// Only when each line is within its limits: then the sum cannot overflow.
static void check_lines_together(struct check *check, const Purchase *purchase) {
    if (hy_purchase_total_fen(purchase) > HY_AMOUNT_LIMIT_FEN) {
        report(check, HY_INVALID_FIELD, "lines",
               "together at most 1000000000 fen / 各行 paid_fen 之和不超过 1000000000 分");
    }
    check_line_ids_differ(check, purchase);
}

static void check_lines(struct check *check, const Purchase *purchase) {
    check_number(check, HY_LIMIT_LINES, (int64_t)purchase->n_lines);
    for (size_t i = 0; i < purchase->n_lines && check->error.code == HY_OK; i++) {
        check->list = "lines";
        check->index = i;
        check_line(check, purchase->lines[i]);
    }
    check->list = NULL;
    if (check->error.code == HY_OK) check_lines_together(check, purchase);
    check->list = NULL;
}

static void check_payments_add_up(struct check *check, const Purchase *purchase) {
    int64_t lines = hy_purchase_total_fen(purchase);
    int64_t payments = 0;
    for (size_t i = 0; i < purchase->n_payments; i++) {
        payments += purchase->payments[i]->amount_fen;
    }
    if (purchase->n_payments == 0 || payments == lines) return;
    report(check, HY_AMOUNT_MISMATCH, "payments",
           hy_arena_printf(check->arena, "lines / 明细 %" PRId64 " fen, payments / 支付 %" PRId64 " fen",
                           lines, payments));
}

static void check_payments(struct check *check, const Purchase *purchase) {
    check_number(check, HY_LIMIT_PAYMENTS, (int64_t)purchase->n_payments);
    for (size_t i = 0; i < purchase->n_payments && check->error.code == HY_OK; i++) {
        check->list = "payments";
        check->index = i;
        check_number(check, HY_LIMIT_METHOD, (int64_t)purchase->payments[i]->method);
        check_number(check, HY_LIMIT_AMOUNT_FEN, purchase->payments[i]->amount_fen);
    }
    check->list = NULL;
    if (check->error.code == HY_OK) check_payments_add_up(check, purchase);
}

struct hy_error hy_purchase_check(const Purchase *purchase, struct hy_arena *arena) {
    struct check check = {arena, NULL, 0, HY_NO_ERROR};
    check_text(&check, HY_LIMIT_PURCHASE_ID, purchase->purchase_id);
    check_text(&check, HY_LIMIT_MEMBER_ID, purchase->member_id);
    check_text(&check, HY_LIMIT_STORE_ID, purchase->store_id);
    check_number(&check, HY_LIMIT_CHANNEL, (int64_t)purchase->channel);
    check_number(&check, HY_LIMIT_OCCURRED_AT_MS, purchase->occurred_at_ms);
    check_lines(&check, purchase);
    check_payments(&check, purchase);
    check_text(&check, HY_LIMIT_CURRENCY, purchase->currency);
    return check.error;
}
