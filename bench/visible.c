// bench_visible: publishes purchases on a fixed schedule, and looks when some of them can be read: in Redis,
// or in a peer's ledger (--show). Open loop: the schedule does not wait for anything, and a latency begins at
// the moment at which the purchase *should* have been published, so a slow system cannot hide its slowness by
// slowing the schedule.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/latencies.h"
#include "bench/watch.h"
#include "common/base/memory.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/log.h"

// The load maker must not need the cores that it measures: with naps of 0.05 ms it took a quarter of one.
#define NAP_NS     250000
#define GIVE_UP_NS UINT64_C(60000000000)

enum { PUBLISHED_A_TURN = 256, READ_A_TURN = 1000 };

struct measuring {
    const struct bench_options *options;
    struct schedule schedule;
    struct watch watch;
    struct hy_bus *bus;
    uint32_t topic;
    struct hy_arena arena;
    size_t next_sample;
    struct latencies visible, acknowledged, late; // late: how far behind the schedule we sent
    uint64_t sent, failed, pending, unmeasured;
};

// The token of an append is the number of its sample, from 1.
static void delivered(void *context, const struct hy_delivery *delivery) {
    struct measuring *measuring = context;
    measuring->pending--;
    measuring->failed += delivery->failed;
    if (delivery->token == 0) return;
    uint64_t place = measuring->schedule.samples[delivery->token - 1].place;
    latencies_add(&measuring->acknowledged,
                  hy_clock_monotonic_ns() - schedule_due_ns(&measuring->schedule, place));
}

static void arrived(void *context, const struct hy_message *message) {
    const struct measuring *measuring = context;
    watch_ledger_take(measuring->watch.self, message);
}

// The token under which this place is published; 0: nobody follows it.
static uint64_t follow(struct measuring *measuring, uint64_t place, uint64_t now_ns) {
    const struct schedule *schedule = &measuring->schedule;
    if (measuring->next_sample == schedule->count || schedule->samples[measuring->next_sample].place != place)
        return 0;
    const struct sample *sample = &schedule->samples[measuring->next_sample++];
    latencies_add(&measuring->late, now_ns - schedule_due_ns(schedule, place));
    if (measuring->watch.add(measuring->watch.self, sample)) return measuring->next_sample;
    measuring->unmeasured++;
    return 0;
}

static void publish(struct measuring *measuring, uint64_t place, uint64_t now_ns) {
    const struct shopping *shopping = &measuring->options->shopping;
    struct basket basket;
    shopping_make(shopping, shopping->first + place, &basket);
    hy_arena_reset(&measuring->arena);
    struct hy_bytes message = basket_encode(&basket, &measuring->arena);
    uint64_t token = follow(measuring, place, now_ns);
    while (!hy_bus_append(measuring->bus, measuring->topic, basket.partition, hy_bytes_of(basket.member_id),
                          message, token))
        hy_bus_poll(measuring->bus, 0, 1);
    measuring->sent++;
    measuring->pending++;
}

static void nap(void) {
    struct timespec pause = {.tv_nsec = NAP_NS};
    nanosleep(&pause, NULL);
}

// False when the end never comes.
static bool measure(struct measuring *measuring) {
    const struct watch *watch = &measuring->watch;
    uint64_t count = measuring->options->shopping.count;
    uint64_t place = 0;
    uint64_t end_ns = schedule_due_ns(&measuring->schedule, count) + GIVE_UP_NS;
    while (place < count || watch->waiting(watch->self) > 0 || measuring->pending > 0) {
        uint64_t now_ns = hy_clock_monotonic_ns();
        for (size_t burst = 0; burst < PUBLISHED_A_TURN && place < count &&
                               schedule_due_ns(&measuring->schedule, place) <= now_ns;
             burst++)
            publish(measuring, place++, now_ns);
        hy_bus_poll(measuring->bus, READ_A_TURN, 0);
        if (!watch->turn(watch->self, now_ns)) nap();
        if (now_ns > end_ns) return false;
    }
    return true;
}

static void report(struct measuring *measuring, bool complete) {
    double seconds = (double)(hy_clock_monotonic_ns() - measuring->schedule.began_ns) / 1e9;
    printf("{\"complete\":%s,\"sent\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"unmeasured\":%" PRIu64
           ",\"questions\":%" PRIu64 ",\"asked_every_ms\":%.1f,\"seconds\":%.3f,\"visible\":",
           complete ? "true" : "false", measuring->sent, measuring->failed, measuring->unmeasured,
           measuring->watch.questions(measuring->watch.self), (double)WATCH_INTERVAL_NS / 1e6, seconds);
    latencies_print(&measuring->visible, stdout);
    printf(",\"acknowledged\":");
    latencies_print(&measuring->acknowledged, stdout);
    printf(",\"behind_schedule\":");
    latencies_print(&measuring->late, stdout);
    printf("}\n");
}

static bool open_doors(struct measuring *measuring) {
    const struct bench_options *options = measuring->options;
    bool ledger = options->show == SHOW_LEDGER;
    struct hy_bus_options bus = {
        .brokers = options->brokers,
        .topic_prefix = options->topic_prefix,
        .instance = "bench_visible",
        .partitions = options->shopping.partitions,
        .queue_kbytes = 16384,
        .linger_ms = (int64_t)options->linger_ms,
    };
    struct hy_bus_events events = {
        .context = measuring, .delivered = delivered, .message = ledger ? arrived : NULL};
    measuring->bus = hy_bus_open(&bus, &events);
    if (measuring->bus == NULL) return false;
    measuring->topic = hy_bus_topic(measuring->bus, "purchases");
    while (!hy_bus_connected(measuring->bus))
        hy_bus_poll(measuring->bus, 0, 10);
    measuring->watch = ledger ? watch_ledger_open(&measuring->schedule, measuring->bus, &measuring->visible)
                              : watch_redis_open(&measuring->schedule, &measuring->visible);
    return true;
}

static void close_doors(struct measuring *measuring) {
    hy_bus_close(measuring->bus, 5000);
    measuring->watch.close(measuring->watch.self);
    latencies_free(&measuring->visible);
    latencies_free(&measuring->acknowledged);
    latencies_free(&measuring->late);
    hy_arena_free(&measuring->arena);
    schedule_free(&measuring->schedule);
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_visible", "bench", "warn");
    if (options.rate <= 0 || options.baskets_file != NULL) {
        fprintf(stderr, "--rate is missing, or there is a file of baskets, which only bench_load sends\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1000UL); // naps as short as asked for
    struct measuring measuring = {.options = &options};
    measuring.schedule = schedule_make(&options);
    hy_arena_init(&measuring.arena);
    if (!open_doors(&measuring)) return EXIT_FAILURE;
    measuring.schedule.began_ns = hy_clock_monotonic_ns();
    bool complete = measure(&measuring);
    report(&measuring, complete);
    bool good = complete && measuring.failed == 0 && measuring.unmeasured == 0;
    close_doors(&measuring);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
