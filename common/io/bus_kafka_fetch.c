// Reading partitions from given offsets, all into one queue, by librdkafka's simple consumer: it starts and
// stops single partitions without any group. Stopping raises the partition's version inside librdkafka, so
// messages fetched before are thrown away there; what this file adds is for messages that were already pulled
// out when a read is stopped or moved.
//
// A pull empties the queue: one lock for all messages, and each is copied to blocks of our own
// (bus_kafka_slab.h), so that librdkafka's are freed at once, while they are in the cache, and by one thread.
// What was pulled is handed out as callers have room; only then is the queue emptied again.
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/io/bus_kafka.h"
#include "common/io/clock.h"
#include "common/io/log.h"

enum {
    QUEUE_MESSAGES = 1000000,
    RESTART_AFTER_S = 1,
    // Of one answer of Kafka: one waits in librdkafka's queue while the one before is handed out. It decides
    // how far what was fetched has gone from the caches when it is taken. And an allocation above 16 MiB is
    // the system's: mimalloc gets and gives it back each time, and clearing its pages cost half as much as
    // deciding what was in them.
    ANSWER_BYTES = 4 << 20,
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

// Half of what may be fetched ahead; the other half has been pulled.
static int64_t queue_bytes(const struct hy_bus *bus) {
    return (bus->options.queue_kbytes + 1) / 2 * 1024;
}

static void open_client(struct hy_bus *bus) {
    struct bus_fetch *fetch = &bus->fetch;
    if (fetch->client != NULL) return;
    rd_kafka_conf_t *conf = bus_conf_new(bus, SETTINGS, sizeof SETTINGS / sizeof SETTINGS[0]);
    if (conf != NULL && bus_conf_number(conf, "queued.max.messages.kbytes", queue_bytes(bus) / 1024) &&
        bus_conf_number(conf, "fetch.max.bytes", ANSWER_BYTES) &&
        bus_conf_number(conf, "fetch.message.max.bytes", partition_bytes(bus))) {
        // Since 2.2; before, see keep_fetching.
        (void)rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "1", NULL, 0);
        fetch->client = bus_client_new(RD_KAFKA_CONSUMER, conf);
    }
    if (fetch->client == NULL) abort(); // said why; hy_bus_open has checked the options
    fetch->queue = rd_kafka_queue_new(fetch->client);
    fetch->incident = rd_kafka_queue_get_main(fetch->client);
    bus_slab_init(&fetch->slab, (size_t)queue_bytes(bus) + ANSWER_BYTES); // what a pull may bring
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
    bus->fetch.stopped = true;
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
    bus_slab_release(&bus->fetch.slab, message->owner);
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

static void failed(struct hy_bus *bus, const struct bus_pulled *pulled) {
    const struct hy_message *message = &pulled->message;
    struct bus_reading *reading = bus_reading_at(bus, message->topic, message->partition);
    if (!reading->active || reading->first_pull > bus->fetch.pull) return;
    if (pulled->error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        pulled->error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        out_of_range(bus, message->topic, message->partition);
        return;
    }
    // librdkafka skips what it cannot decode. Nothing may be skipped: read it again, for as long as it takes.
    hy_log(HY_LOG_ERROR, "read_failed", "%s/%u at %lld: %s: %.*s", bus->topics[message->topic].full_name,
           message->partition, (long long)reading->expected, rd_kafka_err2str(pulled->error),
           (int)message->value.length, (const char *)message->value.data);
    reading->first_pull = UINT64_MAX;
    restart_later(bus, reading);
}

static bool wanted(const struct hy_bus *bus, const struct bus_reading *reading, int64_t offset) {
    return reading->active && reading->first_pull <= bus->fetch.pull && offset >= reading->expected;
}

// False: nobody took the message.
static bool deliver(struct hy_bus *bus, const struct hy_message *message) {
    struct bus_reading *reading = bus_reading_at(bus, message->topic, message->partition);
    if (!wanted(bus, reading, message->offset)) return false;
    reading->expected = message->offset + 1;
    reading->doubtful = false;
    bus->called++;
    if (bus->events.message == NULL) return false;
    bus->fetch.lent++;
    bus->events.message(bus->events.context, message);
    return true;
}

// Called by librdkafka for each message of the queue, or error in its place.
static void pull_one(rd_kafka_message_t *message, void *opaque) {
    struct hy_bus *bus = opaque;
    struct bus_fetch *fetch = &bus->fetch;
    if (message->rkt == NULL || message->partition < 0) return; // an error of no partition
    if (fetch->pulled_count == fetch->pulled_capacity) {
        fetch->pulled_capacity = fetch->pulled_capacity == 0 ? 1024 : fetch->pulled_capacity * 2;
        fetch->pulled = hy_realloc(fetch->pulled, fetch->pulled_capacity * sizeof *fetch->pulled);
    }
    struct bus_pulled *pulled = &fetch->pulled[fetch->pulled_count++];
    pulled->error = message->err;
    pulled->message = (struct hy_message){
        .topic = (uint32_t)(uintptr_t)rd_kafka_topic_opaque(message->rkt),
        .partition = (uint32_t)message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = hy_bytes(message->key, message->key_len),
        .value = hy_bytes(message->payload, message->len),
    };
    bus_slab_keep(&fetch->slab, &pulled->message);
    fetch->pulled_bytes += message->len;
}

// librdkafka 2.0 looks only once a second whether a full queue has room again. Any request wakes the thread
// that looks, so when the queue was full, or stopping a read has emptied it, ask for something small and do
// not wait for the answer.
static void keep_fetching(struct hy_bus *bus) {
    struct bus_fetch *fetch = &bus->fetch;
    bool full = fetch->pulled_bytes >= (size_t)queue_bytes(bus) / 4 * 3 ||
                fetch->pulled_count >= (size_t)QUEUE_MESSAGES / 4 * 3;
    if (!full && !fetch->stopped) return;
    fetch->stopped = false;
    const struct rd_kafka_metadata *answer = NULL;
    if (rd_kafka_metadata(fetch->client, 0, NULL, &answer, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(answer);
    }
}

// False: there was nothing.
static bool pull(struct hy_bus *bus) {
    struct bus_fetch *fetch = &bus->fetch;
    fetch->pull++;
    fetch->next = 0;
    fetch->pulled_count = 0;
    fetch->pulled_bytes = 0;
    rd_kafka_consume_callback_queue(fetch->queue, 0, pull_one, bus);
    keep_fetching(bus);
    return fetch->pulled_count > 0;
}

static void hand_out(struct hy_bus *bus, const struct bus_pulled *pulled) {
    if (pulled->error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        failed(bus, pulled);
    } else if (deliver(bus, &pulled->message)) {
        return;
    }
    bus_slab_release(&bus->fetch.slab, pulled->message.owner);
}

void bus_fetch_poll(struct hy_bus *bus, size_t limit) {
    struct bus_fetch *fetch = &bus->fetch;
    if (fetch->client == NULL) return;
    rd_kafka_poll(fetch->client, 0);
    restart_due(bus);
    if (limit == 0) return; // a caller without room waits for something else
    while (limit > 0 && (fetch->next < fetch->pulled_count || pull(bus))) {
        hand_out(bus, &fetch->pulled[fetch->next++]);
        limit--;
    }
    // There may be more, for which librdkafka wakes nobody again.
    if (limit == 0) bus_wake(bus);
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
    while (fetch->next < fetch->pulled_count)
        bus_slab_release(&fetch->slab, fetch->pulled[fetch->next++].message.owner);
    if (fetch->lent > 0) {
        hy_log(HY_LOG_ERROR, "messages_kept", "%zu messages were not released before the bus was closed",
               fetch->lent);
    }
    rd_kafka_destroy(fetch->client);
    hy_free(fetch->pulled);
    bus_slab_free(&fetch->slab);
}
