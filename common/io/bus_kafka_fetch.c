// Reading partitions from given offsets, all into one queue, by librdkafka's simple consumer: it starts and
// stops single partitions without any group. Stopping raises the partition's version inside librdkafka, so
// messages fetched before are thrown away there; what this file adds is for messages that were already pulled
// out when a call-back stops or moves a read.
#include <stdlib.h>

#include "common/io/bus_kafka.h"
#include "common/io/clock.h"
#include "common/io/log.h"

enum {
    QUEUE_MESSAGES = 1000000,
    RESTART_AFTER_S = 1,
    // Of one answer of Kafka. With the queue (HY_QUEUE_KBYTES) it decides how far what was fetched has gone
    // from the caches when it is taken. And an allocation above 16 MiB is the system's: mimalloc gets and
    // gives it back each time, and clearing its pages cost half as much as deciding what was in them.
    ANSWER_BYTES = 8 << 20,
    PARTITION_LEAST_BYTES = 65536,
    PARTITION_MOST_BYTES = 1048576,
};

static const struct bus_setting SETTINGS[] = {
    {"queued.min.messages", "1000000"}, // = QUEUE_MESSAGES: the bound in bytes is the one that counts
    // How long a read that starts meanwhile waits at most; data is answered at once.
    {"fetch.wait.max.ms", "50"},
    {"fetch.error.backoff.ms", "50"},
    {"check.crcs", "true"},
    {"enable.partition.eof", "false"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
};

// Of one partition in one answer: an answer is to hold something of every partition. What one of them sends
// too much of stands in the way of the others.
static int64_t partition_bytes(const struct hy_bus *bus) {
    int64_t bytes = ANSWER_BYTES / (int64_t)(bus->options.partitions > 0 ? bus->options.partitions : 1);
    if (bytes < PARTITION_LEAST_BYTES) return PARTITION_LEAST_BYTES;
    return bytes < PARTITION_MOST_BYTES ? bytes : PARTITION_MOST_BYTES;
}

static void open_client(struct hy_bus *bus) {
    struct bus_fetch *fetch = &bus->fetch;
    if (fetch->client != NULL) return;
    rd_kafka_conf_t *conf = bus_conf_new(bus, SETTINGS, sizeof SETTINGS / sizeof SETTINGS[0]);
    if (conf != NULL && bus_conf_number(conf, "queued.max.messages.kbytes", bus->options.queue_kbytes) &&
        bus_conf_number(conf, "fetch.max.bytes", ANSWER_BYTES) &&
        bus_conf_number(conf, "fetch.message.max.bytes", partition_bytes(bus))) {
        // Since 2.2; before, see keep_fetching.
        (void)rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "1", NULL, 0);
        fetch->client = bus_client_new(RD_KAFKA_CONSUMER, conf);
    }
    if (fetch->client == NULL) abort(); // said why; hy_bus_open has checked the options
    fetch->queue = rd_kafka_queue_new(fetch->client);
    fetch->incident = rd_kafka_queue_get_main(fetch->client);
    bus_wake_on(bus, fetch->queue);
    bus_wake_on(bus, fetch->incident);
}

static rd_kafka_topic_t *fetch_topic(struct hy_bus *bus, uint32_t topic) {
    open_client(bus);
    struct bus_topic *of = &bus->topics[topic];
    if (of->fetch != NULL) return of->fetch;
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(bus->fetch.client);
    rd_kafka_topic_conf_set_opaque(conf, (void *)(uintptr_t)topic);
    rd_kafka_topic_conf_set(conf, "auto.offset.reset", "error", NULL, 0);
    rd_kafka_topic_conf_set(conf, "auto.commit.enable", "false", NULL, 0);
    of->fetch = rd_kafka_topic_new(bus->fetch.client, of->full_name, conf);
    if (of->fetch == NULL) {
        hy_log(HY_LOG_ERROR, "kafka_topic", "%s: %s", of->full_name, rd_kafka_err2str(rd_kafka_last_error()));
        abort(); // the name comes from our own table
    }
    return of->fetch;
}

