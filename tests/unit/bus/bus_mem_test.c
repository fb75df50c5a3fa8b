#include <criterion/criterion.h>
#include <stdint.h>

#include "common/io/bus_mem.h"

enum { SEEN_LIMIT = 32, PARTITIONS = 4 };

static struct hy_mem_broker *broker;
static struct hy_bus *bus;
static uint32_t points;
static enum hy_mem_fate fate;

static struct {
    size_t messages;
    int64_t offsets[SEEN_LIMIT];
    struct hy_message last_message;
    size_t deliveries;
    struct hy_delivery delivered[SEEN_LIMIT];
    size_t assigned, revoked, lost;
    size_t out_of_range;
    int64_t move_to; // read again from here, once
} seen;

static void on_message(void *context, const struct hy_message *message) {
    (void)context;
    seen.offsets[seen.messages++] = message->offset;
    seen.last_message = *message;
    hy_bus_release(bus, message);
    if (seen.move_to < 0) return;
    hy_bus_read(bus, message->topic, message->partition, seen.move_to);
    seen.move_to = -1;
}

static void on_delivered(void *context, const struct hy_delivery *delivery) {
    (void)context;
    seen.delivered[seen.deliveries++] = *delivery;
}

static void on_assigned(void *context, uint32_t partition) {
    (void)context;
    seen.assigned += 1 + partition;
}

static void on_revoked(void *context, uint32_t partition, bool lost) {
    (void)context;
    seen.revoked += 1 + partition;
    seen.lost += lost;
}

static void on_out_of_range(void *context, uint32_t topic, uint32_t partition, int64_t offset) {
    (void)context;
    cr_assert(topic == points && partition == 1 && offset >= 0);
    seen.out_of_range++;
}

static enum hy_mem_fate chosen(void *context, struct hy_bus *of, uint32_t topic, uint32_t partition) {
    cr_assert(context == &fate && of == bus && topic == points && partition < PARTITIONS);
    return fate;
}

static struct hy_bus *open_bus(void) {
    const struct hy_bus_options options = {.topic_prefix = "hy.", .partitions = PARTITIONS};
    const struct hy_bus_events events = {
        .assigned = on_assigned,
        .revoked = on_revoked,
        .message = on_message,
        .delivered = on_delivered,
        .out_of_range = on_out_of_range,
    };
    return hy_bus_open(&options, &events);
}

static void setup(void) {
    seen.move_to = -1;
    broker = hy_mem_broker_new();
    hy_bus_mem_use(broker);
    bus = open_bus();
    cr_assert(bus != NULL);
    (void)hy_bus_topic(bus, "first");
    points = hy_bus_topic(bus, "points");
    hy_mem_broker_choose(broker, chosen, &fate);
}

static void teardown(void) {
    cr_assert(hy_bus_mem_lent(bus) == 0);
    hy_bus_close(bus, 0);
    hy_mem_broker_free(broker);
}

static void append(const char *value, uint64_t token) {
    cr_assert(hy_bus_append(bus, points, 1, hy_bytes_of("m"), hy_bytes_of(value), token));
}

static int64_t end(void) {
    return hy_mem_broker_end(broker, "hy.points", 1);
}

static void poll_all(void) {
    while (hy_bus_poll(bus, 100, 0) > 0) {}
}

TestSuite(bus_mem, .init = setup, .fini = teardown);

Test(bus_mem, topics_are_numbered_in_the_order_of_their_registration) {
    cr_assert(points == 1 && hy_bus_topic(bus, "points") == 1 && hy_bus_topic(bus, "third") == 2);
}

Test(bus_mem, an_append_is_written_and_reported_by_a_poll) {
    hy_mem_broker_set_time(broker, 77);
    append("a", 5);
    cr_assert(seen.deliveries == 0);
    cr_assert(hy_bus_poll(bus, 0, 0) == 1 && seen.deliveries == 1);
    cr_assert(seen.delivered[0].token == 5 && seen.delivered[0].offset == 0 && !seen.delivered[0].failed);
    struct hy_message message;
    cr_assert(hy_mem_broker_read(broker, "hy.points", 1, 0, &message));
    cr_assert(hy_bytes_equal(message.value, hy_bytes_of("a")) && message.timestamp_ms == 77);
    cr_assert(!hy_mem_broker_read(broker, "hy.points", 1, 1, &message));
}

