// Purchases from CSV: one row a line of a purchase; the rows of a purchase stand together.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/import_reader.h"
#include "common/base/decimal.h"
#include "common/base/memory.h"
#include "common/contract/purchase.h"
#include "common/contract/rfc3339.h"

typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;

// Those up to LAST_OF_PURCHASE say the same in every row of a purchase.
enum column {
    PURCHASE_ID,
    MEMBER_ID,
    STORE_ID,
    CHANNEL,
    OCCURRED_AT,
    OCCURRED_AT_MS,
    CURRENCY,
    LAST_OF_PURCHASE = CURRENCY,
    LINE_ID,
    SKU,
    CATEGORY,
    BRAND,
    QUANTITY,
    PAID_FEN,
    PAID,
    PAYMENT_METHOD,
    COLUMNS,
};

static const char *const names[COLUMNS] = {
    "purchase_id",    "member_id", "store_id", "channel", "occurred_at",
    "occurred_at_ms", "currency",  "line_id",  "sku",     "category",
    "brand",          "quantity",  "paid_fen", "paid",    "payment_method",
};

enum { METHODS_LIMIT = 16, NO_COLUMN = CSV_FIELDS_LIMIT };

struct rows {
    struct import_reader base;
    size_t place[COLUMNS]; // in a row; NO_COLUMN: the file has none
    size_t width;
    struct csv_row row; // when `ahead`: the first of the next purchase
    bool bad;           // and cannot be read
    uint64_t row_line;
    uint64_t row_offset;
};

// A purchase that is being put together.
struct building {
    const struct rows *rows;
    struct hy_arena *arena;
    struct import_item *item;
    Purchase *purchase;
    struct hy_bytes first[LAST_OF_PURCHASE + 1]; // cells of the first row
    uint64_t *row_lines;                         // number of each line's row
    int64_t paid_by[METHODS_LIMIT];
    bool uses[METHODS_LIMIT];
    size_t rows_with_method;
    uint64_t row_without_method; // line of the last one
};

// --- the header ---

static enum column column_of(struct hy_bytes name) {
    for (enum column c = 0; c < COLUMNS; c++) {
        if (hy_bytes_equal(name, hy_bytes_of(names[c]))) return c;
    }
    return COLUMNS;
}

static bool take_name(struct rows *rows, size_t place, bool ignore_unknown) {
    struct hy_bytes name = rows->row.fields[place];
    enum column column = column_of(name);
    if (column == COLUMNS) {
        if (ignore_unknown) return true;
        say_error(
            "%s:1: unknown column '%.*s'; see `huiyuanctl help import purchases`, or use --ignore-columns / "
            "未知的列，可用 --ignore-columns 忽略",
            rows->base.source->path, (int)name.length, (const char *)name.data);
        return false;
    }
    if (rows->place[column] != NO_COLUMN) {
        say_error("%s:1: column %s stands twice / 列 %s 重复", rows->base.source->path, names[column],
                  names[column]);
        return false;
    }
    rows->place[column] = place;
    return true;
}

static bool has(const struct rows *rows, enum column column) {
    return rows->place[column] != NO_COLUMN;
}

static bool need(const struct rows *rows, enum column one, enum column other) {
    if (has(rows, one) != has(rows, other) || (one == other && has(rows, one))) return true;
    bool both = has(rows, one) && one != other;
    say_error("%s:1: %s %s%s%s / %s", rows->base.source->path,
              both ? "only one of these columns may be there:" : "a column is missing:", names[one],
              one == other ? "" : ", ", one == other ? "" : names[other],
              both ? "只能有其中一列" : "缺少该列");
    return false;
}

static bool take_header(struct rows *rows, bool ignore_unknown) {
    for (size_t i = 0; i < COLUMNS; i++)
        rows->place[i] = NO_COLUMN;
    for (size_t i = 0; i < rows->row.count; i++) {
        if (!take_name(rows, i, ignore_unknown)) return false;
    }
    rows->width = rows->row.count;
    static const enum column needed[] = {PURCHASE_ID, MEMBER_ID, STORE_ID, CHANNEL, LINE_ID};
    bool good = true;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        good = need(rows, needed[i], needed[i]) && good;
    good = need(rows, OCCURRED_AT, OCCURRED_AT_MS) && good;
    return need(rows, PAID_FEN, PAID) && good;
}

