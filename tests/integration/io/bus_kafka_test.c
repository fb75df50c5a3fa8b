// Reading and appending on a real Kafka.
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "tests/integration/io/kafka_probe.h"

static struct probe probe;

static void open_with_topic(int64_t queue_kbytes) {
    const char *prefix = probe_prefix();
    probe_make_topic(prefix, "first", PROBE_PARTITIONS);
    struct hy_bus_options options = probe_options(prefix);
    options.queue_kbytes = queue_kbytes;
    probe_open(&probe, &options);
}

static void setup(void) {
    open_with_topic(65536);
}

static void teardown(void) {
    probe_close(&probe);
}

TestSuite(bus_kafka, .timeout = 120);

Test(bus_kafka, appends_are_reported_once_each_in_order_with_their_offsets, .init = setup, .fini = teardown) {
    probe_fill(&probe, 3, 5000, 100);
    cr_assert(probe.deliveries == 5000 && !probe.out_of_order);
    cr_assert(probe.last_delivery.offset == 4999 && probe.last_delivery.partition == 3);
    int64_t low = -1;
    int64_t high = -1;
    cr_assert(hy_bus_range(probe.bus, probe.topic, 3, 5000, &low, &high));
    cr_assert(low == 0 && high == 5000);
}

Test(bus_kafka, messages_bring_what_was_appended, .init = setup, .fini = teardown) {
    const uint8_t value[] = {0, 1, 0, 255};
    probe.keep = true;
    cr_assert(
        hy_bus_append(probe.bus, probe.topic, 5, hy_bytes("who", 3), hy_bytes(value, sizeof value), 77));
    hy_bus_read(probe.bus, probe.topic, 5, 0);
    probe_until(&probe, &probe.messages, 1, 20);
    probe_until(&probe, &probe.deliveries, 1, 20);
    const struct hy_message *message = &probe.kept[0];
    cr_assert(hy_bytes_equal(message->key, hy_bytes("who", 3)));
    cr_assert(hy_bytes_equal(message->value, hy_bytes(value, sizeof value)));
    cr_assert(message->topic == probe.topic && message->partition == 5 && message->offset == 0);
    int64_t age_ms = hy_clock_now_ms() - message->timestamp_ms;
    cr_assert(age_ms > -5000 && age_ms < 60000);
    cr_assert(probe.last_delivery.token == 77);
    hy_bus_release(probe.bus, message);
}

Test(bus_kafka, a_tombstone_arrives_without_a_value, .init = setup, .fini = teardown) {
    probe.keep = true;
    cr_assert(hy_bus_append(probe.bus, probe.topic, 0, hy_bytes("who", 3), hy_bytes(NULL, 0), 1));
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    probe_until(&probe, &probe.messages, 1, 20);
    cr_assert(probe.kept[0].value.data == NULL && probe.kept[0].value.length == 0);
    hy_bus_release(probe.bus, &probe.kept[0]);
}

Test(bus_kafka, a_new_read_starts_exactly_at_its_offset_with_a_full_queue_of_the_old_one, .init = setup,
     .fini = teardown) {
    const size_t count = 100000;
    probe_fill(&probe, 1, count, 50);
    for (int64_t round = 0; round < 20; round++) {
        hy_bus_read(probe.bus, probe.topic, 1, 0);
        probe.first_offset = -1;
        probe_until(&probe, &probe.messages, probe.messages + 1000, 20);
        struct timespec pause = {.tv_nsec = round * 5000000}; // the queue fills meanwhile, more or less
        nanosleep(&pause, NULL);
        hy_bus_stop(probe.bus, probe.topic, 1);
        if (round % 2 == 0) {
            size_t before = probe.messages;
            hy_bus_poll(probe.bus, 10000, 0);
            cr_assert(probe.messages == before, "a message of a read that was stopped");
        }
        hy_bus_read(probe.bus, probe.topic, 1, 10 + round);
        probe.first_offset = -1;
        size_t before = probe.messages;
        probe_until(&probe, &probe.messages, before + 1, 20);
        cr_assert(probe.first_offset == 10 + round, "started at %lld", (long long)probe.first_offset);
        probe_until(&probe, &probe.messages, before + count - 10 - (size_t)round, 20);
        cr_assert(probe.next[1] == (int64_t)count && probe.gaps == 0);
        hy_bus_stop(probe.bus, probe.topic, 1);
    }
}

static void back_to_ten(struct probe *of, const struct hy_message *message) {
    if (message->offset != 300 || of->out_of_range_offset == 10) return;
    of->out_of_range_offset = 10; // once
    hy_bus_read(of->bus, message->topic, message->partition, 10);
    of->first_offset = -1;
}

