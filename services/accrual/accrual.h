// Accrual: a member's points, and what a purchase earns. State and operations on a page; all pure.
#pragma once

#include <stdint.h>

#include "common/base/arena.h"
#include "common/campaign/campaign.h"
#include "common/contract/purchase.h"
#include "common/program/program.h"
#include "common/stage/brain.h"
#include "proto/points.pb-c.h"
#include "proto/purchases.pb-c.h"

enum { POINTS_TIERS_LIMIT = 8 };

// The tiers that a member had, as the log of tiers told. Of those that hold at a moment the one told last
// counts.
struct points_tiers {
    uint32_t count;
    struct points_tier {
        char tier[HY_RULE_ID_LIMIT_BYTES + 1];
        int64_t since_ms;        // event time
    } items[POINTS_TIERS_LIMIT]; // told last at the end; the oldest are forgotten
};

// What accrual knows of a member, in memory. In Redis: PointsState.
struct points_state {
    int64_t balance;
    int64_t earned;              // ever
    int64_t last_purchase_at_ms; // Unix time
    int64_t spend_fen;           // money ever paid
    uint64_t purchases;
    struct points_tiers *tiers; // owned; NULL: always the first tier of the program
};

// tiers.c: the tier that held at a moment; NULL: the first of the program.
const char *points_tier_at(const struct points_state *points, int64_t time_ms);
void points_tier_take(struct points_state *points, const char *tier, int64_t since_ms);
// To and from Redis. `room` holds what `saved` points at.
struct points_tiers_saved {
    Huiyuan__V1__TierSpan spans[POINTS_TIERS_LIMIT], *list[POINTS_TIERS_LIMIT];
};
void points_tiers_fill(const struct points_state *points, struct points_tiers_saved *room,
                       Huiyuan__V1__PointsState *saved);
void points_tiers_load(struct points_state *points, const Huiyuan__V1__PointsState *saved);

// Who bought what, and by which rules it is judged.
struct points_order {
    const struct hy_program *program;
    size_t tier;                       // of the member: index in program->tiers
    const struct hy_member_days *days; // that hold then, NULL: none; they stand among the rules, with their
                                       // own version
    const Huiyuan__V1__Purchase *purchase; // has passed hy_purchase_check
    struct hy_purchase_lengths lengths;
};

// What it earned. The change without its lists, which nobody who evolves a state looks at: they are in the
// bytes.
struct points_earned {
    Huiyuan__V1__PointsChange *change;
    struct hy_bytes change_bytes; // a PointsChange
    struct hy_bytes note;         // a PointsNote
};

// earn.c: what a purchase earns. The exact points of all lines are added, rounded once, and shared out to the
// lines by largest remainder (product.md A1); the shares add up to the whole. In the arena; borrows texts of
// the purchase and the program. False when the member's points would become more than can be counted.
bool points_earn(const struct points_order *order, const struct points_state *points, struct hy_arena *arena,
                 struct points_earned *ret_earned);
// The same for somebody without points yet, as the whole change that a reader of the log sees.
Huiyuan__V1__PointsChange *earn_points(const struct hy_program *program, size_t tier,
                                       const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);
Huiyuan__V1__PointsChange *earn_points_on(const struct hy_program *program, size_t tier,
                                          const struct hy_member_days *days,
                                          const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);

// encode.c: by hand, byte for byte what protobuf-c would write.
// A change that tells of a tier, and its note.
void points_tier_encode(Huiyuan__V1__PointsChange *change, struct hy_arena *arena,
                        struct points_earned *ret_earned);
// A PointsState, but for the tiers.
void points_state_encode(const struct points_state *state, struct hy_buffer *out);

// decode.c: the same as protobuf-c makes of it, by hand.
ProtobufCMessage *points_change_decode(struct hy_bytes bytes, struct hy_arena *arena);
// Type, points, balance, money, and what it says of the tier: all that changes a state or a tally.
ProtobufCMessage *points_change_decode_folded(struct hy_bytes bytes, struct hy_arena *arena);

// What decides beside the member's state. Filled by the stage from the topic `program`.
struct accrual {
    struct hy_programs programs;
    struct hy_campaigns campaigns; // for the member days
    hy_zone_loader load_zone;
    bool unreadable; // a published program version cannot be read by this build: nothing is decided until it
                     // can
};

void accrual_init(struct accrual *accrual, hy_zone_loader load_zone);
void accrual_free(struct accrual *accrual);

// handler.c: the brain of the stage. `accrual` must outlive it. `window_ms`: how long purchases are
// recognised again, in event time.
struct hy_brain accrual_brain(struct accrual *accrual, int64_t window_ms);
