// bench_visible: publishes purchases on a fixed schedule, and asks Redis again and again for some of their
// members until the state shows the purchase. Open loop: the schedule does not wait for anything, and a
// latency begins at the moment at which the purchase *should* have been published, so a slow system cannot
// hide its slowness by slowing the schedule.
//
// The measured time is an upper bound: it ends when the answer that shows the purchase is here. Questions
// follow each other at POLL_INTERVAL_NS, all sampled members that are still waited for in one MGET.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/latencies.h"
#include "bench/member_reading.h"
#include "bench/options.h"
#include "common/base/memory.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/store.h"

#define POLL_INTERVAL_NS UINT64_C(300000)
#define NAP_NS           50000
#define GIVE_UP_NS       UINT64_C(60000000000)

enum {
    WAITING_LIMIT = 2000
}; // sampled purchases that are waited for at once; more are counted as not measured

struct waiting {
    uint64_t due_ns; // scheduled
    uint32_t member;
    uint64_t purchases; // that the member's state must show
};

struct measuring {
    const struct bench_options *options;
    struct hy_bus *bus;
    struct hy_store *store;
    uint32_t topic;
    uint32_t *purchases; // by member, sent so far
    struct hy_arena arena;
    struct waiting waiting[WAITING_LIMIT];
    size_t waiting_count;
    size_t asked_count; // of them in the question that is on its way
    uint64_t asked_ns;
    struct latencies visible, acknowledged, late; // late: how far behind the schedule we sent
    uint64_t *due_ns;                             // of sampled purchases, by token
    size_t tokens;
    uint64_t sent, failed, pending, unmeasured, questions;
    uint64_t began_ns;
};

static uint64_t due_at(const struct measuring *measuring, uint64_t place) {
    return measuring->began_ns + (uint64_t)((double)place * 1e9 / measuring->options->rate);
}

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct measuring *measuring = context;
    measuring->pending--;
    measuring->failed += delivery->failed;
    if (delivery->token > 0)
        latencies_add(&measuring->acknowledged,
                      hy_clock_monotonic_ns() - measuring->due_ns[delivery->token - 1]);
}

// The token under which the sampled purchase is published.
static uint64_t wait_for(struct measuring *measuring, uint32_t member, uint64_t due_ns) {
    if (measuring->waiting_count == WAITING_LIMIT) {
        measuring->unmeasured++;
        return 0;
    }
    measuring->waiting[measuring->waiting_count++] =
        (struct waiting){due_ns, member, measuring->purchases[member]};
    measuring->due_ns[measuring->tokens++] = due_ns;
    return measuring->tokens;
}

static void publish(struct measuring *measuring, uint64_t place, uint64_t now_ns) {
    const struct bench_options *options = measuring->options;
    struct basket basket;
    shopping_make(&options->shopping, options->shopping.first + place, &basket);
    uint64_t due_ns = due_at(measuring, place);
    uint64_t token = 0;
    if (!basket.duplicate) measuring->purchases[basket.member]++;
    if (place >= options->warm_up && place % options->sample_every == 0 && !basket.duplicate) {
        token = wait_for(measuring, basket.member, due_ns);
        latencies_add(&measuring->late, now_ns - due_ns);
    }
    hy_arena_reset(&measuring->arena);
    struct hy_bytes message = basket_encode(&basket, &measuring->arena);
    while (!hy_bus_append(measuring->bus, measuring->topic, basket.partition, hy_bytes_of(basket.member_id),
                          message, token))
        hy_bus_poll(measuring->bus, 0, 1);
    measuring->sent++;
    measuring->pending++;
}

static void answered(void *context, const struct hy_store_answer *answer) {
    struct measuring *measuring = context;
    uint64_t now_ns = hy_clock_monotonic_ns();
    struct waiting *waiting = measuring->waiting;
    size_t asked = measuring->asked_count;
    size_t kept = 0;
    measuring->asked_count = 0;
    if (answer->status != HY_STORE_OK) return;
    hy_arena_reset(&measuring->arena);
    for (size_t i = 0; i < asked; i++) {
        struct member_reading found;
        if (member_reading_parse(answer->values[i], &measuring->arena, &found) &&
            found.purchases >= waiting[i].purchases)
            latencies_add(&measuring->visible, now_ns - waiting[i].due_ns);
        else
            waiting[kept++] = waiting[i];
    }
    memmove(waiting + kept, waiting + asked, (measuring->waiting_count - asked) * sizeof *waiting);
    measuring->waiting_count -= asked - kept;
}

