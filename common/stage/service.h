// What every stateful service's main is made of: configuration, Kafka, Redis, the stage, health and metrics,
// signals.
#pragma once

#include "common/io/config.h"
#include "common/stage/brain.h"

// For what stands beside the stage in the same process.
struct hy_service_world {
    const char *brokers, *topic_prefix, *redis_url, *redis_prefix, *instance;
    uint32_t partitions;
};

struct hy_service {
    const char *name;                      // "accrual"
    const char *help;                      // one line for --help
    const struct hy_config_item *settings; // the service's own, beside those that all have
    size_t setting_count;
    // Makes the brain when the settings are read. It must live on.
    const struct hy_brain *(*brain)(void);
    // Beside the stage, on the same thread: what does the brain's effects, what mirrors keys. NULL: nothing.
    bool (*start)(const struct hy_service_world *world); // before the first input; false: cannot run
    bool (*step)(int64_t now_ms);                        // without waiting; true when something was done
    void (*stop)(void); // after the last input: finishes what is under way, in a few seconds
};

// Runs until SIGTERM or SIGINT, drains, and returns the exit status of the process.
int hy_service_run(const struct hy_service *service, int argc, char **argv);
