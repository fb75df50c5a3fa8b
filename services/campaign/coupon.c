// A coupon is one entity: of many tills at once, the first record wins.
#include <string.h>

#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignChange Change;
typedef Huiyuan__V1__Command Command;

void campaign_coupon_open(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__OpenCoupon *opened = ((const Command *)in->input->message)->open_coupon;
    if (in->state->coupon != NULL) { // two coupons with one code: once in 10^16 pairs
        campaign_decline(ret_decision, HY_ID_REUSED);
        return;
    }
    Change *change = campaign_change(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_OPENED);
    change->campaign_id = opened->campaign_id;
    change->campaign_version = opened->coupon->campaign_version;
    change->member_id = opened->member_id;
    change->coupon = opened->coupon;
    campaign_accept(in, change, NULL, NULL, ret_decision);
}

// In the arena: the state is gone when the record is folded.
static Huiyuan__V1__Coupon *copy(const struct campaign_case *in) {
    struct hy_bytes bytes = hy_brain_pack(in->arena, &in->state->coupon->base);
    return huiyuan__v1__coupon__unpack(&in->arena->protobuf, bytes.length, bytes.data);
}

static Change *redeemed_change(const struct campaign_case *in, Huiyuan__V1__CampaignChangeKind kind,
                               const Huiyuan__V1__RedeemCoupon *till) {
    Change *change = campaign_change(in, kind);
    change->coupon = copy(in);
    change->campaign_id = change->coupon->campaign_id;
    change->campaign_version = change->coupon->campaign_version;
    change->member_id = hy_arena_string(in->arena, in->state->member_id, strlen(in->state->member_id));
    change->redemption_id = till->redemption_id;
    change->purchase_id = till->purchase_id;
    return change;
}

static Command *tell_member(const struct campaign_case *in, const Huiyuan__V1__Coupon *coupon) {
    Huiyuan__V1__CouponRedeemed *redeemed = hy_arena_alloc(in->arena, sizeof *redeemed);
    huiyuan__v1__coupon_redeemed__init(redeemed);
    redeemed->code = coupon->code;
    redeemed->store_id = coupon->store_id;
    redeemed->redeemed_at_ms = coupon->redeemed_at_ms;
    Command *command = hy_arena_alloc(in->arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_COUPON_REDEEMED;
    command->coupon_redeemed = redeemed;
    return command;
}

static void use_up(const struct campaign_case *in, const Huiyuan__V1__RedeemCoupon *till,
                   struct hy_decision *ret_decision) {
    Change *change = redeemed_change(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_USED_UP, till);
    change->coupon->store_id = till->store_id;
    change->coupon->redeemed_at_ms = till->redeemed_at_ms > 0 ? till->redeemed_at_ms : in->now_ms;
    campaign_accept(in, change, change->member_id, tell_member(in, change->coupon), ret_decision);
}

// The till's own redemption id makes it repeatable also under another command id: answered the same, recorded
// as COUPON_CONFIRMED, which changes and counts nothing. Whether a coupon has expired goes by our clock, not
// the till's.
void campaign_coupon_redeem(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__RedeemCoupon *till = ((const Command *)in->input->message)->redeem_coupon;
    const Huiyuan__V1__Coupon *coupon = in->state->coupon;
    if (coupon == NULL)
        campaign_decline(ret_decision, HY_COUPON_UNKNOWN);
    else if (coupon->redeemed_at_ms != 0 && strcmp(in->state->redemption_id, till->redemption_id) == 0)
        campaign_accept(in, redeemed_change(in, HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_CONFIRMED, till),
                        NULL, NULL, ret_decision);
    else if (coupon->redeemed_at_ms != 0)
        campaign_decline(ret_decision, HY_COUPON_REDEEMED);
    else if (in->now_ms > coupon->expires_at_ms)
        campaign_decline(ret_decision, HY_COUPON_EXPIRED);
    else
        use_up(in, till, ret_decision);
}