// --- rows ---

static bool is_blank(const struct csv_row *row) {
    return row->count == 1 && row->fields[0].length == 0;
}

// Reads the next row into `row`; false at the end.
static bool load_row(struct rows *rows) {
    struct source *source = rows->base.source;
    enum csv_result result;
    do {
        source_want(source, CSV_RECORD_LIMIT_BYTES);
        result = csv_parse(source->data + source->begin, source->end - source->begin, &rows->row);
        rows->row_line = rows->base.line;
        rows->row_offset = source->offset;
        rows->base.line += rows->row.lines;
        source_use(source, rows->row.used);
    } while (result == CSV_ROW && is_blank(&rows->row));
    rows->base.ahead = result != CSV_END;
    rows->bad = result == CSV_BAD;
    return rows->base.ahead;
}

static struct hy_bytes cell(const struct rows *rows, enum column column) {
    size_t place = rows->place[column];
    return place < rows->row.count ? rows->row.fields[place] : hy_bytes("", 0);
}

// --- one purchase ---

static void fault(struct building *building, enum hy_code code, const char *field, const char *detail) {
    struct import_item *item = building->item;
    if (item->error.code != HY_OK) return;
    item->error = (struct hy_error){code, field, detail};
    item->line = building->rows->row_line;
}

static void fault_at(struct building *building, enum column column, const char *detail) {
    struct hy_bytes text = cell(building->rows, column);
    int shown = text.length > 40 ? 40 : (int)text.length;
    enum hy_code code = text.length == 0 ? HY_MISSING_FIELD : HY_INVALID_FIELD;
    const char *path =
        column <= LAST_OF_PURCHASE
            ? names[column]
            : hy_arena_printf(building->arena, "lines[%zu].%s", building->purchase->n_lines, names[column]);
    fault(
        building, code, path,
        hy_arena_printf(building->arena, "%s, not / 而不是 '%.*s'", detail, shown, (const char *)text.data));
}

static char *text_of(struct building *building, enum column column) {
    struct hy_bytes text = cell(building->rows, column);
    return hy_arena_string(building->arena, (const char *)text.data, text.length);
}

// Digits alone, at most 18 of them.
static bool parse_digits(struct hy_bytes text, int64_t *ret_number) {
    int64_t number = 0;
    if (text.length == 0 || text.length > 18) return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        number = number * 10 + (text.data[i] - '0');
    }
    *ret_number = number;
    return true;
}

// The place of a name among the choices, from 1; 0: none of them, and a fault.
static int choice_of(struct building *building, enum column column, enum hy_limit_row row) {
    struct hy_bytes text = cell(building->rows, column);
    const char *const *choices = hy_limits[row].choices;
    const char *known = "";
    for (int i = 0; choices[i] != NULL; i++) {
        if (hy_bytes_equal(text, hy_bytes_of(choices[i]))) return i + 1;
    }
    for (size_t i = 0; choices[i] != NULL; i++)
        known = hy_arena_printf(building->arena, "%s%s%s", known, i == 0 ? "" : ", ", choices[i]);
    fault_at(building, column, hy_arena_printf(building->arena, "one of / 可选值: %s", known));
    return 0;
}

static void take_time(struct building *building) {
    Purchase *purchase = building->purchase;
    if (has(building->rows, OCCURRED_AT_MS)) {
        if (!parse_digits(cell(building->rows, OCCURRED_AT_MS), &purchase->occurred_at_ms))
            fault_at(building, OCCURRED_AT_MS, "Unix time in milliseconds / 毫秒时间戳");
    } else if (!hy_rfc3339_parse(cell(building->rows, OCCURRED_AT), &purchase->occurred_at_ms)) {
        fault_at(building, OCCURRED_AT, "RFC 3339 with an offset / 带时区的时间: 2026-11-22T14:03:00+08:00");
    }
}

