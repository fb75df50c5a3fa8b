// A set of 64-bit hashes that only grows: eight bytes a slot. Two things of one hash look like one; among the
// 10^8 of a partition that happens once in four thousand runs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/prefetch.h"

struct seen {
    uint64_t *slots; // 0: empty
    size_t capacity; // a power of two, or 0
    size_t count;
};

void seen_free(struct seen *seen);
bool seen_has(const struct seen *seen, uint64_t hash);
bool seen_add(struct seen *seen, uint64_t hash); // false: it was there
static inline void seen_prefetch(const struct seen *seen, uint64_t hash) {
    if (seen->capacity > 0) hy_prefetch_to_write(&seen->slots[hash & (seen->capacity - 1)]);
}

// One hash of two, of any quality.
static inline uint64_t seen_mix(uint64_t a, uint64_t b) {
    uint64_t hash = (a ^ (b << 32 | b >> 32)) * UINT64_C(0x9e3779b97f4a7c15) + b;
    hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}
