// The rules of the ladder, one by one.
#include <criterion/criterion.h>

#include "tests/unit/tier/shop.h"

enum { YUAN = 100 };

static struct shopper shopper;

static void begin(void) {
    shopper_begin(&shopper, DEFAULT_LADDER);
}

static void end(void) {
    shopper_end(&shopper);
}

TestSuite(ladder, .init = begin, .fini = end);

Test(ladder, more_than_a_thousand_growth_is_silver_and_a_thousand_is_not) {
    shopper_buys(&shopper, at(2025, 3, 1, 10), 1000 * YUAN + 99);
    then_tier(&shopper, "ordinary", 0, "");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__COUNTED);
    cr_assert_eq(shopper.last->growth_to_next, 1);
    cr_assert_str_eq(shopper.last->next_tier, "silver");
    shopper_buys(&shopper, at(2025, 3, 2, 10), 99);
    then_tier(&shopper, "ordinary", 0, ""); // each purchase is rounded down by itself
    shopper_buys(&shopper, at(2025, 3, 3, 10), YUAN);
    then_tier(&shopper, "silver", at(2025, 3, 3, 10), "growth");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__RAISED);
    cr_assert_str_eq(shopper.last->tier_before, "ordinary");
    cr_assert_eq(shopper.last->growth, 1001);
    cr_assert_str_eq(shopper.last->next_tier, "gold");
    cr_assert_eq(shopper.last->growth_to_next, 4000);
    cr_assert_eq(shopper.last->spend_to_next_fen, 0);
}

Test(ladder, one_purchase_may_climb_several_steps) {
    shopper_buys(&shopper, at(2025, 3, 1, 10), 10000 * YUAN);
    then_tier(&shopper, "gold", 0, "growth");
    cr_assert_str_eq(shopper.last->next_tier, "diamond");
    cr_assert_eq(shopper.last->growth_to_next, 0);
    cr_assert_eq(shopper.last->spend_to_next_fen, 1);
    shopper_buys(&shopper, at(2025, 3, 1, 11), 1);
    then_tier(&shopper, "diamond", at(2025, 3, 1, 11), "year-spend");
    cr_assert_str_eq(shopper.last->next_tier, "");
}

Test(ladder, diamond_ends_when_its_oldest_day_is_a_year_old) {
    shopper_buys(&shopper, at(2024, 2, 29, 23), 6000 * YUAN);
    shopper_buys(&shopper, at(2024, 7, 5, 10), 4800 * YUAN);
    then_tier(&shopper, "diamond", at(2024, 7, 5, 10), "year-spend");
    shopper_buys(&shopper, at(2024, 12, 5, 10), 200 * YUAN);
    cr_assert_eq(shopper.state.progress.review_at_ms, at(2025, 2, 28, 0));
    shopper_waits(&shopper, at(2025, 2, 28, 0) - 1);
    then_tier(&shopper, "diamond", 0, "year-spend");
    shopper_waits(&shopper, at(2025, 2, 28, 0));
    then_tier(&shopper, "gold", at(2025, 2, 28, 0), "year-spend");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED);
    cr_assert_eq(shopper.last->year_spend_fen, 5000 * YUAN);
    cr_assert_eq(shopper.state.progress.review_at_ms, at(2025, 6, 6, 0)); // the lapse is next
}

Test(ladder, six_months_without_a_purchase_lapse_to_ordinary_and_growth_begins_again) {
    shopper_buys(&shopper, at(2025, 8, 31, 10), 1500 * YUAN);
    shopper_waits(&shopper, at(2026, 3, 1, 0) - 1); // 31 August + 6 months is 28 February
    then_tier(&shopper, "silver", 0, "growth");
    shopper_waits(&shopper, at(2026, 3, 1, 0));
    then_tier(&shopper, "ordinary", at(2026, 3, 1, 0), "lapse");
    cr_assert_eq(shopper.state.now.growth, 0);
    shopper_buys(&shopper, at(2026, 3, 5, 0), 900 * YUAN);
    then_tier(&shopper, "ordinary", 0, "lapse");
    cr_assert_eq(shopper.state.now.growth, 900);
    shopper_buys(&shopper, at(2026, 3, 6, 0), 101 * YUAN);
    then_tier(&shopper, "silver", at(2026, 3, 6, 0), "growth");
}

