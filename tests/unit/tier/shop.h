// Programs and members for the tests of the ladder.
#pragma once

#include "services/tier/tier.h"

// The ladder of the demo: growth > 1,000 silver, > 5,000 gold; more than ¥10,000 in a year diamond; three
// months in a row keep silver; six without lapse.
extern const char DEFAULT_LADDER[];

// Adds a program: version, effective from, and the part of the file behind `earning`.
void shop_publish(struct hy_programs *programs, int version, const char *from, const char *ladder);

// Unix time of that moment by Shanghai's clocks.
int64_t at(int year, int month, int day, int hour);

// A member whose changes are made, encoded, decoded, followed, saved and loaded.
struct shopper {
    struct hy_programs programs;
    struct tier_state state;
    struct hy_arena arena;
    const Huiyuan__V1__TierChange *last; // change; until the next
};

void shopper_begin(struct shopper *shopper, const char *ladder);
void shopper_end(struct shopper *shopper);
void shopper_buys(struct shopper *shopper, int64_t time_ms, int64_t money_fen);
// Timers fire, one by one, as the stage would let them up to this moment.
void shopper_waits(struct shopper *shopper, int64_t until_ms);

void then_tier(const struct shopper *shopper, const char *tier, int64_t since_ms, const char *reason);
