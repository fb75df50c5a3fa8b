#include "services/gateway/cursor.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/hash.h"

// Version, number, check over both and the member id; numbers with the highest byte first. As base64url
// without padding. The check is against mistakes: a cursor gives access to nothing.
enum { VERSION = 1, NUMBER_AT = 1, CHECK_AT = 9, RAW_BYTES = 17, MEMBER_BYTES = 64 };

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_number(uint8_t *to, uint64_t number) {
    for (int i = 7; i >= 0; i--, number >>= 8)
        to[i] = (uint8_t)number;
}

static void make_raw(const char *member_id, uint64_t before, uint8_t ret_raw[RAW_BYTES]) {
    ret_raw[0] = VERSION;
    put_number(ret_raw + NUMBER_AT, before);
    uint8_t checked[CHECK_AT + MEMBER_BYTES];
    size_t length = strnlen(member_id, MEMBER_BYTES);
    memcpy(checked, ret_raw, CHECK_AT);
    memcpy(checked + CHECK_AT, member_id, length);
    put_number(ret_raw + CHECK_AT, hy_hash64(hy_bytes(checked, CHECK_AT + length)));
}

// Six bits at a time; the last digit is filled up with zeros.
static void encode(const uint8_t raw[RAW_BYTES], char ret_text[CURSOR_BYTES]) {
    for (size_t i = 0; i < CURSOR_BYTES - 1; i++) {
        size_t bit = i * 6;
        unsigned pair = (unsigned)raw[bit / 8] << 8;
        if (bit / 8 + 1 < RAW_BYTES) pair |= raw[bit / 8 + 1];
        ret_text[i] = DIGITS[pair >> (10 - bit % 8) & 63];
    }
    ret_text[CURSOR_BYTES - 1] = '\0';
}

void cursor_make(const char *member_id, uint64_t before, char ret_cursor[CURSOR_BYTES]) {
    uint8_t raw[RAW_BYTES];
    make_raw(member_id, before, raw);
    encode(raw, ret_cursor);
}

// The number is bits 8 to 71: the low four of digit 1 (its high two fall out at the top), and digits 2 to 11.
static bool decode_number(const char *cursor, uint64_t *ret_number) {
    uint64_t bits = 0;
    for (size_t i = 1; i <= 11; i++) {
        const char *digit = strchr(DIGITS, cursor[i]);
        if (digit == NULL) return false;
        bits = bits << 6 | (uint64_t)(digit - DIGITS);
    }
    *ret_number = bits;
    return true;
}

// There is one way to write each cursor: what is written back must be what came.
bool cursor_parse(const char *member_id, const char *cursor, uint64_t *ret_before) {
    uint64_t before;
    if (strlen(cursor) != CURSOR_BYTES - 1 || !decode_number(cursor, &before)) return false;
    char again[CURSOR_BYTES];
    cursor_make(member_id, before, again);
    if (strcmp(again, cursor) != 0) return false;
    *ret_before = before;
    return true;
}