Test(ladder, who_has_no_tier_to_lose_keeps_the_growth) {
    shopper_buys(&shopper, at(2023, 1, 1, 10), 900 * YUAN);
    cr_assert_eq(shopper.state.progress.review_at_ms, 0);
    shopper_buys(&shopper, at(2025, 1, 1, 10), 101 * YUAN);
    then_tier(&shopper, "silver", at(2025, 1, 1, 10), "growth");
}

Test(ladder, a_purchase_after_an_unnoticed_lapse_counts_from_zero) {
    shopper_buys(&shopper, at(2025, 1, 1, 10), 1500 * YUAN);
    shopper_buys(&shopper, at(2025, 9, 1, 10), 100 * YUAN);
    then_tier(&shopper, "ordinary", at(2025, 7, 2, 0), "lapse");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED);
    cr_assert_eq(shopper.state.now.growth, 100);
}

Test(ladder, a_purchase_that_shows_that_there_was_no_lapse_gives_the_tier_back) {
    shopper_buys(&shopper, at(2025, 1, 1, 10), 1500 * YUAN);
    shopper_waits(&shopper, at(2026, 1, 1, 0));
    then_tier(&shopper, "ordinary", at(2025, 7, 2, 0), "lapse");
    shopper_buys(&shopper, at(2025, 3, 1, 10), 100 * YUAN);
    then_tier(&shopper, "silver", at(2025, 1, 1, 10), "growth");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__RAISED);
    cr_assert_eq(shopper.state.now.growth, 1600);
    shopper_waits(&shopper, at(2026, 1, 1, 0));
    then_tier(&shopper, "ordinary", at(2025, 9, 2, 0), "lapse");
}

Test(ladder, a_purchase_from_before_the_latest_one_undoes_no_lapse_but_counts_in_the_year) {
    shopper_buys(&shopper, at(2025, 1, 1, 10), 9000 * YUAN);
    shopper_waits(&shopper, at(2025, 9, 1, 0));
    shopper_buys(&shopper, at(2024, 12, 1, 10), 900 * YUAN);
    then_tier(&shopper, "ordinary", at(2025, 7, 2, 0), "lapse");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__COUNTED);
    cr_assert_eq(shopper.last->year_spend_fen, 9900 * YUAN);
    cr_assert_eq(shopper.state.now.growth, 0);
}

Test(ladder, a_late_purchase_raises_since_its_own_time) {
    shopper_buys(&shopper, at(2025, 3, 2, 10), 600 * YUAN);
    shopper_buys(&shopper, at(2025, 3, 1, 10), 600 * YUAN);
    then_tier(&shopper, "silver", at(2025, 3, 1, 10), "growth");
    cr_assert_eq(shopper.state.bought.last_at_ms, at(2025, 3, 2, 10));
}

// Tiers by spend alone.
static const char SPEND_LADDER[] = "tiers:\n"
                                   "  - {id: ordinary, multiplier: 1.00}\n"
                                   "  - {id: silver, multiplier: 1.20, year_spend_above: 1000.00}\n"
                                   "  - {id: gold, multiplier: 1.50, year_spend_above: 5000.00}\n"
                                   "tier_rules:\n"
                                   "  keep: {tier: silver, months_in_a_row: 3}\n";

