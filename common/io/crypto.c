#include "common/io/crypto.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

void hy_crypto_init(void) {
    if (sodium_init() < 0) {
        fputs("huiyuan: libsodium cannot start: no source of randomness\n", stderr);
        abort();
    }
}

uint64_t hy_random64(void) {
    uint64_t value;
    randombytes_buf(&value, sizeof value);
    return value;
}
