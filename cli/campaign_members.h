// The members as `campaign` sees them: their states in Redis, and what is published, in memory.
#pragma once

#include "cli/redis.h"
#include "services/campaign/campaign.h"

// A campaign file, checked. NULL, with lines on stderr; its bytes are in `ret_content`, to be freed in both
// cases.
struct hy_campaign *campaign_file(const char *path, struct hy_buffer *ret_content);

// Every published campaign and program, as the service has them. False, with a line on stderr; free in both
// cases.
bool campaign_known(const struct cli *cli, struct campaign *ret_campaign);

// Called once for each member.
typedef bool (*campaign_take)(void *context, const char *member_id, const Huiyuan__V1__CampaignState *member);
// Members that are enrolled, from the projection. False, with a line on stderr, when Redis does not answer.
bool campaign_members(const struct cli *cli, struct hy_store *store, campaign_take take, void *context);

// Where a development clock moves the services, this process follows.
bool campaign_clock(const struct cli *cli, struct hy_store *store);
