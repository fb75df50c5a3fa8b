// Amount 7 sets a timer one second after its event, which adds 1000.
#include <inttypes.h>

#include "tests/unit/stage/given.h"

static void wait_ms(struct world *world, int64_t ms) {
    for (int64_t end = world->now_ms + ms; world->now_ms < end; world->now_ms += 50) {
        for (uint32_t i = 0; i < world->instance_count; i++)
            world_turn(world, i);
        cr_assert(judge_logs(&toys(world)->judge), "%s", world_fault(world));
    }
}

static void put_timer(struct world *world, const char *id, int64_t in_ms) {
    world_put(world, "anna %s %" PRId64 " 7", id, world->now_ms + in_ms - 1000);
}

Test(timers, one_fires_once_and_not_before_it_is_due) {
    struct world *world = given_world(1);
    world_start_owner(world);
    put_timer(world, "p1", 20000);
    wait_ms(world, 19900);
    cr_assert_eq(world_sum(world, "anna"), 7);
    wait_ms(world, 2000);
    cr_assert_eq(world_sum(world, "anna"), 1007);
    wait_ms(world, 60000);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1007);
    world_free(world);
}

Test(timers, a_later_one_takes_the_place_of_an_earlier_one) {
    struct world *world = given_world(1);
    world_start_owner(world);
    put_timer(world, "p1", 20000);
    put_timer(world, "p2", 50000);
    wait_ms(world, 40000);
    cr_assert_eq(world_sum(world, "anna"), 14);
    wait_ms(world, 20000);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1014);
    world_free(world);
}

Test(timers, one_fires_once_across_a_crash_at_any_moment) {
    for (int turns = 0; turns < 14; turns++) {
        for (size_t carried_out = 0; carried_out < 2; carried_out++) {
            struct world *world = given_world(1);
            uint32_t owner = world_start_owner(world);
            put_timer(world, "p1", 20000);
            wait_ms(world, 19000);
            world->now_ms += 2000;
            for (int i = 0; i < turns / 2; i++)
                world_turn(world, owner);
            if (turns % 2 == 1) hy_bus_poll(world->instances[owner].bus, 100, 0);
            world_crash(world, owner, carried_out);
            world_start_owner(world);
            wait_ms(world, 5000);
            then_at_rest(world);
            cr_assert_eq(world_sum(world, "anna"), 1007, "turn %d", turns);
            world_free(world);
        }
    }
}

Test(timers, what_was_due_while_nobody_was_there_fires_afterwards) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    put_timer(world, "p1", 20000);
    wait_ms(world, 1000);
    world_crash(world, owner, 0);
    world->now_ms += 3600000;
    world_start_owner(world);
    wait_ms(world, 3000);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1007);
    world_free(world);
}

Test(timers, a_redis_that_forgot_them_is_told_again) {
    struct world *world = given_world(1);
    world_start_owner(world);
    put_timer(world, "p1", 20000);
    wait_ms(world, 1000);
    hy_mem_table_flush(world->table);
    wait_ms(world, 25000);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1007);
    world_free(world);
}

Test(timers, one_of_a_member_that_is_not_in_memory_fires) {
    struct world *world = given_world(1);
    world->options.cache_members = 1;
    world_start_owner(world);
    put_timer(world, "p1", 20000);
    for (int i = 0; i < 10; i++) {
        wait_ms(world, 100);
        world_put(world, "m%d p1 1000 1", i);
    }
    wait_ms(world, 25000);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1007);
    world_free(world);
}

Test(timers, a_clock_that_is_set_back_does_not_stop_the_looking_for_them) {
    struct world *world = given_world(1);
    world_start_owner(world);
    wait_ms(world, 5000);
    world->now_ms -= 3600000;
    put_timer(world, "p1", 5000);
    wait_ms(world, 8000);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1007);
    world_free(world);
}

Test(timers, they_wait_for_nothing_when_inputs_flow) {
    struct world *world = given_world(1);
    world_start_owner(world);
    put_timer(world, "p1", 3000);
    for (int i = 0; i < 100; i++) {
        world_put(world, "m%d q%d 1000 1", i % 5, i);
        wait_ms(world, 50);
    }
    cr_assert_eq(world_sum(world, "anna"), 1007);
    then_right(world);
    world_free(world);
}
