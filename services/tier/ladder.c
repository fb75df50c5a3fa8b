// Which tier a member has. The rules, exactly (README.md says the same in words):
//
//   growth of a purchase   floor(money_fen × per_yuan / 100); none when it happened before the last lapse
//   year spend at a day    money of the days d with d ≤ day < the same date one year after d
//   a tier holds           growth > growth_above, or year spend > year_spend_above, by whichever it has
//   a purchase             raises to the highest tier that holds, since its own event time; lowers nothing
//   spend falls            on the first day on which the tier does not hold any more, to the highest that
//                          does; but not below `keep` while the streak lasts: a purchase in each of the
//                          last N calendar months (the month that runs counts when it has one); when the
//                          streak ends, on the first day of a month, to the highest that holds
//   lapse                  at the end of the day which is M calendar months after the latest purchase: from
//                          any tier above `to` down to it; growth begins at 0 again. Who has no tier to
//                          lose keeps the growth. The year's spend stays: a purchase may raise at once.
//
// What a member had at a moment does not depend on when timers fire: before a purchase is counted, the falls
// up to its time are; and a purchase that comes after a fall but happened before it is counted on what was
// there before the fall, and the fall decided again. A purchase that is older than the latest one counts in
// growth, spend and months, raises since its own time, and undoes no fall that was decided before the latest
// purchase.
#include <string.h>

#include "services/tier/tier.h"

typedef Huiyuan__V1__TierChange Change;
typedef Huiyuan__V1__TierStanding Standing;

// A calculation under way.
struct ladder {
    const struct hy_programs *programs;
    const struct hy_program *program; // in effect at reached_ms
    size_t tier;                      // in it
    struct tier_standing standing;
    int64_t reached_ms;
    struct tier_bought bought;
    struct tier_days days;
};

// Something that the passing of time does.
struct fall {
    int64_t at_ms; // 0: nothing
    size_t tier;
    enum tier_reason reason;
    bool lapses;
};

struct held {
    size_t tier;
    enum tier_reason reason;
};

const char *tier_reason_name(enum tier_reason reason) {
    static const char *const names[] = {"", "growth", "year-spend", "lapse", "months-in-a-row"};
    return names[reason];
}

// --- programs ---

static const struct hy_program *program_at(const struct hy_programs *programs, int64_t time_ms) {
    const struct hy_program *program = hy_programs_at(programs, time_ms);
    return program != NULL ? program : programs->versions[0];
}

// The next moment after this one at which another version comes into effect.
static int64_t next_version_at(const struct hy_programs *programs, int64_t time_ms) {
    for (size_t i = 0; i < programs->count; i++) {
        if (programs->versions[i]->effective_from_ms > time_ms)
            return programs->versions[i]->effective_from_ms;
    }
    return INT64_MAX;
}

static void reach(struct ladder *ladder, int64_t time_ms) {
    if (time_ms > ladder->reached_ms) ladder->reached_ms = time_ms;
    ladder->program = program_at(ladder->programs, ladder->reached_ms);
    ladder->tier = hy_program_tier(ladder->program, ladder->standing.tier);
}

static void stand(struct ladder *ladder, size_t tier, enum tier_reason reason, int64_t since_ms) {
    ladder->tier = tier;
    memcpy(ladder->standing.tier, ladder->program->tiers[tier].id, sizeof ladder->standing.tier);
    ladder->standing.reason = reason;
    ladder->standing.since_ms = since_ms;
}

// --- which tier holds ---

static struct held highest(const struct hy_program *program, int64_t growth, int64_t year_spend_fen) {
    for (size_t i = program->tier_count; i-- > 1;) {
        const struct hy_tier_rule *tier = &program->tiers[i];
        if (tier->by_growth && growth > tier->growth_above) return (struct held){i, TIER_BY_GROWTH};
        if (tier->by_year_spend && year_spend_fen > tier->year_spend_above_fen)
            return (struct held){i, TIER_BY_YEAR_SPEND};
    }
    return (struct held){0, TIER_NO_REASON};
}

