// What one partition sends to another counts once.
#include <stdio.h>

#include "tests/unit/stage/given.h"

static size_t count_code(const struct world *world, const char *code) {
    size_t count = 0;
    for (size_t i = 0; i < toys(world)->judge.record_count; i++)
        count += strcmp(toys(world)->judge.records[i].record->code, code) == 0;
    return count;
}

static struct world *given_two(const char **ret_from, const char **ret_to, uint32_t *ret_owner) {
    struct world *world = given_world(2);
    *ret_owner = world_start_owner(world);
    *ret_from = world_member(world, 0, 0);
    *ret_to = world_member(world, 1, 0);
    world_settle(world);
    return world;
}

Test(emissions, a_transfer_reaches_the_other_partition) {
    const char *from, *to;
    uint32_t owner;
    struct world *world = given_two(&from, &to, &owner);
    world_put(world, "%s p1 1000 10 %s", from, to);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, from), 10);
    cr_assert_eq(world_sum(world, to), 5);
    world_free(world);
}

Test(emissions, one_that_is_sent_twice_counts_once) {
    const char *from, *to;
    uint32_t owner;
    struct world *world = given_two(&from, &to, &owner);
    world_next_append(world, "commands", HY_MEM_FAILED_KEPT);
    world_put(world, "%s p1 1000 10 %s", from, to);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, to), 5);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED), 1);
    world_free(world);
}

Test(emissions, a_gap_is_refused_and_taken_when_it_comes_again_in_order) {
    const char *from, *to;
    uint32_t owner;
    struct world *world = given_two(&from, &to, &owner);
    world_next_append(world, "commands", HY_MEM_FAILED_LOST);
    world_put(world, "%s p1 1000 10 %s", from, to);
    world_put(world, "%s p2 1000 20 %s", from, to);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, to), 15);
    cr_assert_eq(count_code(world, "emission_gap"), 1);
    world_free(world);
}

// The client library may put two messages of a partition into the topic in another order than they were
// given, and report both as written.
Test(emissions, one_that_overtook_another_is_sent_again) {
    const char *from, *to;
    uint32_t owner;
    struct world *world = given_two(&from, &to, &owner);
    world_next_append(world, "commands", HY_MEM_OVERTAKEN);
    world_put(world, "%s p1 1000 10 %s", from, to);
    world_put(world, "%s p2 1000 20 %s", from, to);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, to), 15);
    cr_assert_eq(count_code(world, "emission_gap"), 1);
    world_free(world);
}

Test(emissions, numbers_of_other_logs_are_kept_apart) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put_command(world, "points", 0, "tiers", 3, 2, "anna b 1000 20");
    world_put_command(world, "points", 0, "tiers", 3, 1, "anna a 1000 1");
    world_put_command(world, "points", 0, "tiers", 4, 1, "anna c 1000 300");
    world_put_command(world, "points", 0, "tiers", 3, 2, "anna b 1000 20");
    world_put_command(world, "points", 0, "tiers", 3, 2, "anna b 1000 20");
    world_put_command(world, "points", 0, "members", 3, 1, "anna d 1000 4000");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 4321);
    cr_assert_eq(count_code(world, "emission_gap"), 1);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED), 1);
    world_free(world);
}

Test(emissions, an_emission_counts_once_even_when_its_input_left_the_window) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put_command(world, "points", 0, "tiers", 0, 1, "anna a 1000 1");
    world_settle(world);
    world_put(world, "anna p1 90000000 10");
    world_settle(world);
    world_put_command(world, "points", 0, "tiers", 0, 1, "anna a 1000 1");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 11);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED), 1);
    world_free(world);
}

Test(emissions, an_origin_whose_log_has_no_name_of_ours_is_refused) {
    struct world *world = given_world(1);
    world_start_owner(world);
    for (uint64_t i = 0; i < 3; i++)
        world_put_command(world, "points", 0, "a-name-that-no-log-of-ours-can-have", 0, 1, "anna a 1000 1");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED), 3);
    world_free(world);
}

