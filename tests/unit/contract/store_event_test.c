// What is decoded by hand is what protobuf-c makes of it: of right messages, of damaged ones, of any bytes.
#include "common/contract/store_event.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/purchase.h"

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

static char *id(void) {
    char *made = calloc(1, 80);
    snprintf(made, 80, "%c-%llu", (char)('A' + next() % 26), (unsigned long long)(next() >> next() % 64));
    return made;
}

static char *name(void) {
    static const char *const names[] = {
        "",        "COSMETICS", "护肤品-面霜",      "a b", "6901234567892", "百雀羚",
        "DRUG GM", "exactly8",  "exactly_16_bytes", "~"};
    return (char *)(uintptr_t)names[next() % (sizeof names / sizeof names[0])];
}

enum { LINES = 20, PAYMENTS = 3 };

// A purchase with room for what it points at.
struct made {
    Huiyuan__V1__Purchase purchase;
    Huiyuan__V1__PurchaseLine lines[LINES], *line_list[LINES];
    Huiyuan__V1__Payment payments[PAYMENTS], *payment_list[PAYMENTS];
};

static int64_t any_number(void) {
    return (int64_t)(next() >> next() % 64);
}

static void fill_any_line(Huiyuan__V1__PurchaseLine *line) {
    line->line_id = text();
    line->sku = text();
    line->category = text();
    line->brand = text();
    line->quantity = (uint32_t)next();
    line->paid_fen = any_number();
}

static void fill_right_line(Huiyuan__V1__PurchaseLine *line, size_t number) {
    line->line_id = calloc(1, 8);
    snprintf(line->line_id, 8, "%d", (int)number + (next() % 50 == 0 ? 0 : 1)); // a few come twice
    line->sku = name();
    line->category = name();
    line->brand = name();
    line->quantity = (uint32_t)(next() % 3);
    line->paid_fen = (int64_t)(next() % 1000 * (next() % 100));
}

static int64_t fill_lines(struct made *made, bool right) {
    Huiyuan__V1__Purchase *purchase = &made->purchase;
    int64_t total = 0;
    purchase->n_lines = right ? 1 + next() % (next() % 4 == 0 ? LINES : 4) : next() % 7;
    purchase->lines = made->line_list;
    for (size_t i = 0; i < purchase->n_lines; i++) {
        made->line_list[i] = &made->lines[i];
        huiyuan__v1__purchase_line__init(&made->lines[i]);
        if (right)
            fill_right_line(&made->lines[i], i);
        else
            fill_any_line(&made->lines[i]);
        total += right ? made->lines[i].paid_fen : 0;
    }
    return total;
}

static void fill_payments(struct made *made, bool right, int64_t total) {
    Huiyuan__V1__Purchase *purchase = &made->purchase;
    purchase->n_payments = next() % (PAYMENTS + 1);
    purchase->payments = made->payment_list;
    for (size_t i = 0; i < purchase->n_payments; i++) {
        Huiyuan__V1__Payment *payment = made->payment_list[i] = &made->payments[i];
        huiyuan__v1__payment__init(payment);
        payment->method = (Huiyuan__V1__PaymentMethod)(right ? 1 + next() % 8 : next() % 9);
        payment->amount_fen = right ? (i + 1 == purchase->n_payments ? total : total / 3) : (int64_t)next();
        total -= right ? payment->amount_fen : 0;
    }
}

static void fill(struct made *made, bool right) {
    static const char *const currencies[] = {"", "CNY", "HKD"};
    Huiyuan__V1__Purchase *purchase = &made->purchase;
    huiyuan__v1__purchase__init(purchase);
    purchase->purchase_id = right ? id() : text();
    purchase->member_id = right ? id() : text();
    purchase->store_id = right ? id() : text();
    purchase->channel = (Huiyuan__V1__Channel)(right ? 1 + next() % 5 : next() % 7);
    purchase->occurred_at_ms = right ? (int64_t)(1700000000000 + next() % 100000000) : any_number();
    fill_payments(made, right, fill_lines(made, right));
    purchase->currency = right ? (char *)(uintptr_t)currencies[next() % 3] : text();
}

// A message whose purchase keeps all limits, or (`right` false) any.
static size_t make(uint8_t *out, bool right) {
    struct made made;
    fill(&made, right);
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    if (next() % 10 != 0) {
        event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
        event.purchase = &made.purchase;
    }
    event.command_id = text();
    event.reply_to = text();
    event.traceparent = text();
    return huiyuan__v1__store_event__pack(&event, out);
}

