// Instances of the real stage on one broker and one Redis in memory, in virtual time. The program says whose
// turn it is and what goes wrong, and what is looked at (world_watch); which services there are it says too.
#pragma once

#include "common/base/arena.h"
#include "common/io/bus_mem.h"
#include "common/io/store_mem.h"
#include "common/stage/stage.h"

enum {
    WORLD_INSTANCES = 16,
    WORLD_PARTITIONS = 8,
    WORLD_TRACE = 100,
    WORLD_TRACE_BYTES = 160,
    WORLD_METRICS = 32
};

struct world;

struct world_instance {
    bool alive;
    size_t service;
    struct hy_bus *bus;
    struct hy_store *store;
    struct hy_stage *stage;
    struct hy_metrics *metrics;
    void *own;       // the service's own: what its brain decides with, what stands beside it
    int64_t skew_ms; // of its clock
    bool owns[WORLD_PARTITIONS];
    size_t cut_answered, cut_done, cut_lost; // what becomes of its next requests to Redis, in this order
};

// What an instance is an instance of.
struct world_service {
    const char *name;
    // The brain of a new instance; sets `own`. Bus and store in memory are in use already.
    const struct hy_brain *(*open)(struct world *world, struct world_instance *instance);
    // Beside the stage, once a turn; true when something was done. NULL: nothing.
    bool (*step)(struct world *world, struct world_instance *instance, int64_t now_ms);
    void (*close)(struct world *world, struct world_instance *instance); // after the stage; NULL: nothing
};

// What the program wants to know. Each may be NULL.
struct world_watch {
    void *context;
    bool (*look)(void *context);                          // while it settles; false: a fault
    void (*answer)(void *context, struct hy_bytes bytes); // heard on "@gateway"
    void (*fault)(void *context, const char *text);       // that the world found itself
};

// In per cent, of appends and of requests; all 0: nothing goes wrong.
struct world_faults {
    unsigned late, late_report, repeated, failed_kept, failed_lost;
    unsigned held;    // requests to Redis that wait for another poll
    unsigned refused; // requests to Redis that fail alone: those behind them are carried out
    unsigned overtaken;
};

struct world {
    struct hy_stage_options options; // of instances started from here on
    const struct world_service *services;
    size_t service_count;
    struct world_watch watch;
    struct hy_mem_broker *broker;
    struct hy_mem_table *table;
    struct world_instance instances[WORLD_INSTANCES];
    uint32_t instance_count;
    int64_t now_ms;
    int64_t passed_ms, seen_ms; // as the stage is told: now_ms may run backwards
    uint64_t random;
    struct world_faults faults;
    const char *faulty_topic;              // the only one whose appends suffer; NULL: all do
    int64_t metrics[WORLD_METRICS];        // of all instances that have ended, by hy_stage_metrics
    size_t fates[HY_MEM_FAILED_LOST + 1];  // of appends, so far
    size_t request_fates[HY_MEM_HELD + 1]; // likewise
    // The next append to this topic (NULL: none) of this fate; then none again.
    const char *fate_topic;
    enum hy_mem_fate fate;
    struct hy_store *gateway; // listens to "@gateway"
    char trace[WORLD_TRACE][WORLD_TRACE_BYTES];
    size_t trace_count;
    bool loud; // trace to stderr as it happens
};

// Options for tests: short pauses.
void world_open(struct world *world, uint32_t partitions, const struct world_service *services, size_t count,
                const struct world_watch *watch);
void world_close(struct world *world);

uint32_t world_start_service(struct world *world, size_t service); // a new instance; owns nothing
void world_own(struct world *world, uint32_t instance, uint32_t partition);
void world_disown(struct world *world, uint32_t instance, uint32_t partition, bool lost);
// As a process that is killed: the first `carried_out` of its requests to Redis still happen.
void world_crash(struct world *world, uint32_t instance, size_t carried_out);
// As a process that is asked to stop: drains, leaves, closes. False: it did not drain.
bool world_stop(struct world *world, uint32_t instance);
// Its connection to Redis breaks: of the requests on their way, so many are answered, so many done without an
// answer.
void world_cut(struct world *world, uint32_t instance, size_t answered, size_t done);
void world_redis_away(struct world *world, bool away);
void world_cut_all(struct world *world); // all connections, nothing done
// One instance of that service for each partition, and no other thinks that it owns it.
void world_one_owner_each(struct world *world, size_t service);

// One step of the stage; true when something happened.
bool world_step(struct world *world, uint32_t instance);
// One turn of the service's loop; true when something happened.
bool world_turn(struct world *world, uint32_t instance);
void world_turns(struct world *world, uint32_t instance, int count);
// Turns of all until nothing happens for three seconds; with time going on.
void world_settle(struct world *world);
void world_settle_one(struct world *world, uint32_t instance); // the others sleep
// Every instance is idle, has no partition stopped, no request open, and gave every message back.
bool world_idle(struct world *world);

void world_put_at(struct world *world, const char *topic, uint32_t partition, struct hy_bytes bytes);
void world_next_append(struct world *world, const char *topic, enum hy_mem_fate fate);
int64_t world_metric(const struct world *world, uint32_t instance, const char *name);

uint64_t world_draw(struct world *world, uint64_t bound); // 0 … bound - 1
void world_note(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_print_trace(const struct world *world);
