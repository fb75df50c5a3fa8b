// The log of campaigns: budgets, coupons, turns (invariants 6 and 7 of the design).
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignChange Change;
typedef Huiyuan__V1__CampaignState State;

// As it was before the record; NULL: nothing had happened.
static const State *state_of(const struct verify_member *member) {
    return ((const struct campaign_state *)hy_member_state(member->member))->kept;
}

// `sum` counts the units that were granted: each by one, and never more than there are.
static void check_budget(struct verify *verify, struct verify_member *member, const char *name,
                         const Change *change) {
    bool granted = change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_RESERVED;
    member->sum += granted;
    verify_count(verify, CHECK_BUDGETS, 1);
    if (change->budget_used != member->sum)
        verify_fault(verify, CHECK_BUDGETS, "%s: %s says %" PRId64 " used, %" PRId64 " were granted", name,
                     member->member->id, change->budget_used, member->sum);
    if (granted && change->budget_used > change->budget)
        verify_fault(verify, CHECK_BUDGETS, "%s: %s granted %" PRId64 " of %" PRId64, name,
                     member->member->id, change->budget_used, change->budget);
    if (!granted && change->budget_used < change->budget)
        verify_fault(verify, CHECK_BUDGETS, "%s: %s denied at %" PRId64 " of %" PRId64, name,
                     member->member->id, change->budget_used, change->budget);
}

static void check_coupon(struct verify *verify, const struct verify_member *member, const char *name,
                         const Change *change) {
    const State *before = state_of(member);
    bool is_open = before != NULL && before->coupon != NULL;
    bool opens = change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_OPENED;
    verify_count(verify, CHECK_COUPONS, 1);
    if (opens && is_open)
        verify_fault(verify, CHECK_COUPONS, "%s: %s is opened a second time", name, member->member->id);
    if (!opens && !is_open)
        verify_fault(verify, CHECK_COUPONS, "%s: %s is redeemed, but was never issued", name,
                     member->member->id);
    if (!opens && is_open && before->coupon->redeemed_at_ms != 0)
        verify_fault(verify, CHECK_COUPONS, "%s: %s is redeemed a second time", name, member->member->id);
}

static void check_turn(struct verify *verify, const struct verify_member *member, const char *name,
                       const Change *change) {
    const State *before = state_of(member);
    verify_count(verify, CHECK_TURNS, 1);
    for (size_t i = 0; before != NULL && i < before->n_turns; i++) {
        const Huiyuan__V1__CampaignTurn *turn = before->turns[i];
        if (strcmp(turn->campaign_id, change->campaign_id) != 0 ||
            strcmp(turn->occasion, change->occasion) < 0)
            continue;
        verify_fault(verify, CHECK_TURNS, "%s: %s has %s of %s after %s", name, member->member->id,
                     change->occasion, change->campaign_id, turn->occasion);
    }
}

static void check_record(struct verify *verify, struct verify_part *part, struct verify_member *member,
                         const char *name, const Huiyuan__V1__Record *record, const ProtobufCMessage *body) {
    (void)part;
    (void)record;
    const Change *change = (const Change *)body;
    switch (change->kind) {
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_RESERVED:
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_EXHAUSTED:
        check_budget(verify, member, name, change);
        break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_OPENED:
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_USED_UP: check_coupon(verify, member, name, change); break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__ENTERED:
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__HELD_OUT: check_turn(verify, member, name, change); break;
    default: break;
    }
}

const struct verify_ledger verify_campaigns = {"campaigns", check_record, NULL};
