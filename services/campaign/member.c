// What happens to a member.
#include <string.h>

#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignChange Change;
typedef Huiyuan__V1__Command Command;

// protobuf-c's structs have plain pointers, but packing does not write through them.
static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static char *tier_of(const struct campaign_case *in) {
    const char *tier = campaign_tier(in->campaign, in->state);
    return hy_arena_string(in->arena, tier, strlen(tier)); // the state is gone when the record is folded
}

static Change *look(const struct campaign_case *in, Huiyuan__V1__CampaignChangeKind kind) {
    Change *change = campaign_change(in, kind);
    change->looked_at_ms = in->now_ms;
    return change;
}

void campaign_member_seen(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__MemberChange *member = in->input->message;
    Change *change = look(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__MEMBER_SEEN);
    change->erased = member->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
    if (!change->erased) {
        change->birthday = member->birthday;
        change->language = member->language;
    }
    campaign_accept(in, change, NULL, NULL, ret_decision);
}

void campaign_tier_seen(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__TierChange *tier = in->input->message;
    Change *change = look(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__TIER_SEEN);
    change->tier = tier->tier;
    campaign_accept(in, change, NULL, NULL, ret_decision);
}

// --- a turn ---

static Command *reserve(const struct campaign_case *in, const struct campaign_turn *turn, char *occasion) {
    Huiyuan__V1__ReserveCoupon *asked = hy_arena_alloc(in->arena, sizeof *asked);
    huiyuan__v1__reserve_coupon__init(asked);
    asked->member_id = text(in->input->member_id);
    asked->campaign_id = text(turn->campaign->id);
    asked->campaign_version = turn->campaign->version;
    asked->occasion = occasion;
    asked->budget = turn->campaign->budget;
    Command *command = hy_arena_alloc(in->arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_RESERVE_COUPON;
    command->reserve_coupon = asked;
    return command;
}

static void enter(const struct campaign_case *in, const struct campaign_turn *turn,
                  struct hy_decision *ret_decision) {
    bool held_out = hy_campaign_holds_out(turn->campaign, in->input->member_id);
    bool is_birthday = turn->campaign->kind == HY_CAMPAIGN_BIRTHDAY;
    Change *change = look(in, held_out ? HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__HELD_OUT
                                       : HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__ENTERED);
    change->campaign_id = text(turn->campaign->id);
    change->campaign_version = turn->campaign->version;
    change->campaign_kind = (Huiyuan__V1__CampaignKind)turn->campaign->kind;
    change->occasion = hy_arena_string(in->arena, turn->occasion.name, strlen(turn->occasion.name));
    change->variant = text(held_out ? "control" : "treatment");
    change->tier = tier_of(in);
    // The birthday's message waits for the coupon.
    if (!held_out && !is_birthday) change->template_ = text(turn->campaign->message);
    bool asks = !held_out && is_birthday;
    const char *budget = hy_arena_printf(in->arena, "budget/%s", turn->campaign->id);
    campaign_accept(in, change, budget, asks ? reserve(in, turn, change->occasion) : NULL, ret_decision);
}

// A timer. A campaign may have ended since it was set, or the instance may have been down until the turn was
// over.
void campaign_look(const struct campaign_case *in, struct hy_decision *ret_decision) {
    struct campaign_turn turn;
    if (campaign_next_turn(in->campaign, in->state, in->now_ms, &turn) && turn.at_ms <= in->now_ms)
        enter(in, &turn, ret_decision);
    else
        campaign_accept(in, look(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__LOOKED), NULL, NULL, ret_decision);
}

// --- coupons ---

static Huiyuan__V1__Coupon *issue(const struct campaign_case *in, const struct hy_campaign *campaign,
                                  const char *occasion) {
    Huiyuan__V1__Coupon *coupon = hy_arena_alloc(in->arena, sizeof *coupon);
    huiyuan__v1__coupon__init(coupon);
    coupon->code = hy_arena_alloc(in->arena, HY_COUPON_CODE_BYTES);
    hy_coupon_code_make(coupon->code, in->campaign->coupon_secret, in->input->member_id, campaign->id,
                        occasion);
    coupon->campaign_id = text(campaign->id);
    coupon->campaign_version = campaign->version;
    coupon->name_zh = text(campaign->coupon.name_zh);
    coupon->name_en = text(campaign->coupon.name_en);
    coupon->value_fen = campaign->coupon.value_fen;
    coupon->minimum_spend_fen = campaign->coupon.minimum_spend_fen;
    coupon->issued_at_ms = in->now_ms;
    coupon->expires_at_ms = hy_coupon_expiry_ms(campaign, in->now_ms);
    return coupon;
}

static Command *open_coupon(const struct campaign_case *in, Huiyuan__V1__Coupon *coupon) {
    Huiyuan__V1__OpenCoupon *opened = hy_arena_alloc(in->arena, sizeof *opened);
    huiyuan__v1__open_coupon__init(opened);
    opened->member_id = text(in->input->member_id);
    opened->code = coupon->code;
    opened->campaign_id = coupon->campaign_id;
    opened->expires_at_ms = coupon->expires_at_ms;
    opened->coupon = coupon;
    Command *command = hy_arena_alloc(in->arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON;
    command->open_coupon = opened;
    return command;
}

static Change *settled(const struct campaign_case *in, const Huiyuan__V1__SettleCoupon *word,
                       Huiyuan__V1__CampaignChangeKind kind) {
    Change *change = campaign_change(in, kind);
    change->campaign_id = word->campaign_id;
    change->campaign_version = word->campaign_version;
    change->campaign_kind = HUIYUAN__V1__CAMPAIGN_KIND__BIRTHDAY;
    change->occasion = word->occasion;
    change->variant = text("treatment");
    change->tier = tier_of(in);
    return change;
}

// The version that entered the member is the one that the budget names. It is known here: it stood in
// `program` before the member entered by it, and all of `program` is read before anything is decided.
void campaign_settle(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__SettleCoupon *word = ((const Command *)in->input->message)->settle_coupon;
    const struct hy_campaign *campaign =
        hy_campaigns_version(&in->campaign->campaigns, word->campaign_id, word->campaign_version);
    if (!in->state->enrolled) { // erased meanwhile: the unit of the budget is lost
        campaign_decline(ret_decision, HY_MEMBER_ERASED);
    } else if (!word->granted) {
        campaign_accept(in, settled(in, word, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_DENIED), NULL, NULL,
                        ret_decision);
    } else if (campaign == NULL) {
        ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED;
        ret_decision->code = HY_NO_PROGRAM;
        ret_decision->field = "settle_coupon.campaign_version";
    } else {
        Change *change = settled(in, word, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_ISSUED);
        change->template_ = text(campaign->message);
        change->coupon = issue(in, campaign, word->occasion);
        campaign_accept(in, change, hy_arena_printf(in->arena, "coupon/%s", change->coupon->code),
                        open_coupon(in, change->coupon), ret_decision);
    }
}

void campaign_spent(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__CouponRedeemed *redeemed = ((const Command *)in->input->message)->coupon_redeemed;
    Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT;
    coupon.code = redeemed->code;
    coupon.store_id = redeemed->store_id;
    coupon.redeemed_at_ms = redeemed->redeemed_at_ms;
    Change *change = campaign_change(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_SPENT);
    change->coupon = hy_arena_alloc(in->arena, sizeof coupon);
    *change->coupon = coupon;
    campaign_accept(in, change, NULL, NULL, ret_decision);
}
