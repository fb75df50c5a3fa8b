// One calculation of points: made by earn.c, put into words by encode.c. Nobody else looks at it.
#pragma once

#include "services/accrual/accrual.h"

typedef unsigned __int128 exact; // counts 1/denominator points

// The campaigns whose conditions on the order hold, in the order of the file.
struct candidates {
    size_t best_count, stackable_count;
    const struct hy_rule *best[HY_RULES_LIMIT]; // one of them will count for a line
    const struct hy_rule *stackable[HY_STACKABLE_LIMIT];
};

// What applies to one line and what it gets.
struct earned_line {
    const struct hy_rule *category, *campaign; // or NULL
    const struct hy_campaign *member_day;      // or NULL; then `campaign` is
    uint32_t stackable;                        // a bit for each of the candidates that applies
    int64_t points;
    exact rest; // of its exact points after its whole ones
};

struct earning {
    const struct hy_program *program;
    const struct hy_tier_rule *tier;
    const Huiyuan__V1__Purchase *purchase;
    struct hy_purchase_lengths lengths;
    struct hy_arena *arena;
    int64_t total_fen, money_fen;
    const char *reason; // why there are no points; NULL: there are
    struct candidates candidates;
    struct hy_member_days days;
    uint64_t factor; // of every line: base and tier
    exact denominator;
    int64_t points;
    struct earned_line *lines; // of the purchase
};

// encode.c: as protobuf-c would write them; in the arena.
struct hy_bytes earning_change(const struct earning *earning, int64_t balance_after);
struct hy_bytes earning_note(const struct earning *earning, int64_t balance_after);
