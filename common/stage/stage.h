// The machine under every stateful service: owns partitions, takes inputs, writes its log, projects it to
// Redis.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/bus.h"
#include "common/io/metrics.h"
#include "common/io/store.h"
#include "common/stage/brain.h"

struct hy_stage;

struct hy_stage_options {
    const char *redis_prefix;
    const char *instance;
    uint32_t partitions;
    uint64_t claim_seed;     // randomness for claims; 0: from the system
    size_t cache_members;    // bound of members in memory, over all partitions
    size_t batch_inputs;     // bound of inputs of one block
    size_t block_bytes;      // a block closes when its records reach this
    size_t call_members;     // bound of members written by one call to Redis
    size_t backlog_inputs;   // bound of fetched inputs that wait, over all partitions
    int64_t fenced_pause_ms; // how long a fenced partition rests before it is claimed again while the group
                             // says it is ours
};

struct hy_stage_options hy_stage_defaults(void);

// The metrics of the stage, first in every service's table.
extern const struct hy_metric_spec hy_stage_metrics[];
extern const size_t hy_stage_metric_count;

// Bus, store and brain outlive the stage. Register the stage's events with the bus through hy_stage_events
// before opening it, then attach.
struct hy_stage *hy_stage_new(const struct hy_stage_options *options, const struct hy_brain *brain,
                              struct hy_metrics *metrics);
struct hy_bus_events hy_stage_events(struct hy_stage *stage);
void hy_stage_attach(struct hy_stage *stage, struct hy_bus *bus,
                     struct hy_store *store); // registers topics, joins
// Gives up every partition, while bus and store are still there; their last call-backs (hy_bus_close,
// hy_store_close) may still come: free the stage after them. hy_stage_free alone does both at once, for when
// the bus is to say nothing more.
void hy_stage_end(struct hy_stage *stage);
void hy_stage_free(struct hy_stage *stage);

// Everything that can be done now without waiting. Returns true when something was done. Time is given, never
// read: `now_ms` is what records say (Unix time; it may be set back and forth), `passed_ms` is for pauses and
// durations and never runs backwards (any beginning above 0).
bool hy_stage_step(struct hy_stage *stage, int64_t now_ms, int64_t passed_ms);

// How many more messages the stage wants from the bus now: the limit for hy_bus_poll.
size_t hy_stage_room(const struct hy_stage *stage);

// Drain: takes no more inputs, finishes what is in flight; done when hy_stage_idle. Then the bus may leave
// the group.
void hy_stage_drain(struct hy_stage *stage);
bool hy_stage_idle(const struct hy_stage *stage);
// Partitions that stopped because a log or a state is corrupt.
uint32_t hy_stage_stopped(const struct hy_stage *stage);
// True while all that is needed is there: for /readyz. *ret_reason says what is missing.
bool hy_stage_ready(const struct hy_stage *stage, const char **ret_reason);
