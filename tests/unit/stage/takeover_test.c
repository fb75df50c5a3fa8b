// How a partition changes hands.
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

Test(takeover, a_new_owner_goes_on_where_a_crashed_one_was) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    world_crash(world, first, 0);
    world_put(world, "anna p2 1001 6");
    world_start_owner(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 11);
    cr_assert_eq(toys(world)->judge.logs[0].claims, 2);
    world_free(world);
}

Test(takeover, it_folds_what_redis_does_not_have_up_to_its_own_claim) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    world_put(world, "anna p1 1000 1");
    world_settle(world);
    world->faults.held = 100; // nothing reaches Redis any more, but the members are in memory
    given_one_block_each(world, first, "anna", 2, 20);
    world_crash(world, first, 0);
    cr_assert_eq(world_seq(world, 0), 1);
    cr_assert_eq(toys(world)->judge.logs[0].seq, 20);
    world->faults.held = 0;
    uint32_t second = world_start_owner(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_metric(world, second, "huiyuan_records_folded_total"), 19);
    cr_assert_eq(world_sum(world, "anna"), 20);
    world_free(world);
}

Test(takeover, it_folds_from_the_watermark_and_not_from_the_beginning) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    for (int i = 0; i < 10; i++) {
        world_put(world, "anna p%d 1000 1", i);
        world_settle(world);
    }
    world_crash(world, first, 0);
    uint32_t second = world_start_owner(world);
    world_settle(world);
    cr_assert_eq(world_metric(world, second, "huiyuan_records_folded_total"), 0);
    then_at_rest(world);
    world_free(world);
}

Test(takeover, a_later_claim_fences_the_former_owner_and_it_answers_nobody) {
    struct world *world = given_world(1);
    world->options.fenced_pause_ms = 1000000;
    uint32_t zombie = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    uint32_t owner = world_start_owner(world);
    world_settle_one(world, owner);
    world_put(world, "anna p2 1001 6 @gateway");
    world_turns(world, zombie, 20);
    then_right(world);
    cr_assert_eq(toys(world)->answer_count, 0);
    cr_assert_eq(world_sum(world, "anna"), 5);
    cr_assert_eq(world_metric(world, zombie, "huiyuan_fenced_total"), 1);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->answer_count, 1);
    cr_assert_eq(world_sum(world, "anna"), 11);
    world_free(world);
}

Test(takeover, an_idle_former_owner_notices_within_a_second) {
    struct world *world = given_world(1);
    world->options.fenced_pause_ms = 1000000;
    uint32_t zombie = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    uint32_t owner = world_start_owner(world);
    world_put(world, "anna p2 1001 6");
    world_settle_one(world, owner);
    world->now_ms += 1000;
    world_turns(world, zombie, 3);
    cr_assert_eq(world_metric(world, zombie, "huiyuan_fenced_total"), 1);
    then_right(world);
    world_free(world);
}

Test(takeover, two_claims_at_once_leave_one_owner) {
    struct world *world = given_world(1);
    world->options.fenced_pause_ms = 1000000;
    uint32_t a = world_start_owner(world);
    uint32_t b = world_start_owner(world);
    for (int i = 0; i < 50; i++)
        world_put(world, "anna p%d 1000 1", i);
    for (int i = 0; i < 60; i++) {
        world_turn(world, a);
        world_turn(world, b);
    }
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 50);
    cr_assert_eq(
        world_metric(world, a, "huiyuan_fenced_total") + world_metric(world, b, "huiyuan_fenced_total"), 1);
    world_free(world);
}

Test(takeover, a_fenced_partition_is_claimed_again_when_the_group_still_says_so) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    uint32_t second = world_start_owner(world);
    world_settle_one(world, second);
    world_crash(world, second, 0);
    world_put(world, "anna p2 1000 6");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 11);
    cr_assert_eq(world_metric(world, first, "huiyuan_fenced_total"), 1);
    world_free(world);
}

Test(takeover, a_rebalance_in_the_middle_of_a_batch_loses_nothing) {
    for (int turns = 0; turns < 12; turns++) {
        struct world *world = given_world(1);
        world->options.block_bytes = 100;
        uint32_t a = world_start_owner(world);
        uint32_t b = world_start(world);
        world_turns(world, a, 10);
        for (int i = 0; i < 12; i++)
            world_put(world, "m%d p%d 1000 1", i % 3, i);
        world_turns(world, a, turns);
        world_disown(world, a, 0, turns % 2 == 0);
        world_own(world, b, 0);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(world_sum(world, "m0") + world_sum(world, "m1") + world_sum(world, "m2"), 12);
        world_free(world);
    }
}

Test(takeover, recorded_time_never_runs_backwards_when_the_clock_does) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    int64_t recorded_at_ms = toys(world)->judge.logs[0].recorded_at_ms;
    world->now_ms -= 3600000;
    world_put(world, "anna p2 1000 6");
    world_settle(world);
    cr_assert_eq(toys(world)->judge.logs[0].recorded_at_ms, recorded_at_ms);
    world_crash(world, first, 0);
    world_put(world, "anna p3 1000 7");
    world_start_owner(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->judge.logs[0].recorded_at_ms, recorded_at_ms);
    world_free(world);
}

Test(takeover, a_clock_that_is_set_back_does_not_keep_a_partition_resting) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    world_next_append(world, "points", HY_MEM_FAILED_LOST);
    world_put(world, "anna p1 1000 5");
    while (world_metric(world, owner, "huiyuan_owned_partitions") == 1)
        world_turn(world, owner);
    world->now_ms -= 3600000;
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 5);
    world_free(world);
}

