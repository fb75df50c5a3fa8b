// The same input again: recognised by id and content, in a window of event time.
#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/stage/given.h"

static const struct judge_record *record(struct world *world, const char *id, size_t n) {
    const struct judge_record *found = judge_find(&toys(world)->judge, id, n);
    cr_assert_not_null(found, "%s has no record %zu", id, n);
    return found;
}

static void then_outcome(struct world *world, const char *id, size_t n, Huiyuan__V1__Outcome outcome,
                         const char *code) {
    const Huiyuan__V1__Record *found = record(world, id, n)->record;
    cr_assert_eq(found->outcome, outcome, "%s: %d", id, (int)found->outcome);
    cr_assert_str_eq(found->code, code);
}

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return hy_bytes_equal(hy_bytes(a.data, a.len), hy_bytes(b.data, b.len));
}

Test(duplicates, the_same_content_gets_the_same_answer_and_names_the_first_record) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 1000 5 @gateway");
    world_put(world, "anna p2 1000 6");
    world_settle(world);
    world_put(world, "anna p1 1000 5 @gateway");
    world_settle(world);
    then_at_rest(world);
    then_outcome(world, "p1", 1, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE, "");
    const struct judge_record *first = record(world, "p1", 0);
    const Huiyuan__V1__Record *again = record(world, "p1", 1)->record;
    cr_assert_eq(again->original->seq, first->seq);
    cr_assert_eq(again->original->index, first->index);
    cr_assert_gt(again->answer.len, 0);
    cr_assert(same_bytes(again->answer, first->record->answer));
    cr_assert_eq(toys(world)->answer_count, 2);
    cr_assert_eq(world_sum(world, "anna"), 11);
    world_free(world);
}

Test(duplicates, one_in_the_same_batch_is_recognised_too) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 1000 5 @gateway");
    world_put(world, "anna p1 1000 5 @gateway");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 5);
    cr_assert_eq(toys(world)->answer_count, 2);
    world_free(world);
}

Test(duplicates, a_no_stays_a_no) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 1000 -5");
    world_put(world, "anna p1 1000 -5");
    world_settle(world);
    then_at_rest(world);
    then_outcome(world, "p1", 0, HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED, "invalid_field");
    then_outcome(world, "p1", 1, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE, "invalid_field");
    world_free(world);
}

Test(duplicates, other_content_under_the_same_id_is_refused_into_dead_letters) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_put(world, "anna p1 1000 6 @gateway");
    world_settle(world);
    then_at_rest(world);
    then_outcome(world, "p1", 1, HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT, "id_reused");
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_count, 1);
    cr_assert_eq(world_sum(world, "anna"), 5);
    world_free(world);
}

Test(duplicates, the_same_id_of_another_member_is_another_input) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_put(world, "bo p1 1000 6");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 5);
    cr_assert_eq(world_sum(world, "bo"), 6);
    world_free(world);
}

Test(duplicates, what_is_older_than_the_window_is_refused_into_dead_letters) {
    struct world *world = given_world(1);
    world_start_owner(world);
    world_put(world, "anna p1 %d 5", TOY_WINDOW_MS + 5000);
    world_put(world, "anna p2 5000 10");
    world_put(world, "anna p3 4999 100");
    world_put(world, "bo p4 4999 7000");
    world_settle(world);
    then_at_rest(world);
    then_outcome(world, "p2", 0, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    then_outcome(world, "p3", 0, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED, "too_old");
    then_outcome(world, "p4", 0, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    cr_assert_eq(toys(world)->judge.logs[0].dead_letter_count, 1);
    world_free(world);
}

Test(duplicates, years_of_history_can_be_imported_in_order) {
    struct world *world = given_world(1);
    world_start_owner(world);
    for (int i = 0; i < 200; i++)
        world_put(world, "anna p%d %" PRId64 " 1", i, (int64_t)i * TOY_WINDOW_MS);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 200);
    world_free(world);
}

Test(duplicates, pages_of_receipts_are_searched_after_a_restart) {
    struct world *world = given_world(1);
    uint32_t first = world_start_owner(world);
    for (int i = 0; i < 100; i++)
        world_put(world, "anna p%d %d 1", i, 1000 + i);
    world_settle(world);
    world_crash(world, first, 0);
    world_start_owner(world);
    for (int i = 0; i < 100; i++)
        world_put(world, "anna p%d %d 1", i, 1000 + i);
    world_put(world, "anna p100 1100 1");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE), 100);
    cr_assert_eq(world_sum(world, "anna"), 101);
    world_free(world);
}

static struct world *after_the_same_inputs(size_t cache_members) {
    struct world *world = given_world(1);
    world->options.cache_members = cache_members;
    world->options.batch_inputs = 3;
    uint32_t owner = world_start_owner(world);
    for (int i = 0; i < 1500; i++) {
        int n = (i * 37 + i * i / 50) % 600;
        int64_t time_ms = 2000000 + (int64_t)n * 4000 - (n % 7 == 0 ? TOY_WINDOW_MS - 3000 : 0);
        world_put(world, "m%d p%d %" PRId64 " %d", n % 23, n, time_ms, i % 20 == 0 ? -1 : n);
        if (i % 4 == 0) world_turns(world, owner, 4);
    }
    world_settle(world);
    then_at_rest(world);
    return world;
}

Test(duplicates, cold_members_are_decided_on_as_warm_ones_are) {
    struct world *cold = after_the_same_inputs(1);
    struct world *warm = after_the_same_inputs(1000000);
    cr_assert_gt(world_metric(cold, 0, "huiyuan_members_loaded_total"),
                 5 * world_metric(warm, 0, "huiyuan_members_loaded_total"));
    cr_assert_eq(toys(cold)->judge.record_count, toys(warm)->judge.record_count);
    for (size_t i = 0; i < toys(cold)->judge.record_count; i++) {
        const Huiyuan__V1__Record *a = toys(cold)->judge.records[i].record;
        const Huiyuan__V1__Record *b = toys(warm)->judge.records[i].record;
        cr_assert_eq(a->outcome, b->outcome, "%s", a->input_id);
        cr_assert(same_bytes(a->body, b->body));
        cr_assert_str_eq(a->code, b->code);
    }
    cr_assert_gt(judge_count(&toys(cold)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE), 20);
    cr_assert_gt(judge_count(&toys(cold)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT), 20);
    cr_assert_gt(judge_count(&toys(cold)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED), 20);
    world_free(cold);
    world_free(warm);
}

Test(duplicates, members_in_memory_stay_within_their_bound) {
    struct world *world = given_world(2);
    world->options.cache_members = 10;
    world->options.batch_inputs = 5;
    uint32_t owner = world_start_owner(world);
    for (int i = 0; i < 300; i++)
        world_put(world, "m%d p%d 1000 1", i, i);
    while (judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) <
           300) { // also while inputs wait
        world_turn(world, owner);
        world->now_ms += 300; // nothing is gathered for a later projection
        then_right(world);
        cr_assert_leq(world_metric(world, owner, "huiyuan_cached_members"), 40);
    }
    world_settle(world);
    then_at_rest(world);
    cr_assert_leq(world_metric(world, owner, "huiyuan_cached_members"), 10);
    world_free(world);
}
