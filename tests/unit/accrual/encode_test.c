// What is encoded by hand is byte for byte what protobuf-c writes.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "services/accrual/accrual.h"

static uint64_t seed = 3;

static uint64_t next(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33 ^ seed;
}

static uint64_t number(void) {
    return next() % 3 == 0 ? 0 : next() >> (next() % 64);
}

static char *text(struct hy_arena *arena) {
    size_t length = next() % 3 == 0 ? 0 : next() % 200;
    char *made = hy_arena_zero(arena, length + 1);
    for (size_t i = 0; i < length; i++)
        made[i] = (char)('a' + next() % 26);
    return made;
}

static void same(const ProtobufCMessage *message, struct hy_bytes ours, struct hy_arena *arena) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *theirs = hy_arena_alloc(arena, size + 1);
    protobuf_c_message_pack(message, theirs);
    cr_assert(hy_bytes_equal(ours, hy_bytes(theirs, size)), "seed %llu", (unsigned long long)seed);
}

static Huiyuan__V1__AppliedRule *rule(struct hy_arena *arena) {
    Huiyuan__V1__AppliedRule *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__applied_rule__init(made);
    made->rule_id = text(arena);
    made->rule_version = (uint32_t)number();
    made->factor_hundredths = (uint32_t)number();
    return made;
}

static Huiyuan__V1__LinePosting *line(struct hy_arena *arena) {
    Huiyuan__V1__LinePosting *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__line_posting__init(made);
    made->line_id = text(arena);
    made->paid_fen = (int64_t)number();
    made->points = (int64_t)number();
    made->n_rules = next() % 5;
    made->rules = hy_arena_alloc(arena, 5 * sizeof(uint32_t));
    for (size_t i = 0; i < made->n_rules; i++)
        made->rules[i] = (uint32_t)number();
    return made;
}

Test(encode, changes_and_notes_are_written_as_protobuf_c_does) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    for (int i = 0; i < 20000; i++) {
        hy_arena_reset(&arena);
        Huiyuan__V1__PointsChange change = HUIYUAN__V1__POINTS_CHANGE__INIT;
        change.type = (Huiyuan__V1__EntryType)(next() % 2);
        change.points = (int64_t)number();
        change.balance_after = (int64_t)number();
        change.store_id = text(&arena);
        change.tier = text(&arena);
        change.money_fen = (int64_t)number();
        change.total_fen = (int64_t)number();
        change.reason = text(&arena);
        change.discount_hundredths = (uint32_t)number();
        change.tier_since_ms = (int64_t)number();
        change.n_rules = next() % 5;
        change.n_lines = next() % 5;
        change.rules = hy_arena_alloc(&arena, 5 * sizeof(void *));
        change.lines = hy_arena_alloc(&arena, 5 * sizeof(void *));
        Huiyuan__V1__PointsNote note = HUIYUAN__V1__POINTS_NOTE__INIT;
        note.type = change.type;
        note.points = change.points;
        note.balance_after = change.balance_after;
        note.n_line_points = change.n_lines;
        note.line_points = hy_arena_alloc(&arena, 5 * sizeof(int64_t));
        for (size_t k = 0; k < change.n_rules; k++)
            change.rules[k] = rule(&arena);
        for (size_t k = 0; k < change.n_lines; k++) {
            change.lines[k] = line(&arena);
            note.line_points[k] = change.lines[k]->points;
        }
        same(&change.base, points_change_encode(&change, &arena), &arena);
        same(&note.base, points_note_encode(&change, &arena), &arena);
    }
}

Test(encode, a_state_is_what_protobuf_c_writes) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    for (size_t i = 0; i < 1000; i++) {
        hy_arena_reset(&arena);
        Huiyuan__V1__PointsState saved = HUIYUAN__V1__POINTS_STATE__INIT;
        saved.balance = (int64_t)number();
        saved.earned = (int64_t)number();
        saved.last_purchase_at_ms = (int64_t)number();
        saved.spend_fen = (int64_t)number();
        saved.purchases = number();
        struct points_state state = {.balance = saved.balance,
                                     .earned = saved.earned,
                                     .last_purchase_at_ms = saved.last_purchase_at_ms,
                                     .spend_fen = saved.spend_fen,
                                     .purchases = saved.purchases};
        struct hy_buffer out;
        hy_buffer_init(&out, 4096);
        points_state_encode(&state, &out);
        same(&saved.base, hy_buffer_bytes(&out), &arena);
        hy_buffer_free(&out);
    }
    hy_arena_free(&arena);
}