Test(bus_kafka, a_read_can_be_moved_from_within_a_message, .init = setup, .fini = teardown) {
    probe_fill(&probe, 2, 1000, 50);
    probe.on_message = back_to_ten;
    hy_bus_read(probe.bus, probe.topic, 2, 0);
    probe_until(&probe, &probe.messages, 301 + 990, 20);
    cr_assert(probe.gaps == 0 && probe.next[2] == 1000);
}

static size_t stopped_at; // messages there were

static void stop_at_hundred(struct probe *of, const struct hy_message *message) {
    if (message->partition != 2 || message->offset != 100) return;
    hy_bus_stop(of->bus, message->topic, message->partition);
    stopped_at = of->messages;
}

Test(bus_kafka, a_read_that_is_stopped_from_within_a_message_brings_no_other, .init = setup,
     .fini = teardown) {
    probe_fill(&probe, 2, 1000, 50);
    probe.on_message = stop_at_hundred;
    hy_bus_read(probe.bus, probe.topic, 2, 0);
    probe_until(&probe, &stopped_at, 1, 20);
    probe_for(&probe, 300);
    cr_assert(stopped_at == 101 && probe.messages == 101 && probe.gaps == 0);
    hy_bus_read(probe.bus, probe.topic, 2, 101);
    probe_until(&probe, &probe.messages, 1000, 20);
    cr_assert(probe.gaps == 0 && probe.next[2] == 1000);
}

// Each turn takes few of those fetched; the read moves between the turns.
Test(bus_kafka, a_read_can_be_stopped_and_moved_while_much_of_it_was_fetched, .init = setup,
     .fini = teardown) {
    probe_fill(&probe, 1, 20000, 50);
    for (int64_t round = 0; round < 50; round++) {
        int64_t from = (round * 7919) % 15000;
        hy_bus_read(probe.bus, probe.topic, 1, from);
        probe.first_offset = -1;
        size_t before = probe.messages;
        while (probe.messages < before + 200)
            hy_bus_poll(probe.bus, 7, 1000);
        cr_assert(probe.next[1] == from + (int64_t)(probe.messages - before) && probe.gaps == 0);
        if (round % 2 == 0) continue;
        hy_bus_stop(probe.bus, probe.topic, 1);
        before = probe.messages;
        hy_bus_poll(probe.bus, 1000, 0);
        cr_assert(probe.messages == before, "a message of a read that was stopped");
    }
}

