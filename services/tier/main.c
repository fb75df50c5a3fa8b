#include "common/io/zone.h"
#include "common/stage/service.h"
#include "services/tier/tier.h"

static const struct hy_brain *make_brain(void) {
    static struct tier tier;
    static struct hy_brain brain;
    tier_init(&tier, hy_zone_load);
    brain = tier_brain(&tier);
    return &brain;
}

int main(int argc, char **argv) {
    static const struct hy_service service = {
        .name = "tier",
        .help = "tiers: growth, spend of the rolling year, rises and falls, the tiers log",
        .brain = make_brain,
    };
    return hy_service_run(&service, argc, argv);
}
