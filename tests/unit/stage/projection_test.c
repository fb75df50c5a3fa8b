// Redis holds a prefix of each log, whatever happens to it.
#include <stdio.h>

#include "common/stage/keys.h"
#include "common/stage/totals.h"
#include "proto/projection.pb-c.h"
#include "tests/unit/stage/given.h"

enum { MANY = 1300 };

static int64_t sum_of_all(struct world *world) {
    int64_t sum = 0;
    char member[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(member, sizeof member, "m%d", i);
        sum += world_sum(world, member);
    }
    return sum;
}

static void put_many(struct world *world, const char *round) {
    for (int i = 0; i < MANY; i++)
        world_put(world, "m%d %s 1000 1", i, round);
}

Test(projection, a_block_of_many_members_takes_several_calls) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_settle(world);
    put_many(world, "first");
    while (toys(world)->judge.logs[0].seq == 0) {
        world_turn(world, owner);
        then_right(world);
    }
    world->faults.held = 100;
    world_turn(world, owner);
    cr_assert_eq(hy_store_pending(world->instances[owner].store), 3);
    world->faults.held = 0;
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(sum_of_all(world), MANY);
    world_free(world);
}

// Steps until so many calls of the projection are on their way.
static void until_calls_wait(struct world *world, uint32_t owner, size_t calls) {
    struct world_instance *instance = &world->instances[owner];
    uint64_t seq = toys(world)->judge.logs[0].seq;
    for (int i = 0; i < 100 && hy_store_pending(instance->store) < calls; i++) {
        hy_bus_poll(instance->bus, hy_stage_room(instance->stage), 0);
        world->now_ms++;
        world_step(world, owner);
        cr_assert(judge_logs(&toys(world)->judge), "%s", world_fault(world));
        if (toys(world)->judge.logs[0].seq == seq) hy_store_poll(instance->store, 0);
    }
    cr_assert_eq(hy_store_pending(instance->store), calls);
}

static struct world *given_calls_waiting(uint32_t *ret_owner, const char *round) {
    struct world *world = given_world(1);
    world->options.call_members = 100;
    *ret_owner = world_start_owner(world);
    put_many(world, "before");
    world_settle(world);
    put_many(world, round);
    until_calls_wait(world, *ret_owner, MANY / 100);
    return world;
}

Test(projection, a_crash_between_calls_is_harmless) {
    for (size_t done = 0; done <= MANY / 100; done += done < 3 ? 1 : 5) {
        uint32_t owner;
        struct world *world = given_calls_waiting(&owner, "after");
        world_crash(world, owner, done);
        then_right(world);
        world_start_owner(world);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(sum_of_all(world), 2 * MANY);
        world_free(world);
    }
}

Test(projection, a_connection_that_breaks_between_calls_is_harmless) {
    for (size_t done = 0; done <= MANY / 100; done += done < 3 ? 1 : 5) {
        uint32_t owner;
        struct world *world = given_calls_waiting(&owner, "after");
        world_cut(world, owner, done / 2, done - done / 2);
        then_right(world);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(sum_of_all(world), 2 * MANY);
        cr_assert_eq(world_metric(world, owner, "huiyuan_claims_total"), 1, "it need not claim again");
        world_free(world);
    }
}

// Redis may answer one call with an error (no memory, disk full) and carry out those behind it.
Test(projection, a_call_that_redis_refuses_stops_those_behind_it) {
    for (size_t before = 0; before < MANY / 100; before += 3) {
        uint32_t owner;
        struct world *world = given_calls_waiting(&owner, "after");
        world->instances[owner].cut_answered = before;
        world->instances[owner].cut_lost = 1;
        hy_store_poll(world->instances[owner].store, 0);
        then_right(world);
        cr_assert_eq(world_seq(world, 0), 1, "the watermark moved without all of its members");
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(sum_of_all(world), 2 * MANY);
        world_free(world);
    }
}

Test(projection, the_first_one_of_all_may_be_cut_off_too) {
    for (size_t done = 1; done < MANY / 100; done += 4) {
        struct world *world = given_world(1);
        world->options.call_members = 100;
        uint32_t owner = world_start_owner(world);
        put_many(world, "first");
        until_calls_wait(world, owner, MANY / 100);
        world_crash(world, owner, done);
        then_right(world);
        world_start_owner(world);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(sum_of_all(world), MANY);
        world_free(world);
    }
}