Test(bus_mem, a_read_brings_all_from_its_offset_in_order_and_what_comes_later) {
    for (uint64_t i = 0; i < 5; i++) {
        append("a", i);
    }
    hy_bus_read(bus, points, 1, 2);
    poll_all();
    append("b", 5);
    poll_all();
    cr_assert(seen.messages == 4 && seen.offsets[0] == 2 && seen.offsets[3] == 5);
    cr_assert(seen.last_message.topic == points && seen.last_message.partition == 1);
}

Test(bus_mem, the_limit_of_a_poll_holds) {
    for (uint64_t i = 0; i < 5; i++) {
        append("a", i);
    }
    hy_bus_read(bus, points, 1, 0);
    hy_bus_poll(bus, 3, 0);
    cr_assert(seen.messages == 3);
    hy_bus_stop(bus, points, 1);
    poll_all();
    cr_assert(seen.messages == 3);
}

Test(bus_mem, a_call_back_can_move_its_read) {
    for (uint64_t i = 0; i < 3; i++) {
        append("a", i);
    }
    seen.move_to = 2;
    hy_bus_read(bus, points, 1, 0);
    poll_all();
    cr_assert(seen.messages == 2 && seen.offsets[0] == 0 && seen.offsets[1] == 2);
}

Test(bus_mem, a_tombstone_stays_without_a_value) {
    cr_assert(hy_bus_append(bus, points, 1, hy_bytes_of("m"), hy_bytes(NULL, 0), 1));
    hy_bus_read(bus, points, 1, 0);
    poll_all();
    cr_assert(seen.messages == 1 && seen.last_message.value.data == NULL &&
              seen.last_message.key.length == 1);
}

Test(bus_mem, what_is_late_is_neither_written_nor_reported_and_what_follows_waits) {
    fate = HY_MEM_LATE;
    append("a", 1);
    fate = HY_MEM_KEPT;
    append("b", 2);
    poll_all();
    cr_assert(end() == 0 && seen.deliveries == 0);
    cr_assert(hy_mem_broker_release(broker, 1) == 1 && end() == 1);
    cr_assert(hy_mem_broker_release(broker, SIZE_MAX) == 1 && end() == 2);
    poll_all();
    cr_assert(seen.deliveries == 2 && seen.delivered[1].token == 2 && seen.delivered[1].offset == 1);
}

Test(bus_mem, a_late_report_is_of_something_already_written) {
    fate = HY_MEM_LATE_REPORT;
    append("a", 1);
    poll_all();
    cr_assert(end() == 1 && seen.deliveries == 0);
    hy_mem_broker_release(broker, SIZE_MAX);
    poll_all();
    cr_assert(end() == 1 && seen.deliveries == 1 && seen.delivered[0].offset == 0);
}

Test(bus_mem, a_failed_append_may_be_there_or_not) {
    fate = HY_MEM_FAILED_KEPT;
    append("a", 1);
    fate = HY_MEM_FAILED_LOST;
    append("b", 2);
    poll_all();
    cr_assert(end() == 1 && seen.deliveries == 2);
    cr_assert(seen.delivered[0].failed && seen.delivered[1].failed && seen.delivered[0].offset < 0);
}

Test(bus_mem, a_repeated_append_stands_twice_and_is_reported_at_the_later_offset) {
    fate = HY_MEM_REPEATED;
    append("a", 1);
    poll_all();
    cr_assert(end() == 2 && seen.deliveries == 1 && seen.delivered[0].offset == 1);
}

