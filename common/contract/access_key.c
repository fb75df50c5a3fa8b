#include "common/contract/access_key.h"

#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"

static const char DIGITS[] = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's

static const struct {
    Huiyuan__V1__Role role;
    const char *name;
} ROLES[] = {
    {HUIYUAN__V1__ROLE__ROLE_STORE, "store"},
    {HUIYUAN__V1__ROLE__ROLE_MARKETING, "marketing"},
    {HUIYUAN__V1__ROLE__ROLE_DESK, "desk"},
    {HUIYUAN__V1__ROLE__ROLE_OPERATIONS, "operations"},
};

enum { ROLE_COUNT = sizeof ROLES / sizeof ROLES[0] };

const char *hy_role_name(Huiyuan__V1__Role role) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (ROLES[i].role == role) return ROLES[i].name;
    }
    return NULL;
}

bool hy_role_by_name(const char *name, Huiyuan__V1__Role *ret_role) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (strcmp(ROLES[i].name, name) != 0) continue;
        *ret_role = ROLES[i].role;
        return true;
    }
    return false;
}

void hy_secret_make(Huiyuan__V1__Role role, const uint8_t random[HY_SECRET_RANDOM_BYTES],
                    char ret_secret[HY_SECRET_BYTES]) {
    int at = snprintf(ret_secret, HY_SECRET_BYTES, "hy_%s_", hy_role_name(role));
    uint64_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < HY_SECRET_RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        for (held += 8; held >= 5; held -= 5)
            ret_secret[at++] = DIGITS[bits >> (held - 5) & 31];
    }
    ret_secret[at] = '\0';
}

void hy_secret_beginning(const char *secret, char ret_beginning[HY_SECRET_BYTES]) {
    const char *random = strrchr(secret, '_');
    size_t length = random == NULL ? 0 : (size_t)(random - secret) + 1 + HY_SECRET_SHOWN_DIGITS;
    snprintf(ret_beginning, HY_SECRET_BYTES, "%.*s", (int)length, secret);
}

void hy_secret_hash(const char *secret, char ret_hash[HY_SECRET_HASH_BYTES]) {
    uint8_t hash[HY_CHAIN_HASH_BYTES]; // the same SHA-256 that chains blocks
    hy_chain_hash(hy_bytes_of(secret), hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(ret_hash + 2 * i, 3, "%02x", hash[i]);
}