// The former owner's calls reach Redis between those of the new one: they must not put old states over new
// ones.
Test(projection, calls_of_a_former_owner_do_not_fit_between_those_of_the_new_one) {
    uint32_t zombie;
    struct world *world = given_calls_waiting(&zombie, "second");
    uint32_t owner = world_start(world);
    world_own(world, owner, 0);
    world->instances[zombie].cut_answered = 0;
    put_many(world, "third");
    struct world_instance *instance = &world->instances[owner];
    for (int i = 0; i < 200 && toys(world)->judge.logs[0].seq < 3; i++) {
        hy_bus_poll(instance->bus, hy_stage_room(instance->stage), 0);
        world->now_ms++;
        world_step(world, owner);
        hy_store_poll(instance->store, 0);
        then_right(world);
    }
    world->now_ms++;
    world_step(world, owner);
    hy_store_poll(world->instances[zombie].store, 0);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(sum_of_all(world), 3 * MANY);
    world_free(world);
}

static void step_without_redis(struct world *world, uint32_t owner) {
    hy_bus_poll(world->instances[owner].bus, hy_stage_room(world->instances[owner].stage), 0);
    world->now_ms++;
    world_step(world, owner);
    cr_assert(judge_logs(&toys(world)->judge), "%s", world_fault(world));
}

static void until_redis_is_at(struct world *world, uint32_t owner, uint64_t seq) {
    for (int i = 0; i < 100 && world_seq(world, 0) != seq; i++) {
        step_without_redis(world, owner);
        step_without_redis(world, owner);
        hy_store_poll(world->instances[owner].store, 0);
        then_right(world);
    }
    cr_assert_eq(world_seq(world, 0), seq);
}

// Redis with bo ahead of the watermark, and Redis with the same watermark and bo not ahead: an owner that
// knows the one must not write into the other.
Test(projection, two_histories_of_redis_are_told_apart) {
    struct world *world = given_world(1);
    world->options.call_members = 1;
    uint32_t first = world_start_owner(world);
    world_put(world, "anna a0 1000 1");
    world_put(world, "bo b0 1000 1");
    world_put(world, "carl c0 1000 1");
    world_settle(world);
    uint64_t seq = toys(world)->judge.logs[0].seq;
    static const char *const inputs[] = {"carl c1 1000 1", "anna a1 1000 1", "bo b1 1000 1"};
    for (uint64_t i = 0; i < 3; i++) {
        world_put(world, "%s", inputs[i]);
        for (int turns = 0; turns < 10; turns++)
            step_without_redis(world, first);
        cr_assert_eq(toys(world)->judge.logs[0].seq, seq + i + 1);
    }
    hy_store_poll(world->instances[first].store, 0); // carl
    step_without_redis(world, first);
    cr_assert_eq(hy_store_pending(world->instances[first].store), 2); // bo, anna
    world_crash(world, first, 1);
    uint32_t second = world_start(world);
    world_own(world, second, 0);
    until_redis_is_at(world, second, seq + 2); // anna
    hy_mem_table_flush(world->table);
    step_without_redis(world, second); // bo is there already, as far as it knows: only the watermark moves
    cr_assert_eq(hy_store_pending(world->instances[second].store), 1);
    uint32_t third = world_start(world);
    world_own(world, third, 0);
    until_redis_is_at(world, third, seq + 2);
    hy_store_poll(world->instances[second].store, 0);
    then_right(world);
    world_crash(world, second, 0);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "bo"), 2);
    world_free(world);
}

Test(projection, redis_that_is_flushed_between_calls_is_filled_again) {
    for (size_t done = 0; done < MANY / 100; done += 3) {
        struct world *world = given_world(1);
        world->options.call_members = 100;
        uint32_t owner = world_start_owner(world);
        put_many(world, "first");
        until_calls_wait(world, owner, MANY / 100);
        world_cut(world, owner, done, 0);
        hy_mem_table_flush(world->table);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(sum_of_all(world), MANY);
        world_free(world);
    }
}

Test(projection, redis_that_lost_its_tail_is_filled_again) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    given_one_block_each(world, owner, "anna", 1, 5);
    world_settle(world);
    struct hy_mem_snapshot *old = hy_mem_table_snapshot(world->table);
    given_one_block_each(world, owner, "anna", 6, 10);
    given_one_block_each(world, owner, "bo", 11, 12);
    world_settle(world);
    world_cut_all(world);
    hy_mem_table_restore(world->table, old);
    hy_mem_snapshot_free(old);
    cr_assert_eq(world_sum(world, "anna"), 5);
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 10);
    cr_assert_eq(world_sum(world, "bo"), 2);
    world_free(world);
}

