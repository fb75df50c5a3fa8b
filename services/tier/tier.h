// Tier: a member's growth, spend of the rolling year, and tier. State and operations on a page; all pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/program/program.h"
#include "common/stage/brain.h"
#include "proto/tiers.pb-c.h"

enum tier_reason { TIER_NO_REASON, TIER_BY_GROWTH, TIER_BY_YEAR_SPEND, TIER_BY_LAPSE, TIER_BY_MONTHS };

enum { TIER_DAYS_LIMIT = 366 }; // no year has more

// A tier, why and since when, and the growth under it.
struct tier_standing {
    char tier[HY_RULE_ID_LIMIT_BYTES + 1]; // empty: the first of the program
    enum tier_reason reason;
    int64_t since_ms;
    int64_t growth;       // since enrolment, or since the last lapse
    int64_t lapsed_at_ms; // 0: never
};

struct tier_day {
    int32_t day; // by the program's clocks
    int64_t money_fen;
};

// Of the last year, days with a purchase, oldest first.
struct tier_days {
    struct tier_day *items;
    uint32_t count, capacity;
};

// When the member bought.
struct tier_bought {
    int64_t last_at_ms; // 0: never
    int32_t month;      // of the latest purchase: year × 12 + month
    uint32_t months;    // bit n: a purchase n months before that
};

// For people.
struct tier_progress {
    char next_tier[HY_RULE_ID_LIMIT_BYTES + 1]; // empty: none above
    int64_t growth_to_next, spend_to_next_fen;  // 0: that way does not lead there
    int64_t review_at_ms;                       // when the tier falls unless there is a purchase; 0: never
};

// What tier knows of a member, in memory. In Redis: TierState.
struct tier_state {
    struct tier_standing now;
    bool fallen;                  // since the latest purchase, by the passing of time; then
    struct tier_standing counted; // as it was right after that purchase
    int64_t reached_ms;           // up to here falls are decided
    struct tier_bought bought;
    struct tier_days days;
    int64_t year_spend_fen; // at reached_ms
    struct tier_progress progress;
    uint32_t program_version; // that it was computed by
};

// days.c: the calendar of purchases.
// Adds money to a day; forgets days that are a year before the newest one or more. A day that is itself so
// old is left out.
void tier_days_add(struct tier_days *days, int32_t day, int64_t money_fen);
// The sum at a day: a purchase counts until the same date of the next year begins.
int64_t tier_days_sum(const struct tier_days *days, int32_t at_day);
// The first day on which this one counts no more.
int32_t tier_day_out(int32_t day);
void tier_bought_add(struct tier_bought *bought, int32_t day, int64_t time_ms);
// Calendar months in a row with a purchase, up to the month of this day, or up to the one before it while it
// has none.
int32_t tier_bought_streak(const struct tier_bought *bought, int32_t day);
int32_t tier_month_of(int32_t day);
int32_t tier_month_start(int32_t month); // its first day
// The same date so many months later, or the last day of that month.
int32_t tier_day_after_months(int32_t day, int32_t months);

// ladder.c: what an input makes of a member; the change lives in the arena. `programs` has at least one.
Huiyuan__V1__TierChange *tier_count_purchase(const struct hy_programs *programs,
                                             const struct tier_state *state, int64_t time_ms,
                                             int64_t money_fen, struct hy_arena *arena);
Huiyuan__V1__TierChange *tier_look_again(const struct hy_programs *programs, const struct tier_state *state,
                                         int64_t time_ms, struct hy_arena *arena);
const char *tier_reason_name(enum tier_reason reason);

// state.c: the state follows a change, and goes to Redis and back.
void tier_state_follow(struct tier_state *state, const Huiyuan__V1__TierChange *change, int64_t event_time_ms,
                       uint32_t program_version);
void tier_state_save(const struct tier_state *state, struct hy_buffer *out);
bool tier_state_load(struct hy_bytes saved, struct tier_state *ret_state);
void tier_state_release(struct tier_state *state);

// What decides beside the member's state. Filled by the stage from the topic `program`.
struct tier {
    struct hy_programs programs;
    hy_zone_loader load_zone;
    bool unreadable; // a published program version cannot be read by this build
};

void tier_init(struct tier *tier, hy_zone_loader load_zone);
void tier_free(struct tier *tier);

// handler.c: the brain of the stage. `tier` must outlive it.
struct hy_brain tier_brain(struct tier *tier);