Test(ladder, three_months_in_a_row_keep_silver_until_one_passes_without_a_purchase) {
    shopper_end(&shopper);
    shopper_begin(&shopper, SPEND_LADDER);
    shopper_buys(&shopper, at(2024, 3, 10, 10), 6000 * YUAN);
    then_tier(&shopper, "gold", at(2024, 3, 10, 10), "year-spend");
    shopper_buys(&shopper, at(2024, 12, 31, 10), YUAN);
    shopper_buys(&shopper, at(2025, 1, 1, 10), YUAN);
    shopper_buys(&shopper, at(2025, 2, 28, 10), YUAN);
    shopper_waits(&shopper, at(2025, 3, 10, 0)); // no purchase in March yet: February is the last month
    then_tier(&shopper, "silver", at(2025, 3, 10, 0), "months-in-a-row");
    cr_assert_eq(shopper.last->kind, HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED);
    cr_assert_eq(shopper.state.progress.review_at_ms, at(2025, 4, 1, 0));
    shopper_buys(&shopper, at(2025, 3, 20, 10), YUAN);
    then_tier(&shopper, "silver", at(2025, 3, 10, 0), "months-in-a-row");
    shopper_waits(&shopper, at(2025, 5, 1, 0) - 1);
    then_tier(&shopper, "silver", 0, "months-in-a-row");
    shopper_waits(&shopper, at(2025, 5, 1, 0));
    then_tier(&shopper, "ordinary", at(2025, 5, 1, 0), "year-spend");
    cr_assert_eq(shopper.state.progress.review_at_ms, 0);
}

Test(ladder, two_months_in_a_row_keep_nothing) {
    shopper_end(&shopper);
    shopper_begin(&shopper, SPEND_LADDER);
    shopper_buys(&shopper, at(2024, 3, 10, 10), 6000 * YUAN);
    shopper_buys(&shopper, at(2025, 1, 1, 10), YUAN);
    shopper_buys(&shopper, at(2025, 2, 28, 10), YUAN);
    shopper_waits(&shopper, at(2025, 3, 10, 0));
    then_tier(&shopper, "ordinary", at(2025, 3, 10, 0), "year-spend");
}

Test(ladder, a_streak_keeps_a_tier_and_gives_none) {
    shopper_end(&shopper);
    shopper_begin(&shopper, "tiers:\n"
                            "  - {id: ordinary, multiplier: 1}\n"
                            "  - {id: silver, multiplier: 1, year_spend_above: 1000.00}\n"
                            "  - {id: gold, multiplier: 1, year_spend_above: 5000.00}\n"
                            "tier_rules: {keep: {tier: gold, months_in_a_row: 2}}\n");
    shopper_buys(&shopper, at(2024, 3, 10, 10), 2000 * YUAN);
    shopper_buys(&shopper, at(2025, 1, 1, 10), YUAN);
    shopper_buys(&shopper, at(2025, 2, 28, 10), YUAN);
    then_tier(&shopper, "silver", at(2024, 3, 10, 10), "year-spend");
    shopper_waits(&shopper, at(2025, 3, 10, 0));
    then_tier(&shopper, "ordinary", at(2025, 3, 10, 0), "year-spend");
}

Test(ladder, without_thresholds_nobody_rises) {
    shopper_end(&shopper);
    shopper_begin(&shopper, "tiers:\n  - {id: a, multiplier: 1}\n  - {id: b, multiplier: 2}\n");
    shopper_buys(&shopper, at(2025, 3, 1, 10), 10000000 * (int64_t)YUAN);
    then_tier(&shopper, "a", 0, "");
    cr_assert_str_eq(shopper.last->next_tier, "");
    cr_assert_eq(shopper.state.progress.review_at_ms, 0);
}

Test(ladder, growth_may_be_worth_more_or_less_than_a_yuan) {
    shopper_end(&shopper);
    shopper_begin(&shopper, "growth: {per_yuan: 0.33}\n");
    shopper_buys(&shopper, at(2025, 3, 1, 10), 1010);
    cr_assert_eq(shopper.last->growth, 3); // 10.10 × 0.33 = 3.333
}
