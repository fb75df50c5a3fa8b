// model: acknowledged-is-kept
// model: repeats-are-reported-later
// Appending: acks=all and, unless the topic minds no order, one request in flight, so that the messages of a
// partition stand in the order of the calls, but for one thing: librdkafka builds the next request while one
// is in flight, and sends it first when the broker answers that one with an error. Not idempotent: a batch
// that the broker already had would be acknowledged without its offset. A repeat after a lost acknowledgement
// therefore stands twice in the topic, reported at its later offset; readers of logs drop it.
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/bus_kafka.h"
#include "common/io/clock.h"
#include "common/io/log.h"

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "a token travels through librdkafka as a pointer");

enum { IN_FLIGHT = 32 }; // requests of a lane

static const struct bus_setting SETTINGS[] = {
    {"acks", "all"},
    {"enable.idempotence", "false"},
    {"retries", "2147483647"},
    {"retry.backoff.ms", "50"},
    {"message.timeout.ms", "30000"},
    {"compression.type", "none"},
    {"message.max.bytes", "1048576"},
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "65536"},
};

static void report(struct hy_bus *bus, const struct hy_delivery *delivery) {
    bus->called++;
    if (bus->events.delivered != NULL) bus->events.delivered(bus->events.context, delivery);
}

static void set_up(struct hy_bus *bus, bool up) {
    if (bus->append.up == up) return;
    bus->append.up = up;
    if (up) {
        hy_log(HY_LOG_INFO, "kafka_connected", "a broker answers");
    } else {
        hy_log(HY_LOG_WARN, "kafka_away", "no broker answers; waiting for one");
    }
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct hy_bus *bus = opaque;
    const struct hy_delivery delivery = {
        .token = (uint64_t)(uintptr_t)message->_private,
        .topic = (uint32_t)(uintptr_t)rd_kafka_topic_opaque(message->rkt),
        .partition = (uint32_t)message->partition,
        .offset = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? message->offset : -1,
        .failed = message->err != RD_KAFKA_RESP_ERR_NO_ERROR,
    };
    if (delivery.failed) {
        hy_log(HY_LOG_WARN, "append_failed", "%s/%u: %s", rd_kafka_topic_name(message->rkt),
               delivery.partition, rd_kafka_err2str(message->err));
    } else {
        set_up(bus, true);
    }
    report(bus, &delivery);
}

// Once a second. librdkafka says when the last broker went away (an error), but not when one came back.
static int on_statistics(rd_kafka_t *client, char *json, size_t length, void *opaque) {
    (void)client;
    (void)length;
    set_up(opaque, strstr(json, "\"state\":\"UP\"") != NULL);
    return 0; // librdkafka frees the text
}

void bus_append_heard(struct hy_bus *bus) {
    set_up(bus, true);
}

void bus_append_failed(struct hy_bus *bus, rd_kafka_resp_err_t error) {
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) set_up(bus, false);
}

static bool open_producer(struct hy_bus *bus, struct bus_producer *producer, int in_flight) {
    rd_kafka_conf_t *conf = bus_conf_new(bus, SETTINGS, sizeof SETTINGS / sizeof SETTINGS[0]);
    if (conf == NULL) return false;
    bus_conf_number(conf, "linger.ms", bus->options.linger_ms);
    bus_conf_number(conf, "max.in.flight.requests.per.connection", in_flight);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (producer == &bus->append.ordered) {
        // The only way to hear that a broker is back while nothing is sent.
        bus_conf_number(conf, "statistics.interval.ms", 1000);
        rd_kafka_conf_set_stats_cb(conf, on_statistics);
    }
    producer->client = bus_client_new(RD_KAFKA_PRODUCER, conf);
    if (producer->client == NULL) return false;
    producer->queue = rd_kafka_queue_get_main(producer->client);
    bus_wake_on(bus, producer->queue);
    return true;
}

bool bus_append_open(struct hy_bus *bus) {
    return open_producer(bus, &bus->append.ordered, 1);
}

void hy_bus_topic_unordered(struct hy_bus *bus, uint32_t topic) {
    bus->topics[topic].unordered = true;
}

static rd_kafka_t *client_of(struct hy_bus *bus, const struct bus_topic *topic, uint32_t lane) {
    struct bus_producer *producer = topic->unordered ? &bus->append.lanes[lane] : &bus->append.ordered;
    if (producer->client == NULL && !open_producer(bus, producer, IN_FLIGHT))
        abort(); // the first one took these settings
    return producer->client;
}