// A member that is not in memory is loaded from a Redis that forgot what it had: nothing may be decided on
// that.
Test(projection, nothing_is_decided_on_data_that_redis_lost) {
    struct world *world = given_world(1);
    world->options.cache_members = 1;
    uint32_t owner = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    struct hy_mem_snapshot *old = hy_mem_table_snapshot(world->table);
    world_put(world, "bo p2 1000 5");
    world_put(world, "anna p3 1000 6");
    world_settle(world);
    for (int i = 0; i < 5; i++) { // others push them out of memory
        world_put(world, "m%d p4 1000 1", i);
        world_settle(world);
    }
    world_cut_all(world);
    hy_mem_table_restore(world->table, old);
    hy_mem_snapshot_free(old);
    world_put(world, "bo p2 1000 5");
    world_put(world, "anna p3 1000 6");
    world_put(world, "anna p9 1000 1");
    world_settle(world);
    then_at_rest(world);
    cr_assert_eq(world_sum(world, "anna"), 12);
    cr_assert_eq(world_sum(world, "bo"), 5);
    cr_assert_eq(judge_count(&toys(world)->judge, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE), 2);
    cr_assert_geq(world_metric(world, owner, "huiyuan_claims_total"), 2);
    world_free(world);
}

Test(projection, an_idle_owner_fills_a_flushed_redis_again_within_two_seconds) {
    struct world *world = given_world(1);
    uint32_t owner = world_start_owner(world);
    world_put(world, "anna p1 1000 5");
    world_settle(world);
    hy_mem_table_flush(world->table);
    for (int i = 0; i < 40; i++) {
        world_turn(world, owner);
        world->now_ms += 50;
    }
    then_right(world);
    cr_assert_eq(world_sum(world, "anna"), 5);
    world_free(world);
}

Test(projection, after_an_unknown_outcome_redis_is_asked) {
    for (int done = 0; done < 2; done++) {
        struct world *world = given_world(1);
        uint32_t owner = world_start_owner(world);
        world_put(world, "anna p1 1000 5");
        world_settle(world);
        world_put(world, "anna p2 1000 6 @gateway");
        until_calls_wait(world, owner, 1);
        world_cut(world, owner, 0, (size_t)done);
        cr_assert_eq(world_sum(world, "anna"), done == 1 ? 11 : 5);
        world_redis_away(world, true);
        world_turns(world, owner, 20);
        const char *reason;
        cr_assert_not(hy_stage_ready(world->instances[owner].stage, &reason));
        world_redis_away(world, false);
        world_settle(world);
        then_at_rest(world);
        cr_assert_eq(world_sum(world, "anna"), 11);
        cr_assert_eq(toys(world)->answer_count, 1);
        cr_assert_eq(world_metric(world, owner, "huiyuan_claims_total"), 1);
        world_free(world);
    }
}

static bool at_the_end(const struct world *world, struct hy_mem_table *table) {
    for (uint32_t p = 0; p < world->options.partitions; p++) {
        struct hy_key_space space = {world->options.redis_prefix, "points", p};
        struct hy_key key = hy_key_watermark(&space);
        struct hy_place place = {0};
        struct hy_bytes found = hy_mem_table_get(table, hy_key_bytes(&key));
        if (found.data == NULL || !hy_watermark_load(found, &place, NULL, NULL) ||
            place.seq < toys(world)->judge.logs[p].seq)
            return false;
    }
    return true;
}

// The same log, folded by a new owner into another Redis.
static struct hy_mem_table *folded_anew(struct world *world) {
    struct hy_mem_table *table = hy_mem_table_new();
    hy_mem_table_set_time(table, world->now_ms);
    struct hy_metrics *metrics = hy_metrics_new(hy_stage_metrics, hy_stage_metric_count);
    struct hy_stage *stage = hy_stage_new(&world->options, &toys(world)->brain, metrics);
    struct hy_bus_options bus_options = {.partitions = world->options.partitions};
    struct hy_bus_events events = hy_stage_events(stage);
    hy_bus_mem_use(world->broker);
    hy_store_mem_use(table);
    struct hy_bus *bus = hy_bus_open(&bus_options, &events);
    struct hy_store *store = hy_store_open("");
    hy_stage_attach(stage, bus, store);
    for (uint32_t p = 0; p < world->options.partitions; p++)
        hy_bus_mem_assign(bus, p);
    for (int i = 0; i < 20000 && !at_the_end(world, table); i++) {
        hy_bus_poll(bus, hy_stage_room(stage), 0);
        hy_store_poll(store, 0);
        hy_stage_step(stage, world->now_ms, 1 + i);
    }
    cr_assert(at_the_end(world, table));
    hy_stage_end(stage);
    hy_bus_close(bus, 0);
    hy_store_close(store);
    hy_stage_free(stage);
    hy_metrics_free(metrics);
    return table;
}

