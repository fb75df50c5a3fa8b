// Blocks on their way into the log: holes, repeats, failures.
#include "tests/unit/stage/given.h"

static int64_t sum_after(struct world *world) {
    world_settle(world);
    cr_assert(world_at_rest(world), "%s", world_fault(world));
    return world_sum(world, "anna");
}

Test(commit, a_hole_with_stale_blocks_only_is_skipped_and_the_block_counts) {
    struct world *world = given_world(1);
    uint32_t zombie = world_start_owner(world);
    world_put(world, "anna p1 1000 1");
    world_settle(world);
    world_next_append(world, "points", HY_MEM_LATE); // under way when its owner dies
    world_put(world, "anna p2 1000 10");
    world_turns(world, zombie, 10);
    world_crash(world, zombie, 0);
    uint32_t owner = world_start_owner(world);
    world_turns(world, owner, 4);
    then_right(world);
    cr_assert_eq(toys(world)->judge.logs[0].claims, 2);
    hy_mem_broker_release(world->broker, 1);
    cr_assert_eq(sum_after(world), 11);
    cr_assert_eq(toys(world)->judge.logs[0].dropped, 1);
    cr_assert_eq(world_metric(world, owner, "huiyuan_holes_total"), 1);
    cr_assert_eq(world_metric(world, owner, "huiyuan_claims_total"), 1);
    world_free(world);
}

Test(commit, its_own_repeat_is_skipped) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_put(world, "anna p1 1000 1");
    cr_assert_eq(sum_after(world), 1);
    world_next_append(world, "points", HY_MEM_REPEATED);
    world_put(world, "anna p2 1000 10");
    cr_assert_eq(sum_after(world), 11);
    world_put(world, "anna p3 1000 100");
    cr_assert_eq(sum_after(world), 111);
    cr_assert_eq(toys(world)->judge.logs[0].dropped, 1);
    cr_assert_eq(world_metric(world, owner, "huiyuan_claims_total"), 1);
    world_free(world);
}

Test(commit, a_failed_report_of_a_written_block_leads_to_a_new_claim_and_nothing_is_doubled) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    world_next_append(world, "points", HY_MEM_FAILED_KEPT);
    world_put(world, "anna p1 1000 5 @gateway");
    cr_assert_eq(sum_after(world), 5);
    cr_assert_eq(world_metric(world, owner, "huiyuan_claims_total"), 2);
    cr_assert_eq(toys(world)->answer_count, 1);
    world_free(world);
}

Test(commit, a_failed_report_of_a_block_that_was_not_written_loses_nothing) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    world_next_append(world, "points", HY_MEM_FAILED_LOST);
    world_put(world, "anna p1 1000 5 @gateway");
    cr_assert_eq(sum_after(world), 5);
    cr_assert_eq(world_metric(world, owner, "huiyuan_claims_total"), 2);
    cr_assert_eq(toys(world)->answer_count, 1);
    world_free(world);
}

Test(commit, a_claim_that_failed_is_made_again) {
    struct world *world = given_world(1);
    world_next_append(world, "points", HY_MEM_FAILED_KEPT);
    world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    cr_assert_eq(sum_after(world), 5);
    cr_assert_eq(toys(world)->judge.logs[0].claims, 2);
    world_free(world);
}

Test(commit, nothing_is_answered_or_projected_before_the_report) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    world_next_append(world, "points", HY_MEM_LATE);
    world_put(world, "anna p1 1000 5 m1 @gateway");
    world_turns(world, owner, 3000);
    cr_assert_eq(toys(world)->answer_count, 0);
    cr_assert_eq(world_seq(world, 0), 0);
    cr_assert_eq(hy_mem_broker_end(world->broker, "commands", 0), 0);
    hy_mem_broker_release(world->broker, 1);
    cr_assert_eq(sum_after(world), 5);
    cr_assert_eq(toys(world)->answer_count, 1);
    world_free(world);
}

Test(commit, while_one_partition_waits_for_its_report_the_others_work) {
    struct world *world = given_world(2);
    uint32_t owner = world_start_owner(world);
    const char *slow = world_member(world, 0, 0);
    const char *quick = world_member(world, 1, 0);
    world_settle(world);
    world_put(world, "%s p1 1000 5", slow);
    world_next_append(world, "points", HY_MEM_LATE_REPORT);
    world_turns(world, owner, 5);
    world_put(world, "%s p2 1000 6", quick);
    world_turns(world, owner, 50);
    cr_assert_eq(world_sum(world, quick), 6);
    cr_assert_eq(world_sum(world, slow), 0);
    hy_mem_broker_release(world->broker, 1);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, slow), 5);
    world_free(world);
}

Test(commit, a_full_queue_of_the_bus_only_delays) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    hy_bus_mem_refuse(world->instances[owner].bus, true);
    world_put(world, "anna p1 1000 5 m1");
    world_turns(world, owner, 50);
    cr_assert_eq(hy_mem_broker_end(world->broker, "points", 0), 0);
    hy_bus_mem_refuse(world->instances[owner].bus, false);
    world_turns(world, owner, 10);
    hy_bus_mem_refuse(world->instances[owner].bus, true);
    world_put(world, "anna p2 1000 6");
    world_turns(world, owner, 50);
    hy_bus_mem_refuse(world->instances[owner].bus, false);
    cr_assert_eq(sum_after(world), 11);
    world_free(world);
}

Test(commit, a_block_closes_at_its_bound_and_a_batch_makes_as_many_as_it_needs) {
    struct world *world = given_world(1);
    world->options.block_bytes = 200;
    world_start_owner(world);
    for (int i = 0; i < 100; i++)
        world_put(world, "anna p%d 1000 1", i);
    cr_assert_eq(sum_after(world), 100);
    cr_assert_gt(toys(world)->judge.logs[0].seq, 10);
    world_free(world);
}

Test(commit, batches_grow_under_load) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_settle(world);
    for (int i = 0; i < 1000; i++)
        world_put(world, "anna p%d 1000 1", i);
    cr_assert_eq(sum_after(world), 1000);
    cr_assert_leq(toys(world)->judge.logs[0].seq, 3);
    world_free(world);
}

// The hole can only be read when the bus may deliver; what waits in the inbox waits for the hole.
Test(commit, a_hole_is_read_even_when_the_backlog_is_full) {
    struct world *world = given_world(1);
    world->options.batch_inputs = 1;
    world->options.backlog_inputs = 5;
    world_start_owner(world);
    world_settle(world);
    for (int i = 0; i < 30; i++)
        world_put(world, "anna p%d 1000 1", i);
    world_next_append(world, "points", HY_MEM_REPEATED);
    cr_assert_eq(sum_after(world), 30);
    world_free(world);
}

Test(commit, the_broker_being_away_only_delays) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    world_put(world, "anna p1 1000 5");
    world_turns(world, owner, 1);
    hy_mem_broker_away(world->broker, true);
    world_turns(world, owner, 100);
    const char *reason;
    cr_assert_not(hy_stage_ready(world->instances[owner].stage, &reason));
    hy_mem_broker_away(world->broker, false);
    hy_mem_broker_release(world->broker, SIZE_MAX);
    cr_assert_eq(sum_after(world), 5);
    cr_assert(hy_stage_ready(world->instances[owner].stage, &reason), "%s", reason);
    world_free(world);
}
