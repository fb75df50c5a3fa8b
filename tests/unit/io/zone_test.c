#include "common/io/zone.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <time.h>

#include "common/io/clock.h"

TestSuite(zone);

// Another implementation of the same database: the C library's.
static void should_agree_with_the_c_library(const char *name) {
    struct hy_zone zone;
    cr_assert(hy_zone_load(name, &zone), "%s", name);
    setenv("TZ", name, 1);
    tzset();
    for (int64_t second = 0; second < INT64_C(4102444800); second += 30011) {
        time_t time = (time_t)second;
        struct tm tm;
        localtime_r(&time, &tm);
        struct hy_civil civil = hy_civil_at(&zone, second * 1000);
        cr_assert(civil.year == tm.tm_year + 1900 && civil.month == tm.tm_mon + 1 &&
                      civil.day == tm.tm_mday && civil.hour == tm.tm_hour && civil.minute == tm.tm_min &&
                      civil.second == tm.tm_sec,
                  "%s at %lld", name, (long long)second);
    }
    hy_zone_free(&zone);
}

Test(zone, agrees_with_the_c_library_until_2100, .timeout = 60) {
    should_agree_with_the_c_library("Asia/Shanghai"); // had summer time from 1986 to 1991
    should_agree_with_the_c_library("Europe/Berlin");
    should_agree_with_the_c_library("America/New_York");
    should_agree_with_the_c_library("Australia/Lord_Howe"); // half an hour of summer time
    should_agree_with_the_c_library("Pacific/Apia");        // left out a day
    should_agree_with_the_c_library("UTC");
}

Test(zone, changes_are_sorted_and_exact) {
    struct hy_zone zone;
    cr_assert(hy_zone_load("Europe/Berlin", &zone));
    cr_assert_str_eq(zone.name, "Europe/Berlin");
    cr_assert_eq(zone.changes[0].from_ms, 0);
    bool found = false;
    for (size_t i = 1; i < zone.count; i++) {
        cr_assert_gt(zone.changes[i].from_ms, zone.changes[i - 1].from_ms);
        cr_assert_neq(zone.changes[i].offset_seconds, zone.changes[i - 1].offset_seconds);
        if (zone.changes[i].from_ms == INT64_C(1774746000000)) found = zone.changes[i].offset_seconds == 7200;
    }
    cr_assert(found, "summer time begins on 29 March 2026 at 01:00 UTC");
    hy_zone_free(&zone);
    cr_assert_null(zone.changes);
}

Test(zone, names_that_the_system_does_not_know_are_refused) {
    const char *const bad[] = {"",
                               "Asia/Nowhere",
                               "/etc/passwd",
                               "../../etc/passwd",
                               "Asia/../UTC",
                               ":UTC",
                               "garbage",
                               "A234567890123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hy_zone zone = {.count = 42};
        cr_assert_not(hy_zone_load(bad[i], &zone), "%s", bad[i]);
        cr_assert_eq(zone.count, 42, "outputs stay untouched");
    }
}

Test(zone, the_clocks_run) {
    int64_t now_ms = hy_clock_now_ms();
    cr_assert_leq(llabs(now_ms / 1000 - (int64_t)time(NULL)), 1);
    uint64_t before = hy_clock_monotonic_ns();
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    cr_assert_geq(hy_clock_monotonic_ns() - before, 2000000);
}
