// The bus on Kafka: opening, closing, polling, and what the three handles share. See bus_kafka.h.
#include "common/io/bus_kafka.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_A_MS      UINT64_C(1000000)

// librdkafka would refuse a session longer than this.
static const int64_t POLL_INTERVAL_MS = 300000;

// What every handle is configured with. Security (TLS, SASL) belongs here too: one place for all three
// handles.
static const struct bus_setting SHARED[] = {
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    {"log.connection.close", "false"},
    {"reconnect.backoff.ms", "100"},
    {"reconnect.backoff.max.ms", "2000"},
    {"topic.metadata.refresh.interval.ms", "5000"}, // how soon a topic made later is found
};

// syslog's levels. A broker that is away is a warning: it is waited for.
static void log_line(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    enum hy_log_level ours = level <= 4 ? HY_LOG_WARN : level <= 5 ? HY_LOG_INFO : HY_LOG_DEBUG;
    hy_log(ours, "kafka", "%s: %s: %s", rd_kafka_name(client), facility, text);
}

static void on_error(rd_kafka_t *client, int error, const char *reason, void *opaque) {
    struct hy_bus *bus = opaque;
    if (client == bus->append.ordered.client) bus_append_failed(bus, (rd_kafka_resp_err_t)error);
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        hy_log(HY_LOG_ERROR, "kafka_fatal", "%s: %s", rd_kafka_name(client), reason);
        if (client == bus->group.client) bus_group_fatal(bus);
        return;
    }
    hy_log(HY_LOG_DEBUG, "kafka_error", "%s: %s", rd_kafka_name(client), reason);
}

bool bus_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK) return true;
    hy_log(HY_LOG_ERROR, "kafka_setting", "%s", why);
    return false;
}

bool bus_conf_number(rd_kafka_conf_t *conf, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return bus_conf_set(conf, name, text);
}

static bool set_all(rd_kafka_conf_t *conf, const struct bus_setting *settings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!bus_conf_set(conf, settings[i].name, settings[i].value)) return false;
    }
    return true;
}

rd_kafka_conf_t *bus_conf_new(struct hy_bus *bus, const struct bus_setting *settings, size_t count) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, bus);
    rd_kafka_conf_set_log_cb(conf, log_line);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (bus_conf_set(conf, "bootstrap.servers", bus->options.brokers) &&
        bus_conf_set(conf, "client.id", bus->options.instance) && set_all(conf, SHARED, COUNT(SHARED)) &&
        set_all(conf, settings, count)) {
        return conf;
    }
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *bus_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char why[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (client != NULL) return client;
    rd_kafka_conf_destroy(conf);
    hy_log(HY_LOG_ERROR, "kafka_client", "%s", why);
    return NULL;
}

void bus_wake_on(struct hy_bus *bus, rd_kafka_queue_t *queue) {
    const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, bus->wake_fd, &one, sizeof one);
}

void bus_wake(struct hy_bus *bus) {
    (void)eventfd_write(bus->wake_fd, 1); // fails only when it is readable as can be
}

static char *copy_or_null(const char *text) {
    return text != NULL ? hy_strdup(text) : NULL;
}

static bool usable(const struct hy_bus_options *options) {
    if (options->brokers == NULL || options->brokers[0] == '\0') {
        hy_log(HY_LOG_ERROR, "kafka_options", "no brokers are named");
        return false;
    }
    if (options->group != NULL && (options->session_ms < 1 || options->session_ms > POLL_INTERVAL_MS)) {
        hy_log(HY_LOG_ERROR, "kafka_options", "session time-out must be 1 … %lld ms",
               (long long)POLL_INTERVAL_MS);
        return false;
    }
    if (options->queue_kbytes < 1 || options->queue_kbytes > 2097151) {
        hy_log(HY_LOG_ERROR, "kafka_options", "bound of the fetch queue must be 1 … 2097151 KiB");
        return false;
    }
    return true;
}

static void bus_free(struct hy_bus *bus) {
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        hy_free(bus->topics[i].full_name);
        hy_free(bus->topics[i].readings);
    }
    hy_free(bus->group.owned);
    hy_free(bus->group.offered);
    hy_free(bus->append.refused);
    hy_free((char *)(uintptr_t)bus->options.brokers);
    hy_free((char *)(uintptr_t)bus->options.topic_prefix);
    hy_free((char *)(uintptr_t)bus->options.group);
    hy_free((char *)(uintptr_t)bus->options.instance);
    close(bus->wake_fd);
    hy_free(bus);
}

