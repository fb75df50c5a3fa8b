#include "tests/unit/contract/fixture.h"

static Huiyuan__V1__PurchaseLine *line(struct hy_arena *arena, char *id, char *category, int64_t paid_fen) {
    Huiyuan__V1__PurchaseLine *line = hy_arena_alloc(arena, sizeof *line);
    huiyuan__v1__purchase_line__init(line);
    line->line_id = id;
    line->sku = "6901234567892";
    line->category = category;
    line->brand = "百雀羚";
    line->quantity = 2;
    line->paid_fen = paid_fen;
    return line;
}

static Huiyuan__V1__Payment *payment(struct hy_arena *arena, Huiyuan__V1__PaymentMethod method,
                                     int64_t amount_fen) {
    Huiyuan__V1__Payment *payment = hy_arena_alloc(arena, sizeof *payment);
    huiyuan__v1__payment__init(payment);
    payment->method = method;
    payment->amount_fen = amount_fen;
    return payment;
}

Huiyuan__V1__Purchase *right_purchase(struct hy_arena *arena) {
    Huiyuan__V1__Purchase *purchase = hy_arena_alloc(arena, sizeof *purchase);
    huiyuan__v1__purchase__init(purchase);
    purchase->purchase_id = "sh-001-20261122-0007";
    purchase->member_id = "m-1000042";
    purchase->store_id = "sh-001";
    purchase->channel = HUIYUAN__V1__CHANNEL__STORE;
    purchase->occurred_at_ms = 1795327200000;
    purchase->n_lines = 3;
    purchase->lines = hy_arena_alloc(arena, 3 * sizeof(void *));
    purchase->lines[0] = line(arena, "1", "护肤", 12900);
    purchase->lines[1] = line(arena, "2", "COSMETICS", 4550);
    purchase->lines[2] = line(arena, "3", "GROCERY", 0);
    purchase->n_payments = 2;
    purchase->payments = hy_arena_alloc(arena, 2 * sizeof(void *));
    purchase->payments[0] = payment(arena, HUIYUAN__V1__PAYMENT_METHOD__WECHAT, 17000);
    purchase->payments[1] = payment(arena, HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD, 450);
    purchase->currency = "CNY";
    return purchase;
}

char *letters(struct hy_arena *arena, size_t length) {
    char *text = hy_arena_alloc(arena, length + 1);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

Huiyuan__V1__Purchase *through_the_wire(const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena) {
    uint8_t *bytes = hy_arena_alloc(arena, huiyuan__v1__purchase__get_packed_size(purchase));
    size_t length = huiyuan__v1__purchase__pack(purchase, bytes);
    return huiyuan__v1__purchase__unpack(&arena->protobuf, length, bytes);
}
