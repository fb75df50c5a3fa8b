// What the log of campaigns may say: who is had when, by a calendar of the judge's own; no budget is
// exceeded, no coupon used twice, and every step that was begun comes to its end.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

typedef Huiyuan__V1__CampaignChange Change;

enum { TALLY_ISSUED, TALLY_REDEEMED, TALLY_DENIED, TALLY_HELD_OUT };
enum { HOUR_MS = 3600 * 1000 };

// A member had by a campaign on an occasion; what followed.
struct turn {
    struct turn *next;
    const char *campaign, *occasion;
    bool asked;   // of the budget
    bool settled; // issued, denied, or lost because the member was erased
    const char *code;
    bool spent;
};

// A member, a budget or a coupon, as the judge sees it.
struct own {
    bool enrolled;
    uint32_t birthday;
    const char *tier; // NULL: the first
    struct turn *turns;
    int64_t used, issued, lost; // of a budget
    bool opened;                // of a coupon
    const char *member_id, *redemption;
    int64_t expires_ms;
};

static struct own *own_of(struct judge *judge, struct judge_entity *entity) {
    if (entity->own == NULL) entity->own = hy_arena_zero(&judge->arena, sizeof(struct own));
    return entity->own;
}

static struct judge_block *block_of(struct judge *judge, const struct judge_record *judged) {
    return &judge_track(judge, LOG_CAMPAIGNS, judged->partition)->blocks[judged->seq];
}

static const struct document *document_of(const struct judge *judge, const char *campaign, uint32_t version) {
    for (size_t i = 0; i < judge->documents->count; i++) {
        const struct document *document = &judge->documents->items[i];
        if (document->version == version && strcmp(document_names[document->kind], campaign) == 0)
            return document;
    }
    return NULL;
}

// --- emissions and outcomes

static const Huiyuan__V1__Command *only_command(struct judge *judge, const struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    if (record->n_emissions != 1) return NULL;
    return input_command(judge,
                         hy_bytes(record->emissions[0]->payload.data, record->emissions[0]->payload.len));
}

static bool emits(struct judge *judge, const struct judge_record *judged, int body, const char *to) {
    const Huiyuan__V1__Command *command = only_command(judge, judged);
    if (to == NULL && judged->record->n_emissions == 0) return true;
    if (to != NULL && command != NULL && (int)command->body_case == body &&
        strcmp(command->member_id, to) == 0)
        return true;
    return judge_fail_at(judge, judged, "does not emit what follows from it");
}

static bool is(struct judge *judge, const struct judge_record *judged, int kind) {
    const Change *change = (const Change *)judged->body;
    if (change != NULL && (int)change->kind == kind) return true;
    return judge_fail_at(judge, judged, "kind %d, code %s instead of kind %d",
                         change == NULL ? 0 : (int)change->kind, judged->record->code, kind);
}

static bool declined(struct judge *judge, const struct judge_record *judged, enum hy_code code) {
    if (judged->record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED &&
        strcmp(judged->record->code, hy_code_name(code)) == 0)
        return true;
    return judge_fail_at(judge, judged, "outcome %d %s instead of %s", (int)judged->record->outcome,
                         judged->record->code, hy_code_name(code));
}

// --- who is had when

static int64_t day_start(int year, int month, int date) { // of months from 0, dates from 1
    struct tm day = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = date};
    return (int64_t)timegm(&day) * 1000 - SIM_EAST_MS;
}

static int days_of_month(int year, int month) {
    return (int)((day_start(year, month + 1, 1) - day_start(year, month, 1)) / SIM_DAY_MS);
}

struct span {
    int64_t begins_ms, ends_ms;
};

// "2023", or "2023-11".
static struct span occasion_span(const struct document *document, const char *occasion, uint32_t birthday) {
    int year = (int)strtol(occasion, NULL, 10);
    bool is_birthday = document->kind == DOCUMENT_BIRTHDAY;
    int month = is_birthday ? (int)birthday / 100 - 1 : (int)strtol(occasion + 5, NULL, 10) - 1;
    int date = is_birthday ? (int)birthday % 100 : document->day;
    if (date > days_of_month(year, month)) date = days_of_month(year, month);
    int64_t day_ms = day_start(year, month, date);
    int before = is_birthday ? document->days_before : 1;
    return (struct span){day_ms - before * SIM_DAY_MS + (int64_t)document->hour * HOUR_MS,
                         day_ms + (is_birthday ? SIM_DAY_MS : 0)};
}