static void ask(struct measuring *measuring, uint64_t now_ns) {
    const struct bench_options *options = measuring->options;
    if (measuring->asked_count > 0 || measuring->waiting_count == 0 ||
        now_ns - measuring->asked_ns < POLL_INTERVAL_NS)
        return;
    static struct hy_key keys[WAITING_LIMIT];
    static struct hy_bytes bytes[WAITING_LIMIT];
    for (size_t i = 0; i < measuring->waiting_count; i++) {
        keys[i] = member_reading_key(options->redis_prefix, &options->shopping, measuring->waiting[i].member);
        bytes[i] = hy_key_bytes(&keys[i]);
    }
    measuring->asked_count = measuring->waiting_count;
    measuring->asked_ns = now_ns;
    measuring->questions++;
    hy_store_get(measuring->store, bytes, measuring->waiting_count, answered, measuring);
}

static void nap(void) {
    struct timespec pause = {.tv_nsec = NAP_NS};
    nanosleep(&pause, NULL);
}

// False when the end never comes.
static bool measure(struct measuring *measuring) {
    uint64_t count = measuring->options->shopping.count;
    uint64_t place = 0;
    uint64_t end_ns = due_at(measuring, count) + GIVE_UP_NS;
    while (place < count || measuring->waiting_count > 0 || measuring->pending > 0) {
        uint64_t now_ns = hy_clock_monotonic_ns();
        for (size_t burst = 0; burst < 256 && place < count && due_at(measuring, place) <= now_ns; burst++)
            publish(measuring, place++, now_ns);
        hy_bus_poll(measuring->bus, 0, 0);
        ask(measuring, now_ns);
        if (hy_store_poll(measuring->store, 0) == 0) nap();
        if (now_ns > end_ns) return false;
    }
    return true;
}

// What earlier purchases of the same numbering left behind.
static void count_earlier(struct measuring *measuring) {
    const struct shopping *shopping = &measuring->options->shopping;
    struct basket basket;
    for (uint64_t i = 0; i < shopping->first; i++) {
        if (shopping_is_duplicate(shopping, i)) continue;
        shopping_make(shopping, i, &basket);
        measuring->purchases[basket.member]++;
    }
}

static void report(struct measuring *measuring, bool complete) {
    double seconds = (double)(hy_clock_monotonic_ns() - measuring->began_ns) / 1e9;
    printf("{\"complete\":%s,\"sent\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"unmeasured\":%" PRIu64
           ",\"questions\":%" PRIu64 ",\"seconds\":%.3f,\"visible\":",
           complete ? "true" : "false", measuring->sent, measuring->failed, measuring->unmeasured,
           measuring->questions, seconds);
    latencies_print(&measuring->visible, stdout);
    printf(",\"acknowledged\":");
    latencies_print(&measuring->acknowledged, stdout);
    printf(",\"behind_schedule\":");
    latencies_print(&measuring->late, stdout);
    printf("}\n");
}

static bool open_doors(struct measuring *measuring) {
    const struct bench_options *options = measuring->options;
    struct hy_bus_options bus = {
        .brokers = options->brokers,
        .topic_prefix = options->topic_prefix,
        .instance = "bench_visible",
        .partitions = options->shopping.partitions,
        .queue_kbytes = 1024,
        .linger_ms = (int64_t)options->linger_ms,
    };
    struct hy_bus_events events = {.context = measuring, .delivered = delivered};
    measuring->bus = hy_bus_open(&bus, &events);
    measuring->store = hy_store_open(options->redis_url);
    if (measuring->bus == NULL || measuring->store == NULL) return false;
    measuring->topic = hy_bus_topic(measuring->bus, "purchases");
    while (!hy_store_connected(measuring->store) || !hy_bus_connected(measuring->bus)) {
        hy_store_poll(measuring->store, 10);
        hy_bus_poll(measuring->bus, 0, 10);
    }
    return true;
}

static void close_doors(struct measuring *measuring) {
    hy_bus_close(measuring->bus, 5000);
    hy_store_close(measuring->store);
    latencies_free(&measuring->visible);
    latencies_free(&measuring->acknowledged);
    latencies_free(&measuring->late);
    hy_arena_free(&measuring->arena);
    hy_free(measuring->purchases);
    hy_free(measuring->due_ns);
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_visible", "bench", "warn");
    if (options.rate <= 0) {
        fprintf(stderr, "--rate is missing\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1000UL); // naps as short as asked for
    static struct measuring measuring;
    measuring.options = &options;
    measuring.purchases = hy_calloc((size_t)options.shopping.members + 1, sizeof *measuring.purchases);
    measuring.due_ns = hy_calloc(options.shopping.count / options.sample_every + 1, sizeof *measuring.due_ns);
    hy_arena_init(&measuring.arena);
    count_earlier(&measuring);
    if (!open_doors(&measuring)) return EXIT_FAILURE;
    measuring.began_ns = hy_clock_monotonic_ns();
    bool complete = measure(&measuring);
    report(&measuring, complete);
    bool good = complete && measuring.failed == 0 && measuring.unmeasured == 0;
    close_doors(&measuring);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
