// What is encoded by hand is byte for byte what protobuf-c writes.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "services/accrual/accrual.h"
#include "tests/unit/accrual/cases.h"
#include "tests/unit/campaign_file/given.h"

static uint64_t seed = 3;

static uint64_t next(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33 ^ seed;
}

static uint64_t number(void) {
    return next() % 3 == 0 ? 0 : next() >> (next() % 64);
}

static void same(const ProtobufCMessage *message, struct hy_bytes ours, struct hy_arena *arena) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *theirs = hy_arena_alloc(arena, size + 1);
    protobuf_c_message_pack(message, theirs);
    cr_assert(hy_bytes_equal(ours, hy_bytes(theirs, size)), "seed %llu", (unsigned long long)seed);
}

// A random purchase by the golden cases' program, by turns on a day with a campaign.
static Huiyuan__V1__Purchase *purchase(struct hy_arena *arena) {
    static const char *const names[] = {
        "", "护肤", "生鲜", "家电", "茶", "自有", "longer-than-sixteen-bytes"};
    enum { NAMES = sizeof names / sizeof names[0] };
    Huiyuan__V1__Purchase *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__purchase__init(made);
    made->store_id =
        (char *)(uintptr_t)(next() % 2 == 0 ? "sh-001" : "a-store-whose-name-is-longer-than-most");
    made->channel = (Huiyuan__V1__Channel)(1 + next() % 5);
    made->occurred_at_ms = INT64_C(1704067200000) + (int64_t)(next() % 2400) * 43200000;
    made->n_lines = 1 + next() % (next() % 20 == 0 ? 500 : 6);
    made->lines = hy_arena_alloc(arena, made->n_lines * sizeof *made->lines);
    for (size_t i = 0; i < made->n_lines; i++) {
        Huiyuan__V1__PurchaseLine *line = made->lines[i] = hy_arena_alloc(arena, sizeof *line);
        huiyuan__v1__purchase_line__init(line);
        line->line_id = hy_arena_printf(arena, "%s%zu", next() % 4 == 0 ? "line-number-" : "", i);
        line->category = (char *)(uintptr_t)names[next() % NAMES];
        line->brand = (char *)(uintptr_t)names[next() % NAMES];
        line->paid_fen = (int64_t)(next() % 5 == 0 ? 0 : next() % (UINT64_C(1) << next() % 21));
    }
    return made;
}

static Huiyuan__V1__PointsNote *note_of(const Huiyuan__V1__PointsChange *change, struct hy_arena *arena) {
    Huiyuan__V1__PointsNote *note = hy_arena_alloc(arena, sizeof *note);
    huiyuan__v1__points_note__init(note);
    note->type = change->type;
    note->points = change->points;
    note->balance_after = change->balance_after;
    note->n_line_points = change->n_lines;
    note->line_points = hy_arena_alloc(arena, change->n_lines * sizeof *note->line_points);
    for (size_t i = 0; i < change->n_lines; i++)
        note->line_points[i] = change->lines[i]->points;
    return note;
}

// What is evolved by is the same as what the log says.
static void same_in_short(const Huiyuan__V1__PointsChange *change, const Huiyuan__V1__PointsChange *whole) {
    cr_assert_eq(change->type, whole->type);
    cr_assert_eq(change->points, whole->points);
    cr_assert_eq(change->balance_after, whole->balance_after);
    cr_assert_eq(change->money_fen, whole->money_fen);
    cr_assert_eq(change->total_fen, whole->total_fen);
}

Test(encode, changes_and_notes_are_written_as_protobuf_c_does) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct hy_program *program = load_program("tests/golden/points/shop.yaml");
    struct hy_campaigns campaigns = {0};
    hy_campaigns_add(&campaigns, campaign_or_fail(MEMBER_DAY_FILE));
    for (int i = 0; i < 20000; i++) {
        hy_arena_reset(&arena);
        Huiyuan__V1__Purchase *bought = purchase(&arena);
        struct hy_member_days days;
        hy_member_days_at(&campaigns, bought->occurred_at_ms, &days);
        struct points_order order = {program, next() % (program->tier_count + 1), &days, bought,
                                     hy_purchase_lengths(bought, &arena)};
        struct points_state points = {.balance = (int64_t)(next() >> 4), .earned = (int64_t)(next() >> 4)};
        struct points_earned earned;
        cr_assert(points_earn(&order, &points, &arena, &earned));
        Huiyuan__V1__PointsChange *whole = huiyuan__v1__points_change__unpack(
            &arena.protobuf, earned.change_bytes.length, earned.change_bytes.data);
        cr_assert_not_null(whole);
        cr_assert_eq(whole->n_lines, bought->n_lines);
        cr_assert_str_eq(whole->store_id, bought->store_id);
        same(&whole->base, earned.change_bytes, &arena);
        same(&note_of(whole, &arena)->base, earned.note, &arena);
        same_in_short(earned.change, whole);
    }
    hy_campaigns_free(&campaigns);
    hy_program_free(program);
    hy_arena_free(&arena);
}

Test(encode, a_tier_taken_is_what_protobuf_c_writes) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    for (size_t i = 0; i < 1000; i++) {
        hy_arena_reset(&arena);
        Huiyuan__V1__PointsChange change = HUIYUAN__V1__POINTS_CHANGE__INIT;
        change.type = HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN;
        change.balance_after = (int64_t)number();
        change.tier =
            hy_arena_printf(&arena, "%.*s", (int)(next() % 41), "a-tier-whose-name-is-as-long-as-may-be-0");
        change.tier_since_ms = (int64_t)number();
        struct points_earned earned;
        points_tier_encode(&change, &arena, &earned);
        same(&change.base, earned.change_bytes, &arena);
        same(&note_of(&change, &arena)->base, earned.note, &arena);
    }
    hy_arena_free(&arena);
}

Test(encode, more_points_than_can_be_counted_are_refused) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct hy_program *program = load_program("tests/golden/points/shop.yaml");
    Huiyuan__V1__Purchase *bought = purchase(&arena);
    bought->lines[0]->paid_fen = 1000000;
    struct points_order order = {program, 0, NULL, bought, hy_purchase_lengths(bought, &arena)};
    struct points_earned earned;
    cr_assert_not(points_earn(&order, &(struct points_state){.balance = INT64_MAX}, &arena, &earned));
    cr_assert_not(points_earn(&order, &(struct points_state){.earned = INT64_MAX}, &arena, &earned));
    hy_program_free(program);
    hy_arena_free(&arena);
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