// Every key of one is in the other with the same bytes; watermarks may differ in what they know of unsent
// emissions, and in the numbers of their calls.
struct comparison {
    struct hy_mem_table *right;
    struct hy_mem_table *left;
    size_t keys;
    char cursor[32];
};

static bool is_watermark(struct hy_bytes key) {
    return key.length > 2 && memcmp(key.data + key.length - 2, ":w", 2) == 0;
}

static void same_watermark(struct hy_bytes a, struct hy_bytes b) {
    Huiyuan__V1__Watermark *left = huiyuan__v1__watermark__unpack(NULL, a.length, a.data);
    Huiyuan__V1__Watermark *right = huiyuan__v1__watermark__unpack(NULL, b.length, b.data);
    left->unsent_seq = right->unsent_seq;
    left->unsent_offset = right->unsent_offset;
    left->unsent_claim = right->unsent_claim;
    left->opening = right->opening;
    uint8_t bytes[2][1024];
    size_t lengths[2] = {huiyuan__v1__watermark__pack(left, bytes[0]),
                         huiyuan__v1__watermark__pack(right, bytes[1])};
    cr_assert(hy_bytes_equal(hy_bytes(bytes[0], lengths[0]), hy_bytes(bytes[1], lengths[1])));
    huiyuan__v1__watermark__free_unpacked(left, NULL);
    huiyuan__v1__watermark__free_unpacked(right, NULL);
}

static void scanned(void *context, const struct hy_store_answer *answer) {
    struct comparison *comparison = context;
    snprintf(comparison->cursor, sizeof comparison->cursor, "%.*s", (int)answer->values[0].length,
             (const char *)answer->values[0].data);
    for (size_t i = 1; i < answer->count; i++) {
        struct hy_bytes key = answer->values[i];
        struct hy_bytes a = hy_mem_table_get(comparison->left, key);
        struct hy_bytes b = hy_mem_table_get(comparison->right, key);
        comparison->keys++;
        if (is_watermark(key))
            same_watermark(a, b);
        else
            cr_assert(hy_bytes_equal(a, b), "%.*s", (int)key.length, (const char *)key.data);
    }
}

// Every key of one is in the other with the same bytes; watermarks may differ in what they know of unsent
// emissions.
static size_t compare(struct hy_mem_table *left, struct hy_mem_table *right) {
    struct comparison comparison = {.left = left, .right = right, .cursor = "0"};
    hy_store_mem_use(left);
    struct hy_store *store = hy_store_open("");
    do {
        hy_store_scan(store, hy_bytes_of(comparison.cursor), hy_bytes_of("*"), scanned, &comparison);
        hy_store_poll(store, 0);
    } while (strcmp(comparison.cursor, "0") != 0);
    hy_store_close(store);
    cr_assert_eq(hy_mem_table_count(left), hy_mem_table_count(right));
    return comparison.keys;
}

Test(projection, a_fold_of_the_whole_log_makes_the_same_redis_byte_for_byte) {
    struct world *world = given_world(2);
    world->options.block_bytes = 300;
    uint32_t owner = world_start_owner(world);
    for (int i = 0; i < 300; i++) {
        int64_t time_ms = 1000000 + (int64_t)i * 20000;
        world_put(world, "m%d p%d %lld %d%s%s", i % 7, i, (long long)time_ms, i % 11 == 0 ? -1 : i,
                  i % 5 == 0 ? " m3" : "", i % 4 == 0 ? " @gateway" : "");
        if (i % 13 == 0) world_put(world, "m%d p%d %lld %d", i % 7, i, (long long)time_ms, i);
        if (i % 17 == 0)
            world_put_at(world, "purchases", (uint32_t)i % 2, hy_bytes_of("m1 stray 5000000 3 @gateway"));
        if (i % 10 == 0) world_turns(world, owner, 5);
        if (i == 150) {
            world_crash(world, owner, 0);
            owner = world_start_owner(world);
        }
    }
    world_settle(world);
    then_at_rest(world);
    struct hy_mem_table *table = folded_anew(world);
    cr_assert_gt(compare(world->table, table), 50);
    world_free(world);
    hy_mem_table_free(table);
}