static void start(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    const struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    rd_kafka_topic_t *of = fetch_topic(bus, topic);
    if (rd_kafka_consume_start_queue(of, (int32_t)partition, reading->expected, bus->fetch.queue) == 0)
        return;
    hy_log(HY_LOG_ERROR, "read_refused", "%s/%u from %lld: %s", bus->topics[topic].full_name, partition,
           (long long)reading->expected, rd_kafka_err2str(rd_kafka_last_error()));
}

static void stop(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    if (reading->restart_ns != 0) bus->fetch.restarts--;
    reading->restart_ns = 0;
    rd_kafka_consume_stop(fetch_topic(bus, topic), (int32_t)partition);
}

void hy_bus_read(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t offset) {
    struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    if (reading->active) stop(bus, topic, partition);
    reading->active = true;
    reading->doubtful = false;
    reading->expected = offset;
    reading->first_pull = bus->fetch.pull + 1;
    start(bus, topic, partition);
}

void hy_bus_stop(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    if (!reading->active) return;
    reading->active = false;
    stop(bus, topic, partition);
}

void hy_bus_release(struct hy_bus *bus, const struct hy_message *message) {
    bus->fetch.lent--;
    rd_kafka_message_destroy(message->owner);
}

bool hy_bus_range(struct hy_bus *bus, uint32_t topic, uint32_t partition, int timeout_ms, int64_t *ret_low,
                  int64_t *ret_high) {
    int64_t low = 0;
    int64_t high = 0;
    // By the producer's connection: on the consumer's a question waits behind the fetch that waits for data.
    rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(bus->append.ordered.client, bus->topics[topic].full_name,
                                         (int32_t)partition, &low, &high, timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        hy_log(HY_LOG_DEBUG, "range_unknown", "%s/%u: %s", bus->topics[topic].full_name, partition,
               rd_kafka_err2str(error));
        return false;
    }
    bus_append_heard(bus);
    *ret_low = low;
    *ret_high = high;
    return true;
}

static void restart(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    stop(bus, topic, partition);
    reading->first_pull = bus->fetch.pull + 1;
    start(bus, topic, partition);
}

static void restart_later(struct hy_bus *bus, struct bus_reading *reading) {
    if (reading->restart_ns == 0) bus->fetch.restarts++;
    reading->restart_ns = hy_clock_monotonic_ns() + RESTART_AFTER_S * UINT64_C(1000000000);
}

static void restart_due(struct hy_bus *bus) {
    if (bus->fetch.restarts == 0) return;
    uint64_t now = hy_clock_monotonic_ns();
    for (uint32_t topic = 0; topic < bus->topic_count; topic++) {
        for (uint32_t partition = 0; partition < bus->topics[topic].reading_count; partition++) {
            const struct bus_reading *reading = &bus->topics[topic].readings[partition];
            if (reading->restart_ns != 0 && reading->restart_ns <= now) restart(bus, topic, partition);
        }
    }
}

// librdkafka does not mark this error with the read that it belongs to, so it may be an echo of one that has
// ended: it is believed when a fresh start meets it again.
static void out_of_range(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    if (!reading->doubtful) {
        reading->doubtful = true;
        restart(bus, topic, partition);
        return;
    }
    int64_t offset = reading->expected;
    hy_bus_stop(bus, topic, partition);
    hy_log(HY_LOG_WARN, "out_of_range", "%s/%u has no offset %lld", bus->topics[topic].full_name, partition,
           (long long)offset);
    bus->called++;
    if (bus->events.out_of_range != NULL)
        bus->events.out_of_range(bus->events.context, topic, partition, offset);
}

static void failed(struct hy_bus *bus, const rd_kafka_message_t *message, uint32_t topic) {
    struct bus_reading *reading = bus_reading_at(bus, topic, (uint32_t)message->partition);
    if (!reading->active || reading->first_pull > bus->fetch.pull) return;
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        out_of_range(bus, topic, (uint32_t)message->partition);
        return;
    }
    // librdkafka skips what it cannot decode. Nothing may be skipped: read it again, for as long as it takes.
    hy_log(HY_LOG_ERROR, "read_failed", "%s/%d at %lld: %s", bus->topics[topic].full_name, message->partition,
           (long long)reading->expected, rd_kafka_message_errstr(message));
    reading->first_pull = UINT64_MAX;
    restart_later(bus, reading);
}