static void put_block(struct world *world, uint64_t claim, uint64_t seq) {
    Huiyuan__V1__Block block = HUIYUAN__V1__BLOCK__INIT;
    block.claim = claim;
    block.seq = seq;
    Huiyuan__V1__LogMessage message = HUIYUAN__V1__LOG_MESSAGE__INIT;
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK;
    message.block = &block;
    uint8_t bytes[128];
    world_put_at(world, "points", 0, hy_bytes(bytes, huiyuan__v1__log_message__pack(&message, bytes)));
}

Test(takeover, a_partition_with_a_corrupt_log_stops_loudly_and_the_others_go_on) {
    struct world *world = given_world(2);
    uint32_t first = world_start_owner(world);
    const char *sick = world_member(world, 0, 0);
    const char *sound = world_member(world, 1, 0);
    world_put(world, "%s p1 1000 5", sick);
    world_settle(world);
    put_block(world, toys(world)->judge.logs[0].claim, 17);
    world_crash(world, first, 0);
    uint32_t second = world_start_owner(world);
    world_put(world, "%s p2 1000 5", sick);
    world_put(world, "%s p3 1000 5", sound);
    for (int i = 0; i < 200; i++)
        world_turns(world, second, 1);
    const char *reason;
    cr_assert_eq(hy_stage_stopped(world->instances[second].stage), 1);
    cr_assert_not(hy_stage_ready(world->instances[second].stage, &reason));
    cr_assert_eq(world_metric(world, second, "huiyuan_stopped_partitions"), 1);
    cr_assert_eq(world_sum(world, sound), 5);
    cr_assert_eq(world_sum(world, sick), 5);
    cr_assert_eq(world_seq(world, 0), 1);
    world_free(world);
}

// A damaged log may name anything: what it names is looked at before it is used.
static int stopped_by_emission(const char *to, const char *key, uint32_t partition) {
    struct world *world = given_world(1);
    Huiyuan__V1__Emission emission = HUIYUAN__V1__EMISSION__INIT;
    emission.to = (char *)(uintptr_t)to;
    emission.key = (char *)(uintptr_t)key;
    emission.partition = partition;
    emission.number = 1;
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.n_emissions = 1;
    record.emissions = &(Huiyuan__V1__Emission *){&emission};
    Huiyuan__V1__Claim claim = HUIYUAN__V1__CLAIM__INIT;
    claim.claim = 1;
    Huiyuan__V1__Block block = HUIYUAN__V1__BLOCK__INIT;
    block.claim = block.seq = 1;
    block.n_records = 1;
    block.records = &(Huiyuan__V1__Record *){&record};
    Huiyuan__V1__LogMessage message = HUIYUAN__V1__LOG_MESSAGE__INIT;
    uint8_t bytes[256];
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
    message.claim = &claim;
    world_put_at(world, "points", 0, hy_bytes(bytes, huiyuan__v1__log_message__pack(&message, bytes)));
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK;
    message.block = &block;
    world_put_at(world, "points", 0, hy_bytes(bytes, huiyuan__v1__log_message__pack(&message, bytes)));
    uint32_t owner = world_start_owner(world);
    for (int i = 0; i < 50; i++)
        world_turns(world, owner, 1);
    int stopped = (int)hy_stage_stopped(world->instances[owner].stage);
    world_free(world);
    return stopped;
}

Test(takeover, a_log_that_names_a_topic_or_partition_that_does_not_exist_stops_the_partition) {
    cr_assert_eq(stopped_by_emission("no-topic", "key", 0), 1);
    cr_assert_eq(stopped_by_emission("points", "", 1), 1);
    cr_assert_eq(stopped_by_emission("dead-letters", "", UINT32_MAX), 1);
    cr_assert_eq(stopped_by_emission("member-keys", "key", 0), 0);
}

Test(takeover, a_log_that_lost_its_end_stops_the_partition) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    given_one_block_each(world, first, "anna", 1, 3);
    world_settle(world);
    struct hy_mem_snapshot *redis = hy_mem_table_snapshot(world->table);
    world_crash(world, first, 0);
    // Another system with an empty log, but this Redis.
    struct world *other = given_world(1);
    hy_mem_table_restore(other->table, redis);
    hy_mem_snapshot_free(redis);
    uint32_t owner = world_start_owner(other);
    world_put(other, "anna p9 1000 1");
    world_turns(other, owner, 50);
    cr_assert_eq(hy_stage_stopped(other->instances[owner].stage), 1);
    cr_assert_eq(hy_mem_broker_end(other->broker, "points", 0), 1, "more than the claim was written");
    world_free(other);
    world_free(world);
}

Test(takeover, inputs_that_kafka_no_longer_has_stop_the_partition) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    world_put(world, "anna p1 1000 1");
    world_settle(world);
    world_crash(world, first, 0);
    world_put(world, "anna p2 1000 1");
    world_put(world, "anna p3 1000 1");
    hy_mem_broker_trim(world->broker, "purchases", 0, 2);
    uint32_t second = world_start_owner(world);
    world_turns(world, second, 50);
    cr_assert_eq(hy_stage_stopped(world->instances[second].stage), 1);
    cr_assert_eq(world_sum(world, "anna"), 1);
    then_right(world);
    world_free(world);
}

Test(takeover, a_long_log_is_folded_with_bounded_memory) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    given_one_block_each(world, first, "anna", 1, 1000);
    world_crash(world, first, 0);
    hy_mem_table_flush(world->table);
    uint32_t second = world_start_owner(world);
    size_t most = 0;
    for (int i = 0; i < 2000; i++) {
        world_turn(world, second);
        size_t lent = hy_bus_mem_lent(world->instances[second].bus);
        most = lent > most ? lent : most;
    }
    cr_assert_leq(most, 400, "%zu messages of the log were held at once", most);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 1000);
    world_free(world);
}