static bool same_field(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

// What protobuf-c, the check and the hash say of it one after the other.
static struct hy_error read_slowly(const uint8_t *data, size_t length, struct hy_arena *arena,
                                   struct hy_store_event *ret_event) {
    ret_event->message = huiyuan__v1__store_event__unpack(&arena->protobuf, length, data);
    if (ret_event->message == NULL) return (struct hy_error){HY_MALFORMED, NULL, NULL};
    if (ret_event->message->purchase == NULL) return (struct hy_error){HY_MISSING_FIELD, "purchase", NULL};
    struct hy_error error = hy_purchase_check(ret_event->message->purchase, arena);
    if (error.code == HY_OK) ret_event->content_hash = hy_purchase_hash(ret_event->message->purchase, arena);
    return error;
}

static void same_lengths(const struct hy_store_event *event, struct hy_arena *arena) {
    const Huiyuan__V1__Purchase *purchase = event->message->purchase;
    struct hy_purchase_lengths lengths = hy_purchase_lengths(purchase, arena);
    cr_assert_eq(event->lengths.store_id, lengths.store_id);
    for (size_t i = 0; i < purchase->n_lines; i++) {
        cr_assert_eq(event->lengths.lines[i].line_id, lengths.lines[i].line_id);
        cr_assert_eq(event->lengths.lines[i].category, lengths.lines[i].category);
        cr_assert_eq(event->lengths.lines[i].brand, lengths.lines[i].brand);
    }
}

// Both say the same: of the message, of the first fault, of the hash. True when there was none.
static bool agree(const uint8_t *data, size_t length) {
    static uint8_t ours[65536];
    static uint8_t theirs[65536];
    struct hy_arena arena;
    hy_arena_init(&arena);
    uint8_t *exact = malloc(length + 1); // so that a look behind its end is seen
    memcpy(exact, data, length);
    struct hy_store_event mine = {0};
    struct hy_store_event other = {0};
    struct hy_error my_error = hy_store_event_read(hy_bytes(exact, length), &arena, &mine);
    free(exact);
    struct hy_error other_error = read_slowly(data, length, &arena, &other);
    cr_assert_eq((int)my_error.code, (int)other_error.code, "seed %llu", (unsigned long long)seed);
    cr_assert(same_field(my_error.field, other_error.field), "seed %llu", (unsigned long long)seed);
    cr_assert_eq(mine.message == NULL, other.message == NULL, "seed %llu", (unsigned long long)seed);
    if (my_error.code == HY_OK) {
        cr_assert_eq(mine.content_hash, other.content_hash);
        same_lengths(&mine, &arena);
    }
    if (mine.message != NULL) {
        size_t my_size = huiyuan__v1__store_event__pack(mine.message, ours);
        size_t other_size = huiyuan__v1__store_event__pack(other.message, theirs);
        cr_assert_eq(my_size, other_size, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(memcmp(ours, theirs, my_size), 0);
    }
    hy_arena_free(&arena);
    return my_error.code == HY_OK;
}

Test(store_event, right_messages_are_read_as_protobuf_c_reads_them) {
    uint8_t bytes[65536];
    int good = 0;
    for (int i = 0; i < 20000; i++)
        good += agree(bytes, make(bytes, true));
    cr_assert_gt(good, 12000); // one in ten has no purchase, and some use a line id twice
}

Test(store_event, wrong_messages_have_the_first_fault_that_the_check_finds) {
    uint8_t bytes[65536];
    for (int i = 0; i < 20000; i++)
        agree(bytes, make(bytes, false));
}

Test(store_event, damaged_messages_are_read_or_refused_as_protobuf_c_does) {
    uint8_t bytes[65536];
    int good = 0;
    for (int i = 0; i < 100000; i++) {
        size_t length = make(bytes, i % 4 != 0);
        for (uint64_t n = 1 + next() % 3; n > 0 && length > 0; n--)
            bytes[next() % length] = (uint8_t)next();
        if (next() % 3 == 0) length = next() % (length + 1);
        good += agree(bytes, length);
    }
    cr_assert_gt(good, 1000, "damage that nobody can see was met too");
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
        size_t length = make(bytes, i % 2 == 0);
        length += make(bytes + length, i % 3 != 0);
        agree(bytes, length);
    }
}
