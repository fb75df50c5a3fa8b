// Several instances of the real stage with the toy brain (tests/sim/world.h), and the judge that looks on.
//
// An input is "MEMBER ID TIME_MS AMOUNT [TO] [@CALLER]" (toy.h); with a caller, the stage has to answer.
#pragma once

#include "tests/sim/world.h"
#include "tests/unit/stage/judge.h"

enum { WORLD_ANSWERS = 64 };

struct toy_world {
    struct world world; // first
    struct judge judge;
    struct hy_brain brain, follower;
    size_t effects;       // done for the follower
    int64_t due_later_ms; // what the follower adds to every due time: the world may change its mind
    uint64_t due_version;
    size_t answer_count;
    struct hy_bytes answers[WORLD_ANSWERS]; // the last ones heard, by count % WORLD_ANSWERS
};

static inline struct toy_world *toys(const struct world *world) {
    return (struct toy_world *)(uintptr_t)world;
}

// Small bounds, short pauses.
struct world *world_new(uint32_t partitions);
void world_free(struct world *world);

uint32_t world_start(struct world *world);       // a new instance; owns nothing
uint32_t world_start_owner(struct world *world); // … or every partition
uint32_t world_start_follower(struct world *world);
bool world_follows(const struct world_instance *instance); // its brain reads the log of the others
void world_one_owner(struct world *world, bool follower);  // of each partition

// What came to pass is right; otherwise judge.fault says what is not.
bool world_check(struct world *world);
bool world_at_rest(struct world *world); // nothing left to do, and all of it right
const char *world_fault(const struct world *world);

void world_put(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3))); // where it belongs
// A command that brings `text` as an emission of that log; number 0: without an origin.
void world_put_command(struct world *world, const char *to, uint32_t partition, const char *log,
                       uint32_t log_partition, uint64_t number, const char *text);

// As the gateway reads them; 0 when Redis does not know the member.
int64_t world_sum(struct world *world, const char *member);
int64_t world_due_in(struct world *world, const char *log,
                     const char *member); // by the timers in Redis; 0: none
int64_t world_sum_in(struct world *world, const char *log, const char *member);
uint64_t world_seq(struct world *world, uint32_t partition); // of the watermark; 0: none
// The n-th name of which that partition is the home.
const char *world_member(const struct world *world, uint32_t partition, unsigned n);
