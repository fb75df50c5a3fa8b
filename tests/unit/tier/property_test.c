// Random lives of members: what the ladder says follows from the list of purchases alone, whenever its timers
// fire.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/tier/again.h"
#include "tests/unit/tier/shop.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { PURCHASES = AGAIN_LIMIT, LIVES = 1000 };

static uint64_t seed;

static uint64_t next(uint64_t below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

// A ladder in both forms.
static void random_ladder(struct again_program *program, char *yaml, size_t size) {
    *program = (struct again_program){.tiers = 2 + next(4)};
    int at = snprintf(yaml, size, "tiers:\n  - {id: t0, multiplier: 1}\n");
    int64_t growth = 0;
    int64_t spend_fen = 0;
    for (size_t i = 1; i < program->tiers; i++) {
        program->growth_above[i] = program->spend_above_fen[i] = -1;
        at += snprintf(yaml + at, size - (size_t)at, "  - {id: t%zu, multiplier: 1", i);
        if (next(2) == 0) {
            program->growth_above[i] = growth += 1 + (int64_t)next(1500);
            at += snprintf(yaml + at, size - (size_t)at, ", growth_above: %lld", (long long)growth);
        }
        if (next(3) > 0) {
            spend_fen += 100 * (1 + (int64_t)next(2000));
            program->spend_above_fen[i] = spend_fen;
            at += snprintf(yaml + at, size - (size_t)at, ", year_spend_above: %lld",
                           (long long)(spend_fen / 100));
        }
        at += snprintf(yaml + at, size - (size_t)at, "}\n");
    }
    at += snprintf(yaml + at, size - (size_t)at, "tier_rules:\n  keep: {tier: t%zu, months_in_a_row: %d}\n",
                   program->keep = 1 + next(program->tiers - 1), program->keep_months = 1 + (int)next(4));
    if (next(3) == 0) return;
    program->lapse_months = 1 + (int)next(9);
    program->lapse_to = next(2) == 0 ? 0 : next(program->tiers);
    snprintf(yaml + at, size - (size_t)at, "  lapse: {months: %d, to: t%zu}\n", program->lapse_months,
             program->lapse_to);
}

static size_t random_purchases(struct again_purchase *purchases, bool late) {
    int64_t time_ms = at(2021 + (int)next(2), 1 + (int)next(12), 1 + (int)next(28), (int)next(24));
    size_t count = 1 + next(PURCHASES);
    int64_t span_days = next(2) == 0 ? 30 : 120;
    for (size_t i = 0; i < count; i++) {
        if (next(4) > 0) time_ms += (int64_t)next((uint64_t)(span_days * DAY_MS));
        if (next(12) == 0) time_ms += (int64_t)next((uint64_t)(300 * DAY_MS));
        int64_t back_ms = late && next(4) == 0 ? (int64_t)next((uint64_t)(500 * DAY_MS)) : 0;
        purchases[i] =
            (struct again_purchase){time_ms - back_ms, (int64_t)next(next(8) == 0 ? 300000 : 30000)};
    }
    return count;
}

static size_t place(const struct shopper *shopper) {
    return hy_program_tier(shopper->programs.versions[0], shopper->state.now.tier);
}

static void then_same(const struct shopper *shopper, const struct again_result *expected, uint64_t life,
                      size_t purchases) {
    const struct tier_state *state = &shopper->state;
    cr_assert_eq(place(shopper), expected->tier, "life %llu, %zu purchases: %s instead of t%zu",
                 (unsigned long long)life, purchases, state->now.tier, expected->tier);
    cr_assert_eq(state->now.growth, expected->growth, "life %llu, %zu purchases: growth %lld instead of %lld",
                 (unsigned long long)life, purchases, (long long)state->now.growth,
                 (long long)expected->growth);
    if (expected->since_ms != 0)
        cr_assert_eq(state->now.since_ms, expected->since_ms,
                     "life %llu, %zu purchases: since %lld, not %lld", (unsigned long long)life, purchases,
                     (long long)state->now.since_ms, (long long)expected->since_ms);
}

// Lives one life; `wait` lets timers fire before each purchase up to what the wall clock may show.
static void live(uint64_t life, bool late, size_t versions) {
    struct again_program programs[2];
    struct again_purchase purchases[PURCHASES];
    char yaml[2048];
    struct shopper shopper;
    seed = life * 7919 + 1;
    random_ladder(&programs[0], yaml, sizeof yaml);
    shopper_begin(&shopper, yaml);
    if (versions == 2) {
        size_t tiers = programs[0].tiers;
        do
            random_ladder(&programs[1], yaml, sizeof yaml);
        while (programs[1].tiers != tiers);
        programs[1].from_ms = at(2023, 6, 1, 0);
        shop_publish(&shopper.programs, 2, "2023-06-01", yaml);
    }
    size_t count = random_purchases(purchases, late);
    int64_t clock_ms = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t time_ms = purchases[i].time_ms;
        if (time_ms > clock_ms) clock_ms = time_ms;
        int64_t ahead_ms = next(3) == 0 ? 0 : (int64_t)next((uint64_t)(next(2) == 0 ? 20 : 2000) * DAY_MS);
        if (next(3) > 0) shopper_waits(&shopper, clock_ms + ahead_ms);
        shopper_buys(&shopper, time_ms, purchases[i].money_fen);
        if (next(4) > 0) continue;
        int64_t now_ms = clock_ms + 2000 * DAY_MS; // later than any timer that fired
        shopper_waits(&shopper, now_ms);
        struct again_result expected = again(programs, versions, purchases, i + 1, now_ms);
        then_same(&shopper, &expected, life, i + 1);
    }
    shopper_end(&shopper);
}

Test(property, the_tier_follows_from_the_purchases_whenever_timers_fire) {
    for (uint64_t life = 0; life < LIVES; life++)
        live(life, false, 1);
}

Test(property, late_purchases_change_nothing_about_that) {
    for (uint64_t life = 0; life < LIVES; life++)
        live(life, true, 1);
}

Test(property, each_version_of_the_program_rules_its_own_time) {
    for (uint64_t life = 0; life < LIVES; life++)
        live(life, life % 2 == 0, 2);
}

Test(property, what_timers_do_first_and_purchases_later_is_the_same_without_timers) {
    for (uint64_t life = 0; life < LIVES; life++) {
        struct again_program program;
        struct again_purchase purchases[PURCHASES];
        char yaml[2048];
        struct shopper with;
        struct shopper without;
        seed = life * 104729 + 3;
        random_ladder(&program, yaml, sizeof yaml);
        shopper_begin(&with, yaml);
        shopper_begin(&without, yaml);
        size_t count = random_purchases(purchases, false);
        for (size_t i = 0; i < count; i++) {
            shopper_waits(&with, purchases[i].time_ms + (int64_t)next((uint64_t)(900 * DAY_MS)));
            shopper_buys(&with, purchases[i].time_ms, purchases[i].money_fen);
            shopper_buys(&without, purchases[i].time_ms, purchases[i].money_fen);
        }
        int64_t end_ms = purchases[count - 1].time_ms + 3000 * DAY_MS;
        shopper_waits(&with, end_ms);
        shopper_waits(&without, end_ms);
        cr_assert_str_eq(with.state.now.tier, without.state.now.tier, "life %llu", (unsigned long long)life);
        cr_assert_eq(with.state.now.since_ms, without.state.now.since_ms);
        cr_assert_eq(with.state.now.growth, without.state.now.growth);
        shopper_end(&with);
        shopper_end(&without);
    }
}
