// What a purchase means: its hash and its totals.
#include "common/contract/purchase.h"

#include <string.h>

#include "common/base/hash.h"

typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__Payment Payment;

// Without what an encoder may say in other ways: unknown fields, and a currency that is the default.
static Purchase canonical(const Purchase *purchase, struct hy_arena *arena) {
    Purchase plain = *purchase;
    plain.base.n_unknown_fields = 0;
    plain.lines = hy_arena_alloc(arena, plain.n_lines * sizeof *plain.lines);
    Line *lines = hy_arena_alloc(arena, plain.n_lines * sizeof *lines);
    for (size_t i = 0; i < plain.n_lines; i++) {
        lines[i] = *purchase->lines[i];
        lines[i].base.n_unknown_fields = 0;
        plain.lines[i] = &lines[i];
    }
    plain.payments = hy_arena_alloc(arena, plain.n_payments * sizeof *plain.payments);
    Payment *payments = hy_arena_alloc(arena, plain.n_payments * sizeof *payments);
    for (size_t i = 0; i < plain.n_payments; i++) {
        payments[i] = *purchase->payments[i];
        payments[i].base.n_unknown_fields = 0;
        plain.payments[i] = &payments[i];
    }
    if (plain.currency != NULL && strcmp(plain.currency, "CNY") == 0) plain.currency = "";
    return plain;
}

uint64_t hy_purchase_hash(const Purchase *purchase, struct hy_arena *arena) {
    Purchase plain = canonical(purchase, arena);
    size_t size = huiyuan__v1__purchase__get_packed_size(&plain);
    uint8_t *bytes = hy_arena_alloc(arena, size);
    return hy_hash64(hy_bytes(bytes, huiyuan__v1__purchase__pack(&plain, bytes)));
}

struct hy_purchase_lengths hy_purchase_lengths(const Purchase *purchase, struct hy_arena *arena) {
    struct hy_line_lengths *lines = hy_arena_alloc(arena, purchase->n_lines * sizeof *lines);
    for (size_t i = 0; i < purchase->n_lines; i++) {
        const Line *line = purchase->lines[i];
        lines[i] = (struct hy_line_lengths){
            .line_id = (uint32_t)strlen(line->line_id),
            .category = (uint32_t)strlen(line->category),
            .brand = (uint32_t)strlen(line->brand),
        };
    }
    return (struct hy_purchase_lengths){strlen(purchase->store_id), lines};
}

int64_t hy_purchase_total_fen(const Purchase *purchase) {
    int64_t total = 0;
    for (size_t i = 0; i < purchase->n_lines; i++) {
        total += purchase->lines[i]->paid_fen;
    }
    return total;
}

static bool is_money(const Payment *payment) {
    return payment->method != HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD &&
           payment->method != HUIYUAN__V1__PAYMENT_METHOD__POINTS_PAID;
}

int64_t hy_purchase_money_fen(const Purchase *purchase) {
    if (purchase->n_payments == 0) return hy_purchase_total_fen(purchase);
    int64_t money = 0;
    for (size_t i = 0; i < purchase->n_payments; i++) {
        if (is_money(purchase->payments[i])) money += purchase->payments[i]->amount_fen;
    }
    return money;
}