Test(bus_mem, an_append_that_is_overtaken_stands_behind_the_next_one) {
    fate = HY_MEM_OVERTAKEN;
    append("a", 1);
    poll_all();
    cr_assert(end() == 0 && seen.deliveries == 0);
    fate = HY_MEM_KEPT;
    append("b", 2);
    poll_all();
    cr_assert(end() == 2 && seen.deliveries == 2);
    cr_assert(seen.delivered[0].token == 2 && seen.delivered[0].offset == 0);
    cr_assert(seen.delivered[1].token == 1 && seen.delivered[1].offset == 1);
}

Test(bus_mem, what_a_dead_instance_sent_may_still_arrive) {
    fate = HY_MEM_LATE;
    append("a", 1);
    hy_bus_mem_crash(bus);
    bus = open_bus();
    (void)hy_bus_topic(bus, "first");
    (void)hy_bus_topic(bus, "points");
    fate = HY_MEM_KEPT;
    append("b", 2);
    cr_assert(end() == 1, "a new instance does not wait for the old one's");
    hy_mem_broker_release(broker, SIZE_MAX);
    poll_all();
    cr_assert(end() == 2 && seen.deliveries == 1 && seen.delivered[0].token == 2);
}

Test(bus_mem, closing_reports_what_waits_as_failed) {
    fate = HY_MEM_LATE;
    append("a", 1);
    hy_bus_close(bus, 0);
    cr_assert(seen.deliveries == 1 && seen.delivered[0].failed);
    bus = open_bus();
}

Test(bus_mem, membership_is_commanded) {
    hy_bus_mem_assign(bus, 0);
    hy_bus_mem_assign(bus, 1);
    hy_bus_mem_assign(bus, 1);
    poll_all();
    cr_assert(seen.assigned == 3);
    hy_bus_mem_revoke(bus, 1, true);
    poll_all();
    cr_assert(seen.revoked == 2 && seen.lost == 1);
    hy_bus_join(bus, &points, 1);
    cr_assert(hy_bus_mem_joined(bus));
    hy_bus_leave(bus);
    poll_all();
    cr_assert(seen.revoked == 3 && seen.lost == 1 && !hy_bus_mem_joined(bus));
}

Test(bus_mem, an_offset_that_is_not_there_ends_the_read) {
    append("a", 1);
    append("a", 2);
    hy_mem_broker_trim(broker, "hy.points", 1, 1);
    hy_bus_read(bus, points, 1, 0);
    poll_all();
    hy_bus_read(bus, points, 1, 3);
    poll_all();
    cr_assert(seen.out_of_range == 2 && seen.messages == 0);
    hy_bus_read(bus, points, 1, 2);
    poll_all();
    cr_assert(seen.out_of_range == 2, "the end is a place to read from");
    int64_t low = 0;
    int64_t high = 0;
    cr_assert(hy_bus_range(bus, points, 1, 0, &low, &high) && low == 1 && high == 2);
}

Test(bus_mem, nothing_comes_from_a_broker_that_is_away) {
    append("a", 1);
    hy_bus_read(bus, points, 1, 0);
    hy_mem_broker_away(broker, true);
    append("b", 2);
    int64_t low = 0;
    int64_t high = 0;
    cr_assert(hy_bus_poll(bus, 10, 0) == 0 && !hy_bus_connected(bus));
    cr_assert(!hy_bus_range(bus, points, 1, 0, &low, &high));
    hy_mem_broker_away(broker, false);
    hy_mem_broker_release(broker, SIZE_MAX);
    poll_all();
    cr_assert(hy_bus_connected(bus) && seen.messages == 2 && seen.deliveries == 2);
}

Test(bus_mem, a_full_queue_takes_nothing) {
    hy_bus_mem_refuse(bus, true);
    cr_assert(!hy_bus_append(bus, points, 1, hy_bytes_of("m"), hy_bytes_of("a"), 1));
    hy_bus_mem_refuse(bus, false);
    poll_all();
    cr_assert(end() == 0 && seen.deliveries == 0);
}

Test(bus_mem, commits_can_be_seen) {
    cr_assert(hy_mem_broker_committed(broker, "hy.points", 2) < 0);
    hy_bus_commit(bus, points, 2, 9);
    cr_assert(hy_mem_broker_committed(broker, "hy.points", 2) == 9);
}
