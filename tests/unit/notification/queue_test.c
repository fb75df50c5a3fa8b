// When: quiet hours and pauses.
#include <stdio.h>

#include "tests/unit/notification/fixture.h"

static const struct hy_zone UTC = {.count = 0};
#define DAY_START INT64_C(1772582400000) // 2026-03-04T00:00:00Z

static int64_t at(int hour, int minute) {
    return DAY_START + hour * HOUR_MS + minute * MINUTE_MS;
}

static int64_t after_quiet(const char *hours, int64_t time_ms) {
    struct delivery_policy policy = {0};
    cr_assert(delivery_policy_quiet(&policy, hours), "%s", hours);
    return queue_after_quiet_ms(&policy, &UTC, time_ms);
}

Test(queue, in_quiet_hours_a_message_waits_for_their_end) {
    cr_assert_eq(after_quiet("21:00-09:00", at(20, 59)), at(20, 59));
    cr_assert_eq(after_quiet("21:00-09:00", at(21, 0)), at(33, 0));
    cr_assert_eq(after_quiet("21:00-09:00", at(23, 59)), at(33, 0));
    cr_assert_eq(after_quiet("21:00-09:00", at(0, 0)), at(9, 0));
    cr_assert_eq(after_quiet("21:00-09:00", at(8, 59) + 59999), at(9, 0));
    cr_assert_eq(after_quiet("21:00-09:00", at(9, 0)), at(9, 0));
}

Test(queue, quiet_hours_may_lie_within_a_day_or_be_none) {
    cr_assert_eq(after_quiet("12:00-14:30", at(13, 0)), at(14, 30));
    cr_assert_eq(after_quiet("12:00-14:30", at(14, 30)), at(14, 30));
    cr_assert_eq(after_quiet("12:00-14:30", at(3, 0)), at(3, 0));
    cr_assert_eq(after_quiet("", at(3, 0)), at(3, 0));
    cr_assert_eq(after_quiet("07:00-07:00", at(7, 0)), at(7, 0));
}

Test(queue, quiet_hours_go_by_the_clocks_of_the_program) {
    struct hy_zone_change east = {0, 8 * 3600};
    struct hy_zone shanghai = {.count = 1, .changes = &east};
    struct delivery_policy policy = delivery_policy_defaults();
    // 14:00Z is 22:00 there; it ends at 09:00 there, 01:00Z of the next day
    cr_assert_eq(queue_after_quiet_ms(&policy, &shanghai, at(14, 0)), at(25, 0));
}

Test(queue, quiet_hours_end_by_the_clock_also_when_it_is_put_forward_meanwhile) {
    // At 02:00 the clocks go to 03:00: 09:00 there is 08:00Z instead of 09:00Z.
    struct hy_zone_change changes[] = {{0, 0}, {DAY_START + 2 * HOUR_MS, 3600}};
    struct hy_zone zone = {.count = 2, .changes = changes};
    struct delivery_policy policy = delivery_policy_defaults();
    cr_assert_eq(queue_after_quiet_ms(&policy, &zone, at(0, 30)), at(8, 0));
}

Test(queue, only_two_times_of_the_day_are_quiet_hours) {
    static const char *const bad[] = {"21-09",      "21:00",        "24:00-09:00", "21:60-09:00",
                                      "21:00-9:00", "21:00-09:00 ", "21:00 09:00", "x"};
    struct delivery_policy policy = delivery_policy_defaults();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(delivery_policy_quiet(&policy, bad[i]), "%s", bad[i]);
    cr_assert_eq(policy.quiet_from_minute, 21 * 60, "a refused setting changes nothing");
}

Test(queue, pauses_double_up_to_a_bound_and_differ_by_at_most_a_quarter) {
    struct delivery_policy policy = delivery_policy_defaults();
    policy.retry_first_ms = 1000;
    policy.retry_longest_ms = 8000;
    static const int64_t plain[] = {1000, 2000, 4000, 8000, 8000, 8000};
    for (uint32_t attempt = 1; attempt <= 6; attempt++) {
        for (int i = 0; i < 200; i++) {
            char id[32];
            snprintf(id, sizeof id, "campaigns-1-%d-0", i);
            int64_t pause = queue_pause_ms(&policy, id, attempt);
            int64_t middle = plain[attempt - 1];
            cr_assert(pause >= middle * 3 / 4 && pause <= middle * 5 / 4, "%lld", (long long)pause);
            cr_assert_eq(pause, queue_pause_ms(&policy, id, attempt), "the same each time");
        }
    }
}

Test(queue, messages_that_failed_together_do_not_come_back_together) {
    struct delivery_policy policy = delivery_policy_defaults();
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "campaigns-1-%d-0", i);
        int64_t pause = queue_pause_ms(&policy, id, 1);
        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
    }
    cr_assert(most - least > policy.retry_first_ms / 3);
}
