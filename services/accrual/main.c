#include "common/io/zone.h"
#include "common/stage/service.h"
#include "services/accrual/accrual.h"

static int64_t window_days;

static const struct hy_config_item settings[] = {
    {"HY_PURCHASE_WINDOW_DAYS", HY_CONFIG_NUMBER, "90", 1, 3650, "days",
     "how long a purchase is recognised again, in event time; older ones are refused", false, &window_days},
};

static const struct hy_brain *make_brain(void) {
    static struct accrual accrual;
    static struct hy_brain brain;
    accrual_init(&accrual, hy_zone_load);
    brain = accrual_brain(&accrual, window_days * 24 * 3600 * 1000);
    return &brain;
}

int main(int argc, char **argv) {
    static const struct hy_service service = {
        .name = "accrual",
        .help = "points: what purchases earn, balances, the points log",
        .settings = settings,
        .setting_count = sizeof settings / sizeof settings[0],
        .brain = make_brain,
    };
    return hy_service_run(&service, argc, argv);
}
