// The log of campaigns: budgets, coupons, turns (invariants 6 and 7 of the design).
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignChange Change;
typedef Huiyuan__V1__CampaignState State;

#define KIND(kind) HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__##kind
#define COUPON     "coupon/"

// As it was before the record; NULL: nothing had happened.
static const State *state_of(const struct verify_member *member) {
    return ((const struct campaign_state *)hy_member_state(member->member))->kept;
}

// `sum` counts the units that were granted: each by one, and never more than there are.
static void check_budget(const struct verify_at *at, const Change *change) {
    bool granted = change->kind == KIND(BUDGET_RESERVED);
    const char *budget = at->record->member_id;
    at->member->sum += granted;
    verify_count(at->verify, CHECK_BUDGETS, 1);
    if (change->budget_used != at->member->sum)
        verify_record_fault(at, CHECK_BUDGETS,
                            "%s says %" PRId64 " used, %" PRId64 " were granted / 预算记为已用 %" PRId64
                            "，实际发放 %" PRId64,
                            budget, change->budget_used, at->member->sum, change->budget_used,
                            at->member->sum);
    if (granted && change->budget_used > change->budget)
        verify_record_fault(at, CHECK_BUDGETS,
                            "%s granted %" PRId64 " of %" PRId64 " / 发放 %" PRId64 "，预算 %" PRId64, budget,
                            change->budget_used, change->budget, change->budget_used, change->budget);
    if (!granted && change->budget_used < change->budget)
        verify_record_fault(at, CHECK_BUDGETS,
                            "%s denied at %" PRId64 " of %" PRId64 " / 预算 %" PRId64 " 只用 %" PRId64
                            " 即被拒绝",
                            budget, change->budget_used, change->budget, change->budget, change->budget_used);
}

// --- a coupon ---

// What it is worth may not change between its opening and its redemption.
static bool same_coupon(const Huiyuan__V1__Coupon *a, const Huiyuan__V1__Coupon *b) {
    return a != NULL && b != NULL && strcmp(a->code, b->code) == 0 &&
           strcmp(a->campaign_id, b->campaign_id) == 0 && a->value_fen == b->value_fen &&
           a->minimum_spend_fen == b->minimum_spend_fen && a->expires_at_ms == b->expires_at_ms;
}

static void check_opened(const struct verify_at *at, const Change *change, const State *before) {
    const char *key = at->record->member_id;
    if (before != NULL && before->coupon != NULL)
        verify_record_fault(at, CHECK_COUPONS, "%s is opened a second time / 优惠券重复生效", key);
    if (change->coupon == NULL || strncmp(key, COUPON, strlen(COUPON)) != 0 ||
        strcmp(key + strlen(COUPON), change->coupon->code) != 0)
        verify_record_fault(at, CHECK_COUPONS, "%s opens the code %s / 优惠券键与券码不符", key,
                            change->coupon == NULL ? "" : change->coupon->code);
}

static void check_redeemed(const struct verify_at *at, const Change *change, const State *before) {
    const char *key = at->record->member_id;
    if (before == NULL || before->coupon == NULL)
        verify_record_fault(at, CHECK_COUPONS, "%s is redeemed, but was never opened / 优惠券未发放即被使用",
                            key);
    else if (before->coupon->redeemed_at_ms != 0)
        verify_record_fault(at, CHECK_COUPONS,
                            "%s is redeemed a second time, first at %" PRId64 " / 优惠券重复使用", key,
                            before->coupon->redeemed_at_ms);
    else if (!same_coupon(before->coupon, change->coupon) ||
             strcmp(before->member_id, change->member_id) != 0)
        verify_record_fault(at, CHECK_COUPONS, "%s is not the coupon that was opened / 与发放时的优惠券不符",
                            key);
    else if (at->block->recorded_at_ms > before->coupon->expires_at_ms)
        verify_record_fault(at, CHECK_COUPONS,
                            "%s expired at %" PRId64 ", redeemed at %" PRId64 " / 优惠券已过期", key,
                            before->coupon->expires_at_ms, at->block->recorded_at_ms);
}

// Two coupons must never have one code: the second is declined when it wants to open, and the member who has
// it would stand at the till with nothing.
static void check_collision(const struct verify_at *at) {
    bool opens = strncmp(at->record->member_id, COUPON, strlen(COUPON)) == 0 && at->record->taken != NULL;
    if (!opens) return;
    verify_count(at->verify, CHECK_COUPONS, 1);
    if (strcmp(at->record->code, hy_code_name(HY_ID_REUSED)) == 0)
        verify_record_fault(at, CHECK_COUPONS, "%s: two coupons have this code / 两张优惠券的券码相同",
                            at->record->member_id);
}

// --- a member's turn ---

static void check_turn(const struct verify_at *at, const Change *change) {
    const State *before = state_of(at->member);
    verify_count(at->verify, CHECK_TURNS, 1);
    for (size_t i = 0; before != NULL && i < before->n_turns; i++) {
        const Huiyuan__V1__CampaignTurn *turn = before->turns[i];
        if (strcmp(turn->campaign_id, change->campaign_id) != 0 ||
            strcmp(turn->occasion, change->occasion) < 0)
            continue;
        verify_record_fault(at, CHECK_TURNS, "%s has %s of %s after %s / 会员在同一次活动中重复参加",
                            at->record->member_id, change->occasion, change->campaign_id, turn->occasion);
    }
}

static void check_record(const struct verify_at *at, const ProtobufCMessage *body) {
    const Change *change = (const Change *)body;
    if (change == NULL) {
        check_collision(at);
        return;
    }
    switch (change->kind) {
    case KIND(BUDGET_RESERVED):
    case KIND(BUDGET_EXHAUSTED): check_budget(at, change); break;
    case KIND(COUPON_OPENED):
        verify_count(at->verify, CHECK_COUPONS, 1);
        check_opened(at, change, state_of(at->member));
        break;
    case KIND(COUPON_USED_UP):
        verify_count(at->verify, CHECK_COUPONS, 1);
        check_redeemed(at, change, state_of(at->member));
        break;
    case KIND(ENTERED):
    case KIND(HELD_OUT): check_turn(at, change); break;
    default: break;
    }
}

// The tally `redeemed`: coupons that are used up.
static void add(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                int64_t *sums) {
    const State *state = state_of(member);
    (void)verify;
    (void)part;
    sums[1] += state != NULL && state->coupon != NULL && state->coupon->redeemed_at_ms != 0;
}

const struct verify_ledger verify_campaigns = {"campaigns", check_record, add, 1 << 1};
