// What is decoded by hand is what protobuf-c makes of it: of right messages, of damaged ones, of any bytes.
#include "common/contract/store_event.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static uint64_t seed = 7;

static uint64_t next(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33 ^ seed;
}

static char *text(void) {
    size_t length = next() % 3 == 0 ? 0 : next() % 150;
    char *made = calloc(1, length + 1);
    for (size_t i = 0; i < length; i++)
        made[i] = (char)('a' + next() % 26);
    return made;
}

static size_t make(uint8_t *out) {
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    Huiyuan__V1__Purchase purchase = HUIYUAN__V1__PURCHASE__INIT;
    Huiyuan__V1__PurchaseLine lines[6];
    Huiyuan__V1__PurchaseLine *line_list[6];
    Huiyuan__V1__Payment payments[3];
    Huiyuan__V1__Payment *payment_list[3];
    purchase.purchase_id = text();
    purchase.member_id = text();
    purchase.store_id = text();
    purchase.channel = (Huiyuan__V1__Channel)(next() % 7);
    purchase.occurred_at_ms = (int64_t)(next() >> next() % 64);
    purchase.n_lines = next() % 7;
    purchase.lines = line_list;
    for (size_t i = 0; i < purchase.n_lines; i++) {
        line_list[i] = &lines[i];
        huiyuan__v1__purchase_line__init(&lines[i]);
        lines[i].line_id = text();
        lines[i].sku = text();
        lines[i].category = text();
        lines[i].brand = text();
        lines[i].quantity = (uint32_t)next();
        lines[i].paid_fen = (int64_t)(next() >> next() % 64);
    }
    purchase.n_payments = next() % 4;
    purchase.payments = payment_list;
    for (size_t i = 0; i < purchase.n_payments; i++) {
        payment_list[i] = &payments[i];
        huiyuan__v1__payment__init(&payments[i]);
        payments[i].method = (Huiyuan__V1__PaymentMethod)(next() % 9);
        payments[i].amount_fen = (int64_t)next();
    }
    purchase.currency = text();
    if (next() % 10 != 0) {
        event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
        event.purchase = &purchase;
    }
    event.command_id = text();
    event.reply_to = text();
    event.traceparent = text();
    return huiyuan__v1__store_event__pack(&event, out);
}

// Both read it, to messages that are the same bytes; or neither does.
static void agree(const uint8_t *data, size_t length) {
    static uint8_t ours[65536];
    static uint8_t theirs[65536];
    struct hy_arena arena;
    hy_arena_init(&arena);
    const Huiyuan__V1__StoreEvent *mine = hy_store_event_decode(hy_bytes(data, length), &arena);
    Huiyuan__V1__StoreEvent *other = huiyuan__v1__store_event__unpack(NULL, length, data);
    cr_assert_eq(mine == NULL, other == NULL, "seed %llu", (unsigned long long)seed);
    if (mine != NULL) {
        size_t my_size = huiyuan__v1__store_event__pack(mine, ours);
        size_t other_size = huiyuan__v1__store_event__pack(other, theirs);
        cr_assert_eq(my_size, other_size, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(memcmp(ours, theirs, my_size), 0);
        huiyuan__v1__store_event__free_unpacked(other, NULL);
    }
    hy_arena_free(&arena);
}

Test(store_event, right_messages_are_read_as_protobuf_c_reads_them) {
    uint8_t bytes[16384];
    for (int i = 0; i < 20000; i++)
        agree(bytes, make(bytes));
}

Test(store_event, damaged_messages_are_read_or_refused_as_protobuf_c_does) {
    uint8_t bytes[16384];
    for (int i = 0; i < 60000; i++) {
        size_t length = make(bytes);
        for (uint64_t n = 1 + next() % 3; n > 0 && length > 0; n--)
            bytes[next() % length] = (uint8_t)next();
        if (next() % 3 == 0) length = next() % (length + 1);
        agree(bytes, length);
    }
}

Test(store_event, any_bytes_are_read_or_refused_as_protobuf_c_does) {
    uint8_t bytes[64];
    for (int i = 0; i < 300000; i++) {
        size_t length = next() % sizeof bytes;
        for (size_t k = 0; k < length; k++)
            bytes[k] = (uint8_t)(next() % 3 == 0 ? next() : 8 + next() % 60);
        agree(bytes, length);
    }
}

Test(store_event, two_purchases_joined_are_merged_as_protobuf_c_does) {
    uint8_t bytes[32768];
    for (int i = 0; i < 5000; i++) {
        size_t length = make(bytes);
        length += make(bytes + length);
        agree(bytes, length);
    }
}
