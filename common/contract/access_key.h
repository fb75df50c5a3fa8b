// API keys: "hy_<role>_" and 32 characters of Crockford's base32. The secret is shown once, to whoever made
// it; everywhere else stands its hash.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/access.pb-c.h"

enum {
    HY_SECRET_RANDOM_BYTES = 20,
    HY_SECRET_BYTES = 64,       // with the terminator
    HY_SECRET_HASH_BYTES = 65,  // hex, with the terminator
    HY_SECRET_SHOWN_DIGITS = 6, // of the random part, to tell keys apart
};

// "store"; NULL: no such role.
const char *hy_role_name(Huiyuan__V1__Role role);
// False, and *ret_role untouched, when no role has that name.
bool hy_role_by_name(const char *name, Huiyuan__V1__Role *ret_role);

void hy_secret_make(Huiyuan__V1__Role role, const uint8_t random[HY_SECRET_RANDOM_BYTES],
                    char ret_secret[HY_SECRET_BYTES]);
// What may be shown of it: the role and the first digits.
void hy_secret_beginning(const char *secret, char ret_beginning[HY_SECRET_BYTES]);
// SHA-256, hex: the key of the topic `access`. 160 random bits need no salt and no slow hash.
void hy_secret_hash(const char *secret, char ret_hash[HY_SECRET_HASH_BYTES]);