static size_t resident_bytes(void) {
    size_t pages = 0;
#ifdef __SANITIZE_ADDRESS__
    return pages; // what is freed stays with the sanitizer
#endif
    FILE *statm = fopen("/proc/self/statm", "r");
    cr_assert(statm != NULL && fscanf(statm, "%*s %zu", &pages) == 1); // NOLINT(cert-err34-c)
    fclose(statm);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

Test(bus_kafka, little_is_fetched_ahead_of_a_slow_reader) {
    open_with_topic(1024);
    probe_fill(&probe, 0, 65536, 1000);
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    probe_until(&probe, &probe.messages, 1, 20);
    size_t before = resident_bytes();
    for (int i = 0; i < 1500; i++) {
        hy_bus_poll(probe.bus, 7, 0);
        const struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    size_t after = resident_bytes();
    cr_assert(probe.messages < 30000 && probe.gaps == 0);
    cr_assert(after < before + ((size_t)16 << 20), "%zu bytes more", after - before);
    probe_close(&probe);
}

static void append_of_size(uint32_t partition, uint8_t fill, size_t bytes) {
    uint8_t *value = malloc(bytes);
    memset(value, fill, bytes);
    while (
        !hy_bus_append(probe.bus, probe.topic, partition, hy_bytes(&fill, 1), hy_bytes(value, bytes), fill))
        hy_bus_poll(probe.bus, 0, 10);
    free(value);
}

Test(bus_kafka, messages_of_any_size_stay_as_they_are_until_they_are_released, .init = setup,
     .fini = teardown) {
    const size_t sizes[] = {1, 1000000, 65536, 3, 65000, 70000, 30000, 40000, 65487, 65488, 65489, 500};
    const size_t count = sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < count; i++)
        append_of_size(4, (uint8_t)(i + 1), sizes[i]);
    probe.keep = true;
    hy_bus_read(probe.bus, probe.topic, 4, 0);
    probe_until(&probe, &probe.messages, count, 20);
    probe.keep = false;
    probe_fill(&probe, 3, 20000, 500);
    hy_bus_read(probe.bus, probe.topic, 3, 0);
    probe_until(&probe, &probe.messages, count + 20000, 20); // pass by, in memory used again and again
    for (size_t i = 0; i < count; i++) {
        const struct hy_message *message = &probe.kept[i];
        cr_assert(message->offset == (int64_t)i && message->value.length == sizes[i]);
        cr_assert(message->key.length == 1 && message->key.data[0] == i + 1);
        for (size_t k = 0; k < sizes[i]; k++)
            cr_assert(message->value.data[k] == i + 1);
        hy_bus_release(probe.bus, message);
    }
}

Test(bus_kafka, reading_again_moves_a_read_forwards_too, .init = setup, .fini = teardown) {
    probe_fill(&probe, 2, 1000, 50);
    hy_bus_read(probe.bus, probe.topic, 2, 0);
    hy_bus_read(probe.bus, probe.topic, 2, 990);
    probe_until(&probe, &probe.messages, 10, 20);
    probe_for(&probe, 200);
    cr_assert(probe.first_offset == 990 && probe.messages == 10);
}

Test(bus_kafka, an_offset_that_is_not_there_is_reported_once_and_ends_the_read, .init = setup,
     .fini = teardown) {
    probe_fill(&probe, 0, 10, 50);
    hy_bus_read(probe.bus, probe.topic, 0, 1000);
    probe_until(&probe, &probe.out_of_range, 1, 20);
    cr_assert(probe.out_of_range_offset == 1000);
    hy_bus_read(probe.bus, probe.topic, 0, 5);
    probe_until(&probe, &probe.messages, 5, 20);
    probe_for(&probe, 300);
    cr_assert(probe.out_of_range == 1 && probe.first_offset == 5 && probe.messages == 5);
}

Test(bus_kafka, the_end_of_a_partition_is_a_good_place_to_read_from, .init = setup, .fini = teardown) {
    probe_fill(&probe, 0, 10, 50);
    hy_bus_read(probe.bus, probe.topic, 0, 10);
    probe_for(&probe, 200);
    probe_fill(&probe, 0, 1, 50);
    probe_until(&probe, &probe.messages, 1, 20);
    cr_assert(probe.first_offset == 10 && probe.out_of_range == 0);
}

Test(bus_kafka, at_most_limit_messages_come_out_of_a_poll_and_the_rest_wakes_again, .init = setup,
     .fini = teardown) {
    probe_fill(&probe, 0, 1000, 50);
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    while (probe.messages < 1000) {
        struct pollfd wait = {.fd = hy_bus_wait_fd(probe.bus), .events = POLLIN};
        cr_assert(poll(&wait, 1, 5000) == 1, "nothing woke us after %zu messages", probe.messages);
        hy_bus_wait_fd_clear(probe.bus);
        size_t before = probe.messages;
        hy_bus_poll(probe.bus, 7, 0);
        cr_assert(probe.messages <= before + 7);
    }
}

// Five messages that were aborted, then five that count, then the marker.
static void write_transactions(const char *prefix) {
    char why[256];
    char topic[128];
    snprintf(topic, sizeof topic, "%sfirst", prefix);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", probe_brokers(), why, sizeof why);
    rd_kafka_conf_set(conf, "transactional.id", prefix, why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    cr_assert(rd_kafka_init_transactions(client, 20000) == NULL);
    for (int i = 0; i < 10; i++) {
        if (i % 5 == 0) cr_assert(rd_kafka_begin_transaction(client) == NULL);
        cr_assert(rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                    RD_KAFKA_V_VALUE((void *)"v", 1),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                    RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
        rd_kafka_flush(client, 10000);
        if (i == 4) cr_assert(rd_kafka_abort_transaction(client, 10000) == NULL);
        if (i == 9) cr_assert(rd_kafka_commit_transaction(client, 10000) == NULL);
    }
    rd_kafka_destroy(client);
}

Test(bus_kafka, transactions_of_others_leave_gaps_and_nothing_else, .init = setup, .fini = teardown) {
    write_transactions(probe.prefix);
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    probe_until(&probe, &probe.messages, 5, 20);
    probe_for(&probe, 300);
    cr_assert(probe.messages == 5 && probe.first_offset == 6 && probe.next[0] == 11 &&
              probe.out_of_range == 0);
    probe_fill(&probe, 0, 1, 50);
    probe_until(&probe, &probe.messages, 6, 20);
    cr_assert(probe.next[0] == 13);
}

static void slowly(struct probe *of, const struct hy_message *message) {
    (void)of;
    (void)message;
    uint64_t end = hy_clock_monotonic_ns() + 1000;
    while (hy_clock_monotonic_ns() < end) {}
}

Test(bus_kafka, a_queue_that_was_full_does_not_stall) {
    open_with_topic(1024);
    probe_fill(&probe, 0, 100000, 200); // 20 MB: with a stall of a second for each full queue, 20 s
    probe.on_message = slowly;
    uint64_t start = hy_clock_monotonic_ns();
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    probe_until(&probe, &probe.messages, 100000, 60);
    uint64_t took_ms = (hy_clock_monotonic_ns() - start) / 1000000;
    cr_assert(took_ms < 6000, "took %llu ms", (unsigned long long)took_ms);
    probe_close(&probe);
}

Test(bus_kafka, what_can_never_be_sent_is_reported_as_failed, .init = setup, .fini = teardown) {
    size_t huge = 2 << 20;
    uint8_t *value = calloc(1, huge);
    cr_assert(hy_bus_append(probe.bus, probe.topic, 0, hy_bytes("k", 1), hy_bytes(value, huge), 5));
    cr_assert(probe.deliveries == 0, "events come out of a poll alone");
    probe_until(&probe, &probe.failures, 1, 20);
    cr_assert(probe.deliveries == 1 && probe.last_delivery.token == 5 && probe.last_delivery.offset < 0);
    free(value);
}

Test(bus_kafka, a_topic_made_later_is_found) {
    const char *prefix = probe_prefix();
    struct hy_bus_options options = probe_options(prefix);
    probe_open(&probe, &options);
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    probe_for(&probe, 1500);
    probe_make_topic(prefix, "first", PROBE_PARTITIONS);
    probe_fill(&probe, 0, 10, 50);
    probe_until(&probe, &probe.messages, 10, 30);
    cr_assert(probe.first_offset == 0 && probe.gaps == 0);
    probe_close(&probe);
}

Test(bus_kafka, an_unreachable_broker_is_waited_for_and_does_not_hold_up_the_close) {
    struct hy_bus_options options = probe_options("nowhere.");
    options.brokers = "127.0.0.1:1";
    options.group = "nobody";
    probe_open(&probe, &options);
    hy_bus_join(probe.bus, &probe.topic, 1);
    hy_bus_read(probe.bus, probe.topic, 0, 0);
    cr_assert(hy_bus_append(probe.bus, probe.topic, 0, hy_bytes("k", 1), hy_bytes("v", 1), 1));
    probe_for(&probe, 1500);
    cr_assert(!hy_bus_connected(probe.bus));
    int64_t low = 0;
    int64_t high = 0;
    cr_assert(!hy_bus_range(probe.bus, probe.topic, 0, 100, &low, &high));
    uint64_t start = hy_clock_monotonic_ns();
    hy_bus_close(probe.bus, 500);
    uint64_t took_ms = (hy_clock_monotonic_ns() - start) / 1000000;
    cr_assert(took_ms < 4000, "took %llu ms", (unsigned long long)took_ms);
    cr_assert(probe.deliveries == 1 && probe.failures == 1, "an append is reported, whatever happens");
}

Test(bus_kafka, an_append_that_nobody_takes_is_given_up_after_half_a_minute) {
    struct hy_bus_options options = probe_options("nowhere.");
    options.brokers = "127.0.0.1:1";
    probe_open(&probe, &options);
    cr_assert(hy_bus_append(probe.bus, probe.topic, 0, hy_bytes("k", 1), hy_bytes("v", 1), 1));
    probe_for(&probe, 25000);
    cr_assert(probe.deliveries == 0);
    probe_until(&probe, &probe.failures, 1, 15);
    probe_close(&probe);
}

Test(bus_kafka, a_reachable_broker_shows_without_any_traffic, .init = setup, .fini = teardown) {
    for (int i = 0; i < 200 && !hy_bus_connected(probe.bus); i++) {
        hy_bus_poll(probe.bus, 1, 50);
    }
    cr_assert(hy_bus_connected(probe.bus));
}

Test(bus_kafka, unusable_options_are_refused) {
    const struct hy_bus_events none = {0};
    struct hy_bus_options options = probe_options("x.");
    options.brokers = "";
    cr_assert(hy_bus_open(&options, &none) == NULL);
    options = probe_options("x.");
    options.group = "g";
    options.session_ms = 0;
    cr_assert(hy_bus_open(&options, &none) == NULL);
}
