// Phones and birthdays, as text.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/member.h"

enum { MOBILE_DIGITS = 11, E164_MIN = 8, E164_MAX = 15 };

static bool is_chinese_mobile(const char *text) {
    return strlen(text) == MOBILE_DIGITS && strspn(text, "0123456789") == MOBILE_DIGITS && text[0] == '1' &&
           text[1] >= '3';
}

static bool is_e164(const char *text) {
    if (text[0] != '+' || text[1] == '0') return false;
    size_t digits = strspn(text + 1, "0123456789");
    return digits >= E164_MIN && digits <= E164_MAX && text[1 + digits] == '\0';
}

bool hy_phone_normalise(const char *text, char ret_phone[HY_PHONE_BYTES]) {
    bool mobile = is_chinese_mobile(text);
    if (!mobile && !is_e164(text)) return false;
    snprintf(ret_phone, HY_PHONE_BYTES, "%s%s", mobile ? "+86" : "", text);
    return true;
}

// It was checked when it came in: "1990-05-17".
uint32_t hy_birthday_number(const char *birthday) {
    if (birthday == NULL || strlen(birthday) != strlen("YYYY-MM-DD")) return 0;
    return (uint32_t)(strtoul(birthday + 5, NULL, 10) * 100 + strtoul(birthday + 8, NULL, 10));
}