static void begin(struct building *building) {
    Purchase *purchase = building->purchase;
    purchase->purchase_id = text_of(building, PURCHASE_ID);
    purchase->member_id = text_of(building, MEMBER_ID);
    purchase->store_id = text_of(building, STORE_ID);
    purchase->currency = text_of(building, CURRENCY);
    purchase->channel = (Huiyuan__V1__Channel)choice_of(building, CHANNEL, HY_LIMIT_CHANNEL);
    take_time(building);
    building->item->purchase_id = purchase->purchase_id;
    for (enum column c = 0; c <= LAST_OF_PURCHASE; c++)
        building->first[c] = hy_arena_bytes(building->arena, cell(building->rows, c));
}

static void check_agreement(struct building *building) {
    for (enum column c = 0; c <= LAST_OF_PURCHASE; c++) {
        if (hy_bytes_equal(building->first[c], cell(building->rows, c))) continue;
        fault(building, HY_INVALID_FIELD, names[c],
              "the rows of a purchase must agree in it / 同一笔消费的各行必须一致");
    }
}

static int64_t paid_of(struct building *building) {
    int64_t fen = 0;
    const struct rows *rows = building->rows;
    if (has(rows, PAID_FEN)) {
        if (!parse_digits(cell(rows, PAID_FEN), &fen)) fault_at(building, PAID_FEN, "whole fen / 整数（分）");
    } else if (!hy_hundredths_parse(cell(rows, PAID), INT64_MAX, &fen)) {
        fault_at(building, PAID, "yuan with at most two decimals / 元，最多两位小数");
    }
    return fen;
}

static uint32_t quantity_of(struct building *building) {
    int64_t quantity = 0;
    struct hy_bytes text = cell(building->rows, QUANTITY);
    if (text.length == 0) return 0;
    if (!parse_digits(text, &quantity) || quantity > hy_limits[HY_LIMIT_QUANTITY].max)
        fault_at(building, QUANTITY, "a whole number, 0 … 1000000 / 0 … 1000000 的整数");
    return (uint32_t)quantity;
}

static void take_method(struct building *building, int64_t paid_fen) {
    if (cell(building->rows, PAYMENT_METHOD).length == 0) {
        building->row_without_method = building->rows->row_line;
        return;
    }
    int method = choice_of(building, PAYMENT_METHOD, HY_LIMIT_METHOD);
    building->rows_with_method++;
    building->uses[method] = true;
    if (__builtin_add_overflow(building->paid_by[method], paid_fen, &building->paid_by[method]))
        fault_at(building, PAYMENT_METHOD, "an amount within the contract / 金额在约定范围内");
}

static void add_line(struct building *building) {
    // One more than allowed is enough to be refused, however many rows there are.
    if (building->purchase->n_lines > HY_LINES_LIMIT) return;
    Line *line = hy_arena_alloc(building->arena, sizeof *line);
    huiyuan__v1__purchase_line__init(line);
    line->line_id = text_of(building, LINE_ID);
    line->sku = text_of(building, SKU);
    line->category = text_of(building, CATEGORY);
    line->brand = text_of(building, BRAND);
    line->quantity = quantity_of(building);
    line->paid_fen = paid_of(building);
    take_method(building, line->paid_fen);
    building->row_lines[building->purchase->n_lines] = building->rows->row_line;
    building->purchase->lines[building->purchase->n_lines++] = line;
}

static void check_width(struct building *building) {
    const struct rows *rows = building->rows;
    if (rows->bad) {
        fault(building, HY_MALFORMED, "", rows->row.fault);
    } else if (rows->row.count != rows->width) {
        fault(building, HY_MALFORMED, "",
              hy_arena_printf(building->arena, "%zu columns, the header has %zu / 该行 %zu 列，表头 %zu 列",
                              rows->row.count, rows->width, rows->row.count, rows->width));
    }
}

static void take_row(struct building *building) {
    check_width(building);
    if (building->item->rows++ == 0)
        begin(building);
    else if (!building->rows->bad)
        check_agreement(building);
    add_line(building);
}

