// The five services as instances of a world: the same brains, mirror and settings as their programs have.
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/sim/sim.h"

struct own {
    struct sim_brain brain;
    char name[16];
    struct mirror *mirror;
    struct sender *sender;
};

// Every program here is in UTC+8. Reads no file.
static bool load_zone(const char *name, struct hy_zone *ret_zone) {
    *ret_zone = (struct hy_zone){.count = 1};
    snprintf(ret_zone->name, sizeof ret_zone->name, "%s", name);
    ret_zone->changes = hy_calloc(1, sizeof *ret_zone->changes);
    ret_zone->changes[0] = (struct hy_zone_change){INT64_MIN, (int32_t)(SIM_EAST_MS / 1000)};
    return true;
}

void sim_brain_open(struct sim_brain *brain, enum sim_service service) {
    switch (service) {
    case SIM_ACCRUAL:
        accrual_init(&brain->accrual, load_zone);
        brain->brain = accrual_brain(&brain->accrual, SIM_PURCHASE_WINDOW_MS);
        break;
    case SIM_TIER:
        tier_init(&brain->tier, load_zone);
        brain->brain = tier_brain(&brain->tier);
        break;
    case SIM_CAMPAIGN:
        campaign_init(&brain->campaign, load_zone);
        memset(brain->campaign.coupon_secret, 7, sizeof brain->campaign.coupon_secret);
        brain->brain = campaign_brain(&brain->campaign, SIM_COMMAND_WINDOW_MS);
        break;
    case SIM_NOTIFICATION:
        notification_init(&brain->notification, load_zone);
        brain->notification.policy.attempts = 3;
        brain->brain = notification_brain(&brain->notification);
        break;
    default: brain->brain = member_brain(SIM_COMMAND_WINDOW_MS);
    }
}

void sim_brain_close(struct sim_brain *brain, enum sim_service service) {
    switch (service) {
    case SIM_ACCRUAL: accrual_free(&brain->accrual); break;
    case SIM_TIER: tier_free(&brain->tier); break;
    case SIM_CAMPAIGN: campaign_free(&brain->campaign); break;
    case SIM_NOTIFICATION: notification_free(&brain->notification); break;
    default: break;
    }
}

// The CLAIM tells the judge who it was, and with that which documents they must have known.
static struct own *open_own(struct world *world, struct world_instance *instance) {
    struct sim *sim = sim_of(world);
    struct own *own = hy_calloc(1, sizeof *own);
    snprintf(own->name, sizeof own->name, "%u", judge_instance(&sim->judge, sim->documents.count));
    instance->own = own;
    world->options.instance = own->name;
    sim_brain_open(&own->brain, (enum sim_service)instance->service);
    return own;
}

static const struct hy_brain *open_pure(struct world *world, struct world_instance *instance) {
    return &open_own(world, instance)->brain.brain;
}

static const struct hy_brain *open_member(struct world *world, struct world_instance *instance) {
    struct own *own = open_own(world, instance);
    struct hy_service_world named = {.topic_prefix = "",
                                     .redis_prefix = world->options.redis_prefix,
                                     .instance = own->name,
                                     .partitions = world->options.partitions};
    own->mirror = mirror_open(&named);
    return &own->brain.brain;
}

static const struct hy_brain *open_notification(struct world *world, struct world_instance *instance) {
    struct own *own = open_own(world, instance);
    own->sender = sender_open(sim_of(world));
    own->brain.notification.send = sender_take;
    own->brain.notification.sender = own->sender;
    return &own->brain.brain;
}

static bool step_mirror(struct world *world, struct world_instance *instance, int64_t now_ms) {
    (void)world;
    mirror_step(((struct own *)instance->own)->mirror, now_ms);
    return false; // it looks at Redis once a second for ever: that is no work
}

static bool step_sender(struct world *world, struct world_instance *instance, int64_t now_ms) {
    (void)world;
    return sender_step(((struct own *)instance->own)->sender, now_ms);
}

static void close_own(struct world *world, struct world_instance *instance) {
    struct own *own = instance->own;
    (void)world;
    if (own->mirror != NULL) mirror_close(own->mirror);
    if (own->sender != NULL) sender_close(own->sender);
    sim_brain_close(&own->brain, (enum sim_service)instance->service);
    hy_free(own);
}

const struct world_service sim_services[SIM_SERVICES] = {
    [SIM_MEMBER] = {"member", open_member, step_mirror, close_own},
    [SIM_ACCRUAL] = {"accrual", open_pure, NULL, close_own},
    [SIM_TIER] = {"tier", open_pure, NULL, close_own},
    [SIM_CAMPAIGN] = {"campaign", open_pure, NULL, close_own},
    [SIM_NOTIFICATION] = {"notification", open_notification, step_sender, close_own},
};
