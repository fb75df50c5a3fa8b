// The points of a purchase worked out again, from its record alone: what was paid, and the factors of the
// rules that it names. Independent of the code that decided (services/accrual/earn.c).
#pragma once

#include "common/base/arena.h"
#include "proto/points.pb-c.h"

typedef unsigned __int128 exact;

struct recomputed_line {
    exact points;    // exact points × denominator
    exact remainder; // of it, beyond whole points
    int64_t whole;
    int64_t share; // 1: it got one of the points that the remainders make up together
};

struct recomputed {
    exact denominator;
    exact sum; // of the lines, × denominator
    int64_t floor;
    bool is_whole; // the sum is a whole number
    struct recomputed_line *lines;
};

// With the points of the record as the rounded total. NULL: they follow; otherwise why not (English /
// Chinese).
const char *recompute(const Huiyuan__V1__PointsChange *change, struct hy_arena *arena,
                      struct recomputed *ret_recomputed);