// A row that cannot be read as far as its purchase id may be a line of the purchase before it: without it
// that one would be sent with too little, so it goes with it.
static bool belongs(const struct rows *rows, const struct building *building) {
    if (rows->bad && rows->place[PURCHASE_ID] >= rows->row.count) return true;
    return hy_bytes_equal(cell(rows, PURCHASE_ID), building->first[PURCHASE_ID]);
}

static void add_payments(struct building *building) {
    Purchase *purchase = building->purchase;
    if (building->rows_with_method == 0) return;
    if (building->row_without_method != 0) {
        bool is_first = building->item->error.code == HY_OK;
        fault(building, HY_MISSING_FIELD, "payment_method",
              "in all rows of a purchase, or in none / 同一笔消费的各行须全部填写或全部为空");
        if (is_first) building->item->line = building->row_without_method;
        return;
    }
    purchase->payments = hy_arena_alloc(building->arena, METHODS_LIMIT * sizeof(void *));
    for (int method = 1; method < METHODS_LIMIT; method++) {
        if (!building->uses[method]) continue;
        Huiyuan__V1__Payment *payment = hy_arena_alloc(building->arena, sizeof *payment);
        huiyuan__v1__payment__init(payment);
        payment->method = (Huiyuan__V1__PaymentMethod)method;
        payment->amount_fen = building->paid_by[method];
        purchase->payments[purchase->n_payments++] = payment;
    }
}

// The contract names a line of the purchase: its row is what people look for.
static void check_contract(struct building *building) {
    struct import_item *item = building->item;
    if (item->error.code != HY_OK) return;
    item->error = hy_purchase_check(building->purchase, building->arena);
    if (item->error.code == HY_OK || item->error.field == NULL) return;
    if (strncmp(item->error.field, "lines[", 6) != 0) return;
    size_t index = strtoul(item->error.field + 6, NULL, 10);
    if (index < building->purchase->n_lines) item->line = building->row_lines[index];
}

static bool next(struct import_reader *reader, struct hy_arena *arena, struct import_item *ret_item) {
    struct rows *rows = (struct rows *)reader;
    if (!rows->base.ahead && !load_row(rows)) return false;
    Purchase *purchase = hy_arena_alloc(arena, sizeof *purchase);
    huiyuan__v1__purchase__init(purchase);
    *ret_item = (struct import_item){.purchase = purchase, .purchase_id = "", .line = rows->row_line};
    struct building building = {.rows = rows, .arena = arena, .item = ret_item, .purchase = purchase};
    purchase->lines = hy_arena_alloc(arena, (HY_LINES_LIMIT + 1) * sizeof(Line *));
    building.row_lines = hy_arena_alloc(arena, (HY_LINES_LIMIT + 1) * sizeof *building.row_lines);
    do {
        take_row(&building);
    } while (load_row(rows) && belongs(rows, &building));
    ret_item->end = rows->base.ahead ? rows->row_offset : rows->base.source->offset;
    ret_item->next_line = rows->base.ahead ? rows->row_line : rows->base.line;
    add_payments(&building);
    check_contract(&building);
    return true;
}

static void close_rows(struct import_reader *reader) {
    hy_free(reader);
}

static void skip_mark(struct source *source) {
    source_want(source, 3);
    if (source->end - source->begin >= 3 && memcmp(source->data + source->begin, "\xef\xbb\xbf", 3) == 0)
        source_use(source, 3);
}

struct import_reader *import_rows_open(struct source *source, bool ignore_unknown) {
    struct rows *rows = hy_calloc(1, sizeof *rows);
    rows->base = (struct import_reader){.source = source, .line = 1, .next = next, .close = close_rows};
    skip_mark(source);
    bool found = load_row(rows);
    if (!found || rows->bad) say_error("%s: no header / 缺少表头", source->path);
    bool good = found && !rows->bad && take_header(rows, ignore_unknown);
    rows->base.ahead = false;
    if (good) return &rows->base;
    hy_free(rows);
    return NULL;
}
