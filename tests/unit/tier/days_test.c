// The calendar of purchases.
#include <criterion/criterion.h>

#include "services/tier/tier.h"

static void then_months_later(int year, int month, int day, int months, int y, int m, int d) {
    cr_assert_eq(tier_day_after_months(hy_day_number(year, month, day), months), hy_day_number(y, m, d));
}

Test(days, months_end_where_their_last_day_is) {
    then_months_later(2025, 1, 31, 1, 2025, 2, 28);
    then_months_later(2024, 1, 31, 1, 2024, 2, 29);
    then_months_later(2025, 8, 31, 6, 2026, 2, 28);
    then_months_later(2025, 12, 15, 1, 2026, 1, 15);
    then_months_later(2024, 2, 29, 12, 2025, 2, 28);
    then_months_later(2025, 5, 31, 120, 2035, 5, 31);
    then_months_later(2025, 11, 30, 1, 2025, 12, 30);
}

Test(days, a_year_holds_at_most_366_days_and_the_sum_is_of_those_that_count) {
    struct tier_days days = {0};
    int32_t first = hy_day_number(2023, 1, 1);
    for (int32_t day = first; day < first + 900; day++) {
        tier_days_add(&days, day, 1);
        tier_days_add(&days, day, 1);
        cr_assert_leq(days.count, (uint32_t)TIER_DAYS_LIMIT);
        cr_assert_eq(tier_days_sum(&days, day), 2 * (int64_t)days.count);
        cr_assert_gt(tier_day_out(days.items[0].day), day);
    }
    tier_days_add(&days, hy_day_number(2023, 1, 1), 5); // too old: left out
    cr_assert_eq(tier_days_sum(&days, first + 899), 2 * (int64_t)days.count);
    cr_assert_eq(tier_days_sum(&days, first + 900 + 366), 0);
    tier_state_release(&(struct tier_state){.days = days});
}

static int32_t streak(const struct tier_bought *bought, int year, int month) {
    return tier_bought_streak(bought, hy_day_number(year, month, 15));
}

Test(days, a_streak_counts_the_running_month_only_when_it_has_a_purchase) {
    struct tier_bought bought = {0};
    tier_bought_add(&bought, hy_day_number(2024, 11, 30), 3);
    tier_bought_add(&bought, hy_day_number(2025, 1, 1), 5);
    cr_assert_eq(streak(&bought, 2025, 1), 1);
    tier_bought_add(&bought, hy_day_number(2024, 12, 31), 4); // late, but it closes the gap
    cr_assert_eq(streak(&bought, 2025, 1), 3);
    cr_assert_eq(streak(&bought, 2025, 2), 3);
    cr_assert_eq(streak(&bought, 2025, 3), 0);
    cr_assert_eq(bought.last_at_ms, 5);
    tier_bought_add(&bought, hy_day_number(2028, 1, 1), 6); // more months than are kept
    cr_assert_eq(streak(&bought, 2028, 1), 1);
}