static bool wanted(const struct hy_bus *bus, const struct bus_reading *reading, int64_t offset) {
    return reading->active && reading->first_pull <= bus->fetch.pull && offset >= reading->expected;
}

// False: nobody took the message.
static bool deliver(struct hy_bus *bus, rd_kafka_message_t *message) {
    if (message->rkt == NULL) return false;
    uint32_t topic = (uint32_t)(uintptr_t)rd_kafka_topic_opaque(message->rkt);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (message->partition >= 0) failed(bus, message, topic);
        return false;
    }
    uint32_t partition = (uint32_t)message->partition;
    struct bus_reading *reading = bus_reading_at(bus, topic, partition);
    if (!wanted(bus, reading, message->offset)) return false;
    reading->expected = message->offset + 1;
    reading->doubtful = false;
    bus->called++;
    if (bus->events.message == NULL) return false;
    bus->fetch.message_bytes = (bus->fetch.message_bytes * 63 + message->len + 63) / 64;
    bus->fetch.lent++;
    const struct hy_message ours = {
        .topic = topic,
        .partition = partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = hy_bytes(message->key, message->key_len),
        .value = hy_bytes(message->payload, message->len),
        .owner = message,
    };
    bus->events.message(bus->events.context, &ours);
    return true;
}

// librdkafka 2.0 looks only once a second whether a full queue has room again. Any request wakes the thread
// that looks, so when a queue that was full has half drained, ask for something small and do not wait for the
// answer.
static void keep_fetching(struct hy_bus *bus) {
    struct bus_fetch *fetch = &bus->fetch;
    size_t bytes = fetch->message_bytes > 0 ? fetch->message_bytes : 1;
    size_t full = (size_t)bus->options.queue_kbytes * 1024 / bytes;
    if (full > QUEUE_MESSAGES) full = QUEUE_MESSAGES;
    size_t length = rd_kafka_queue_length(fetch->queue);
    if (length >= full / 4 * 3) {
        fetch->nudge_below = full / 2;
    } else if (length < fetch->nudge_below) {
        fetch->nudge_below /= 2;
        const struct rd_kafka_metadata *answer = NULL;
        if (rd_kafka_metadata(fetch->client, 0, NULL, &answer, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(answer);
        }
    }
}

void bus_fetch_poll(struct hy_bus *bus, size_t limit) {
    struct bus_fetch *fetch = &bus->fetch;
    if (fetch->client == NULL) return;
    rd_kafka_poll(fetch->client, 0);
    restart_due(bus);
    bool asked = limit > 0;
    size_t want = limit < BUS_PULL_MESSAGES ? limit : BUS_PULL_MESSAGES;
    ssize_t got = (ssize_t)want;
    while (want > 0 && got == (ssize_t)want) {
        got = rd_kafka_consume_batch_queue(fetch->queue, 0, fetch->pulled, want);
        fetch->pull++;
        for (ssize_t i = 0; i < got; i++) {
            if (!deliver(bus, fetch->pulled[i])) rd_kafka_message_destroy(fetch->pulled[i]);
        }
        keep_fetching(bus);
        if (got > 0) limit -= (size_t)got;
        want = limit < BUS_PULL_MESSAGES ? limit : BUS_PULL_MESSAGES;
    }
    // There may be more, for which librdkafka wakes nobody again. A caller without room waits for something
    // else.
    if (asked && limit == 0) bus_wake(bus);
}

static void close_topic(struct hy_bus *bus, uint32_t index) {
    struct bus_topic *topic = &bus->topics[index];
    if (topic->fetch == NULL) return;
    for (uint32_t partition = 0; partition < topic->reading_count; partition++) {
        hy_bus_stop(bus, index, partition);
    }
    rd_kafka_topic_destroy(topic->fetch);
}

void bus_fetch_close(struct hy_bus *bus) {
    struct bus_fetch *fetch = &bus->fetch;
    if (fetch->client == NULL) return;
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        close_topic(bus, i);
    }
    rd_kafka_queue_destroy(fetch->queue);
    rd_kafka_queue_destroy(fetch->incident);
    if (fetch->lent > 0) {
        hy_log(HY_LOG_ERROR, "messages_kept", "%zu messages were not released before the bus was closed",
               fetch->lent);
    }
    rd_kafka_destroy(fetch->client);
}
