#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/zone.h"
#include "common/stage/service.h"
#include "services/campaign/campaign.h"

enum { SECRET_LEAST_CHARACTERS = 32 };

static const char *coupon_secret;
static int64_t window_days;

static const struct hy_config_item settings[] = {
    {"HY_COUPON_SECRET", HY_CONFIG_TEXT, "", 0, 0, "",
     "required: what coupon codes are drawn with, at least 32 characters; the same for all instances, for "
     "ever",
     true, &coupon_secret},
    {"HY_COMMAND_WINDOW_DAYS", HY_CONFIG_NUMBER, "7", 1, 3650, "days",
     "how long a command is recognised again, in event time; older ones are refused", false, &window_days},
};

// Whoever knows the secret can make codes that look issued; without one nothing may start.
static void require_secret(void) {
    if (strlen(coupon_secret) >= SECRET_LEAST_CHARACTERS) return;
    fputs("HY_COUPON_SECRET: must be set, with at least 32 characters / 必须设置，至少 32 个字符\n", stderr);
    exit(2);
}

static const struct hy_brain *make_brain(void) {
    static struct campaign campaign;
    static struct hy_brain brain;
    require_secret();
    campaign_init(&campaign, hy_zone_load);
    crypto_generichash(campaign.coupon_secret, sizeof campaign.coupon_secret,
                       (const unsigned char *)coupon_secret, strlen(coupon_secret), NULL, 0);
    brain = campaign_brain(&campaign, window_days * 24 * 3600 * 1000);
    return &brain;
}

int main(int argc, char **argv) {
    static const struct hy_service service = {
        .name = "campaign",
        .help = "campaigns: birthdays, member days, coupons, budgets, the campaigns log",
        .settings = settings,
        .setting_count = sizeof settings / sizeof settings[0],
        .brain = make_brain,
    };
    return hy_service_run(&service, argc, argv);
}
