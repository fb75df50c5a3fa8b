// Civil time of a program, as a pure function of Unix time and the zone's table of offsets.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct hy_zone_change {
    int64_t from_ms;        // Unix time from which the offset holds
    int32_t offset_seconds; // east of UTC
};

// A time zone from 1970 to 2100. Made by hy_zone_load (common/io/zone.h), or by hand in tests.
// changes[0].from_ms is the smallest time that is asked for.
struct hy_zone {
    char name[64];
    size_t count;
    struct hy_zone_change *changes; // sorted
};

struct hy_civil {
    int32_t year;
    int32_t month;   // 1 … 12
    int32_t day;     // 1 … 31
    int32_t weekday; // 1 Monday … 7 Sunday
    int32_t hour, minute, second, millisecond;
};

struct hy_civil hy_civil_at(const struct hy_zone *zone, int64_t time_ms);
// Days since 1970-01-01 of a proleptic Gregorian date; and back.
int32_t hy_day_number(int32_t year, int32_t month, int32_t day);
void hy_day_date(int32_t day_number, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
// The day in which a moment falls, by the zone's clocks.
int32_t hy_day_at(const struct hy_zone *zone, int64_t time_ms);
// The first moment of that day by the zone's clocks.
int64_t hy_day_start_ms(const struct hy_zone *zone, int32_t day_number);
// "2026-11-22" -> day number; false when it is not a date.
bool hy_date_parse(struct hy_bytes text, int32_t *ret_day_number);
// RFC 3339 in UTC with milliseconds, "2026-11-22T06:00:00.000Z"; 25 bytes with the terminator.
void hy_time_format(int64_t time_ms, char ret_text[25]);
