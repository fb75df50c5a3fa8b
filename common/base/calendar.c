#include "common/base/calendar.h"

enum {
    DAY_MS = 86400 * 1000,
    DAYS_IN_400_YEARS = 146097,
    DAYS_TO_1970 = 719468, // from 0000-03-01
};

// Years 0000 to 9999, with a day to spare on both sides for any offset: beyond them a moment counts as the
// nearest.
static const int64_t EARLIEST_MS = INT64_C(-62167219200000) + DAY_MS;
static const int64_t LATEST_MS = INT64_C(253402300799999) - DAY_MS;

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    if (value < low) return low;
    return value > high ? high : value;
}

// The year is taken to begin in March, so that the leap day is its last.
int32_t hy_day_number(int32_t year, int32_t month, int32_t day) {
    int64_t march_year = (int64_t)year - (month <= 2);
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t march_month = (month + 9) % 12;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * DAYS_IN_400_YEARS + day_of_era - DAYS_TO_1970);
}

void hy_day_date(int32_t day_number, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day) {
    int64_t days = (int64_t)day_number + DAYS_TO_1970;
    int64_t era = floor_divide(days, DAYS_IN_400_YEARS);
    int64_t day_of_era = days - era * DAYS_IN_400_YEARS;
    int64_t leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / 146096;
    int64_t year_of_era = (day_of_era - leap_days) / 365;
    int64_t day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *ret_month = (int32_t)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_day = (int32_t)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *ret_year = (int32_t)(era * 400 + year_of_era + (*ret_month <= 2));
}

// Index of the change that holds at a moment: the last one not after it, or the first of all.
static size_t change_at(const struct hy_zone *zone, int64_t time_ms) {
    size_t low = 0;
    size_t high = zone->count;
    if (zone->changes[high - 1].from_ms <= time_ms) return high - 1; // where clocks are no more put forward
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].from_ms <= time_ms) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// What the zone's clocks show, counted like Unix time.
static int64_t local_ms(const struct hy_zone *zone, int64_t time_ms) {
    int64_t time = clamp(time_ms, EARLIEST_MS, LATEST_MS);
    if (zone->count == 0) return time;
    return time + (int64_t)zone->changes[change_at(zone, time)].offset_seconds * 1000;
}

struct hy_civil hy_civil_at(const struct hy_zone *zone, int64_t time_ms) {
    int64_t local = local_ms(zone, time_ms);
    int64_t day = floor_divide(local, DAY_MS);
    int32_t in_day = (int32_t)(local - day * DAY_MS);
    struct hy_civil civil = {
        // 1970-01-01 was a Thursday.
        .weekday = (int32_t)(day + 3 - floor_divide(day + 3, 7) * 7 + 1),
        .hour = in_day / 3600000,
        .minute = in_day / 60000 % 60,
        .second = in_day / 1000 % 60,
        .millisecond = in_day % 1000,
    };
    hy_day_date((int32_t)day, &civil.year, &civil.month, &civil.day);
    return civil;
}

int32_t hy_day_at(const struct hy_zone *zone, int64_t time_ms) {
    return (int32_t)floor_divide(local_ms(zone, time_ms), DAY_MS);
}

// The first moment at which the clocks show this day's midnight or more. Clocks put forward over midnight
// make the day begin later; where a whole day was left out (Apia, 30 December 2011) it is the beginning of
// the next.
int64_t hy_day_start_ms(const struct hy_zone *zone, int32_t day_number) {
    int64_t midnight = (int64_t)day_number * DAY_MS;
    if (zone->count == 0) return midnight;
    // No clock is two days off, so nothing before this change can show the day.
    size_t first = change_at(zone, midnight - 2 * (int64_t)DAY_MS);
    for (size_t i = first; i < zone->count; i++) {
        int64_t start = midnight - (int64_t)zone->changes[i].offset_seconds * 1000;
        if (i > first && start < zone->changes[i].from_ms) start = zone->changes[i].from_ms;
        if (i + 1 == zone->count || start < zone->changes[i + 1].from_ms) return start;
    }
    return midnight;
}

static bool take_number(struct hy_bytes text, size_t from, size_t digits, int32_t *ret_number) {
    int32_t number = 0;
    for (size_t i = from; i < from + digits; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        number = number * 10 + (text.data[i] - '0');
    }
    *ret_number = number;
    return true;
}

bool hy_date_parse(struct hy_bytes text, int32_t *ret_day_number) {
    int32_t year;
    int32_t month;
    int32_t day;
    if (text.length != 10 || text.data[4] != '-' || text.data[7] != '-') return false;
    if (!take_number(text, 0, 4, &year) || !take_number(text, 5, 2, &month) ||
        !take_number(text, 8, 2, &day)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1) return false;
    int32_t number = hy_day_number(year, month, day);
    int32_t same_year;
    int32_t same_month;
    int32_t same_day;
    hy_day_date(number, &same_year, &same_month, &same_day);
    if (same_month != month || same_day != day) return false; // 30 February
    *ret_day_number = number;
    return true;
}

static void put_number(char *to, size_t digits, int32_t number) {
    for (size_t i = digits; i-- > 0; number /= 10) {
        to[i] = (char)('0' + number % 10);
    }
}

void hy_time_format(int64_t time_ms, char ret_text[25]) {
    static const struct hy_zone UTC = {.name = "UTC"};
    struct hy_civil civil = hy_civil_at(&UTC, time_ms);
    memcpy(ret_text, "0000-00-00T00:00:00.000Z", 25);
    put_number(ret_text, 4, civil.year);
    put_number(ret_text + 5, 2, civil.month);
    put_number(ret_text + 8, 2, civil.day);
    put_number(ret_text + 11, 2, civil.hour);
    put_number(ret_text + 14, 2, civil.minute);
    put_number(ret_text + 17, 2, civil.second);
    put_number(ret_text + 20, 3, civil.millisecond);
}
