#include "common/stage/service.h"
#include "services/member/member.h"
#include "services/member/mirror.h"

static int64_t window_days;
static struct mirror *mirror;

static const struct hy_config_item settings[] = {
    {"HY_COMMAND_WINDOW_DAYS", HY_CONFIG_NUMBER, "7", 1, 365, "days",
     "how long a command is recognised again, in event time; older ones are refused", false, &window_days},
};

static const struct hy_brain *make_brain(void) {
    static struct hy_brain brain;
    brain = member_brain(window_days * 24 * 3600 * 1000);
    return &brain;
}

static bool start(const struct hy_service_world *world) {
    mirror = mirror_open(world);
    return mirror != NULL;
}

static bool step(int64_t now_ms) {
    return mirror_step(mirror, now_ms);
}

static void stop(void) {
    mirror_close(mirror);
}

int main(int argc, char **argv) {
    static const struct hy_service service = {
        .name = "member",
        .help = "members: who they are, what leads to them, erasure; copies their keys to Redis",
        .settings = settings,
        .setting_count = sizeof settings / sizeof settings[0],
        .brain = make_brain,
        .start = start,
        .step = step,
        .stop = stop,
    };
    return hy_service_run(&service, argc, argv);
}
