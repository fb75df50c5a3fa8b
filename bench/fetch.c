// bench_fetch: reads the purchases of a run from Kafka and does nothing with them but what every consumer
// must: keep each for a while, look at its bytes, give it back. The floor under a consumer with librdkafka.
// Prints messages a second, and CPU a message of the whole process and of the thread that polls.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/options.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/heap.h"
#include "common/io/log.h"

enum { KEPT = 32768, MESSAGES_A_TURN = 4096, CACHE_LINE = 64 };

struct fetching {
    struct hy_bus *bus;
    struct hy_message kept[KEPT]; // a ring, as the stage's backlog is one
    uint64_t messages, bytes;
    uint64_t looked_at; // so that looking is not optimised away
};

static void let_go(struct fetching *fetching, const struct hy_message *message) {
    for (size_t i = 0; i < message->value.length; i += CACHE_LINE)
        fetching->looked_at += message->value.data[i];
    hy_bus_release(fetching->bus, message);
}

static void take(void *context, const struct hy_message *message) {
    struct fetching *fetching = context;
    struct hy_message *place = &fetching->kept[fetching->messages % KEPT];
    if (fetching->messages >= KEPT) let_go(fetching, place);
    *place = *message;
    fetching->messages++;
    fetching->bytes += message->key.length + message->value.length;
}

static void let_go_of_all(struct fetching *fetching) {
    uint64_t kept = fetching->messages < KEPT ? fetching->messages : KEPT;
    for (uint64_t i = 0; i < kept; i++)
        let_go(fetching, &fetching->kept[i]);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool open_bus(struct fetching *fetching, const struct bench_options *options) {
    struct hy_bus_options bus = {
        .brokers = options->brokers,
        .topic_prefix = options->topic_prefix,
        .instance = "bench_fetch",
        .partitions = options->shopping.partitions,
        .queue_kbytes = 8192, // HY_QUEUE_KBYTES
    };
    struct hy_bus_events events = {.context = fetching, .message = take};
    fetching->bus = hy_bus_open(&bus, &events);
    return fetching->bus != NULL;
}

int main(int argc, char **argv) {
    hy_heap_init();
    static struct fetching fetching;
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_fetch", "bench", "warn");
    if (!open_bus(&fetching, &options)) return EXIT_FAILURE;
    uint32_t topic = hy_bus_topic(fetching.bus, "purchases");
    for (uint32_t p = 0; p < options.shopping.partitions; p++)
        hy_bus_read(fetching.bus, topic, p, 0);
    hy_bus_poll(fetching.bus, 1, 10000); // the connection stands
    double wall = seconds(CLOCK_MONOTONIC);
    double process = seconds(CLOCK_PROCESS_CPUTIME_ID);
    double thread = seconds(CLOCK_THREAD_CPUTIME_ID);
    while (fetching.messages < options.shopping.count)
        hy_bus_poll(fetching.bus, MESSAGES_A_TURN, 1000);
    let_go_of_all(&fetching);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    process = seconds(CLOCK_PROCESS_CPUTIME_ID) - process;
    thread = seconds(CLOCK_THREAD_CPUTIME_ID) - thread;
    double messages = (double)fetching.messages;
    printf("{\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"messages_per_s\":%.0f,"
           "\"cpu_us_per_message\":%.3f,\"thread_cpu_us_per_message\":%.3f}\n",
           fetching.messages, fetching.bytes, messages / wall, process * 1e6 / messages,
           thread * 1e6 / messages);
    hy_bus_close(fetching.bus, 1000);
    return fetching.looked_at > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