static int32_t day_of(const struct ladder *ladder, int64_t time_ms) {
    return hy_day_at(&ladder->program->zone, time_ms);
}

static int64_t start_of(const struct ladder *ladder, int32_t day) {
    return hy_day_start_ms(&ladder->program->zone, day);
}

static struct held held_now(const struct ladder *ladder) {
    int64_t spend_fen = tier_days_sum(&ladder->days, day_of(ladder, ladder->reached_ms));
    return highest(ladder->program, ladder->standing.growth, spend_fen);
}

// --- falls ---

static struct fall lapse(const struct ladder *ladder) {
    const struct hy_tier_rules *rules = &ladder->program->tier_rules;
    if (rules->lapse_months == 0 || ladder->tier <= rules->lapse_to || ladder->bought.last_at_ms == 0)
        return (struct fall){0};
    int32_t last = day_of(ladder, ladder->bought.last_at_ms);
    int32_t end = tier_day_after_months(last, rules->lapse_months);
    return (struct fall){start_of(ladder, end + 1), rules->lapse_to, TIER_BY_LAPSE, true};
}

// A tier that only the streak keeps goes when a month has passed without a purchase.
static struct fall end_of_streak(const struct ladder *ladder) {
    int32_t day = tier_month_start(ladder->bought.month + 2);
    int64_t spend_fen = tier_days_sum(&ladder->days, day);
    struct held held = highest(ladder->program, ladder->standing.growth, spend_fen);
    return (struct fall){start_of(ladder, day), held.tier, TIER_BY_YEAR_SPEND, false};
}

static struct fall fall_to(const struct ladder *ladder, int32_t day, size_t tier) {
    const struct hy_tier_rules *rules = &ladder->program->tier_rules;
    struct fall fall = {start_of(ladder, day), tier, TIER_BY_YEAR_SPEND, false};
    if (rules->keep_months > 0 && tier < rules->keep && ladder->tier >= rules->keep &&
        tier_bought_streak(&ladder->bought, day) >= rules->keep_months) {
        fall.tier = rules->keep;
        fall.reason = TIER_BY_MONTHS;
    }
    return fall;
}

// The first day on which what is left of the year does not carry the tier any more. A tier that nothing
// carries even now (a lapse led to it, or the thresholds were raised) does not fall by this.
static struct fall spend_falls(const struct ladder *ladder) {
    int64_t growth = ladder->standing.growth;
    if (highest(ladder->program, growth, 0).tier >= ladder->tier) return (struct fall){0};
    int32_t today = day_of(ladder, ladder->reached_ms);
    int64_t left_fen = tier_days_sum(&ladder->days, today);
    if (highest(ladder->program, growth, left_fen).tier < ladder->tier) return (struct fall){0};
    for (uint32_t i = 0; i < ladder->days.count; i++) {
        int32_t out = tier_day_out(ladder->days.items[i].day);
        if (out <= today) continue;
        left_fen -= ladder->days.items[i].money_fen;
        if (i + 1 < ladder->days.count && tier_day_out(ladder->days.items[i + 1].day) == out) continue;
        size_t tier = highest(ladder->program, growth, left_fen).tier;
        if (tier < ladder->tier) return fall_to(ladder, out, tier);
    }
    return (struct fall){0};
}

static struct fall next_fall(const struct ladder *ladder) {
    if (ladder->tier == 0) return (struct fall){0};
    bool kept = ladder->standing.reason == TIER_BY_MONTHS;
    struct fall fall = kept ? end_of_streak(ladder) : spend_falls(ladder);
    struct fall lapsing = lapse(ladder);
    if (lapsing.at_ms > 0 && (fall.at_ms == 0 || lapsing.at_ms <= fall.at_ms)) fall = lapsing;
    // Rules that came into effect later do nothing before they did.
    if (fall.at_ms > 0 && fall.at_ms < ladder->reached_ms) fall.at_ms = ladder->reached_ms;
    return fall;
}

