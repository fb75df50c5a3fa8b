#include "common/base/decimal.h"

#include <stddef.h>

static bool is_digit(uint8_t character) {
    return character >= '0' && character <= '9';
}

// Digits from *at on into *value. False when there is none or the value passes the limit.
static bool take_digits(struct hy_bytes text, size_t *at, int64_t limit, int64_t *value) {
    size_t start = *at;
    for (; *at < text.length && is_digit(text.data[*at]); (*at)++) {
        int64_t digit = text.data[*at] - '0';
        if (__builtin_mul_overflow(*value, (int64_t)10, value)) return false;
        if (__builtin_add_overflow(*value, digit, value) || *value > limit) return false;
    }
    return *at > start;
}

bool hy_hundredths_parse(struct hy_bytes text, int64_t limit, int64_t *ret_hundredths) {
    size_t at = 0;
    int64_t value = 0;
    if (!take_digits(text, &at, limit, &value)) return false;
    size_t places = 0;
    if (at < text.length && text.data[at] == '.') {
        size_t point = at++;
        if (!take_digits(text, &at, limit, &value)) return false;
        places = at - point - 1;
    }
    if (at != text.length || places > 2) return false;
    for (; places < 2; places++) {
        if (__builtin_mul_overflow(value, (int64_t)10, &value)) return false;
    }
    if (value > limit) return false;
    *ret_hundredths = value;
    return true;
}

// Written from the right. By hand: printf would ask the locale.
void hy_hundredths_format(int64_t hundredths, char ret_text[24]) {
    uint64_t rest = hundredths < 0 ? 0 - (uint64_t)hundredths : (uint64_t)hundredths;
    char reversed[24];
    size_t length = 0;
    while (rest > 0 || length < 4) {
        if (length == 2) {
            reversed[length++] = '.';
        } else {
            reversed[length++] = (char)('0' + rest % 10);
            rest /= 10;
        }
    }
    if (hundredths < 0) reversed[length++] = '-';
    for (size_t i = 0; i < length; i++) {
        ret_text[i] = reversed[length - 1 - i];
    }
    ret_text[length] = '\0';
}
