// A log that is made of another log: each of its records once, however blocks are cut and whoever crashes.
#include "tests/unit/stage/given.h"

static uint32_t start_followers(struct world *world) {
    toys(world)->judge.followed = true;
    uint32_t follower = world_start_follower(world);
    for (uint32_t p = 0; p < world->options.partitions; p++)
        world_own(world, follower, p);
    return follower;
}

static void put_many(struct world *world, int first, int last) {
    for (int i = first; i <= last; i++)
        world_put(world, "m%d p%d %lld %d", i % 5, i, (long long)world->now_ms, i + 10);
}

Test(follow, each_accepted_record_is_taken_once_and_in_order) {
    struct world *world = given_world(2);
    world_start_owner(world);
    start_followers(world);
    put_many(world, 1, 40);
    world_put(world, "m1 bad 1000 -1");
    put_many(world, 1, 10); // again
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->judge.follower_count, 36); // without 13, 23, 33, 43
    cr_assert_eq(toys(world)->effects, 36);
    world_free(world);
}

Test(follow, a_block_is_taken_in_parts_and_resumed_in_its_middle) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    put_many(world, 1, 30); // one block
    world_settle(world);
    world_stop(world, owner);
    world->options.block_bytes = 150; // of the follower: a few records a block
    for (int crash = 0; crash < 12; crash++) {
        uint32_t follower = start_followers(world);
        world_turns(world, follower, 15 + 2 * crash);
        world_crash(world, follower, (size_t)crash % 3);
        cr_assert(judge_logs(&toys(world)->judge), "%s", world_fault(world));
    }
    cr_assert_gt(toys(world)->judge.logs[0].follower.seq, 1);
    start_followers(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->judge.follower_count, 27);
    world_free(world);
}

Test(follow, an_effect_is_done_only_when_its_record_is_durable) {
    struct world *world = given_world(1);
    world_start_owner(world);
    put_many(world, 1, 1);
    world_settle(world);
    uint32_t follower = start_followers(world);
    world_settle(world);
    cr_assert_eq(toys(world)->effects, 1);
    put_many(world, 2, 2);
    world_next_append(world, "tiers", HY_MEM_FAILED_LOST);
    for (int i = 0; i < 200 && world->fate_topic != NULL; i++) {
        world_turns(world, 0, 1);
        world_turns(world, follower, 1);
    }
    cr_assert_null(world->fate_topic);
    cr_assert_eq(toys(world)->effects, 1, "its block was lost");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->effects, 2, "decided again, and done once");
    world_free(world);
}

Test(follow, a_corrupt_log_stops_its_follower_and_nobody_else) {
    struct world *world = given_world(2);
    world_start_owner(world);
    uint32_t follower = start_followers(world);
    put_many(world, 1, 20);
    world_settle(world);
    world_put_at(world, "points", 0, hy_bytes_of("not a message of a log"));
    for (int i = 0; i < 50; i++)
        world_turns(world, follower, 1);
    cr_assert_eq(hy_stage_stopped(world->instances[follower].stage), 1);
    world_free(world);
}

Test(follow, when_what_is_due_changes_everybody_is_asked_again) {
    struct world *world = given_world(2);
    world_start_owner(world);
    start_followers(world);
    int64_t event_ms = world->now_ms + 50000;
    for (int i = 0; i < 20; i++)
        world_put(world, "m%d p%d %lld 7", i, i, (long long)event_ms);
    world_settle(world);
    cr_assert_eq(world_due_in(world, "tiers", "m3"), event_ms + 1000);
    toys(world)->due_later_ms = 5000;
    toys(world)->due_version++;
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_due_in(world, "tiers", "m3"), event_ms + 6000, "in Redis, without a record");
    cr_assert_eq(world_sum_in(world, "tiers", "m3"), 7);
    toys(world)->due_later_ms = -100000;
    toys(world)->due_version++;
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum_in(world, "tiers", "m3"), 1007);
    cr_assert_eq(world_sum_in(world, "tiers", "m19"), 1007);
    world_free(world);
}