static void take(struct ladder *ladder, const struct fall *fall) {
    // Kept where it was: what changes is the reason alone.
    int64_t since_ms = fall->tier == ladder->tier ? ladder->standing.since_ms : fall->at_ms;
    stand(ladder, fall->tier, fall->reason, since_ms);
    if (!fall->lapses) return;
    ladder->standing.growth = 0;
    ladder->standing.lapsed_at_ms = fall->at_ms;
}

// Takes all falls up to a moment, each by the program in effect then. True when there was one.
static bool pass(struct ladder *ladder, int64_t until_ms) {
    bool fallen = false;
    for (;;) {
        struct fall fall = next_fall(ladder);
        int64_t change_ms = next_version_at(ladder->programs, ladder->reached_ms);
        bool is_due = fall.at_ms > 0 && fall.at_ms <= until_ms && fall.at_ms < change_ms;
        if (!is_due && change_ms > until_ms) break;
        reach(ladder, is_due ? fall.at_ms : change_ms);
        if (is_due) take(ladder, &fall);
        fallen |= is_due;
    }
    reach(ladder, until_ms);
    return fallen;
}

// When the next fall is due, by the versions that are published so far.
static int64_t review_at(const struct ladder *ladder) {
    struct ladder ahead = *ladder;
    for (;;) {
        struct fall fall = next_fall(&ahead);
        int64_t change_ms = next_version_at(ahead.programs, ahead.reached_ms);
        if (fall.at_ms > 0 && fall.at_ms < change_ms) return fall.at_ms;
        if (change_ms == INT64_MAX) return 0;
        reach(&ahead, change_ms);
    }
}

// --- a purchase ---

static int64_t growth_of(const struct ladder *ladder, int64_t time_ms, int64_t money_fen) {
    if (time_ms < ladder->standing.lapsed_at_ms) return 0;
    return money_fen * ladder->program->growth_per_yuan_hundredths / 10000;
}

// Returns the growth that it gave. *ret_raised: it raised the tier.
static int64_t count(struct ladder *ladder, int64_t time_ms, int64_t money_fen, bool *ret_raised) {
    int32_t day = day_of(ladder, time_ms);
    int64_t growth = growth_of(ladder, time_ms, money_fen);
    ladder->standing.growth += growth;
    tier_days_add(&ladder->days, day, money_fen);
    tier_bought_add(&ladder->bought, day, time_ms);
    struct held held = held_now(ladder);
    *ret_raised = held.tier > ladder->tier;
    if (*ret_raised)
        stand(ladder, held.tier, held.reason, time_ms);
    else if (held.tier == ladder->tier && ladder->standing.reason == TIER_BY_MONTHS)
        ladder->standing.reason = held.reason;
    return growth;
}

// --- what it comes to ---

static void open_ladder(struct ladder *ladder, const struct hy_programs *programs,
                        const struct tier_state *state, struct hy_arena *arena) {
    *ladder = (struct ladder){.programs = programs,
                              .standing = state->now,
                              .reached_ms = state->reached_ms,
                              .bought = state->bought};
    ladder->days =
        (struct tier_days){hy_arena_alloc(arena, (state->days.count + 1) * sizeof(struct tier_day)),
                           state->days.count, state->days.count + 1};
    if (state->days.count > 0)
        memcpy(ladder->days.items, state->days.items, state->days.count * sizeof(struct tier_day));
    reach(ladder, 0);
}

static Standing *standing_message(const struct tier_standing *standing, struct hy_arena *arena) {
    Standing *message = hy_arena_alloc(arena, sizeof *message);
    huiyuan__v1__tier_standing__init(message);
    message->tier = hy_arena_string(arena, standing->tier, strlen(standing->tier));
    message->since_ms = standing->since_ms;
    message->reason = (char *)(uintptr_t)tier_reason_name(standing->reason);
    message->growth = standing->growth;
    message->lapsed_at_ms = standing->lapsed_at_ms;
    return message;
}

static int64_t missing(int64_t above, int64_t have) {
    return have > above ? 1 : above - have + 1;
}