static bool wants(const struct document *document, const struct own *own) {
    return !document->upper_tiers || document->kind != DOCUMENT_BIRTHDAY ||
           (own->tier != NULL && strcmp(own->tier, document_tiers[0]) != 0);
}

static bool held_out(const struct document *document, const char *member_id) {
    char name[128];
    int length = snprintf(name, sizeof name, "%s/%s", document_names[document->kind], member_id);
    return (int)(hy_share_hash(hy_bytes(name, (size_t)length)) % 10000) < document->control_share * 100;
}

static struct turn *find_turn(const struct own *own, const char *campaign, const char *occasion) {
    for (struct turn *turn = own->turns; turn != NULL; turn = turn->next) {
        if (strcmp(turn->campaign, campaign) == 0 && strcmp(turn->occasion, occasion) == 0) return turn;
    }
    return NULL;
}

static bool enter(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Change *change = (const Change *)judged->body;
    const char *member_id = judged->record->member_id;
    const struct document *document = document_of(judge, change->campaign_id, change->campaign_version);
    if (document == NULL || !own->enrolled || !wants(document, own))
        return judge_fail_at(judge, judged, "is had by a campaign that is not for them");
    struct span span = occasion_span(document, change->occasion, own->birthday);
    if (judged->recorded_at_ms < span.begins_ms || judged->recorded_at_ms >= span.ends_ms ||
        judged->recorded_at_ms < document->from_ms || judged->recorded_at_ms < document->published_ms)
        return judge_fail_at(judge, judged, "is had for %s at the wrong time", change->occasion);
    if (find_turn(own, change->campaign_id, change->occasion) != NULL)
        return judge_fail_at(judge, judged, "is had for %s again", change->occasion);
    bool out = held_out(document, member_id);
    if (!is(judge, judged,
            out ? HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__HELD_OUT : HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__ENTERED))
        return false;
    struct turn *turn = hy_arena_zero(&judge->arena, sizeof *turn);
    *turn = (struct turn){own->turns, change->campaign_id, change->occasion, false, false, NULL, false};
    own->turns = turn;
    block_of(judge, judged)->tallies[TALLY_HELD_OUT] += out;
    turn->asked = !out && document->kind == DOCUMENT_BIRTHDAY;
    if ((change->template_[0] != '\0') != (!out && document->kind == DOCUMENT_MEMBER_DAY))
        return judge_fail_at(judge, judged, "a message where none belongs, or none where one does");
    return emits(judge, judged, HUIYUAN__V1__COMMAND__BODY_RESERVE_COUPON,
                 turn->asked ? "budget/birthday" : NULL);
}

static bool look(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Change *change = (const Change *)judged->body;
    if (change != NULL && change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__LOOKED)
        return emits(judge, judged, 0, NULL);
    return change != NULL && enter(judge, judged, own);
}

static bool seen(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Change *change = (const Change *)judged->body;
    if (judged->followed->log == LOG_TIERS) {
        const Huiyuan__V1__TierChange *tier = (const Huiyuan__V1__TierChange *)judged->followed->body;
        own->tier = change->tier;
        return is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__TIER_SEEN) &&
               (strcmp(change->tier, tier->tier) == 0 || judge_fail_at(judge, judged, "another tier"));
    }
    const Huiyuan__V1__MemberChange *member = (const Huiyuan__V1__MemberChange *)judged->followed->body;
    own->enrolled = member->kind != HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
    own->birthday = own->enrolled ? member->birthday : 0;
    if (!own->enrolled) own->tier = NULL;
    return is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__MEMBER_SEEN) &&
           ((change->birthday == own->birthday && change->erased == !own->enrolled) ||
            judge_fail_at(judge, judged, "does not say what the log of members told")) &&
           emits(judge, judged, 0, NULL);
}

// --- budgets

static bool reserve(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Huiyuan__V1__ReserveCoupon *asked = judged->reading.command->reserve_coupon;
    const Change *change = (const Change *)judged->body;
    const struct document *document = document_of(judge, asked->campaign_id, asked->campaign_version);
    bool granted = document != NULL && own->used < document->budget;
    if (!is(judge, judged,
            granted ? HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_RESERVED
                    : HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_EXHAUSTED))
        return false;
    own->used += granted;
    if (change->budget_used != own->used || (granted && own->used > document->budget))
        return judge_fail_at(judge, judged, "%" PRId64 " of the budget are used, not %" PRId64, own->used,
                             change->budget_used);
    const Huiyuan__V1__Command *word = only_command(judge, judged);
    if (word != NULL && word->settle_coupon != NULL && word->settle_coupon->granted != granted)
        return judge_fail_at(judge, judged, "says another thing than it decided");
    return emits(judge, judged, HUIYUAN__V1__COMMAND__BODY_SETTLE_COUPON, asked->member_id);
}

