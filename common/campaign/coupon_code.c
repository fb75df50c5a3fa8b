// Codes that people type at a till: unguessable, and wrong ones show.
#include <sodium.h>
#include <string.h>

#include "common/campaign/campaign.h"

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U

enum { DIGITS = 11, BASE = 32, DIGIT_BITS = 5 };

static int digit_of(char character) {
    const char *at = character == '\0' ? NULL : strchr(ALPHABET, character);
    return at == NULL ? -1 : (int)(at - ALPHABET);
}

// Luhn's sum, modulo 32: tells every wrong character, and nearly every pair that changed places. -1: a
// character that no code has.
static int check_digit(const char *code) {
    int sum = 0;
    for (int i = 0; i < DIGITS; i++) {
        int digit = digit_of(code[i]);
        if (digit < 0) return -1;
        int weighed = i % 2 == 0 ? 2 * digit : digit;
        sum += weighed / BASE + weighed % BASE;
    }
    return (BASE - sum % BASE) % BASE;
}

static void hash_text(crypto_generichash_state *hash, const char *text) {
    crypto_generichash_update(hash, (const unsigned char *)text, strlen(text) + 1); // the 0 parts the texts
}

void hy_coupon_code_make(char ret_code[HY_COUPON_CODE_BYTES], const uint8_t secret[HY_COUPON_SECRET_BYTES],
                         const char *member_id, const char *campaign_id, const char *occasion) {
    crypto_generichash_state hash;
    unsigned char bytes[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&hash, secret, HY_COUPON_SECRET_BYTES, sizeof bytes);
    hash_text(&hash, member_id);
    hash_text(&hash, campaign_id);
    hash_text(&hash, occasion);
    crypto_generichash_final(&hash, bytes, sizeof bytes);
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    for (int i = 0; i < DIGITS; i++, number >>= DIGIT_BITS)
        ret_code[i] = ALPHABET[number % BASE];
    ret_code[DIGITS] = ALPHABET[check_digit(ret_code)];
    ret_code[DIGITS + 1] = '\0';
}

bool hy_coupon_code_good(const char *code) {
    if (strnlen(code, HY_COUPON_CODE_BYTES) != DIGITS + 1) return false;
    int check = check_digit(code);
    return check >= 0 && code[DIGITS] == ALPHABET[check];
}
