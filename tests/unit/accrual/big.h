// Whole numbers of up to 384 bits, slowly: what the points are compared with. Overflow fails the test.
#pragma once

#include <stdint.h>

enum { LIMBS = 12 };

struct big {
    uint32_t limbs[LIMBS]; // low first
};

struct big big_of(uint64_t value);
void big_multiply(struct big *number, uint64_t factor); // of up to 32 bits
void big_add(struct big *number, const struct big *other);
int big_compare(const struct big *a, const struct big *b);
// value × factor, for factors of up to 64 bits.
struct big big_times(const struct big *value, uint64_t factor);