Test(emissions, misrouted_events_are_forwarded_once_even_when_the_forwarding_is_repeated) {
    const char *ignored, *member;
    uint32_t owner;
    struct world *world = given_two(&ignored, &member, &owner);
    char text[64];
    snprintf(text, sizeof text, "%s p1 1000 5 @gateway", member);
    world_next_append(world, "commands", HY_MEM_FAILED_KEPT);
    world_put_at(world, "purchases", 0, hy_bytes_of(text));
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, member), 5);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED), 1);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED), 1);
    cr_assert_eq(toys(world)->answer_count, 1, "who forwards does not answer");
    world_free(world);
}

Test(emissions, one_that_was_published_in_both_partitions_is_a_duplicate) {
    const char *ignored, *member;
    uint32_t owner;
    struct world *world = given_two(&ignored, &member, &owner);
    char text[64];
    snprintf(text, sizeof text, "%s p1 1000 5", member);
    world_put_at(world, "purchases", 0, hy_bytes_of(text));
    world_put_at(world, "purchases", 1, hy_bytes_of(text));
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, member), 5);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE), 1);
    world_free(world);
}

// A crash at every turn between the input and the end.
Test(emissions, a_crash_at_any_moment_neither_loses_nor_doubles_one) {
    for (int turns = 0; turns < 14; turns++) {
        for (size_t carried_out = 0; carried_out < 2; carried_out++) {
            const char *from, *to;
            uint32_t owner;
            struct world *world = given_two(&from, &to, &owner);
            world_put(world, "%s p1 1000 10 %s", from, to);
            world_put(world, "nonsense");
            for (int i = 0; i < turns / 2; i++)
                world_turn(world, owner);
            if (turns % 2 == 1)
                hy_bus_poll(world->instances[owner].bus, 100, 0); // durable, and nothing done about it
            world_crash(world, owner, carried_out);
            world_start_owner(world);
            world_settle(world);
            then_at_rest(world);
            cr_assert_eq(world_sum(world, to), 5, "turn %d", turns);
            world_free(world);
        }
    }
}

// Redis has the block, its emission is still under way, and the owner dies: the watermark tells the next one.
Test(emissions, what_the_watermark_calls_unsent_is_sent_by_the_next_owner) {
    for (int arrives = 0; arrives < 2; arrives++) {
        const char *from, *to;
        uint32_t owner;
        struct world *world = given_two(&from, &to, &owner);
        world_next_append(world, "commands", HY_MEM_LATE);
        world_put(world, "%s p1 1000 10 %s", from, to);
        world_turns(world, owner, 20);
        cr_assert_eq(world_sum(world, from), 10);
        cr_assert_eq(world_sum(world, to), 0);
        world_crash(world, owner, 0);
        if (arrives == 1) hy_mem_broker_release(world->broker, 1);
        world_start_owner(world);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(world_sum(world, to), 5);
        world_free(world);
    }
}

Test(emissions, dead_letters_that_are_sent_again_have_the_same_key) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_next_append(world, "dead-letters", HY_MEM_FAILED_KEPT);
    world_put(world, "nonsense");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_messages, 2);
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_count, 1);
    world_next_append(world, "dead-letters",
                      HY_MEM_LATE_REPORT); // written, but its owner dies before it knows
    world_put(world, "more nonsense");
    world_turns(world, owner, 20);
    world_crash(world, owner, 0);
    world_start_owner(world);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_messages, 4);
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_count, 2);
    world_free(world);
}

Test(emissions, commands_for_other_services_leave_no_record) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    for (int i = 0; i < 10; i++)
        world_put_command(world, "tiers", 0, "points", 0, 1, "anna a 1000 1");
    world_settle(world);
    cr_assert_eq(toys(world)->judge.logs[0].seq, 0, "nothing to write down");
    world_put_command(world, "points", 0, "", 0, 0, "anna p1 1000 5");
    world_put_command(world, "tiers", 0, "points", 0, 1, "anna a 1000 1");
    world_settle(world);
    world_crash(world, first, 0);
    world_start_owner(world);
    world_put(world, "anna p2 1000 6");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 11);
    world_free(world);
}
