// Inputs keep flowing, none is skipped or read twice, and what waits is bounded.
#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/stage/given.h"

static void put_bytes(struct world *world, const char *topic, const void *bytes, size_t length) {
    world_put_at(world, topic, 0, hy_bytes(bytes, length));
}

Test(flow, malformed_and_oversized_input_never_stops_it) {
    static const char large[3 * TOY_MESSAGE_LIMIT];
    struct world *world = given_world(1);
    world_start_owner(world);
    for (size_t s = 0; s < JUDGE_SOURCES; s++) {
        const char *topic = judge_sources[s];
        put_bytes(world, topic, "\xff\xfe\xfd", 3);
        put_bytes(world, topic, "", 0);
        put_bytes(world, topic, NULL, 0);
        put_bytes(world, topic, "anna p0", 7);
        put_bytes(world, topic, large, sizeof large);
        put_bytes(world, topic, large, TOY_MESSAGE_LIMIT + 1);
        put_bytes(world, topic, large, TOY_MESSAGE_LIMIT);
    }
    Huiyuan__V1__Command empty = HUIYUAN__V1__COMMAND__INIT;
    empty.to = (char *)(uintptr_t) "points";
    uint8_t bytes[64];
    put_bytes(world, "commands", bytes, huiyuan__v1__command__pack(&empty, bytes));
    world_put(world, "anna future %" PRId64 " 1", world->now_ms + 2 * INT64_C(86400000));
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED), 14);
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_count, 14);
    cr_assert_eq(world_sum(world, "anna"), 5);
    world_free(world);
}

Test(flow, a_forwarded_event_that_came_to_the_wrong_partition_again_goes_to_dead_letters) {
    struct world *world = given_world(2);
    world_start_owner(world);
    char text[64];
    snprintf(text, sizeof text, "%s p1 1000 5", world_member(world, 1, 0));
    world_put_command(world, "points", 0, "points", 7, 1, text);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED), 1);
    world_free(world);
}

Test(flow, no_input_is_skipped_or_read_twice_over_restarts) {
    struct world *world = given_world(2);
    world->options.batch_inputs = 7;
    world->options.block_bytes = 150;
    for (int restart = 0; restart < 30; restart++) {
        uint32_t owner = world_start_owner(world);
        for (int i = 0; i < 10; i++)
            world_put(world, "m%d p%d-%d 1000 1", i, restart, i);
        world_turns(world, owner, restart);
        if (restart % 3 == 0)
            cr_assert(world_stop(world, owner));
        else
            world_crash(world, owner, (size_t)restart % 4);
        then_right(world);
    }
    world_start_owner(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->judge.record_count, 300);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED), 300);
    world_free(world);
}

Test(flow, a_drain_finishes_what_is_in_flight_and_takes_nothing_more) {
    struct world *world = given_world(2);
    world->options.batch_inputs = 10;
    world->options.block_bytes = 100;
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    for (int i = 0; i < 200; i++)
        world_put(world, "m%d p%d 1000 2 m%d @gateway", i % 10, i, (i + 1) % 10);
    world_turns(world, owner, 4);
    cr_assert(world_stop(world, owner));
    then_right(world);
    size_t records = toys(world)->judge.record_count;
    cr_assert(records > 0 && records < 100, "%zu", records);
    for (uint32_t p = 0; p < 2; p++)
        cr_assert_eq(world_seq(world, p), toys(world)->judge.logs[p].seq, "Redis is behind after a drain");
    uint32_t next = world_start_owner(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_metric(world, next, "huiyuan_records_folded_total"), 0);
    world_free(world);
}

Test(flow, what_waits_stays_bounded_while_redis_is_away_and_all_of_it_is_done_later) {
    struct world *world = given_world(1);
    world->options.backlog_inputs = 50;
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    world_redis_away(world, true);
    for (int i = 0; i < 1000; i++) {
        world_put(world, "m%d p%d 1000 1", i % 20, i);
        world_turn(world, owner);
        cr_assert_leq(hy_bus_mem_lent(world->instances[owner].bus), 50);
    }
    cr_assert_eq(toys(world)->judge.record_count, 0);
    world_redis_away(world, false);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED), 1000);
    world_free(world);
}

// Redis is there, but so slow that nothing becomes visible: the members are few and in memory, the answers
// pile up.
Test(flow, answers_that_wait_for_a_slow_redis_are_bounded) {
    struct world *world = given_world(1);
    world->options.backlog_inputs = 1000;
    uint32_t owner = world_start_owner(world);
    world_put(world, "anna p 1000 0");
    world_settle(world);
    world->faults.held = 100;
    for (int i = 0; i < 30000; i++)
        world_put(world, "anna p%d 1000 1 @nobody", i);
    for (int i = 0; i < 200; i++)
        world_turn(world, owner);
    int64_t taken = world_metric(world, owner, "huiyuan_inputs_total");
    cr_assert(taken >= 20000 && taken < 25000, "%" PRId64 " inputs were taken", taken);
    world->faults.held = 0;
    for (int i = 0; i < 200; i++)
        world_turn(world, owner);
    cr_assert_eq(world_sum(world, "anna"), 30000);
    world_free(world);
}

Test(flow, what_was_decided_when_redis_went_away_becomes_durable_all_the_same) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_put(world, "anna p1 1000 1");
    world_settle(world);
    world_put(world, "anna p2 1000 1");
    world_next_append(world, "points", HY_MEM_LATE);
    world_turns(world, owner, 3);
    world_redis_away(world, true);
    hy_mem_broker_release(world->broker, 1);
    world_turns(world, owner, 10);
    then_right(world);
    cr_assert_eq(toys(world)->judge.logs[0].seq, 2);
    world_redis_away(world, false);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 2);
    world_free(world);
}

static int references_read;

static void refer(void *context, uint32_t reference, struct hy_bytes key, struct hy_bytes value) {
    (void)context;
    (void)key;
    cr_assert_eq(reference, 0);
    cr_assert(hy_bytes_equal(value, hy_bytes_of("rule")));
    references_read++;
}

Test(flow, references_are_read_whole_before_anything_is_claimed) {
    static const char *const references[] = {"program"};
    struct world *world = given_world(1);
    toys(world)->brain.references = references;
    toys(world)->brain.reference_count = 1;
    toys(world)->brain.refer = refer;
    for (int i = 0; i < 5; i++)
        world_put_at(world, "program", 0, hy_bytes_of("rule"));
    world_put(world, "anna p1 1000 5");
    uint32_t owner = world_start_owner(world);
    while (hy_mem_broker_end(world->broker, "points", 0) == 0) {
        cr_assert_leq(references_read, 5);
        world_turn(world, owner);
    }
    cr_assert_eq(references_read, 5);
    world_settle(world);
    then_at_rest(world);
    world_put_at(world, "program", 0, hy_bytes_of("rule"));
    world_settle(world);
    cr_assert_eq(references_read, 6, "it goes on reading");
    world_free(world);
}