static struct own *budget_of(struct judge *judge, const char *campaign) {
    char key[64];
    snprintf(key, sizeof key, "budget/%s", campaign);
    struct judge_entity *entity = judge_entity(judge, LOG_CAMPAIGNS, judge_home(judge, key), key, false);
    return entity == NULL ? NULL : own_of(judge, entity);
}

static bool issue(struct judge *judge, struct judge_record *judged, struct turn *turn,
                  const struct document *document) {
    const Change *change = (const Change *)judged->body;
    const Huiyuan__V1__Coupon *coupon = change->coupon;
    if (!is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_ISSUED)) return false;
    int64_t day = (coupon->issued_at_ms + SIM_EAST_MS) / SIM_DAY_MS;
    int64_t expires_ms = (day + document->valid_days + 1) * SIM_DAY_MS - SIM_EAST_MS - 1;
    if (coupon->issued_at_ms != judged->recorded_at_ms || coupon->expires_at_ms != expires_ms ||
        coupon->redeemed_at_ms != 0)
        return judge_fail_at(judge, judged, "a coupon with wrong times");
    turn->code = coupon->code;
    block_of(judge, judged)->tallies[TALLY_ISSUED]++;
    return emits(judge, judged, HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON,
                 hy_arena_printf(&judge->arena, "coupon/%s", coupon->code));
}

static bool settle(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Huiyuan__V1__SettleCoupon *word = judged->reading.command->settle_coupon;
    const struct document *document = document_of(judge, word->campaign_id, word->campaign_version);
    struct turn *turn = find_turn(own, word->campaign_id, word->occasion);
    struct own *budget = budget_of(judge, word->campaign_id);
    if (turn == NULL || !turn->asked || turn->settled || document == NULL || budget == NULL)
        return judge_fail_at(judge, judged, "the budget answers what was not asked, or twice");
    turn->settled = true;
    if (!own->enrolled) {
        budget->lost += word->granted;
        return declined(judge, judged, HY_MEMBER_ERASED);
    }
    if (word->granted) {
        budget->issued++;
        return issue(judge, judged, turn, document);
    }
    block_of(judge, judged)->tallies[TALLY_DENIED]++;
    return is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_DENIED) &&
           emits(judge, judged, 0, NULL);
}

// --- coupons

static bool open_up(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Huiyuan__V1__OpenCoupon *opened = judged->reading.command->open_coupon;
    if (own->opened) return declined(judge, judged, HY_ID_REUSED);
    own->opened = true;
    own->member_id = opened->member_id;
    own->expires_ms = opened->coupon->expires_at_ms;
    return is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_OPENED) &&
           emits(judge, judged, 0, NULL);
}

static bool redeem(struct judge *judge, struct judge_record *judged, struct own *own) {
    const char *redemption = judged->reading.command->redeem_coupon->redemption_id;
    if (!own->opened) return declined(judge, judged, HY_COUPON_UNKNOWN);
    if (own->redemption != NULL)
        return strcmp(own->redemption, redemption) == 0
                   ? is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_CONFIRMED) &&
                         emits(judge, judged, 0, NULL)
                   : declined(judge, judged, HY_COUPON_REDEEMED);
    if (judged->recorded_at_ms > own->expires_ms) return declined(judge, judged, HY_COUPON_EXPIRED);
    own->redemption = redemption;
    block_of(judge, judged)->tallies[TALLY_REDEEMED]++;
    return is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_USED_UP) &&
           emits(judge, judged, HUIYUAN__V1__COMMAND__BODY_COUPON_REDEEMED, own->member_id);
}

static bool spent(struct judge *judge, struct judge_record *judged, struct own *own) {
    const char *code = judged->reading.command->coupon_redeemed->code;
    struct turn *turn = own->turns;
    while (turn != NULL && (turn->code == NULL || strcmp(turn->code, code) != 0))
        turn = turn->next;
    if (turn == NULL || turn->spent)
        return judge_fail_at(judge, judged, "coupon %s is none of theirs, or spent before", code);
    turn->spent = true;
    return is(judge, judged, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_SPENT) &&
           emits(judge, judged, 0, NULL);
}

