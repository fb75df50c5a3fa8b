// Campaign: whom a campaign has when, its budget, its coupons. State and operations on a page; all pure.
//
// The log `campaigns` has three kinds of keys: members, one budget for each campaign ("budget/<campaign>"),
// and coupons ("coupon/<code>"). A birthday: the member's turn comes (ENTERED) → the budget grants or not →
// the member gets the coupon (COUPON_ISSUED) or not → the coupon can be redeemed (COUPON_OPENED). Each arrow
// is an emission, which counts once. One entity decides what must not happen twice: the member about turns,
// the budget about its units, the coupon about its redemption.
#pragma once

#include <stdint.h>

#include "common/base/arena.h"
#include "common/campaign/campaign.h"
#include "common/stage/brain.h"
#include "proto/campaigns.pb-c.h"
#include "proto/commands.pb-c.h"
#include "proto/tiers.pb-c.h"

enum {
    CAMPAIGN_COUPONS_LIMIT = 32, // of a member, in the state
    CAMPAIGN_TURNS_LIMIT = 64,   // campaigns that had a member, in the state: of more, the first is forgotten
};
#define CAMPAIGN_COUPONS_KEPT_MS (INT64_C(60) * 24 * 3600 * 1000) // after use or expiry

// A member, budget or coupon in memory, as in Redis: CampaignState. NULL: nothing has happened to it.
struct campaign_state {
    Huiyuan__V1__CampaignState *kept;
};

// What decides beside the state. Filled by the stage from the topic `program`.
struct campaign {
    struct hy_campaigns campaigns;
    struct hy_programs programs; // for the first tier, which a member has before any record of `tiers`
    hy_zone_loader load_zone;
    uint8_t coupon_secret[HY_COUPON_SECRET_BYTES];
    uint64_t documents; // taken so far: due times depend on them
    bool unreadable;    // a published campaign or program cannot be read by this build: nothing is decided
};

void campaign_init(struct campaign *campaign, hy_zone_loader load_zone);
void campaign_free(struct campaign *campaign);
// One message of the topic `program`.
void campaign_refer(struct campaign *campaign, struct hy_bytes message);

// read.c: inputs, checked.
enum campaign_input {
    CAMPAIGN_MEMBER,  // message: Huiyuan__V1__MemberChange
    CAMPAIGN_TIER,    // message: Huiyuan__V1__TierChange
    CAMPAIGN_RESERVE, // the others: Huiyuan__V1__Command
    CAMPAIGN_SETTLE,
    CAMPAIGN_OPEN,
    CAMPAIGN_REDEEM,
    CAMPAIGN_REDEEMED,
};
struct hy_error campaign_read(struct hy_bytes message, struct hy_arena *arena, struct hy_input *ret_input);
struct hy_error campaign_read_member(const Huiyuan__V1__Record *record, struct hy_arena *arena,
                                     struct hy_input *ret_input);
struct hy_error campaign_read_tier(const Huiyuan__V1__Record *record, struct hy_arena *arena,
                                   struct hy_input *ret_input);

// turn.c: when a campaign has this member next.
struct campaign_turn {
    const struct hy_campaign *campaign;
    struct hy_occasion occasion;
    int64_t at_ms; // not before the moment that was asked about
};
// False: no campaign that is known will. Of several at the same time, the first by id.
bool campaign_next_turn(const struct campaign *campaign, const Huiyuan__V1__CampaignState *member,
                        int64_t now_ms, struct campaign_turn *ret_turn);
// When a timer has to look at this member next; 0: never. Who is enrolled always has a time, however far
// away: the stage asks those again when campaigns change.
int64_t campaign_due(const struct campaign *campaign, const Huiyuan__V1__CampaignState *state);
// The member's tier, or the first of the newest program.
const char *campaign_tier(const struct campaign *campaign, const Huiyuan__V1__CampaignState *member);

// What is known when something is decided.
struct campaign_case {
    const struct campaign *campaign;
    const Huiyuan__V1__CampaignState *state; // never NULL
    const struct hy_input *input;
    int64_t now_ms;
    struct hy_arena *arena;
};

// member.c: a member was seen, has another tier, had a turn, gets the budget's word, used a coupon.
void campaign_member_seen(const struct campaign_case *in, struct hy_decision *ret_decision);
void campaign_tier_seen(const struct campaign_case *in, struct hy_decision *ret_decision);
void campaign_look(const struct campaign_case *in, struct hy_decision *ret_decision);
void campaign_settle(const struct campaign_case *in, struct hy_decision *ret_decision);
void campaign_spent(const struct campaign_case *in, struct hy_decision *ret_decision);
// budget.c: grants while there is something left.
void campaign_reserve(const struct campaign_case *in, struct hy_decision *ret_decision);
// coupon.c: a coupon opens, and is redeemed.
void campaign_coupon_open(const struct campaign_case *in, struct hy_decision *ret_decision);
void campaign_coupon_redeem(const struct campaign_case *in, struct hy_decision *ret_decision);

// decision.c: what an operation can say.
Huiyuan__V1__CampaignChange *campaign_change(const struct campaign_case *in,
                                             Huiyuan__V1__CampaignChangeKind kind);
void campaign_decline(struct hy_decision *decision, enum hy_code code);
// The change happens; `command` (or NULL) goes to `key` of this log.
void campaign_accept(const struct campaign_case *in, const Huiyuan__V1__CampaignChange *change,
                     const char *key, const Huiyuan__V1__Command *command, struct hy_decision *ret_decision);

// state.c: the only way in which a state changes, and its form in Redis.
struct campaign_next { // a state after a change; borrows from the state before, and from the change
    Huiyuan__V1__CampaignState state;
    Huiyuan__V1__CampaignTurn turn;
    Huiyuan__V1__CampaignTurn *turns[CAMPAIGN_TURNS_LIMIT + 1];
    Huiyuan__V1__Coupon coupon;
    Huiyuan__V1__Coupon *coupons[CAMPAIGN_COUPONS_LIMIT + 1];
};
void campaign_apply(const Huiyuan__V1__CampaignState *before, const Huiyuan__V1__CampaignChange *change,
                    struct campaign_next *ret_next);
void campaign_evolve(struct campaign_state *state, const Huiyuan__V1__CampaignChange *change);
void campaign_save(const struct campaign_state *state, struct hy_buffer *out);
bool campaign_load(struct hy_bytes saved, struct campaign_state *ret_state);
void campaign_state_free(struct campaign_state *state);
bool campaign_check(const struct campaign_state *state, const char **ret_reason);

// handler.c: the brain of the stage. `campaign` must outlive it. `window_ms`: how long commands are
// recognised again.
struct hy_brain campaign_brain(struct campaign *campaign, int64_t window_ms);
