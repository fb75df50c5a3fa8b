// What the log of points may say: what a purchase earns, calculated anew from the documents as numbers.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

typedef Huiyuan__V1__PointsChange Change;

enum { TALLY_ISSUED, TALLY_OUTSTANDING, TALLY_PURCHASES, TALLY_SPEND };
enum { TIERS_REMEMBERED = 8, MINIMUM_FEN = 500 };

// A member, as the judge sees it.
struct own {
    int64_t balance, spend_fen, purchases;
    size_t tier_count;
    struct {
        const char *tier;
        int64_t since_ms;
    } tiers[TIERS_REMEMBERED]; // told last at the end
};

static struct own *own_of(struct judge *judge, struct judge_entity *entity) {
    if (entity->own == NULL) entity->own = hy_arena_zero(&judge->arena, sizeof(struct own));
    return entity->own;
}

// --- tiers that were told

static bool take_tier(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Change *change = (const Change *)judged->body;
    const Huiyuan__V1__TierChange *told = (const Huiyuan__V1__TierChange *)judged->followed->body;
    if (change->type != HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN || change->points != 0 ||
        strcmp(change->tier, told->tier) != 0 || change->tier_since_ms != told->since_ms ||
        change->balance_after != own->balance)
        return judge_fail_at(judge, judged, "does not say what the log of tiers told");
    if (own->tier_count == TIERS_REMEMBERED)
        memmove(own->tiers, own->tiers + 1, --own->tier_count * sizeof own->tiers[0]);
    own->tiers[own->tier_count].tier = change->tier;
    own->tiers[own->tier_count++].since_ms = change->tier_since_ms;
    return true;
}

static const char *tier_at(const struct own *own, int64_t time_ms) {
    for (size_t i = own->tier_count; i-- > 0;) {
        if (own->tiers[i].since_ms <= time_ms) return own->tiers[i].tier;
    }
    return document_tiers[0];
}

static int place_of(const char *tier) {
    for (int i = 0; i < DOCUMENT_TIERS; i++) {
        if (strcmp(document_tiers[i], tier) == 0) return i;
    }
    return 0;
}

// --- what a purchase earns

static int day_of_month(int64_t time_ms, bool *ret_last) {
    // By the calendar of the C library, in UTC+8.
    int64_t day_ms = time_ms + SIM_EAST_MS;
    time_t now = (time_t)(day_ms / 1000), next = now + 86400;
    struct tm today, tomorrow;
    gmtime_r(&now, &today);
    gmtime_r(&next, &tomorrow);
    *ret_last = tomorrow.tm_mday == 1;
    return today.tm_mday;
}

static bool on_member_day(const struct document *day, int64_t time_ms) {
    bool last;
    int today = day_of_month(time_ms, &last);
    return day != NULL && (today == day->day || (last && today < day->day));
}

struct amounts {
    int64_t total_fen, money_fen;
};

static struct amounts amounts_of(const Huiyuan__V1__Purchase *purchase) {
    struct amounts amounts = {0, 0};
    for (size_t i = 0; i < purchase->n_lines; i++)
        amounts.total_fen += purchase->lines[i]->paid_fen;
    for (size_t i = 0; i < purchase->n_payments; i++) {
        Huiyuan__V1__PaymentMethod method = purchase->payments[i]->method;
        bool money = method != HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD &&
                     method != HUIYUAN__V1__PAYMENT_METHOD__POINTS_PAID;
        amounts.money_fen += money ? purchase->payments[i]->amount_fen : 0;
    }
    if (purchase->n_payments == 0) amounts.money_fen = amounts.total_fen;
    return amounts;
}

// Of all lines the same, each in hundredths.
static int64_t factors(const struct document *program, const struct document *day, const char *tier,
                       const Huiyuan__V1__Purchase *purchase) {
    int64_t factor = on_member_day(day, purchase->occurred_at_ms) ? day->factor : 100;
    return program->base * program->multiplier[place_of(tier)] * factor;
}

// So money alone counts; rounded down once. Each line gets its whole points, and one of those left over when
// fewer lines than there are of those have a larger remainder, or the same and come first.
static bool earns(const Change *change, int64_t factors, const Huiyuan__V1__Purchase *purchase) {
    struct amounts amounts = amounts_of(purchase);
    if (amounts.money_fen < MINIMUM_FEN) return change->points == 0;
    if (change->points != amounts.money_fen * factors / 100000000 || change->n_lines != purchase->n_lines)
        return false;
    unsigned __int128 point = (unsigned __int128)amounts.total_fen * 100000000;
    unsigned __int128 of_fen = (unsigned __int128)amounts.money_fen * (uint64_t)factors;
    int64_t left = change->points;
    for (size_t i = 0; i < purchase->n_lines; i++)
        left -= (int64_t)((uint64_t)purchase->lines[i]->paid_fen * of_fen / point);
    for (size_t i = 0; i < purchase->n_lines; i++) {
        unsigned __int128 exact = (uint64_t)purchase->lines[i]->paid_fen * of_fen;
        int64_t before = 0;
        for (size_t k = 0; k < purchase->n_lines; k++) {
            unsigned __int128 other = (uint64_t)purchase->lines[k]->paid_fen * of_fen % point;
            before += other > exact % point || (other == exact % point && k < i);
        }
        if (change->lines[i]->points != (int64_t)(exact / point) + (before < left)) return false;
    }
    return true;
}

