// Fields of random messages, for what is written or read by hand and held against protobuf-c. From a seed:
// the same in every run. A test program of its own each: state is per file.
#pragma once

#include <stdint.h>

#include "common/base/arena.h"

static uint64_t seed = 1;
static struct hy_arena made; // what the random messages are made of

static inline uint64_t next(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33 ^ seed;
}

// Every size of number, zero often: zeros are not written.
static inline uint64_t number(void) {
    return next() % 3 == 0 ? 0 : next() >> (next() % 64);
}

static inline char *text(void) {
    size_t length = next() % 3 == 0 ? 0 : next() % 200;
    char *letters = hy_arena_zero(&made, length + 1);
    for (size_t i = 0; i < length; i++)
        letters[i] = (char)('a' + next() % 26);
    return letters;
}
