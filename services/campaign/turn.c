// When a campaign has a member next: the earliest moment, over all versions of all campaigns that are known,
// at which a version is in effect, an occasion of the member's is open, and the member was not had on it yet.
#include <string.h>

#include "services/campaign/campaign.h"

typedef Huiyuan__V1__CampaignState State;

static const int64_t FAR_AWAY_MS = INT64_C(7258118400000); // 2200-01-01

const char *campaign_tier(const struct campaign *campaign, const State *member) {
    if (member->tier[0] != '\0' || campaign->programs.count == 0) return member->tier;
    return campaign->programs.versions[campaign->programs.count - 1]->tiers[0].id;
}

static const char *last_occasion(const State *member, const char *campaign_id) {
    for (size_t i = 0; i < member->n_turns; i++) {
        if (strcmp(member->turns[i]->campaign_id, campaign_id) == 0) return member->turns[i]->occasion;
    }
    return "";
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static bool turn_of(const struct campaign *campaign, size_t index, const State *member, int64_t now_ms,
                    struct campaign_turn *ret_turn) {
    const struct hy_campaign *version = campaign->campaigns.versions[index];
    int64_t from_ms;
    int64_t until_ms;
    hy_campaigns_span(&campaign->campaigns, index, &from_ms, &until_ms);
    int64_t start_ms = later(later(from_ms, version->published_at_ms), now_ms);
    if (start_ms >= until_ms || !hy_campaign_wants_tier(version, campaign_tier(campaign, member)))
        return false;
    ret_turn->campaign = version;
    if (!hy_campaign_occasion(version, member->birthday, start_ms, last_occasion(member, version->id),
                              &ret_turn->occasion))
        return false;
    ret_turn->at_ms = later(start_ms, ret_turn->occasion.begins_ms);
    return ret_turn->at_ms < until_ms;
}

bool campaign_next_turn(const struct campaign *campaign, const State *member, int64_t now_ms,
                        struct campaign_turn *ret_turn) {
    bool found = false;
    for (size_t i = 0; member->enrolled && i < campaign->campaigns.count; i++) {
        struct campaign_turn turn;
        if (!turn_of(campaign, i, member, now_ms, &turn)) continue;
        if (!found || turn.at_ms < ret_turn->at_ms) *ret_turn = turn;
        found = true;
    }
    return found;
}

// What was open when the member was last looked at was taken then, so a turn that is not after that moment is
// another one that waits; a look that finds nothing moves the moment on.
int64_t campaign_due(const struct campaign *campaign, const State *state) {
    struct campaign_turn turn;
    if (!state->enrolled) return 0;
    return campaign_next_turn(campaign, state, state->looked_at_ms, &turn) ? turn.at_ms : FAR_AWAY_MS;
}
