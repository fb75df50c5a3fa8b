// Who shops: member numbers 1 … count, all alike or as Zipf says (rank r with weight r^-exponent).
#pragma once

#include <stdint.h>

// A stream of random numbers (SplitMix64): the same seed, the same numbers, on every machine.
struct dice {
    uint64_t state;
};

uint64_t dice_mix(uint64_t value); // one number from one number
uint64_t dice_roll(struct dice *dice);
uint32_t dice_below(struct dice *dice, uint32_t bound);
double dice_fraction(struct dice *dice); // 0 ≤ x < 1

struct sampler {
    uint32_t count;
    double exponent; // 0: uniform
    double low, high, threshold;
};

struct sampler sampler_new(uint32_t count, double exponent);
uint32_t sampler_pick(const struct sampler *sampler, struct dice *dice); // 1 … count
