#include "common/base/calendar.h"

#include <criterion/criterion.h>

#include <time.h>

TestSuite(calendar);

enum { HOUR = 3600 };

static struct hy_zone_change SHANGHAI_CHANGES[] = {{0, 8 * HOUR}};
static const struct hy_zone SHANGHAI = {.name = "Asia/Shanghai", .count = 1, .changes = SHANGHAI_CHANGES};

// Berlin around 2026: forward on 29 March, back on 25 October, at 01:00 UTC.
static struct hy_zone_change BERLIN_CHANGES[] = {
    {0, HOUR},
    {INT64_C(1774746000000), 2 * HOUR},
    {INT64_C(1792890000000), HOUR},
};
static const struct hy_zone BERLIN = {.name = "Europe/Berlin", .count = 3, .changes = BERLIN_CHANGES};

// Sao Paulo put its clocks forward at midnight: 4 November 2018 began at 01:00.
static struct hy_zone_change SAO_PAULO_CHANGES[] = {{0, -3 * HOUR}, {INT64_C(1541300400000), -2 * HOUR}};
static const struct hy_zone SAO_PAULO = {
    .name = "America/Sao_Paulo", .count = 2, .changes = SAO_PAULO_CHANGES};

// Apia left out 30 December 2011.
static struct hy_zone_change APIA_CHANGES[] = {{0, -10 * HOUR}, {INT64_C(1325239200000), 14 * HOUR}};
static const struct hy_zone APIA = {.name = "Pacific/Apia", .count = 2, .changes = APIA_CHANGES};

static const struct hy_zone UTC = {.name = "UTC"};

static void should_format(int64_t time_ms, const char *expected) {
    char text[25];
    hy_time_format(time_ms, text);
    cr_assert_str_eq(text, expected);
}

static int32_t date(const char *text) {
    int32_t day = INT32_MIN;
    cr_assert(hy_date_parse(hy_bytes_of(text), &day), "%s", text);
    return day;
}

static void should_be(struct hy_civil civil, int32_t year, int32_t month, int32_t day, int32_t hour,
                      int32_t minute) {
    cr_assert(civil.year == year && civil.month == month && civil.day == day && civil.hour == hour &&
                  civil.minute == minute,
              "%d-%d-%d %d:%d", civil.year, civil.month, civil.day, civil.hour, civil.minute);
}

Test(calendar, day_numbers_agree_with_the_c_library_over_the_years_0_to_9999) {
    int32_t expected = hy_day_number(0, 1, 1);
    cr_assert_eq(expected, -719528);
    for (; expected <= 2932896; expected++) {
        int32_t year;
        int32_t month;
        int32_t day;
        hy_day_date(expected, &year, &month, &day);
        cr_assert_eq(hy_day_number(year, month, day), expected);
        if (expected % 97 != 0) continue; // gmtime is slow
        time_t seconds = (time_t)expected * 86400;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        cr_assert(year == tm.tm_year + 1900 && month == tm.tm_mon + 1 && day == tm.tm_mday, "day %d",
                  expected);
        cr_assert_eq(hy_civil_at(&UTC, (int64_t)seconds * 1000).weekday, tm.tm_wday == 0 ? 7 : tm.tm_wday);
    }
}

Test(calendar, civil_time_follows_the_zone) {
    // 2026-11-22T16:30:00.123Z is half past midnight on Monday in Shanghai.
    struct hy_civil civil = hy_civil_at(&SHANGHAI, INT64_C(1795365000123));
    should_be(civil, 2026, 11, 23, 0, 30);
    cr_assert_eq(civil.weekday, 1);
    cr_assert_eq(civil.second, 0);
    cr_assert_eq(civil.millisecond, 123);
    cr_assert_eq(hy_day_at(&SHANGHAI, INT64_C(1795365000123)), date("2026-11-23"));
    cr_assert_eq(hy_day_at(&UTC, INT64_C(1795365000123)), date("2026-11-22"));
}

Test(calendar, clocks_change_at_the_very_millisecond) {
    should_be(hy_civil_at(&BERLIN, INT64_C(1774745999999)), 2026, 3, 29, 1, 59);
    should_be(hy_civil_at(&BERLIN, INT64_C(1774746000000)), 2026, 3, 29, 3, 0);
    should_be(hy_civil_at(&BERLIN, INT64_C(1792889999999)), 2026, 10, 25, 2, 59);
    should_be(hy_civil_at(&BERLIN, INT64_C(1792890000000)), 2026, 10, 25, 2, 0);
}

