// What a purchase means: its hash and its totals.
#include "common/contract/purchase.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/wire.h"

typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__Payment Payment;

// The first byte of what is hashed: a change of the form below must count it up, and stored hashes then mean
// nothing.
enum {
    HASH_FORM = 1,
    NUMBER_BYTES = 10,  // of the longest number
    FIRST_BYTES = 1024, // on the stack, so always in the cache: enough for nearly all
};

// The bytes to be hashed; what does not fit grows in the arena.
struct writer {
    struct hy_arena *arena;
    uint8_t *start, *at, *end;
};

static void grow(struct writer *writer, size_t room) {
    size_t used = (size_t)(writer->at - writer->start);
    size_t size = 2 * (used + room);
    uint8_t *start = hy_arena_alloc(writer->arena, size);
    memcpy(start, writer->start, used);
    *writer = (struct writer){writer->arena, start, start + used, start + size};
}

static inline void make_room(struct writer *writer, size_t room) {
    if ((size_t)(writer->end - writer->at) < room) grow(writer, room);
}

// Base 128, low digits first: each number has exactly one form, and small ones are short.
static inline void put_digits(struct writer *writer, uint64_t number) {
    for (; number >= 0x80; number >>= 7) {
        *writer->at++ = (uint8_t)(number | 0x80);
    }
    *writer->at++ = (uint8_t)number;
}

static void put_number(struct writer *writer, uint64_t number) {
    make_room(writer, NUMBER_BYTES);
    put_digits(writer, number);
}

static void put_text(struct writer *writer, const char *text) {
    size_t length = text == NULL ? 0 : hy_wire_text_length(text);
    make_room(writer, NUMBER_BYTES + length);
    put_digits(writer, length);
    writer->at = hy_wire_copy(writer->at, text, length);
}

static void put_line(struct writer *writer, const Line *line) {
    put_text(writer, line->line_id);
    put_text(writer, line->sku);
    put_text(writer, line->category);
    put_text(writer, line->brand);
    put_number(writer, line->quantity);
    put_number(writer, (uint64_t)line->paid_fen);
}

static void put_payment(struct writer *writer, const Payment *payment) {
    put_number(writer, (uint64_t)(int64_t)payment->method);
    put_number(writer, (uint64_t)payment->amount_fen);
}

static void put_purchase(struct writer *writer, const Purchase *purchase) {
    put_number(writer, HASH_FORM);
    put_text(writer, purchase->purchase_id);
    put_text(writer, purchase->member_id);
    put_text(writer, purchase->store_id);
    put_number(writer, (uint64_t)(int64_t)purchase->channel);
    put_number(writer, (uint64_t)purchase->occurred_at_ms);
    put_number(writer, purchase->n_lines);
    for (size_t i = 0; i < purchase->n_lines; i++) {
        put_line(writer, purchase->lines[i]);
    }
    put_number(writer, purchase->n_payments);
    for (size_t i = 0; i < purchase->n_payments; i++) {
        put_payment(writer, purchase->payments[i]);
    }
    bool is_default = purchase->currency == NULL || *purchase->currency == '\0';
    put_text(writer, is_default ? "CNY" : purchase->currency);
}

uint64_t hy_purchase_hash(const Purchase *purchase, struct hy_arena *arena) {
    uint8_t first[FIRST_BYTES];
    struct writer writer = {arena, first, first, first + sizeof first};
    put_purchase(&writer, purchase);
    return hy_hash64(hy_bytes(writer.start, (size_t)(writer.at - writer.start)));
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
