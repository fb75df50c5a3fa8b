// Several instances of the real stage with the toy brain, on one broker and one Redis in memory, in virtual
// time. The test says whose turn it is and what goes wrong; the judge looks on.
//
// An input is "MEMBER ID TIME_MS AMOUNT [TO] [@CALLER]" (toy.h); with a caller, the stage has to answer.
#pragma once

#include "common/stage/stage.h"
#include "tests/unit/stage/judge.h"

enum { WORLD_INSTANCES = 8, WORLD_ANSWERS = 64, WORLD_TRACE = 48, WORLD_TRACE_BYTES = 120 };

struct world_instance {
    bool alive;
    bool follows; // its brain is the follower: it reads the log of the others
    struct hy_bus *bus;
    struct hy_store *store;
    struct hy_stage *stage;
    struct hy_metrics *metrics;
    int64_t skew_ms; // of its clock
    bool owns[JUDGE_PARTITIONS];
    size_t cut_answered, cut_done, cut_lost; // what becomes of its next requests to Redis, in this order
};

// In per cent, of appends and of requests; all 0: nothing goes wrong.
struct world_faults {
    unsigned late, late_report, repeated, failed_kept, failed_lost;
    unsigned held;    // requests to Redis that wait for another poll
    unsigned refused; // requests to Redis that fail alone: those behind them are carried out
};

struct world {
    struct hy_stage_options options; // of instances started from here on
    struct hy_brain brain, follower;
    size_t effects;       // done for the follower
    int64_t due_later_ms; // what the follower adds to every due time: the world may change its mind
    uint64_t due_version;
    struct hy_mem_broker *broker;
    struct hy_mem_table *table;
    struct judge judge;
    struct world_instance instances[WORLD_INSTANCES];
    uint32_t instance_count;
    int64_t now_ms;
    int64_t passed_ms, seen_ms; // as the stage is told: now_ms may run backwards
    uint64_t random;
    struct world_faults faults;
    // The next append to this topic (NULL: none) of this fate; then none again.
    const char *fate_topic;
    enum hy_mem_fate fate;
    struct hy_store *gateway; // listens to "@gateway"
    size_t answer_count;
    struct hy_bytes answers[WORLD_ANSWERS]; // the last ones heard, by count % WORLD_ANSWERS
    char trace[WORLD_TRACE][WORLD_TRACE_BYTES];
    size_t trace_count;
    bool loud; // trace to stderr as it happens
};

// Options for tests: small bounds, short pauses.
struct world *world_new(uint32_t partitions);
void world_free(struct world *world);

uint32_t world_start(struct world *world);       // a new instance; owns nothing
uint32_t world_start_owner(struct world *world); // … or every partition
uint32_t world_start_follower(struct world *world);
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

// One step of the stage; true when something happened.
bool world_step(struct world *world, uint32_t instance);
// One turn of the service's loop; true when something happened.
bool world_turn(struct world *world, uint32_t instance);
void world_turns(struct world *world, uint32_t instance, int count);
// Turns of all until nothing happens for three seconds; with time going on.
void world_settle(struct world *world);
void world_settle_one(struct world *world, uint32_t instance); // the others sleep

// What came to pass is right; otherwise judge.fault says what is not.
bool world_check(struct world *world);
bool world_at_rest(struct world *world); // nothing left to do, and all of it right
const char *world_fault(const struct world *world);

void world_put(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3))); // where it belongs
void world_put_at(struct world *world, const char *topic, uint32_t partition, struct hy_bytes bytes);
// A command that brings `text` as an emission of that log; number 0: without an origin.
void world_put_command(struct world *world, const char *to, uint32_t partition, const char *log,
                       uint32_t log_partition, uint64_t number, const char *text);
void world_next_append(struct world *world, const char *topic, enum hy_mem_fate fate);

// As the gateway reads them; 0 when Redis does not know the member.
int64_t world_sum(struct world *world, const char *member);
int64_t world_due_in(struct world *world, const char *log,
                     const char *member); // by the timers in Redis; 0: none
int64_t world_sum_in(struct world *world, const char *log, const char *member);
uint64_t world_seq(struct world *world, uint32_t partition); // of the watermark; 0: none
int64_t world_metric(const struct world *world, uint32_t instance, const char *name);
// The n-th name of which that partition is the home.
const char *world_member(const struct world *world, uint32_t partition, unsigned n);

uint64_t world_draw(struct world *world, uint64_t bound); // 0 … bound - 1
void world_note(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_print_trace(const struct world *world);
