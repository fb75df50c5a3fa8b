#include "cli/append.h"

#include "cli/kafka.h"
#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/io/clock.h"

enum { WAIT_MS = 35000, POLL_MS = 100, CLOSE_MS = 1000 };

struct appender {
    const struct cli *cli;
    struct hy_bus *bus;
    uint32_t topic, partitions;
    uint64_t sent, acknowledged;
    bool failed;
};

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct appender *appender = context;
    appender->acknowledged++;
    appender->failed |= delivery->failed;
}

struct appender *append_open(const struct cli *cli, const char *topic) {
    const struct hy_topic *known = hy_topic_find(topic);
    struct appender *appender = hy_calloc(1, sizeof *appender);
    appender->cli = cli;
    appender->partitions = 1;
    const struct hy_bus_events events = {.context = appender, .delivered = delivered};
    if ((!known->keyed_by_member || kafka_topic_partitions(cli, topic, &appender->partitions)) &&
        (appender->bus = kafka_bus(cli, &events, appender->partitions)) != NULL) {
        appender->topic = hy_bus_topic(appender->bus, topic);
        return appender;
    }
    hy_free(appender);
    return NULL;
}

static uint64_t deadline_ns(void) {
    return hy_clock_monotonic_ns() + WAIT_MS * UINT64_C(1000000);
}

bool append_take(struct appender *appender, struct hy_bytes key, struct hy_bytes value) {
    uint32_t partition = hy_partition_of(key, appender->partitions);
    uint64_t until_ns = deadline_ns();
    while (!hy_bus_append(appender->bus, appender->topic, partition, key, value, appender->sent)) {
        if (appender->failed || hy_clock_monotonic_ns() > until_ns) return false;
        hy_bus_poll(appender->bus, 1, POLL_MS);
    }
    appender->sent++;
    return !appender->failed;
}

bool append_close(struct appender *appender) {
    uint64_t until_ns = deadline_ns();
    while (appender->acknowledged < appender->sent && !appender->failed && hy_clock_monotonic_ns() < until_ns)
        hy_bus_poll(appender->bus, 1, POLL_MS);
    bool good = appender->acknowledged == appender->sent && !appender->failed;
    hy_bus_close(appender->bus, CLOSE_MS);
    if (!good) say_away("Kafka", appender->cli->brokers);
    hy_free(appender);
    return good;
}

bool append_one(const struct cli *cli, const char *topic, struct hy_bytes key, struct hy_bytes value) {
    struct appender *appender = append_open(cli, topic);
    if (appender == NULL) return false;
    append_take(appender, key, value);
    return append_close(appender);
}
