#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignChange Change;

Change *campaign_change(const struct campaign_case *in, Huiyuan__V1__CampaignChangeKind kind) {
    Change *change = hy_arena_alloc(in->arena, sizeof *change);
    huiyuan__v1__campaign_change__init(change);
    change->kind = kind;
    return change;
}

void campaign_decline(struct hy_decision *decision, enum hy_code code) {
    decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
    decision->code = code;
}

// What the answer to a till is made from; of the rest only what happened.
static struct hy_bytes note_of(const Change *change, struct hy_arena *arena) {
    Huiyuan__V1__CampaignNote note = HUIYUAN__V1__CAMPAIGN_NOTE__INIT;
    note.kind = change->kind;
    if (change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_USED_UP ||
        change->kind == HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_CONFIRMED) {
        note.coupon = change->coupon;
        note.member_id = change->member_id;
    }
    return hy_brain_pack(arena, &note.base);
}

void campaign_accept(const struct campaign_case *in, const Change *change, const char *key,
                     const Huiyuan__V1__Command *command, struct hy_decision *ret_decision) {
    ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    ret_decision->body = &change->base;
    ret_decision->body_bytes = hy_brain_pack(in->arena, &change->base);
    ret_decision->note = note_of(change, in->arena);
    if (command == NULL) return;
    struct hy_command_out *out = hy_arena_alloc(in->arena, sizeof *out);
    *out = (struct hy_command_out){"campaigns", key, command};
    ret_decision->commands = out;
    ret_decision->command_count = 1;
}