struct hy_bus *hy_bus_open(const struct hy_bus_options *options, const struct hy_bus_events *events) {
    if (!usable(options)) return NULL;
    struct hy_bus *bus = hy_calloc(1, sizeof *bus);
    bus->events = *events;
    bus->options = *options;
    bus->options.brokers = hy_strdup(options->brokers);
    bus->options.topic_prefix = hy_strdup(options->topic_prefix != NULL ? options->topic_prefix : "");
    bus->options.group = copy_or_null(options->group);
    bus->options.instance = hy_strdup(options->instance != NULL ? options->instance : "huiyuan");
    bus->group.owned = hy_calloc(options->partitions, sizeof(bool));
    bus->group.offered = hy_calloc(options->partitions, sizeof(bool));
    bus->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (bus->wake_fd >= 0 && bus_append_open(bus)) return bus;
    bus_free(bus);
    return NULL;
}

void hy_bus_close(struct hy_bus *bus, int timeout_ms) {
    uint64_t deadline = hy_clock_monotonic_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * NS_A_MS;
    bus_group_close(bus, deadline);
    bus_append_close(bus, deadline);
    bus_fetch_close(bus);
    bus_free(bus);
}

uint32_t hy_bus_topic(struct hy_bus *bus, const char *name) {
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        if (strcmp(bus->topics[i].name, name) == 0) return i;
    }
    if (bus->topic_count == BUS_TOPICS_LIMIT) {
        hy_log(HY_LOG_ERROR, "kafka_topics", "more than %d topics", BUS_TOPICS_LIMIT);
        return BUS_TOPICS_LIMIT - 1;
    }
    struct bus_topic *topic = &bus->topics[bus->topic_count];
    size_t size = strlen(bus->options.topic_prefix) + strlen(name) + 1;
    topic->name = name;
    topic->full_name = hy_malloc(size);
    snprintf(topic->full_name, size, "%s%s", bus->options.topic_prefix, name);
    return bus->topic_count++;
}

struct bus_reading *bus_reading_at(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct bus_topic *of = &bus->topics[topic];
    if (partition >= of->reading_count) {
        uint32_t count = partition + 1 > bus->options.partitions ? partition + 1 : bus->options.partitions;
        of->readings = hy_realloc(of->readings, count * sizeof *of->readings);
        for (uint32_t i = of->reading_count; i < count; i++) {
            of->readings[i] = (struct bus_reading){.commit = -1};
        }
        of->reading_count = count;
    }
    return &of->readings[partition];
}

static size_t serve(struct hy_bus *bus, size_t limit) {
    uint64_t before = bus->called;
    bus_append_poll(bus);
    bus_group_poll(bus);
    bus_fetch_poll(bus, limit);
    return (size_t)(bus->called - before);
}

static void wait_until(struct hy_bus *bus, uint64_t now, uint64_t deadline) {
    struct pollfd wait = {.fd = bus->wake_fd, .events = POLLIN};
    uint64_t left_ms = (deadline - now + NS_A_MS - 1) / NS_A_MS;
    // At most a second, so that commits and restarts that are due go out.
    (void)poll(&wait, 1, left_ms < 1000 ? (int)left_ms : 1000);
    hy_bus_wait_fd_clear(bus);
}

size_t hy_bus_poll(struct hy_bus *bus, size_t limit, int timeout_ms) {
    size_t called = serve(bus, limit);
    if (called > 0 || timeout_ms <= 0) return called;
    uint64_t now = hy_clock_monotonic_ns();
    uint64_t deadline = now + (uint64_t)timeout_ms * NS_A_MS;
    while (called == 0 && now < deadline) {
        wait_until(bus, now, deadline);
        called = serve(bus, limit);
        now = hy_clock_monotonic_ns();
    }
    return called;
}

int hy_bus_wait_fd(struct hy_bus *bus) {
    return bus->wake_fd;
}

void hy_bus_wait_fd_clear(struct hy_bus *bus) {
    eventfd_t ignored = 0;
    (void)eventfd_read(bus->wake_fd, &ignored); // fails when it was clear already
}

bool hy_bus_connected(const struct hy_bus *bus) {
    return bus->append.up;
}
