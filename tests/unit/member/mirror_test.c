#include "services/member/mirror.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/io/bus_mem.h"
#include "common/io/log.h"
#include "common/io/store_mem.h"
#include "common/stage/keys.h"

enum { INSTANCES = 3 };

static struct hy_mem_broker *broker;
static struct hy_mem_table *table;
static struct mirror *mirrors[INSTANCES];
static int64_t now_ms = 1000;

static void begin(void) {
    hy_log_init("test", "", "error");
    broker = hy_mem_broker_new();
    table = hy_mem_table_new();
    hy_bus_mem_use(broker);
    hy_store_mem_use(table);
    struct hy_service_world world = {"mem", "t.", "mem", "t:", "m", 2};
    for (int i = 0; i < INSTANCES; i++) {
        mirrors[i] = mirror_open(&world);
        cr_assert_not_null(mirrors[i]);
    }
}

static void end(void) {
    for (int i = 0; i < INSTANCES; i++)
        mirror_close(mirrors[i]);
    hy_mem_table_free(table);
    hy_mem_broker_free(broker);
}

TestSuite(mirror, .init = begin, .fini = end);

static void put(uint32_t partition, const char *member_id, const char *value) {
    hy_mem_broker_append(broker, "t.member-keys", partition, hy_bytes_of(member_id),
                         value == NULL ? (struct hy_bytes){NULL, 0} : hy_bytes_of(value));
}

static void turns(int count) {
    for (int turn = 0; turn < count; turn++) {
        now_ms += 100;
        for (int i = 0; i < INSTANCES; i++)
            mirror_step(mirrors[i], now_ms);
    }
}

static struct hy_bytes found(uint32_t partition, const char *member_id) {
    struct hy_key key = hy_key_member_key("t:", partition, member_id);
    return hy_mem_table_get(table, hy_key_bytes(&key));
}

static bool is(struct hy_bytes value, const char *text) {
    return value.data != NULL && hy_bytes_equal(value, hy_bytes_of(text));
}

static struct hy_bytes watermark(uint32_t partition) {
    struct hy_key key = hy_key_member_keys_watermark("t:", partition);
    return hy_mem_table_get(table, hy_key_bytes(&key));
}

static void then_as_the_topic(void) {
    cr_assert(is(found(0, "m1"), "one"));
    cr_assert(is(found(1, "m2"), "two"));
    cr_assert_null(found(0, "m3").data);
    cr_assert(is(watermark(0), "3"));
    cr_assert(is(watermark(1), "1"));
}

static void given_keys(void) {
    put(0, "m1", "one");
    put(0, "m3", "three");
    put(0, "m3", NULL);
    put(1, "m2", "two");
}

Test(mirror, copies_keys_and_deletes_the_erased) {
    put(0, "m3", "three");
    turns(20);
    cr_assert(is(found(0, "m3"), "three"));
    put(0, "m3", NULL);
    turns(20);
    cr_assert_null(found(0, "m3").data);
    cr_assert(is(watermark(0), "2"));
}

Test(mirror, an_empty_value_erases_too) {
    put(0, "m3", "three");
    turns(20);
    put(0, "m3", "");
    turns(20);
    cr_assert_null(found(0, "m3").data);
}

Test(mirror, begins_with_what_is_there) {
    given_keys();
    turns(20);
    then_as_the_topic();
}

Test(mirror, copies_again_when_redis_lost_everything) {
    given_keys();
    turns(20);
    hy_mem_table_flush(table);
    turns(30);
    then_as_the_topic();
}

Test(mirror, an_erased_key_does_not_come_back_with_an_old_redis) {
    put(0, "m1", "one");
    put(0, "m3", "three");
    put(1, "m2", "two");
    turns(20);
    struct hy_mem_snapshot *old = hy_mem_table_snapshot(table);
    put(0, "m3", NULL);
    turns(20);
    cr_assert_null(found(0, "m3").data);
    hy_mem_table_restore(table, old);
    hy_mem_snapshot_free(old);
    cr_assert_not_null(found(0, "m3").data);
    turns(30);
    then_as_the_topic();
}

Test(mirror, goes_on_when_redis_was_away) {
    given_keys();
    turns(3);
    hy_mem_table_away(table, true);
    turns(20);
    hy_mem_table_away(table, false);
    turns(40);
    then_as_the_topic();
}

static unsigned drawn = 1;

static enum hy_mem_request_fate now_and_then_away(void *context, struct hy_store *store) {
    (void)context;
    (void)store;
    drawn = drawn * 1103515245U + 12345U;
    static const enum hy_mem_request_fate fates[] = {HY_MEM_ANSWERED, HY_MEM_ANSWERED, HY_MEM_DONE_AWAY,
                                                     HY_MEM_LOST_AWAY};
    return fates[drawn >> 16 & 3];
}

// Every step may be lost, or done without an answer, and Redis loses everything now and then.
Test(mirror, whatever_redis_does_it_ends_as_the_topic_says) {
    char name[16];
    hy_mem_table_choose(table, now_and_then_away, NULL);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "x%d", i % 300);
        put(0, name, i % 3 == 2 ? NULL : "value");
        if (i % 7 == 0) turns(1);
        if (i % 250 == 249) hy_mem_table_flush(table);
    }
    hy_mem_table_choose(table, NULL, NULL);
    turns(100);
    cr_assert(is(watermark(0), "1000"));
    for (int i = 700; i < 1000; i++) {
        snprintf(name, sizeof name, "x%d", i % 300);
        cr_assert_eq(found(0, name).data == NULL, i % 3 == 2, "%s", name);
    }
}

Test(mirror, what_is_no_member_id_is_passed_over) {
    char large[200];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    put(0, large, "x");
    put(0, "a/b", "x");
    put(0, "", "x");
    put(0, "m1", "one");
    turns(20);
    cr_assert(is(found(0, "m1"), "one"));
    cr_assert_eq(hy_mem_table_count(table), 2);
}

Test(mirror, a_topic_that_is_shorter_than_redis_knows_is_left_alone) {
    struct hy_key key = hy_key_member_keys_watermark("t:", 0);
    hy_mem_table_set(table, hy_key_bytes(&key), hy_bytes_of("7"));
    put(0, "m1", "one");
    turns(30);
    cr_assert_null(found(0, "m1").data);
    cr_assert(is(watermark(0), "7"));
}

Test(mirror, goes_on_behind_what_the_topic_does_not_keep) {
    given_keys();
    hy_mem_broker_trim(broker, "t.member-keys", 0, 1);
    turns(30);
    cr_assert_null(found(0, "m1").data);
    cr_assert(is(watermark(0), "3"));
}