static rd_kafka_topic_t *append_topic(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct bus_topic *of = &bus->topics[topic];
    uint32_t lane = of->unordered ? partition % BUS_LANES : 0;
    if (of->append[lane] == NULL) {
        rd_kafka_t *client = client_of(bus, of, lane);
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(client);
        rd_kafka_topic_conf_set_opaque(conf, (void *)(uintptr_t)topic);
        of->append[lane] = rd_kafka_topic_new(client, of->full_name, conf);
    }
    if (of->append[lane] == NULL) {
        hy_log(HY_LOG_ERROR, "kafka_topic", "%s: %s", of->full_name, rd_kafka_err2str(rd_kafka_last_error()));
        abort(); // the name comes from our own table
    }
    return of->append[lane];
}

// The caller is owed a report, and events come only out of hy_bus_poll.
static void refuse(struct hy_bus *bus, const struct hy_delivery *delivery) {
    struct bus_append *append = &bus->append;
    if (append->refused_count == append->refused_capacity) {
        append->refused_capacity = append->refused_capacity == 0 ? 16 : append->refused_capacity * 2;
        append->refused = hy_realloc(append->refused, append->refused_capacity * sizeof *append->refused);
    }
    append->refused[append->refused_count++] = *delivery;
    bus_wake(bus);
}

bool hy_bus_append(struct hy_bus *bus, uint32_t topic, uint32_t partition, struct hy_bytes key,
                   struct hy_bytes value, uint64_t token) {
    rd_kafka_topic_t *of = append_topic(bus, topic, partition);
    if (rd_kafka_produce(of, (int32_t)partition, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)value.data,
                         value.length, key.data, key.length, (void *)(uintptr_t)token) == 0) {
        return true;
    }
    rd_kafka_resp_err_t error = rd_kafka_last_error();
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    hy_log(HY_LOG_ERROR, "append_refused", "%s/%u: %s", bus->topics[topic].full_name, partition,
           rd_kafka_err2str(error));
    refuse(bus, &(struct hy_delivery){token, topic, partition, -1, true});
    return true;
}

void bus_append_poll(struct hy_bus *bus) {
    struct bus_append *append = &bus->append;
    size_t count = append->refused_count; // a call-back may add more: those are the next poll's
    for (size_t i = 0; i < count; i++) {
        struct hy_delivery delivery = append->refused[i];
        report(bus, &delivery);
    }
    append->refused_count -= count;
    if (count > 0) {
        memmove(append->refused, append->refused + count, append->refused_count * sizeof *append->refused);
    }
    rd_kafka_poll(append->ordered.client, 0);
    for (size_t lane = 0; lane < BUS_LANES; lane++) {
        if (append->lanes[lane].client != NULL) rd_kafka_poll(append->lanes[lane].client, 0);
    }
}

static void flush(struct bus_producer *producer, uint64_t deadline_ns) {
    if (producer->client == NULL) return;
    uint64_t now = hy_clock_monotonic_ns();
    rd_kafka_flush(producer->client, now < deadline_ns ? (int)((deadline_ns - now) / 1000000) : 0);
    if (rd_kafka_outq_len(producer->client) == 0) return;
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer->client, 1000); // calls back for what was purged
}

static void close_producer(struct bus_producer *producer) {
    if (producer->client == NULL) return;
    rd_kafka_queue_destroy(producer->queue);
    rd_kafka_destroy(producer->client);
}

static void close_topic(const struct bus_topic *topic) {
    for (size_t lane = 0; lane < BUS_LANES; lane++) {
        if (topic->append[lane] != NULL) rd_kafka_topic_destroy(topic->append[lane]);
    }
}

void bus_append_close(struct hy_bus *bus, uint64_t deadline_ns) {
    struct bus_append *append = &bus->append;
    bus_append_poll(bus);
    flush(&append->ordered, deadline_ns);
    for (size_t lane = 0; lane < BUS_LANES; lane++)
        flush(&append->lanes[lane], deadline_ns);
    for (uint32_t i = 0; i < bus->topic_count; i++)
        close_topic(&bus->topics[i]);
    close_producer(&append->ordered);
    for (size_t lane = 0; lane < BUS_LANES; lane++)
        close_producer(&append->lanes[lane]);
}
