// What the log of tiers may say: every purchase counted once, growth and tier by the second implementation of
// the ladder (tests/unit/tier/again.h).
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"
#include "tests/unit/tier/again.h"

typedef Huiyuan__V1__TierChange Change;

enum { TALLY_RAISED, TALLY_LOWERED, TALLY_GROWTH };

// A member, as the judge sees it.
struct own {
    const char *tier; // NULL: the first
    size_t count;
    struct again_purchase purchases[AGAIN_LIMIT]; // in the order in which they came
    bool full;
    int64_t reached_ms;
    const Change *last;
};

static struct own *own_of(struct judge *judge, struct judge_entity *entity) {
    if (entity->own == NULL) entity->own = hy_arena_zero(&judge->arena, sizeof(struct own));
    return entity->own;
}

static void remember(struct own *own, const struct judge_record *judged) {
    const Huiyuan__V1__PointsChange *points = (const Huiyuan__V1__PointsChange *)judged->followed->body;
    own->full |= own->count == AGAIN_LIMIT;
    if (own->full) return;
    own->purchases[own->count++] = (struct again_purchase){judged->record->event_time_ms, points->money_fen};
}

static bool same_tier(const char *a, const char *b) {
    const char *first = document_tiers[0];
    return strcmp(a == NULL || a[0] == '\0' ? first : a, b == NULL || b[0] == '\0' ? first : b) == 0;
}

bool tiers_record(struct judge *judge, struct judge_record *judged) {
    if (judged->entity == NULL) return true;
    struct own *own = own_of(judge, judged->entity);
    const Change *change = (const Change *)judged->body;
    struct judge_block *block = &judge_track(judge, LOG_TIERS, judged->partition)->blocks[judged->seq];
    if (change == NULL) return judge_fail_at(judge, judged, "tier declines nothing");
    if (judged->followed != NULL) {
        remember(own, judged);
        if (change->money_change_fen !=
            ((const Huiyuan__V1__PointsChange *)judged->followed->body)->money_fen)
            return judge_fail_at(judge, judged, "counts %" PRId64 " fen", change->money_change_fen);
    } else if (change->money_change_fen != 0 || change->growth_change != 0) {
        return judge_fail_at(judge, judged, "a timer counts something");
    }
    bool moved = change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED ||
                 change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
    if (!moved && !same_tier(change->tier, own->tier))
        return judge_fail_at(judge, judged, "has tier %s, and did not say so", change->tier);
    own->tier = change->tier;
    own->last = change;
    if (change->reached_ms > own->reached_ms) own->reached_ms = change->reached_ms;
    block->tallies[TALLY_RAISED] += change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    block->tallies[TALLY_LOWERED] += change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
    block->tallies[TALLY_GROWTH] += change->growth_change;
    return true;
}

// --- at rest

static struct again_program program_again(const struct document *document) {
    struct again_program program = {
        .from_ms = document->from_ms, .tiers = DOCUMENT_TIERS, .lapse_months = document->lapse_months};
    for (int i = 0; i < DOCUMENT_TIERS; i++) {
        program.growth_above[i] = i == 0 ? -1 : document->growth_above[i];
        program.spend_above_fen[i] = -1;
    }
    return program;
}

static bool member_rest(struct judge *judge, const struct judge_entity *entity,
                        const struct again_program *program) {
    const struct own *own = entity->own;
    if (own->full || own->last == NULL) return true;
    struct again_result right = again(program, 1, own->purchases, own->count, own->reached_ms);
    if (!same_tier(own->last->tier, document_tiers[right.tier]) || own->last->growth != right.growth ||
        own->last->year_spend_fen != right.year_spend_fen)
        return judge_fail(judge,
                          "%s has tier %s, growth %" PRId64 ", spend %" PRId64 "; should be %s, %" PRId64
                          ", %" PRId64,
                          entity->id, own->last->tier, own->last->growth, own->last->year_spend_fen,
                          document_tiers[right.tier], right.growth, right.year_spend_fen);
    return true;
}

// Where programs changed in flight, which one counted a purchase depends on what its decider knew.
bool tiers_rest(struct judge *judge) {
    const struct document *only = NULL;
    for (size_t i = 0; i < judge->documents->count; i++) {
        const struct document *document = &judge->documents->items[i];
        if (document->kind != DOCUMENT_PROGRAM) continue;
        if (only != NULL) return true;
        only = document;
    }
    if (only == NULL) return true;
    struct again_program program = program_again(only);
    for (uint32_t p = 0; p < judge->partitions; p++) {
        const struct judge_track *track = judge_track(judge, LOG_TIERS, p);
        for (size_t i = 0; i < track->entity_count; i++) {
            if (!member_rest(judge, track->entities[i], &program)) return false;
        }
    }
    return true;
}
