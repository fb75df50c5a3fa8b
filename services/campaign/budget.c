// A campaign's budget is one entity, so one decision follows the other: it cannot be exceeded, however many
// instances and partitions its members have.
#include "services/campaign/campaign.h"

void campaign_reserve(const struct campaign_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__ReserveCoupon *asked =
        ((const Huiyuan__V1__Command *)in->input->message)->reserve_coupon;
    bool granted = in->state->budget_used < asked->budget;
    Huiyuan__V1__CampaignChange *change =
        campaign_change(in, granted ? HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_RESERVED
                                    : HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__BUDGET_EXHAUSTED);
    change->campaign_id = asked->campaign_id;
    change->campaign_version = asked->campaign_version;
    change->campaign_kind = HUIYUAN__V1__CAMPAIGN_KIND__BIRTHDAY;
    change->occasion = asked->occasion;
    change->member_id = asked->member_id;
    change->budget_used = in->state->budget_used + granted;
    change->budget = asked->budget;
    Huiyuan__V1__SettleCoupon word = HUIYUAN__V1__SETTLE_COUPON__INIT;
    word.campaign_id = asked->campaign_id;
    word.campaign_version = asked->campaign_version;
    word.occasion = asked->occasion;
    word.granted = granted;
    Huiyuan__V1__Command *command = hy_arena_alloc(in->arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_SETTLE_COUPON;
    command->settle_coupon = hy_arena_alloc(in->arena, sizeof word);
    *command->settle_coupon = word;
    campaign_accept(in, change, asked->member_id, command, ret_decision);
}
