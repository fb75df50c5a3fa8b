// Which tier a purchase is decided with, and that a change of tier moves no points.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/tiers.pb-c.h"
#include "services/accrual/accrual.h"

static struct accrual accrual;
static struct hy_brain brain;
static struct hy_arena arena;
static struct points_state state;

static void begin(void) {
    accrual_init(&accrual, NULL);
    brain = accrual_brain(&accrual, INT64_MAX);
    hy_arena_init(&arena);
    memset(&state, 0, sizeof state);
}

static void end(void) {
    brain.release(brain.context, &state);
    accrual_free(&accrual);
    hy_arena_free(&arena);
}

TestSuite(tiers, .init = begin, .fini = end);

static struct hy_input read_tier(Huiyuan__V1__TierChangeKind kind, const char *tier, int64_t since_ms) {
    Huiyuan__V1__TierChange change = HUIYUAN__V1__TIER_CHANGE__INIT;
    change.kind = kind;
    change.tier = hy_arena_string(&arena, tier, strlen(tier));
    change.since_ms = since_ms;
    uint8_t *bytes = hy_arena_alloc(&arena, 100);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.body = (ProtobufCBinaryData){huiyuan__v1__tier_change__pack(&change, bytes), bytes};
    struct hy_input input = {0};
    cr_assert_eq(brain.read_record(brain.context, 2, &record, &arena, &input).code, HY_OK);
    return input;
}

static Huiyuan__V1__PointsChange *take(const char *tier, int64_t since_ms) {
    struct hy_input input = read_tier(HUIYUAN__V1__TIER_CHANGE_KIND__RAISED, tier, since_ms);
    struct hy_decision decision = {0};
    brain.decide(brain.context, &state, &input, 0, &arena, &decision);
    cr_assert_eq(decision.outcome, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED);
    Huiyuan__V1__PointsChange *change = huiyuan__v1__points_change__unpack(
        &arena.protobuf, decision.body_bytes.length, decision.body_bytes.data);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    brain.evolve(brain.context, &state, &record, &change->base);
    return change;
}

static void then_tier_at(int64_t time_ms, const char *tier) {
    const char *held = points_tier_at(&state, time_ms);
    if (tier == NULL)
        cr_assert_null(held);
    else
        cr_assert_str_eq(held, tier);
}

Test(tiers, rises_and_falls_are_taken_and_all_else_is_passed_over) {
    cr_assert(!read_tier(HUIYUAN__V1__TIER_CHANGE_KIND__RAISED, "a", 1).skip);
    cr_assert(!read_tier(HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED, "a", 1).skip);
    cr_assert(read_tier(HUIYUAN__V1__TIER_CHANGE_KIND__COUNTED, "a", 1).skip);
    cr_assert(read_tier(HUIYUAN__V1__TIER_CHANGE_KIND__REVIEWED, "a", 1).skip);
}

Test(tiers, a_tier_moves_no_points_and_counts_in_no_total) {
    state.balance = state.earned = 500;
    const Huiyuan__V1__PointsChange *change = take("silver", 1000);
    cr_assert_eq(change->type, HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN);
    cr_assert_eq(change->points, 0);
    cr_assert_eq(change->balance_after, 500);
    cr_assert_eq(state.balance, 500);
    cr_assert_eq(state.earned, 500);
    cr_assert_eq(state.purchases, 0);
    int64_t totals[HY_TALLIES_LIMIT] = {0};
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    brain.tally(brain.context, totals, &record, &change->base);
    for (size_t i = 0; i < brain.tally_count; i++)
        cr_assert_eq(totals[i], 0);
}

Test(tiers, the_one_that_held_at_the_moment_counts_and_of_those_the_one_told_last) {
    then_tier_at(5, NULL);
    take("silver", 100);
    take("gold", 300);
    then_tier_at(99, NULL);
    then_tier_at(100, "silver");
    then_tier_at(299, "silver");
    then_tier_at(300, "gold");
    take("silver", 200); // told later, of an earlier time: it replaces what was told of the time since
    then_tier_at(199, "silver");
    then_tier_at(400, "silver");
}

Test(tiers, the_last_eight_are_kept_also_over_redis) {
    for (int64_t i = 0; i < 12; i++) {
        char tier[8];
        snprintf(tier, sizeof tier, "t%d", (int)i);
        take(tier, i * 10);
    }
    struct hy_buffer saved;
    hy_buffer_init(&saved, 4096);
    brain.save(brain.context, &state, &saved);
    brain.release(brain.context, &state);
    cr_assert(brain.load(brain.context, hy_buffer_bytes(&saved), &state));
    hy_buffer_free(&saved);
    cr_assert_eq(state.tiers->count, POINTS_TIERS_LIMIT);
    then_tier_at(39, NULL);
    then_tier_at(40, "t4");
    then_tier_at(1000, "t11");
}
