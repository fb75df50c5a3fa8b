#include "cli/brains.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/zone.h"
#include "services/accrual/accrual.h"
#include "services/campaign/campaign.h"
#include "services/member/member.h"
#include "services/notification/notification.h"
#include "services/tier/tier.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

// As the services are configured: the window decides what a member's state in Redis points at.
static int64_t days(const char *setting, int64_t fallback) {
    const char *text = getenv(setting);
    int64_t number = text == NULL ? 0 : strtoll(text, NULL, 10);
    return number > 0 ? number : fallback;
}

static struct hy_brain points_brain(void) {
    static struct accrual accrual;
    accrual_init(&accrual, hy_zone_load);
    return accrual_brain(&accrual, days("HY_PURCHASE_WINDOW_DAYS", 90) * DAY_MS);
}

static struct hy_brain members_brain(void) {
    return member_brain(days("HY_COMMAND_WINDOW_DAYS", 7) * DAY_MS);
}

static struct hy_brain deliveries_brain(void) {
    static struct notification notification;
    notification_init(&notification, hy_zone_load);
    return notification_brain(&notification);
}

static struct hy_brain campaigns_brain(void) {
    static struct campaign campaign; // no secret: codes are in the records
    campaign_init(&campaign, hy_zone_load);
    return campaign_brain(&campaign, days("HY_COMMAND_WINDOW_DAYS", 7) * DAY_MS);
}

static struct hy_brain tiers_brain(void) {
    static struct tier tier;
    tier_init(&tier, hy_zone_load);
    return tier_brain(&tier);
}

static struct log_brain {
    const char *log, *service;
    struct hy_brain (*make)(void);
    bool made;
    struct hy_brain brain;
} table[] = {
    {"members", "member", members_brain, false, {0}},
    {"points", "accrual", points_brain, false, {0}},
    {"tiers", "tier", tiers_brain, false, {0}},
    {"campaigns", "campaign", campaigns_brain, false, {0}},
    {"deliveries", "notification", deliveries_brain, false, {0}},
};

static struct log_brain *find(const char *log) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].log, log) == 0) return &table[i];
    }
    return NULL;
}

const struct hy_brain *brain_of(const char *log) {
    struct log_brain *found = find(log);
    if (found == NULL) return NULL;
    if (!found->made) found->brain = found->make();
    found->made = true;
    return &found->brain;
}

const char *brain_log(size_t i) {
    return i < sizeof table / sizeof table[0] ? table[i].log : NULL;
}

const char *brain_service(const char *log) {
    const struct log_brain *found = find(log);
    return found == NULL ? NULL : found->service;
}
