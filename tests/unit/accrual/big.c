#include "tests/unit/accrual/big.h"

#include <criterion/criterion.h>

void big_multiply(struct big *number, uint64_t factor) {
    cr_assert_leq(factor, UINT32_MAX);
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += number->limbs[i] * factor;
        number->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    cr_assert_eq(carry, 0);
}

void big_add(struct big *number, const struct big *other) {
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)number->limbs[i] + other->limbs[i];
        number->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    cr_assert_eq(carry, 0);
}

int big_compare(const struct big *a, const struct big *b) {
    for (size_t i = LIMBS; i-- > 0;) {
        if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

struct big big_of(uint64_t value) {
    return (struct big){{(uint32_t)value, (uint32_t)(value >> 32)}};
}

struct big big_times(const struct big *value, uint64_t factor) {
    struct big low = *value;
    struct big high = *value;
    big_multiply(&low, factor & UINT32_MAX);
    big_multiply(&high, factor >> 32);
    big_multiply(&high, UINT32_C(1) << 16);
    big_multiply(&high, UINT32_C(1) << 16);
    big_add(&low, &high);
    return low;
}
