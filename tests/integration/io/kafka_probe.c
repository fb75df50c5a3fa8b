#include "tests/integration/io/kafka_probe.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"

const char *probe_brokers(void) {
    const char *brokers = getenv("HY_KAFKA_BROKERS");
    cr_assert(brokers != NULL, "HY_KAFKA_BROKERS must name a Kafka for these tests");
    return brokers;
}

const char *probe_prefix(void) {
    char *prefix = malloc(64); // lives as long as the test's process
    snprintf(prefix, 64, "test-%llx-%x.", (unsigned long long)hy_clock_monotonic_ns(), (unsigned)getpid());
    return prefix;
}

// A partition that has no leader yet refuses what is appended, and then the order is not kept
// (common/io/bus.h).
static void wait_for_leader(rd_kafka_t *client, const char *topic, uint32_t partition) {
    uint64_t end = hy_clock_monotonic_ns() + UINT64_C(20000000000);
    int64_t low = -1;
    int64_t high = -1;
    while (rd_kafka_query_watermark_offsets(client, topic, (int32_t)partition, &low, &high, 5000) != 0) {
        cr_assert(hy_clock_monotonic_ns() < end, "%s/%u has no leader", topic, partition);
        usleep(10000);
    }
}

void probe_make_topic(const char *prefix, const char *name, uint32_t partitions) {
    char full[128];
    char why[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", probe_brokers(), why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(full, (int)partitions, 1, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
    cr_assert(event != NULL && rd_kafka_event_error(event) == 0, "topic %s could not be made", full);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(wanted);
    rd_kafka_queue_destroy(queue);
    for (uint32_t partition = 0; partition < partitions; partition++)
        wait_for_leader(client, full, partition);
    rd_kafka_destroy(client);
}

static void on_message(void *context, const struct hy_message *message) {
    struct probe *probe = context;
    if (probe->first_offset < 0) {
        probe->first_offset = message->offset;
    } else if (probe->next[message->partition] != message->offset) {
        probe->gaps++;
    }
    probe->next[message->partition] = message->offset + 1;
    probe->messages++;
    if (probe->on_message != NULL) probe->on_message(probe, message);
    if (probe->keep && probe->kept_count < PROBE_LIMIT) {
        probe->kept[probe->kept_count++] = *message;
    } else {
        hy_bus_release(probe->bus, message);
    }
}

static void on_delivered(void *context, const struct hy_delivery *delivery) {
    struct probe *probe = context;
    if (delivery->failed) {
        probe->failures++;
    } else if (delivery->partition == probe->last_delivery.partition && probe->deliveries > 0 &&
               (delivery->token != probe->last_delivery.token + 1 ||
                delivery->offset != probe->last_delivery.offset + 1)) {
        probe->out_of_order = true;
    }
    probe->deliveries++;
    probe->last_delivery = *delivery;
}

static void on_assigned(void *context, uint32_t partition) {
    struct probe *probe = context;
    cr_assert(!probe->owned[partition], "assigned twice");
    probe->owned[partition] = true;
    probe->owned_count++;
    probe->assigned++;
}

static void on_revoked(void *context, uint32_t partition, bool lost) {
    struct probe *probe = context;
    cr_assert(probe->owned[partition], "revoked without having been assigned");
    probe->owned[partition] = false;
    probe->owned_count--;
    probe->revoked++;
    if (lost) probe->lost++;
}

static void on_out_of_range(void *context, uint32_t topic, uint32_t partition, int64_t offset) {
    (void)topic;
    (void)partition;
    struct probe *probe = context;
    probe->out_of_range++;
    probe->out_of_range_offset = offset;
}

struct hy_bus_options probe_options(const char *prefix) {
    return (struct hy_bus_options){
        .brokers = probe_brokers(),
        .topic_prefix = prefix,
        .instance = "probe",
        .partitions = PROBE_PARTITIONS,
        .session_ms = 6000,
        .queue_kbytes = 65536,
    };
}

void probe_open(struct probe *probe, const struct hy_bus_options *options) {
    memset(probe, 0, sizeof *probe);
    probe->first_offset = -1;
    probe->prefix = options->topic_prefix;
    const struct hy_bus_events events = {
        .context = probe,
        .assigned = on_assigned,
        .revoked = on_revoked,
        .message = on_message,
        .delivered = on_delivered,
        .out_of_range = on_out_of_range,
    };
    probe->bus = hy_bus_open(options, &events);
    cr_assert(probe->bus != NULL);
    probe->topic = hy_bus_topic(probe->bus, "first");
}

void probe_close(struct probe *probe) {
    hy_bus_close(probe->bus, 5000);
}

void probe_until(struct probe *probe, const size_t *counter, size_t wanted, int seconds) {
    uint64_t end = hy_clock_monotonic_ns() + (uint64_t)seconds * UINT64_C(1000000000);
    while (*counter < wanted) {
        hy_bus_poll(probe->bus, 10000, 50);
        cr_assert(hy_clock_monotonic_ns() < end, "after %d s: %zu of %zu", seconds, *counter, wanted);
    }
}

void probe_for(struct probe *probe, int milliseconds) {
    uint64_t end = hy_clock_monotonic_ns() + (uint64_t)milliseconds * UINT64_C(1000000);
    while (hy_clock_monotonic_ns() < end) {
        hy_bus_poll(probe->bus, 10000, 10);
    }
}

void probe_fill(struct probe *probe, uint32_t partition, size_t count, size_t bytes) {
    uint8_t *value = calloc(1, bytes + 24);
    size_t before = probe->deliveries;
    for (size_t i = 0; i < count; i++) {
        snprintf((char *)value, 24, "%zu", i);
        while (!hy_bus_append(probe->bus, probe->topic, partition, hy_bytes("key", 3), hy_bytes(value, bytes),
                              probe->next_token)) {
            hy_bus_poll(probe->bus, 0, 10);
        }
        probe->next_token++;
    }
    probe_until(probe, &probe->deliveries, before + count, 30);
    cr_assert(probe->failures == 0);
    free(value);
}