Test(calendar, a_time_before_the_first_change_uses_the_first_offset) {
    should_be(hy_civil_at(&SHANGHAI, -1), 1970, 1, 1, 7, 59);
    should_be(hy_civil_at(&UTC, -1), 1969, 12, 31, 23, 59);
}

Test(calendar, a_day_starts_at_its_own_midnight) {
    cr_assert_eq(hy_day_start_ms(&SHANGHAI, date("2026-11-23")), INT64_C(1795363200000));
    cr_assert_eq(hy_day_start_ms(&UTC, 0), 0);
    // The days on which the clocks change have 23 and 25 hours.
    cr_assert_eq(hy_day_start_ms(&BERLIN, date("2026-03-30")) - hy_day_start_ms(&BERLIN, date("2026-03-29")),
                 23 * INT64_C(3600000));
    cr_assert_eq(hy_day_start_ms(&BERLIN, date("2026-10-26")) - hy_day_start_ms(&BERLIN, date("2026-10-25")),
                 25 * INT64_C(3600000));
}

Test(calendar, a_day_without_a_midnight_starts_when_the_clocks_reach_it) {
    int64_t start = hy_day_start_ms(&SAO_PAULO, date("2018-11-04"));
    cr_assert_eq(start, INT64_C(1541300400000));
    should_be(hy_civil_at(&SAO_PAULO, start), 2018, 11, 4, 1, 0);
    should_be(hy_civil_at(&SAO_PAULO, start - 1), 2018, 11, 3, 23, 59);
}

Test(calendar, a_day_that_was_left_out_starts_with_the_next) {
    cr_assert_eq(hy_day_start_ms(&APIA, date("2011-12-30")), hy_day_start_ms(&APIA, date("2011-12-31")));
    cr_assert_eq(hy_day_at(&APIA, hy_day_start_ms(&APIA, date("2011-12-31")) - 1), date("2011-12-29"));
}

Test(calendar, every_moment_lies_between_the_start_of_its_day_and_of_the_next) {
    const struct hy_zone *const zones[] = {&UTC, &SHANGHAI, &BERLIN, &SAO_PAULO, &APIA};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        for (int64_t time = 0; time < INT64_C(1900000000000); time += INT64_C(7919000123)) {
            int32_t day = hy_day_at(zones[i], time);
            cr_assert_leq(hy_day_start_ms(zones[i], day), time);
            cr_assert_gt(hy_day_start_ms(zones[i], day + 1), time);
            cr_assert_eq(hy_day_at(zones[i], hy_day_start_ms(zones[i], day)), day);
        }
    }
}

Test(calendar, dates_are_taken_only_in_their_one_form) {
    cr_assert_eq(date("1970-01-01"), 0);
    cr_assert_eq(date("2024-02-29"), 19782);
    const char *const bad[] = {"",           "2026-1-01",   "2026-13-01",  "2026-00-10",
                               "2026-02-29", "2026-04-31",  "2026-01-00",  "2026-01-32",
                               "2026/01/01", "20260101",    "2026-01-1x",  "+026-01-01",
                               "1900-02-29", "2026-01-01 ", "2026-01-01T", " 026-01-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int32_t day = 42;
        cr_assert_not(hy_date_parse(hy_bytes_of(bad[i]), &day), "%s", bad[i]);
        cr_assert_eq(day, 42, "outputs stay untouched");
    }
}

Test(calendar, times_are_written_as_rfc_3339_in_utc) {
    should_format(0, "1970-01-01T00:00:00.000Z");
    should_format(INT64_C(1795327200000), "2026-11-22T06:00:00.000Z");
    should_format(-1, "1969-12-31T23:59:59.999Z");
    should_format(INT64_C(4107542399999), "2100-02-28T23:59:59.999Z");
    should_format(INT64_C(4107542400000), "2100-03-01T00:00:00.000Z");
}

Test(calendar, absurd_times_are_harmless) {
    should_format(INT64_MAX, "9999-12-30T23:59:59.999Z");
    should_format(INT64_MIN, "0000-01-02T00:00:00.000Z");
    cr_assert_eq(hy_civil_at(&SHANGHAI, INT64_MAX).year, 9999);
    cr_assert_eq(hy_day_start_ms(&SHANGHAI, INT32_MAX), (int64_t)INT32_MAX * 86400000 - INT64_C(28800000));
}
