// What the stage's Criterion tests share: a world whose faults fail the test.
#pragma once

#include <criterion/criterion.h>

#include "common/io/log.h"
#include "tests/unit/stage/world.h"

static inline struct world *given_world(uint32_t partitions) {
    hy_log_init("test", "", "error");
    return world_new(partitions);
}

// Inputs pN of amount 1, each in a block of its own.
static inline void given_one_block_each(struct world *world, uint32_t owner, const char *member, int first,
                                        int last) {
    for (int i = first; i <= last; i++) {
        uint64_t seq = toys(world)->judge.logs[0].seq;
        world_put(world, "%s p%d 1000 1", member, i);
        for (int turn = 0; turn < 100 && toys(world)->judge.logs[0].seq == seq; turn++) {
            world_turn(world, owner);
            cr_assert(judge_logs(&toys(world)->judge), "%s", world_fault(world));
        }
    }
}

#define then_right(world) cr_assert(world_check(world), "%s", world_fault(world))
// Everything is done, and all of it is right.
#define then_at_rest(world) cr_assert(world_at_rest(world), "%s", world_fault(world))
