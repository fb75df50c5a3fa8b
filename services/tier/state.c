// A member's state: it follows the changes of the log, and goes to Redis and back.
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "services/tier/tier.h"

typedef Huiyuan__V1__TierStanding Standing;

static void copy_id(char to[HY_RULE_ID_LIMIT_BYTES + 1], const char *id) {
    snprintf(to, HY_RULE_ID_LIMIT_BYTES + 1, "%s", id);
}

static enum tier_reason reason_by_name(const char *name) {
    for (enum tier_reason reason = TIER_BY_GROWTH; reason <= TIER_BY_MONTHS; reason++) {
        if (strcmp(tier_reason_name(reason), name) == 0) return reason;
    }
    return TIER_NO_REASON;
}

static struct tier_standing standing_of(const Standing *message) {
    struct tier_standing standing = {
        .reason = reason_by_name(message->reason),
        .since_ms = message->since_ms,
        .growth = message->growth,
        .lapsed_at_ms = message->lapsed_at_ms,
    };
    copy_id(standing.tier, message->tier);
    return standing;
}

static void follow_purchase(struct tier_state *state, const Huiyuan__V1__TierChange *change,
                            int64_t event_time_ms) {
    tier_days_add(&state->days, change->day, change->money_change_fen);
    tier_bought_add(&state->bought, change->day, event_time_ms);
}

void tier_state_follow(struct tier_state *state, const Huiyuan__V1__TierChange *change, int64_t event_time_ms,
                       uint32_t program_version) {
    if (change->day != 0) follow_purchase(state, change, event_time_ms);
    copy_id(state->now.tier, change->tier);
    state->now.reason = reason_by_name(change->reason);
    state->now.since_ms = change->since_ms;
    state->now.growth = change->growth;
    state->now.lapsed_at_ms = change->lapsed_at_ms;
    state->fallen = change->counted != NULL;
    state->counted = change->counted != NULL ? standing_of(change->counted) : (struct tier_standing){0};
    state->reached_ms = change->reached_ms;
    state->year_spend_fen = change->year_spend_fen;
    copy_id(state->progress.next_tier, change->next_tier);
    state->progress.growth_to_next = change->growth_to_next;
    state->progress.spend_to_next_fen = change->spend_to_next_fen;
    state->progress.review_at_ms = change->review_at_ms;
    state->program_version = program_version;
}

// --- Redis ---

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // packing does not write through it
}

static void fill(Huiyuan__V1__TierState *saved, const struct tier_state *state) {
    saved->tier = text(state->now.tier);
    saved->since_ms = state->now.since_ms;
    saved->growth = state->now.growth;
    saved->reason = text(tier_reason_name(state->now.reason));
    saved->lapsed_at_ms = state->now.lapsed_at_ms;
    saved->year_spend_fen = state->year_spend_fen;
    saved->last_purchase_at_ms = state->bought.last_at_ms;
    saved->months = state->bought.months;
    saved->month = state->bought.month;
    saved->next_tier = text(state->progress.next_tier);
    saved->growth_to_next = state->progress.growth_to_next;
    saved->spend_to_next_fen = state->progress.spend_to_next_fen;
    saved->review_at_ms = state->progress.review_at_ms;
    saved->program_version = state->program_version;
    saved->reached_ms = state->reached_ms;
}

void tier_state_save(const struct tier_state *state, struct hy_buffer *out) {
    Huiyuan__V1__TierState saved = HUIYUAN__V1__TIER_STATE__INIT;
    fill(&saved, state);
    Huiyuan__V1__DaySpend items[TIER_DAYS_LIMIT];
    Huiyuan__V1__DaySpend *days[TIER_DAYS_LIMIT];
    for (size_t i = 0; i < state->days.count && i < TIER_DAYS_LIMIT; i++) {
        huiyuan__v1__day_spend__init(&items[i]);
        items[i].day = state->days.items[i].day;
        items[i].money_fen = state->days.items[i].money_fen;
        days[saved.n_days++] = &items[i];
    }
    saved.days = days;
    Standing counted = HUIYUAN__V1__TIER_STANDING__INIT;
    counted.tier = text(state->counted.tier);
    counted.since_ms = state->counted.since_ms;
    counted.reason = text(tier_reason_name(state->counted.reason));
    counted.growth = state->counted.growth;
    counted.lapsed_at_ms = state->counted.lapsed_at_ms;
    if (state->fallen) saved.counted = &counted;
    uint8_t *p = hy_buffer_extend(out, huiyuan__v1__tier_state__get_packed_size(&saved));
    if (p != NULL) huiyuan__v1__tier_state__pack(&saved, p);
}

static void load_days(const Huiyuan__V1__TierState *saved, struct tier_days *days) {
    *days = (struct tier_days){0};
    if (saved->n_days == 0) return;
    days->count = days->capacity = (uint32_t)saved->n_days;
    days->items = hy_calloc(saved->n_days, sizeof *days->items);
    for (size_t i = 0; i < saved->n_days; i++)
        days->items[i] = (struct tier_day){saved->days[i]->day, saved->days[i]->money_fen};
}

static void load(const Huiyuan__V1__TierState *saved, struct tier_state *state) {
    *state = (struct tier_state){
        .now = {.reason = reason_by_name(saved->reason),
                .since_ms = saved->since_ms,
                .growth = saved->growth,
                .lapsed_at_ms = saved->lapsed_at_ms},
        .fallen = saved->counted != NULL,
        .reached_ms = saved->reached_ms,
        .bought = {saved->last_purchase_at_ms, saved->month, saved->months},
        .year_spend_fen = saved->year_spend_fen,
        .progress = {.growth_to_next = saved->growth_to_next,
                     .spend_to_next_fen = saved->spend_to_next_fen,
                     .review_at_ms = saved->review_at_ms},
        .program_version = saved->program_version,
    };
    copy_id(state->now.tier, saved->tier);
    copy_id(state->progress.next_tier, saved->next_tier);
    if (saved->counted != NULL) state->counted = standing_of(saved->counted);
    load_days(saved, &state->days);
}

// Only damaged bytes have others; sums of these days and months cannot overflow.
static bool days_are_possible(const Huiyuan__V1__TierState *saved) {
    enum { MONTHS_MOST = 12 * 100000, DAYS_MOST = 31 * MONTHS_MOST };
    bool good = saved->n_days <= TIER_DAYS_LIMIT && saved->month > -MONTHS_MOST && saved->month < MONTHS_MOST;
    for (size_t i = 0; good && i < saved->n_days; i++)
        good = saved->days[i]->day > -DAYS_MOST && saved->days[i]->day < DAYS_MOST;
    return good;
}

bool tier_state_load(struct hy_bytes bytes, struct tier_state *ret_state) {
    Huiyuan__V1__TierState *saved = huiyuan__v1__tier_state__unpack(NULL, bytes.length, bytes.data);
    if (saved == NULL) return false;
    bool good = days_are_possible(saved);
    if (good) load(saved, ret_state);
    huiyuan__v1__tier_state__free_unpacked(saved, NULL);
    return good;
}

void tier_state_release(struct tier_state *state) {
    hy_free(state->days.items);
    state->days = (struct tier_days){0};
}
