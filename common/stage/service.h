// What every stateful service's main is made of: configuration, Kafka, Redis, the stage, health and metrics,
// signals.
#pragma once

#include "common/io/config.h"
#include "common/stage/brain.h"

struct hy_service {
    const char *name;                      // "accrual"
    const char *help;                      // one line for --help
    const struct hy_config_item *settings; // the service's own, beside those that all have
    size_t setting_count;
    // Makes the brain when the settings are read. It must live on.
    const struct hy_brain *(*brain)(void);
};

// Runs until SIGTERM or SIGINT, drains, and returns the exit status of the process.
int hy_service_run(const struct hy_service *service, int argc, char **argv);