bool campaigns_record(struct judge *judge, struct judge_record *judged) {
    if (judged->entity == NULL) return true;
    struct own *own = own_of(judge, judged->entity);
    if (judged->is_timer) return look(judge, judged, own);
    if (judged->followed != NULL) return seen(judge, judged, own);
    switch (judged->reading.command->body_case) {
    case HUIYUAN__V1__COMMAND__BODY_RESERVE_COUPON: return reserve(judge, judged, own);
    case HUIYUAN__V1__COMMAND__BODY_SETTLE_COUPON: return settle(judge, judged, own);
    case HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON: return open_up(judge, judged, own);
    case HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON: return redeem(judge, judged, own);
    default: return spent(judge, judged, own);
    }
}

// --- at rest

static bool turn_rest(struct judge *judge, const char *member_id, const struct turn *turn) {
    if (turn->asked && !turn->settled)
        return judge_fail(judge, "%s asked for a coupon of %s, and never heard", member_id, turn->occasion);
    if (turn->code == NULL) return true;
    char key[64];
    snprintf(key, sizeof key, "coupon/%s", turn->code);
    const struct judge_entity *entity =
        judge_entity(judge, LOG_CAMPAIGNS, judge_home(judge, key), key, false);
    const struct own *coupon = entity == NULL ? NULL : entity->own;
    if (coupon == NULL || !coupon->opened || strcmp(coupon->member_id, member_id) != 0)
        return judge_fail(judge, "%s has %s, which never opened", member_id, key);
    return (coupon->redemption != NULL) == turn->spent ||
           judge_fail(judge, "%s is redeemed, and %s does not know, or the other way round", key, member_id);
}

static bool had_since(const struct own *own, const char *campaign, const char *occasion) {
    for (const struct turn *turn = own->turns; turn != NULL; turn = turn->next) {
        if (strcmp(turn->campaign, campaign) == 0 && strcmp(turn->occasion, occasion) >= 0) return true;
    }
    return false;
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

// Nobody is left out whose occasion is open now. A minute is given to timers.
static bool none_left_out(struct judge *judge, const char *member_id, const struct own *own,
                          enum document_kind kind) {
    int64_t now_ms = *judge->now_ms;
    // A log's time may be ahead, by an owner whose clock was: its timers wait for that.
    int64_t recorded_at_ms = judge_track(judge, LOG_CAMPAIGNS, judge_home(judge, member_id))->recorded_at_ms;
    const struct document *document =
        documents_campaign(judge->documents, judge->documents->count, kind, now_ms);
    if (document == NULL || !own->enrolled || !wants(document, own)) return true;
    if (kind == DOCUMENT_BIRTHDAY && own->birthday == 0) return true;
    for (int ahead = 0; ahead < 2; ahead++) { // of this year or month, or the next
        time_t then = (time_t)((now_ms + SIM_EAST_MS) / 1000);
        struct tm date;
        char occasion[16];
        gmtime_r(&then, &date);
        int month = date.tm_mon + (kind == DOCUMENT_BIRTHDAY ? 12 * ahead : ahead);
        int year = date.tm_year + 1900 + month / 12;
        if (kind == DOCUMENT_BIRTHDAY)
            snprintf(occasion, sizeof occasion, "%04d", year);
        else
            snprintf(occasion, sizeof occasion, "%04d-%02d", year, month % 12 + 1);
        struct span span = occasion_span(document, occasion, own->birthday);
        int64_t begins_ms =
            later(later(span.begins_ms, recorded_at_ms), later(document->from_ms, document->published_ms));
        bool open = now_ms > begins_ms + 60000 && now_ms < span.ends_ms;
        if (open && !had_since(own, document_names[kind], occasion))
            return judge_fail(judge, "%s was left out of %s %s", member_id, document_names[kind], occasion);
    }
    return true;
}

static bool entity_rest(struct judge *judge, const struct judge_entity *entity) {
    const struct own *own = entity->own;
    if (own == NULL) return true;
    for (const struct turn *turn = own->turns; turn != NULL; turn = turn->next) {
        if (!turn_rest(judge, entity->id, turn)) return false;
    }
    if (own->used != own->issued + own->lost)
        return judge_fail(judge, "%s: %" PRId64 " granted, %" PRId64 " issued, %" PRId64 " lost", entity->id,
                          own->used, own->issued, own->lost);
    return none_left_out(judge, entity->id, own, DOCUMENT_BIRTHDAY) &&
           none_left_out(judge, entity->id, own, DOCUMENT_MEMBER_DAY);
}

bool campaigns_rest(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        const struct judge_track *track = judge_track(judge, LOG_CAMPAIGNS, p);
        for (size_t i = 0; i < track->entity_count; i++) {
            if (!entity_rest(judge, track->entities[i])) return false;
        }
    }
    return true;
}