// The next tier that can be reached at all.
static void add_progress(const struct ladder *ladder, Change *change) {
    const struct hy_program *program = ladder->program;
    for (size_t i = ladder->tier + 1; i < program->tier_count; i++) {
        const struct hy_tier_rule *tier = &program->tiers[i];
        if (!tier->by_growth && !tier->by_year_spend) continue;
        change->next_tier = (char *)(uintptr_t)tier->id;
        if (tier->by_growth) change->growth_to_next = missing(tier->growth_above, change->growth);
        if (tier->by_year_spend)
            change->spend_to_next_fen = missing(tier->year_spend_above_fen, change->year_spend_fen);
        return;
    }
}

static Change *describe(const struct ladder *ladder, const char *before, struct hy_arena *arena) {
    Change *change = hy_arena_alloc(arena, sizeof *change);
    huiyuan__v1__tier_change__init(change);
    const struct tier_standing *standing = &ladder->standing;
    size_t tier_before = hy_program_tier(ladder->program, before);
    if (ladder->tier > tier_before)
        change->kind = HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    else if (ladder->tier < tier_before)
        change->kind = HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
    change->tier_before = (char *)(uintptr_t)ladder->program->tiers[tier_before].id;
    change->tier = (char *)(uintptr_t)ladder->program->tiers[ladder->tier].id;
    change->since_ms = standing->since_ms;
    change->growth = standing->growth;
    change->lapsed_at_ms = standing->lapsed_at_ms;
    change->reason = (char *)(uintptr_t)tier_reason_name(standing->reason);
    change->reached_ms = ladder->reached_ms;
    change->year_spend_fen = tier_days_sum(&ladder->days, day_of(ladder, ladder->reached_ms));
    change->review_at_ms = review_at(ladder);
    add_progress(ladder, change);
    return change;
}

static bool same_tier(const Change *change) {
    return change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__TIER_CHANGE_KIND_UNSPECIFIED;
}

Change *tier_count_purchase(const struct hy_programs *programs, const struct tier_state *state,
                            int64_t time_ms, int64_t money_fen, struct hy_arena *arena) {
    struct ladder ladder;
    open_ladder(&ladder, programs, state, arena);
    int64_t reached_ms = ladder.reached_ms;
    if (time_ms < reached_ms) {
        if (state->fallen) ladder.standing = state->counted;
        ladder.reached_ms = state->bought.last_at_ms;
        reach(&ladder, 0);
    }
    pass(&ladder, time_ms);
    bool raised;
    struct tier_standing before = ladder.standing;
    int64_t growth = count(&ladder, time_ms, money_fen, &raised);
    struct tier_standing counted = ladder.standing;
    // A purchase older than the latest one rarely says anything about the falls since: they are taken again
    // at once. After any other the timers take them, each with a record of its own, so that what held in
    // between is told.
    bool fallen = !raised && time_ms < state->bought.last_at_ms && pass(&ladder, reached_ms);
    // It fell before this purchase, and the purchase raised it again.
    bool regained = raised && strcmp(ladder.standing.tier, state->now.tier) == 0;
    Change *change = describe(&ladder, regained ? before.tier : state->now.tier, arena);
    if (same_tier(change)) change->kind = HUIYUAN__V1__TIER_CHANGE_KIND__COUNTED;
    change->growth_change = growth;
    change->money_change_fen = money_fen;
    change->day = day_of(&ladder, time_ms);
    if (fallen) change->counted = standing_message(&counted, arena);
    return change;
}

Change *tier_look_again(const struct hy_programs *programs, const struct tier_state *state, int64_t time_ms,
                        struct hy_arena *arena) {
    struct ladder ladder;
    open_ladder(&ladder, programs, state, arena);
    bool fallen = pass(&ladder, time_ms);
    Change *change = describe(&ladder, state->now.tier, arena);
    if (same_tier(change)) change->kind = HUIYUAN__V1__TIER_CHANGE_KIND__REVIEWED;
    if (state->fallen)
        change->counted = standing_message(&state->counted, arena);
    else if (fallen)
        change->counted = standing_message(&state->now, arena);
    return change;
}
