// bench_load: publishes a run of purchases into the topic, as fast as it goes; prints what it sent.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/options.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/log.h"

struct loading {
    struct hy_bus *bus;
    uint32_t topic;
    uint64_t sent, acknowledged, failed, bytes;
};

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct loading *loading = context;
    loading->acknowledged++;
    loading->failed += delivery->failed;
}

static void publish(struct loading *loading, const struct basket *basket, struct hy_arena *arena) {
    struct hy_bytes message = basket_encode(basket, arena);
    while (!hy_bus_append(loading->bus, loading->topic, basket->partition, hy_bytes_of(basket->member_id),
                          message, 0))
        hy_bus_poll(loading->bus, 0, 1);
    loading->sent++;
    loading->bytes += message.length;
}

static void publish_all(struct loading *loading, const struct shopping *shopping) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct basket basket;
    for (uint64_t i = shopping->first; i < shopping->first + shopping->count; i++) {
        hy_arena_reset(&arena);
        shopping_make(shopping, i, &basket);
        publish(loading, &basket, &arena);
        if (i % 1024 == 0) hy_bus_poll(loading->bus, 0, 0);
    }
    hy_arena_free(&arena);
    while (loading->acknowledged < loading->sent)
        hy_bus_poll(loading->bus, 0, 100);
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_load", "bench", "warn");
    struct loading loading = {0};
    struct hy_bus_options bus = {
        .brokers = options.brokers,
        .topic_prefix = options.topic_prefix,
        .instance = "bench_load",
        .partitions = options.shopping.partitions,
        .queue_kbytes = 1024,
    };
    struct hy_bus_events events = {.context = &loading, .delivered = delivered};
    loading.bus = hy_bus_open(&bus, &events);
    if (loading.bus == NULL) return EXIT_FAILURE;
    loading.topic = hy_bus_topic(loading.bus, "purchases");
    uint64_t began_ns = hy_clock_monotonic_ns();
    publish_all(&loading, &options.shopping);
    double seconds = (double)(hy_clock_monotonic_ns() - began_ns) / 1e9;
    hy_bus_close(loading.bus, 5000);
    printf("{\"sent\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"seconds\":%.3f}\n",
           loading.sent, loading.failed, loading.bytes, seconds);
    return loading.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
