#include <string.h>

#include "common/base/message.h"
#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignState State;
typedef Huiyuan__V1__CampaignChange Change;
typedef Huiyuan__V1__Coupon Coupon;
typedef Huiyuan__V1__CampaignTurn Turn;

// --- what a change does ---

// The campaign's own turn moves to the end; of too many, the one that was longest ago is forgotten.
static void take_turn(struct campaign_next *next, const Change *change) {
    State *state = &next->state;
    huiyuan__v1__campaign_turn__init(&next->turn);
    next->turn.campaign_id = change->campaign_id;
    next->turn.occasion = change->occasion;
    size_t count = 0;
    for (size_t i = 0; i < state->n_turns; i++) {
        if (strcmp(state->turns[i]->campaign_id, change->campaign_id) != 0)
            next->turns[count++] = state->turns[i];
    }
    if (count == CAMPAIGN_TURNS_LIMIT) memmove(next->turns, next->turns + 1, --count * sizeof(Turn *));
    next->turns[count++] = &next->turn;
    state->turns = next->turns;
    state->n_turns = count;
}

static bool is_old(const Coupon *coupon, int64_t now_ms) {
    int64_t ended_ms = coupon->redeemed_at_ms != 0 ? coupon->redeemed_at_ms : coupon->expires_at_ms;
    return ended_ms + CAMPAIGN_COUPONS_KEPT_MS < now_ms;
}

static void take_coupon(struct campaign_next *next, Coupon *coupon) {
    State *state = &next->state;
    size_t count = 0;
    for (size_t i = 0; i < state->n_coupons; i++) {
        if (!is_old(state->coupons[i], coupon->issued_at_ms)) next->coupons[count++] = state->coupons[i];
    }
    if (count == CAMPAIGN_COUPONS_LIMIT)
        memmove(next->coupons, next->coupons + 1, --count * sizeof(Coupon *));
    next->coupons[count++] = coupon;
    state->coupons = next->coupons;
    state->n_coupons = count;
}

// One that is no longer kept has nothing to be changed.
static void spend_coupon(struct campaign_next *next, const Coupon *spent) {
    State *state = &next->state;
    for (size_t i = 0; i < state->n_coupons; i++) {
        next->coupons[i] = state->coupons[i];
        if (strcmp(state->coupons[i]->code, spent->code) != 0) continue;
        next->coupon = *state->coupons[i];
        next->coupon.redeemed_at_ms = spent->redeemed_at_ms;
        next->coupon.store_id = spent->store_id;
        next->coupons[i] = &next->coupon;
    }
    state->coupons = next->coupons;
}

static void see_member(State *state, const Change *change) {
    if (change->erased) {
        *state = (State)HUIYUAN__V1__CAMPAIGN_STATE__INIT;
        return;
    }
    state->enrolled = true;
    state->birthday = change->birthday;
    state->language = change->language;
}

static bool is_about_coupon(const Change *change) {
    return change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_ISSUED ||
           change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_SPENT;
}

void campaign_apply(const State *before, const Change *change, struct campaign_next *ret_next) {
    State *state = &ret_next->state;
    *state = *before;
    if (change->coupon == NULL && is_about_coupon(change)) return; // no record of ours
    switch (change->kind) {
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__MEMBER_SEEN: see_member(state, change); break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__TIER_SEEN: state->tier = change->tier; break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__ENTERED:
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__HELD_OUT: take_turn(ret_next, change); break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_ISSUED: take_coupon(ret_next, change->coupon); break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_SPENT: spend_coupon(ret_next, change->coupon); break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_RESERVED: state->budget_used = change->budget_used; break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_OPENED:
        state->coupon = change->coupon;
        state->member_id = change->member_id;
        break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_USED_UP:
        state->coupon = change->coupon;
        state->redemption_id = change->redemption_id;
        break;
    default: break; // denied, exhausted, looked, confirmed
    }
    if (state->enrolled && change->looked_at_ms != 0) state->looked_at_ms = change->looked_at_ms;
}

// --- memory and Redis ---

// The state becomes a copy of what follows, which borrows from it.
void campaign_evolve(struct campaign_state *state, const Change *change) {
    static const State nothing = HUIYUAN__V1__CAMPAIGN_STATE__INIT;
    struct campaign_next next;
    campaign_apply(state->kept != NULL ? state->kept : &nothing, change, &next);
    State *kept = hy_message_copy(&next.state.base);
    campaign_state_free(state);
    state->kept = kept;
}

void campaign_state_free(struct campaign_state *state) {
    hy_message_free((ProtobufCMessage *)state->kept);
    state->kept = NULL;
}

void campaign_save(const struct campaign_state *state, struct hy_buffer *out) {
    if (state->kept != NULL) hy_message_pack(&state->kept->base, out);
}

bool campaign_load(struct hy_bytes saved, struct campaign_state *ret_state) {
    State *kept = hy_message_unpack(&huiyuan__v1__campaign_state__descriptor, saved);
    bool good =
        kept != NULL && kept->n_coupons <= CAMPAIGN_COUPONS_LIMIT && kept->n_turns <= CAMPAIGN_TURNS_LIMIT;
    if (!good) hy_message_free((ProtobufCMessage *)kept);
    ret_state->kept = good ? kept : NULL;
    return good;
}

bool campaign_check(const struct campaign_state *state, const char **ret_reason) {
    const State *kept = state->kept;
    if (kept == NULL) return true;
    if (kept->budget_used < 0)
        *ret_reason = "a budget below zero";
    else if (!kept->enrolled && (kept->looked_at_ms != 0 || kept->birthday != 0 || kept->n_coupons > 0))
        *ret_reason = "something is left of a member who is not enrolled";
    else if (kept->n_coupons > CAMPAIGN_COUPONS_LIMIT || kept->n_turns > CAMPAIGN_TURNS_LIMIT)
        *ret_reason = "more coupons or turns than are kept";
    else if (kept->coupon != NULL && (kept->coupon->redeemed_at_ms == 0) != (kept->redemption_id[0] == '\0'))
        *ret_reason = "a coupon that is redeemed by nobody, or by somebody but is not";
    else
        return true;
    return false;
}
