// Zipf by rejection-inversion (W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from
// monotone discrete distributions", 1996): exact for every exponent, no table, about one try a number.
#include "bench/sampler.h"

#include <math.h>

uint64_t dice_mix(uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27) * 0x94d049bb133111ebU;
    return value ^ value >> 31;
}

uint64_t dice_roll(struct dice *dice) {
    uint64_t value = dice_mix(dice->state);
    dice->state += 0x9e3779b97f4a7c15U;
    return value;
}

uint32_t dice_below(struct dice *dice, uint32_t bound) {
    return (uint32_t)(((dice_roll(dice) >> 32) * bound) >> 32);
}

double dice_fraction(struct dice *dice) {
    return (double)(dice_roll(dice) >> 11) * 0x1p-53;
}

// The weight of rank x, its integral, and the inverse of that.
static double weight(double exponent, double x) {
    return exp(-exponent * log(x));
}

static double integral(double exponent, double x) {
    double t = (1 - exponent) * log(x);
    return fabs(t) < 1e-9 ? log(x) : expm1(t) / (1 - exponent);
}

static double inverse(double exponent, double y) {
    double t = (1 - exponent) * y;
    return fabs(t) < 1e-9 ? exp(y) : exp(log1p(t) / (1 - exponent));
}

struct sampler sampler_new(uint32_t count, double exponent) {
    struct sampler sampler = {.count = count, .exponent = exponent};
    if (exponent > 0) {
        sampler.low = integral(exponent, 1.5) - 1;
        sampler.high = integral(exponent, count + 0.5);
        sampler.threshold = 2 - inverse(exponent, integral(exponent, 2.5) - weight(exponent, 2));
    }
    return sampler;
}

uint32_t sampler_pick(const struct sampler *sampler, struct dice *dice) {
    if (sampler->exponent <= 0) return 1 + dice_below(dice, sampler->count);
    for (;;) {
        double u = sampler->high + dice_fraction(dice) * (sampler->low - sampler->high);
        double x = inverse(sampler->exponent, u);
        double rank = floor(x + 0.5);
        if (rank < 1) rank = 1;
        if (rank > sampler->count) rank = sampler->count;
        if (rank - x <= sampler->threshold ||
            u >= integral(sampler->exponent, rank + 0.5) - weight(sampler->exponent, rank))
            return (uint32_t)rank;
    }
}
