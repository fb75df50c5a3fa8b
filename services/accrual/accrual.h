// Accrual: a member's points, and what a purchase earns. State and operations on a page; all pure.
#pragma once

#include <stdint.h>

#include "common/base/arena.h"
#include "common/program/program.h"
#include "common/stage/brain.h"
#include "proto/points.pb-c.h"
#include "proto/purchases.pb-c.h"

// What accrual knows of a member, in memory. In Redis: PointsState.
struct points_state {
    int64_t balance;
    int64_t earned;              // ever
    int64_t last_purchase_at_ms; // Unix time
    int64_t spend_fen;           // money ever paid
    uint64_t purchases;
};

// earn.c: what the purchase earns by the rules of `program` for a member of tier `tier` (index in
// program->tiers). The exact points of all lines are added, rounded once, and shared out to the lines by
// largest remainder (product.md A1); the shares add up to the whole. The purchase must have passed
// hy_purchase_check. The change lives in the arena and borrows texts of the purchase and the program;
// balance_after is for the caller to fill.
Huiyuan__V1__PointsChange *earn_points(const struct hy_program *program, size_t tier,
                                       const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);

// encode.c: by hand, byte for byte what protobuf-c would write; in the arena.
struct hy_bytes points_change_encode(const Huiyuan__V1__PointsChange *change, struct hy_arena *arena);
void points_state_encode(const struct points_state *state, struct hy_buffer *out); // a PointsState
struct hy_bytes points_note_encode(const Huiyuan__V1__PointsChange *change,
                                   struct hy_arena *arena); // a PointsNote

// What decides beside the member's state. Filled by the stage from the topic `program`.
struct accrual {
    struct hy_programs programs;
    hy_zone_loader load_zone;
    bool unreadable; // a published program version cannot be read by this build: nothing is decided until it
                     // can
};

void accrual_init(struct accrual *accrual, hy_zone_loader load_zone);
void accrual_free(struct accrual *accrual);

// handler.c: the brain of the stage. `accrual` must outlive it. `window_ms`: how long purchases are
// recognised again, in event time.
struct hy_brain accrual_brain(struct accrual *accrual, int64_t window_ms);
