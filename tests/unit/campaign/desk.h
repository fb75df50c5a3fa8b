// The brain of campaign, driven by hand.
#pragma once

#include "services/campaign/campaign.h"
#include "tests/unit/campaign_file/given.h"

struct key {
    struct campaign_state state;
    char id[80];
};

enum { DESK_KEYS_LIMIT = 64 };

struct desk {
    struct campaign campaign;
    struct hy_brain brain;
    struct hy_arena arena;
    int64_t now_ms;
    struct hy_decision decision; // the last one
    struct key *keys[DESK_KEYS_LIMIT];
    size_t key_count;
};

void desk_open(struct desk *desk, const char *now);
void desk_close(struct desk *desk);
// One to whom nothing has happened; the desk frees it.
struct key *desk_key(struct desk *desk, const char *id);
void desk_publish(struct desk *desk, const char *yaml); // at this moment
// Decides about one input, folds its record, and returns the change; NULL: declined.
const Huiyuan__V1__CampaignChange *desk_decide(struct desk *desk, struct key *key, int kind,
                                               const void *message);

const Huiyuan__V1__CampaignChange *desk_enrol(struct desk *desk, struct key *member, uint32_t birthday);
const Huiyuan__V1__CampaignChange *desk_erase(struct desk *desk, struct key *member);
const Huiyuan__V1__CampaignChange *desk_tier(struct desk *desk, struct key *member, const char *tier);
const Huiyuan__V1__CampaignChange *desk_timer(struct desk *desk, struct key *member);
// Hands the last decision's one command on to its key.
const Huiyuan__V1__CampaignChange *desk_hand_on(struct desk *desk, struct key *key);
const Huiyuan__V1__CampaignChange *desk_redeem(struct desk *desk, struct key *coupon,
                                               const char *redemption_id);

int64_t desk_due(struct desk *desk, const struct key *member);
// Runs the timer as often as it is due now; returns how many records that made.
int desk_run_timers(struct desk *desk, struct key *member);
// The kinds by their names, for messages.
void then_kind(const Huiyuan__V1__CampaignChange *change, Huiyuan__V1__CampaignChangeKind kind);
