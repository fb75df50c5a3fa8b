// The body of a record of points, decoded by hand, is what protobuf-c makes of it.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "services/accrual/accrual.h"
#include "tests/unit/stage/random_fields.h"

typedef Huiyuan__V1__PointsChange Change;

static Huiyuan__V1__AppliedRule *rule(void) {
    Huiyuan__V1__AppliedRule *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__applied_rule__init(item);
    item->rule_id = text();
    item->rule_version = (uint32_t)number();
    item->factor_hundredths = (uint32_t)number();
    return item;
}

static Huiyuan__V1__LinePosting *line(void) {
    Huiyuan__V1__LinePosting *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__line_posting__init(item);
    item->line_id = text();
    item->paid_fen = (int64_t)number();
    item->points = (int64_t)number();
    item->n_rules = next() % 5;
    item->rules = hy_arena_alloc(&made, 5 * sizeof *item->rules);
    for (size_t i = 0; i < item->n_rules; i++)
        item->rules[i] = (uint32_t)number();
    return item;
}

static struct hy_bytes change(void) {
    Change item = HUIYUAN__V1__POINTS_CHANGE__INIT;
    item.type = next() % 2 == 0 ? HUIYUAN__V1__ENTRY_TYPE__EARN : HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN;
    item.points = (int64_t)number();
    item.balance_after = (int64_t)number();
    item.store_id = text();
    item.tier = text();
    item.money_fen = (int64_t)number();
    item.total_fen = (int64_t)number();
    item.reason = text();
    item.discount_hundredths = (uint32_t)number();
    item.tier_since_ms = (int64_t)number();
    item.n_rules = next() % 4;
    item.rules = hy_arena_alloc(&made, 4 * sizeof(void *));
    for (size_t i = 0; i < item.n_rules; i++)
        item.rules[i] = rule();
    item.n_lines = next() % 6;
    item.lines = hy_arena_alloc(&made, 6 * sizeof(void *));
    for (size_t i = 0; i < item.n_lines; i++)
        item.lines[i] = line();
    uint8_t *packed = hy_arena_alloc(&made, huiyuan__v1__points_change__get_packed_size(&item));
    return hy_bytes(packed, huiyuan__v1__points_change__pack(&item, packed));
}

static struct hy_bytes pack(const ProtobufCMessage *item) {
    uint8_t *packed = hy_arena_alloc(&made, protobuf_c_message_get_packed_size(item));
    return hy_bytes(packed, protobuf_c_message_pack(item, packed));
}

static bool same(struct hy_bytes input) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    uint8_t *copy = malloc(input.length + (input.length == 0)); // the sanitizer sees a step beyond
    memcpy(copy, input.data, input.length);
    const ProtobufCMessage *ours = points_change_decode(hy_bytes(copy, input.length), &arena);
    Change *theirs = huiyuan__v1__points_change__unpack(NULL, input.length, input.data);
    cr_assert_eq(memcmp(copy, input.data, input.length), 0);
    free(copy);
    cr_assert_eq(ours == NULL, theirs == NULL, "seed %llu", (unsigned long long)seed);
    bool decoded = ours != NULL;
    if (decoded)
        cr_assert(hy_bytes_equal(pack(ours), pack(&theirs->base)), "seed %llu", (unsigned long long)seed);
    if (theirs != NULL) huiyuan__v1__points_change__free_unpacked(theirs, NULL);
    hy_arena_free(&arena);
    return decoded;
}

// What a fold needs of it is the same; it may lie in a change that protobuf-c refuses for its rules or lines.
static bool same_folded(struct hy_bytes input) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    uint8_t *copy = malloc(input.length + (input.length == 0));
    memcpy(copy, input.data, input.length);
    const Change *ours = (const Change *)points_change_decode_folded(hy_bytes(copy, input.length), &arena);
    free(copy);
    Change *theirs = huiyuan__v1__points_change__unpack(NULL, input.length, input.data);
    bool decoded = theirs != NULL;
    if (decoded) {
        cr_assert_not_null(ours, "seed %llu", (unsigned long long)seed);
        cr_assert(ours->type == theirs->type && ours->points == theirs->points &&
                      ours->balance_after == theirs->balance_after && ours->money_fen == theirs->money_fen &&
                      ours->tier_since_ms == theirs->tier_since_ms && strcmp(ours->tier, theirs->tier) == 0,
                  "seed %llu", (unsigned long long)seed);
        huiyuan__v1__points_change__free_unpacked(theirs, NULL);
    }
    hy_arena_free(&arena);
    return decoded;
}

static void open_made(void) {
    hy_arena_init(&made);
}

static void close_made(void) {
    hy_arena_free(&made);
}

TestSuite(decode, .init = open_made, .fini = close_made);

Test(decode, changes_are_read_as_protobuf_c_does) {
    cr_assert(same(hy_bytes("", 0)));
    for (int i = 0; i < 20000; i++) {
        hy_arena_reset(&made);
        struct hy_bytes input = change();
        cr_assert(same(input));
        cr_assert(same_folded(input));
    }
}

Test(decode, damaged_changes_are_refused_or_read_as_protobuf_c_does) {
    int read = 0;
    for (int i = 0; i < 200000; i++) {
        if (i % 16 == 0) hy_arena_reset(&made);
        struct hy_bytes good = change();
        uint8_t *damaged = hy_arena_alloc(&made, good.length + 1);
        memcpy(damaged, good.data, good.length);
        for (uint64_t changes = 1 + next() % 3; changes > 0 && good.length > 0; changes--)
            damaged[next() % good.length] = (uint8_t)next();
        struct hy_bytes input = hy_bytes(damaged, next() % 4 == 0 ? next() % (good.length + 1) : good.length);
        read += same(input);
        same_folded(input);
    }
    cr_assert_gt(read, 20000);
}
