// The ladder a second time: no state but the list of purchases in the order in which they came, looked at day
// by day. Written from the rules, with the C library's calendar.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { AGAIN_LIMIT = 60 }; // purchases

struct again_purchase {
    int64_t time_ms;
    int64_t money_fen;
};

// A program as the rules see it; thresholds below 0: none.
struct again_program {
    int64_t from_ms;
    size_t tiers;
    int64_t growth_above[8], spend_above_fen[8];
    int keep_months, lapse_months;
    size_t keep, lapse_to;
};

struct again_result {
    size_t tier;
    int64_t since_ms, growth, year_spend_fen;
};

// What the member has at `now_ms`, which is not before any purchase. Programs from the first on.
struct again_result again(const struct again_program *programs, size_t program_count,
                          const struct again_purchase *purchases, size_t count, int64_t now_ms);
