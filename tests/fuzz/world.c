#include "tests/fuzz/world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/crypto.h"
#include "common/io/zone.h"
#include "proto/program.pb-c.h"
#include "services/accrual/accrual.h"
#include "services/campaign/campaign.h"
#include "services/member/member.h"
#include "services/notification/notification.h"
#include "services/tier/tier.h"
#include "tests/fuzz/fuzz.h"

#define DAY_MS          (INT64_C(24) * 3600 * 1000)
#define PUBLISHED_AT_MS (INT64_C(17167) * DAY_MS) // 2017-01-01

static struct hy_brain brains[WORLD_LOGS];

static void publish(const char *path, Huiyuan__V1__DocumentKind kind, char *name) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct hy_bytes yaml = fuzz_file(path);
    Huiyuan__V1__ProgramVersion version = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    version.kind = kind;
    version.program = name;
    version.version = 1;
    version.effective_from_ms = version.published_at_ms = PUBLISHED_AT_MS;
    version.yaml = (ProtobufCBinaryData){yaml.length, (uint8_t *)(uintptr_t)yaml.data};
    struct hy_bytes message = fuzz_pack(&version.base, &arena);
    for (size_t i = 0; i < WORLD_LOGS; i++) {
        const char *reason = "";
        if (brains[i].refer == NULL) continue;
        brains[i].refer(brains[i].context, 0, hy_bytes("", 0), message);
        PROMISE(brains[i].ready(brains[i].context, &reason));
    }
    hy_free((void *)(uintptr_t)yaml.data);
    hy_arena_free(&arena);
}

static void begin(void) {
    static struct accrual accrual;
    static struct tier tier;
    static struct campaign campaign;
    static struct notification notification;
    hy_crypto_init();
    accrual_init(&accrual, hy_zone_load);
    tier_init(&tier, hy_zone_load);
    campaign_init(&campaign, hy_zone_load);
    notification_init(&notification, hy_zone_load);
    brains[WORLD_MEMBERS] = member_brain(7 * DAY_MS);
    brains[WORLD_POINTS] = accrual_brain(&accrual, 90 * DAY_MS);
    brains[WORLD_TIERS] = tier_brain(&tier);
    brains[WORLD_CAMPAIGNS] = campaign_brain(&campaign, 7 * DAY_MS);
    brains[WORLD_DELIVERIES] = notification_brain(&notification);
    static char program[] = "huiyuan", birthday[] = "birthday", member_day[] = "member-day";
    publish("deploy/dev/program.yaml", HUIYUAN__V1__DOCUMENT_KIND__PROGRAM, program);
    publish("deploy/dev/campaigns/birthday.yaml", HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, birthday);
    publish("deploy/dev/campaigns/member-day.yaml", HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, member_day);
}

const struct hy_brain *world_brain(enum world_log log) {
    if (brains[0].log == NULL) begin();
    return &brains[log];
}

enum world_log world_log(const char *name) {
    for (enum world_log log = 0; log < WORLD_LOGS; log++) {
        if (strcmp(world_brain(log)->log, name) == 0) return log;
    }
    return WORLD_LOGS;
}
