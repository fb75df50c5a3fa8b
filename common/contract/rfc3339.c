// RFC 3339, section 5.6. Leap seconds are refused: Unix time has none.
#include "common/contract/rfc3339.h"

#include <string.h>

#include "common/base/calendar.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static bool take(struct cursor *cursor, const char *one_of, uint8_t *ret_byte) {
    if (cursor->at == cursor->end || *cursor->at == '\0' || strchr(one_of, *cursor->at) == NULL) return false;
    *ret_byte = *cursor->at++;
    return true;
}

static bool take_two_digits(struct cursor *cursor, int64_t limit, int64_t *ret_number) {
    if (cursor->end - cursor->at < 2 || !is_digit(cursor->at[0]) || !is_digit(cursor->at[1])) return false;
    *ret_number = (cursor->at[0] - '0') * 10 + (cursor->at[1] - '0');
    cursor->at += 2;
    return *ret_number <= limit;
}

// "14:03" -> minutes.
static bool take_clock(struct cursor *cursor, int64_t *ret_minutes) {
    int64_t hours;
    int64_t minutes;
    uint8_t colon;
    if (!take_two_digits(cursor, 23, &hours) || !take(cursor, ":", &colon)) return false;
    if (!take_two_digits(cursor, 59, &minutes)) return false;
    *ret_minutes = hours * 60 + minutes;
    return true;
}

// ":00.250" -> milliseconds.
static bool take_seconds(struct cursor *cursor, int64_t *ret_ms) {
    int64_t seconds;
    uint8_t sign;
    if (!take(cursor, ":", &sign) || !take_two_digits(cursor, 59, &seconds)) return false;
    *ret_ms = seconds * 1000;
    if (!take(cursor, ".", &sign)) return true;
    const uint8_t *first = cursor->at;
    for (int64_t unit = 100; cursor->at < cursor->end && is_digit(*cursor->at); unit /= 10) {
        *ret_ms += (*cursor->at++ - '0') * unit;
    }
    return cursor->at > first;
}

// "Z", "+08:00" -> minutes east.
static bool take_offset(struct cursor *cursor, int64_t *ret_minutes) {
    uint8_t sign;
    *ret_minutes = 0;
    if (take(cursor, "Zz", &sign)) return true;
    if (!take(cursor, "+-", &sign) || !take_clock(cursor, ret_minutes)) return false;
    if (sign == '-') *ret_minutes = -*ret_minutes;
    return true;
}

bool hy_rfc3339_parse(struct hy_bytes text, int64_t *ret_time_ms) {
    int32_t day;
    int64_t minutes;
    int64_t ms;
    int64_t offset;
    uint8_t separator;
    if (text.length < 10 || !hy_date_parse(hy_bytes(text.data, 10), &day)) return false;
    struct cursor cursor = {text.data + 10, text.data + text.length};
    if (!take(&cursor, "Tt", &separator) || !take_clock(&cursor, &minutes)) return false;
    if (!take_seconds(&cursor, &ms) || !take_offset(&cursor, &offset) || cursor.at != cursor.end)
        return false;
    *ret_time_ms = ((int64_t)day * 1440 + minutes - offset) * 60000 + ms;
    return true;
}
