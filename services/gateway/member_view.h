// All that is shown of a member, out of Redis in one read.
#pragma once

#include "proto/campaigns.pb-c.h"
#include "proto/members.pb-c.h"
#include "proto/points.pb-c.h"
#include "proto/projection.pb-c.h"
#include "proto/tiers.pb-c.h"
#include "services/gateway/gateway.h"

// The profile comes first: patience is for it.
enum view_part {
    VIEW_PROFILE,
    VIEW_POINTS,
    VIEW_TIER,
    VIEW_CAMPAIGNS,
    VIEW_LOGS,
    VIEW_KEY = VIEW_LOGS,
    VIEW_PARTS
};

// Lives in the request's arena, with all that it points at.
struct member_view {
    struct request *request;
    const char *member_id;
    // Called when there was an answer, also when there is no such member; in every other case the request has
    // been answered.
    void (*done)(void *context, struct member_view *view);
    void *context;

    // What was found; NULL: nothing of that kind.
    const Huiyuan__V1__MemberState *states[VIEW_LOGS];
    const Huiyuan__V1__MemberProfile *profile;
    const Huiyuan__V1__PointsState *points;
    const Huiyuan__V1__TierState *tier;
    const Huiyuan__V1__CampaignState *campaigns;
    struct hy_bytes wrapped_key; // length 0: none

    struct hy_key keys[VIEW_PARTS];
    struct hy_bytes key_bytes[VIEW_PARTS];
    struct engine_read read;
};

// `patience_ms`: how long to wait for a profile that is on its way; 0: not at all.
void member_view_read(struct member_view *view, int64_t patience_ms);
// Enrolled, or with points.
bool member_view_exists(const struct member_view *view);
bool is_member_id(const char *id);
// Changes with everything that is shown. Ends with the version of the profile when there is one.
const char *member_view_etag(const struct member_view *view);
