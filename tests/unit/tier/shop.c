#include "tests/unit/tier/shop.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

const char DEFAULT_LADDER[] = "tiers:\n"
                              "  - {id: ordinary, multiplier: 1.00}\n"
                              "  - {id: silver, multiplier: 1.20, growth_above: 1000}\n"
                              "  - {id: gold, multiplier: 1.50, growth_above: 5000}\n"
                              "  - {id: diamond, multiplier: 2.00, year_spend_above: 10000.00}\n"
                              "tier_rules:\n"
                              "  keep: {tier: silver, months_in_a_row: 3}\n"
                              "  lapse: {months: 6, to: ordinary}\n";

static bool load_shanghai(const char *name, struct hy_zone *ret_zone) {
    snprintf(ret_zone->name, sizeof ret_zone->name, "%s", name);
    ret_zone->changes = hy_malloc(sizeof *ret_zone->changes);
    ret_zone->changes[0] = (struct hy_zone_change){INT64_MIN, 8 * 3600};
    ret_zone->count = 1;
    return true;
}

void shop_publish(struct hy_programs *programs, int version, const char *from, const char *ladder) {
    char yaml[4096];
    snprintf(yaml, sizeof yaml,
             "program: p\nversion: %d\neffective_from: %s\nearning: {points_per_yuan: 1}\n%s", version, from,
             ladder);
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(hy_bytes_of(yaml), load_shanghai, &faults);
    cr_assert_neq(program, NULL, "line %d, %s: %s", faults.items[0].line, faults.items[0].field,
                  faults.items[0].english);
    hy_programs_add(programs, program);
}

int64_t at(int year, int month, int day, int hour) {
    return ((int64_t)hy_day_number(year, month, day) * 24 + hour - 8) * 3600 * 1000;
}

void shopper_begin(struct shopper *shopper, const char *ladder) {
    memset(shopper, 0, sizeof *shopper);
    hy_programs_init(&shopper->programs);
    hy_arena_init(&shopper->arena);
    shop_publish(&shopper->programs, 1, "2020-01-01", ladder);
}

void shopper_end(struct shopper *shopper) {
    tier_state_release(&shopper->state);
    hy_programs_free(&shopper->programs);
    hy_arena_free(&shopper->arena);
}

static Huiyuan__V1__TierChange *through_bytes(const Huiyuan__V1__TierChange *change, struct hy_arena *arena) {
    struct hy_bytes bytes = hy_brain_pack(arena, &change->base);
    return huiyuan__v1__tier_change__unpack(&arena->protobuf, bytes.length, bytes.data);
}

static void through_redis(struct tier_state *state) {
    struct hy_buffer saved;
    hy_buffer_init(&saved, 16384);
    tier_state_save(state, &saved);
    cr_assert(!saved.failed);
    tier_state_release(state);
    cr_assert(tier_state_load(hy_buffer_bytes(&saved), state));
    struct hy_buffer again;
    hy_buffer_init(&again, 16384);
    tier_state_save(state, &again);
    cr_assert(hy_bytes_equal(hy_buffer_bytes(&saved), hy_buffer_bytes(&again)));
    hy_buffer_free(&saved);
    hy_buffer_free(&again);
}

static void follow(struct shopper *shopper, const Huiyuan__V1__TierChange *change, int64_t time_ms) {
    shopper->last = through_bytes(change, &shopper->arena);
    tier_state_follow(&shopper->state, shopper->last, time_ms, 1);
    through_redis(&shopper->state);
}

void shopper_buys(struct shopper *shopper, int64_t time_ms, int64_t money_fen) {
    hy_arena_reset(&shopper->arena);
    follow(shopper,
           tier_count_purchase(&shopper->programs, &shopper->state, time_ms, money_fen, &shopper->arena),
           time_ms);
}

void shopper_waits(struct shopper *shopper, int64_t until_ms) {
    int64_t due_ms;
    while ((due_ms = shopper->state.progress.review_at_ms) != 0 && due_ms <= until_ms) {
        hy_arena_reset(&shopper->arena);
        follow(shopper, tier_look_again(&shopper->programs, &shopper->state, due_ms, &shopper->arena),
               due_ms);
        int64_t next_ms = shopper->state.progress.review_at_ms;
        cr_assert(next_ms == 0 || next_ms > due_ms, "a timer that does not move on");
    }
}

void then_tier(const struct shopper *shopper, const char *tier, int64_t since_ms, const char *reason) {
    cr_assert_str_eq(shopper->state.now.tier, tier);
    if (since_ms != 0)
        cr_assert_eq(shopper->state.now.since_ms, since_ms, "since %lld instead of %lld",
                     (long long)shopper->state.now.since_ms, (long long)since_ms);
    cr_assert_str_eq(tier_reason_name(shopper->state.now.reason), reason);
}
