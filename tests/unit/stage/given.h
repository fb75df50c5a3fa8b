// What the stage's Criterion tests share: a world whose faults fail the test.
#pragma once

#include <criterion/criterion.h>

#include "common/io/log.h"
#include "tests/unit/stage/world.h"

static inline struct world *given_world(uint32_t partitions) {
    hy_log_init("test", "", "error");
    return world_new(partitions);
}

#define then_right(world) cr_assert(world_check(world), "%s", world_fault(world))
// Everything is done, and all of it is right.
#define then_at_rest(world) cr_assert(world_at_rest(world), "%s", world_fault(world))