// The documents that a decider knew are a beginning of what is published, at least those that it began with.
static bool explained(const struct judge *judge, const struct judge_record *judged, const char *tier) {
    const struct judge_track *track = &judge->tracks[LOG_POINTS][judged->partition];
    const Huiyuan__V1__Purchase *purchase = judged->reading.purchase;
    const Change *change = (const Change *)judged->body;
    for (size_t known = track->known_documents; known <= judge->documents->count; known++) {
        const struct document *program = documents_program(judge->documents, known, purchase->occurred_at_ms);
        const struct document *day =
            documents_campaign(judge->documents, known, DOCUMENT_MEMBER_DAY, purchase->occurred_at_ms);
        if (program != NULL && program->version == judged->record->program_version &&
            earns(change, factors(program, day, tier, purchase), purchase))
            return true;
    }
    return false;
}

static bool check_lines(struct judge *judge, const struct judge_record *judged) {
    const Change *change = (const Change *)judged->body;
    const Huiyuan__V1__Purchase *purchase = judged->reading.purchase;
    int64_t sum = 0;
    for (size_t i = 0; i < change->n_lines; i++) {
        sum += change->lines[i]->points;
        if (change->lines[i]->points < 0 || i >= purchase->n_lines ||
            strcmp(change->lines[i]->line_id, purchase->lines[i]->line_id) != 0)
            return judge_fail_at(judge, judged, "a wrong line");
    }
    if (sum != change->points || change->n_lines != purchase->n_lines)
        return judge_fail_at(judge, judged, "its lines have %" PRId64 " points together, not %" PRId64, sum,
                             change->points);
    return true;
}

static bool earn(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Change *change = (const Change *)judged->body;
    const Huiyuan__V1__Purchase *purchase = judged->reading.purchase;
    struct judge_block *block = &judge_track(judge, LOG_POINTS, judged->partition)->blocks[judged->seq];
    struct amounts amounts = amounts_of(purchase);
    const char *tier = tier_at(own, purchase->occurred_at_ms);
    if (strcmp(purchase->currency, "USD") == 0) return judge_fail_at(judge, judged, "earns for dollars");
    if (change->type != HUIYUAN__V1__ENTRY_TYPE__EARN || strcmp(change->tier, tier) != 0)
        return judge_fail_at(judge, judged, "decided for tier %s instead of %s", change->tier, tier);
    if (change->money_fen != amounts.money_fen || change->total_fen != amounts.total_fen ||
        !explained(judge, judged, tier))
        return judge_fail_at(judge, judged, "%" PRId64 " points for %" PRId64 " fen by version %u",
                             change->points, amounts.money_fen, judged->record->program_version);
    if (change->balance_after != own->balance + change->points || change->balance_after < 0)
        return judge_fail_at(judge, judged, "balance %" PRId64 " after %" PRId64, change->balance_after,
                             own->balance);
    own->balance += change->points;
    own->spend_fen += amounts.money_fen;
    own->purchases++;
    block->tallies[TALLY_ISSUED] += change->points;
    block->tallies[TALLY_OUTSTANDING] += change->points;
    block->tallies[TALLY_PURCHASES]++;
    block->tallies[TALLY_SPEND] += amounts.money_fen;
    return check_lines(judge, judged);
}

static bool refused(struct judge *judge, const struct judge_record *judged) {
    const Huiyuan__V1__Purchase *purchase = judged->reading.purchase;
    if (judged->reading.fault != HY_OK || purchase == NULL) return true; // judge_input said so
    if (strcmp(judged->record->code, hy_code_name(HY_CURRENCY_NOT_ACCEPTED)) == 0 &&
        strcmp(purchase->currency, "USD") == 0)
        return true;
    if (strcmp(judged->record->code, hy_code_name(HY_NO_PROGRAM)) == 0 &&
        documents_program(judge->documents, judge->documents->count, purchase->occurred_at_ms) == NULL)
        return true;
    if (strcmp(judged->record->code, hy_code_name(HY_NO_PROGRAM)) == 0)
        return judge_fail_at(judge, judged, "found no program");
    return true; // too old, in the future, a gap: judge_input said so
}

bool points_record(struct judge *judge, struct judge_record *judged) {
    if (judged->entity == NULL) return refused(judge, judged);
    struct own *own = own_of(judge, judged->entity);
    if (judged->body == NULL) return judge_fail_at(judge, judged, "accrual declines nothing");
    if (judged->followed != NULL) return take_tier(judge, judged, own);
    if (judged->reading.purchase == NULL) return judge_fail_at(judge, judged, "is no purchase");
    return earn(judge, judged, own);
}

// --- at rest

static bool member_rest(struct judge *judge, const struct judge_entity *entity) {
    const struct own *own = entity->own;
    Huiyuan__V1__PointsState *saved =
        huiyuan__v1__points_state__unpack(NULL, entity->now.bytes.length, entity->now.bytes.data);
    bool right = saved != NULL && saved->balance == own->balance && saved->earned == own->balance &&
                 saved->spend_fen == own->spend_fen && (int64_t)saved->purchases == own->purchases;
    huiyuan__v1__points_state__free_unpacked(saved, NULL);
    return right || judge_fail(judge, "points of %s: the state is not the sum of its records", entity->id);
}

bool points_rest(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        const struct judge_track *track = judge_track(judge, LOG_POINTS, p);
        int64_t sum = 0;
        for (size_t i = 0; i < track->entity_count; i++) {
            if (!member_rest(judge, track->entities[i])) return false;
            sum += ((const struct own *)track->entities[i]->own)->balance;
        }
        if (sum != track->blocks[track->seq].tallies[TALLY_OUTSTANDING])
            return judge_fail(judge, "points/%u: the liability is not the sum of the members", p);
    }
    return true;
}
