#include <criterion/criterion.h>

#include "tests/unit/stage/given.h"

Test(takeover, what_is_published_is_in_the_log_and_in_redis) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_put(world, "anna p2 1001 6");
    world_put(world, "bo p3 1002 70");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 11);
    cr_assert_eq(world_sum(world, "bo"), 70);
    world_free(world);
}
