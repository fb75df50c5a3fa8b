// bench_load: publishes a run of purchases into the topic, as fast as it goes or at a rate; prints what it
// sent.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/run.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/log.h"

struct loading {
    struct hy_bus *bus;
    uint32_t topic;
    uint64_t sent, repeats, acknowledged, failed, bytes;
};

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct loading *loading = context;
    loading->acknowledged++;
    loading->failed += delivery->failed;
}

static void publish(struct loading *loading, const struct run_item *item) {
    while (!hy_bus_append(loading->bus, loading->topic, item->partition, hy_bytes_of(item->member_id),
                          item->message, 0))
        hy_bus_poll(loading->bus, 0, 1);
    loading->sent++;
    loading->repeats += item->duplicate;
    loading->bytes += item->message.length;
}

// With a rate: until the moment at which this place is due.
static void wait_for(struct loading *loading, uint64_t due_ns) {
    while (hy_clock_monotonic_ns() < due_ns)
        hy_bus_poll(loading->bus, 0, 1);
}

static void publish_all(struct loading *loading, const struct run *run, double rate) {
    struct hy_arena arena;
    struct run_item item;
    uint64_t began_ns = hy_clock_monotonic_ns();
    hy_arena_init(&arena);
    for (uint64_t i = 0; i < run->shopping->count; i++) {
        hy_arena_reset(&arena);
        run_make(run, run->shopping->first + i, &arena, &item);
        if (rate > 0) wait_for(loading, began_ns + (uint64_t)((double)i * 1e9 / rate));
        publish(loading, &item);
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
    struct run run = run_open(&options);
    struct hy_bus_options bus = {
        .brokers = options.brokers,
        .topic_prefix = options.topic_prefix,
        .instance = "bench_load",
        .partitions = options.shopping.partitions,
        .queue_kbytes = 1024,
        .linger_ms = (int64_t)options.linger_ms,
    };
    struct hy_bus_events events = {.context = &loading, .delivered = delivered};
    loading.bus = hy_bus_open(&bus, &events);
    if (loading.bus == NULL) return EXIT_FAILURE;
    loading.topic = hy_bus_topic(loading.bus, "purchases");
    uint64_t began_ns = hy_clock_monotonic_ns();
    publish_all(&loading, &run, options.rate);
    double seconds = (double)(hy_clock_monotonic_ns() - began_ns) / 1e9;
    hy_bus_close(loading.bus, 5000);
    run_close(&run);
    printf("{\"sent\":%" PRIu64 ",\"repeats\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"bytes\":%" PRIu64
           ",\"seconds\":%.3f}\n",
           loading.sent, loading.repeats, loading.failed, loading.bytes, seconds);
    return loading.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
