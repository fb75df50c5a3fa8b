// bench_post: POST /v1/purchases over connections that are kept open. With --rate, an open loop: requests are
// due on a fixed schedule whatever the answers do, and a latency begins when its request was due, so waiting
// for a free connection counts. Without, a closed loop: each connection sends its next request when it has
// its answer.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/latencies.h"
#include "bench/options.h"
#include "bench/post_connection.h"
#include "common/base/memory.h"
#include "common/io/clock.h"

#define NAP_NS     50000
#define GIVE_UP_NS UINT64_C(60000000000)

enum { EVENTS = 64, STATUS_COUNT = 600 };

struct posting {
    const struct bench_options *options;
    struct sockaddr_in address;
    struct post_connection *connections;
    struct post_connection **idle;
    size_t idle_count;
    int epoll;
    struct hy_arena arena;
    struct latencies latencies;
    uint64_t place, answered, broken;
    uint64_t statuses[STATUS_COUNT];
    uint64_t began_ns;
};

static uint64_t due_at(const struct posting *posting, uint64_t place, uint64_t now_ns) {
    if (posting->options->rate <= 0) return now_ns;
    return posting->began_ns + (uint64_t)((double)place * 1e9 / posting->options->rate);
}

static void watch(const struct posting *posting, struct post_connection *connection) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(posting->epoll, EPOLL_CTL_ADD, connection->fd, &event); // a closed one left by itself
}

static void ended(struct posting *posting, struct post_connection *connection, enum post_progress progress,
                  int status) {
    uint64_t latency_ns = hy_clock_monotonic_ns() - connection->due_ns;
    posting->answered++;
    posting->broken += progress == POST_BROKEN;
    if (progress == POST_ANSWERED && status > 0 && status < STATUS_COUNT) posting->statuses[status]++;
    if (posting->answered > posting->options->warm_up) latencies_add(&posting->latencies, latency_ns);
    posting->idle[posting->idle_count++] = connection;
}

static void step(struct posting *posting, struct post_connection *connection) {
    int status = 0;
    if (!connection->busy) { // nobody asked: the server hung up
        post_connection_step(connection, &status);
        return;
    }
    enum post_progress progress = post_connection_step(connection, &status);
    if (progress != POST_UNFINISHED) ended(posting, connection, progress, status);
}

static void post(struct posting *posting, uint64_t now_ns) {
    const struct shopping *shopping = &posting->options->shopping;
    struct post_connection *connection = posting->idle[--posting->idle_count];
    struct basket basket;
    shopping_make(shopping, shopping->first + posting->place, &basket);
    connection->due_ns = due_at(posting, posting->place, now_ns);
    posting->place++;
    hy_arena_reset(&posting->arena);
    bool fresh = connection->fd < 0;
    if (!post_connection_send(connection, &posting->address, basket_json(&basket, &posting->arena))) {
        ended(posting, connection, POST_BROKEN, 0);
        return;
    }
    if (fresh) watch(posting, connection);
    step(posting, connection);
}

static void nap(void) {
    struct timespec pause = {.tv_nsec = NAP_NS};
    nanosleep(&pause, NULL);
}

static bool run(struct posting *posting) {
    uint64_t count = posting->options->shopping.count;
    uint64_t end_ns = due_at(posting, count, posting->began_ns) + GIVE_UP_NS;
    while (posting->answered < count) {
        uint64_t now_ns = hy_clock_monotonic_ns();
        bool any = false;
        while (posting->place < count && posting->idle_count > 0 &&
               due_at(posting, posting->place, now_ns) <= now_ns) {
            post(posting, now_ns);
            any = true;
        }
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(posting->epoll, events, EVENTS, 0);
        for (int i = 0; i < ready; i++)
            step(posting, events[i].data.ptr);
        if (!any && ready <= 0) nap();
        if (posting->options->rate > 0 && now_ns > end_ns) return false;
    }
    return true;
}

static void report(struct posting *posting, bool complete) {
    double seconds = (double)(hy_clock_monotonic_ns() - posting->began_ns) / 1e9;
    printf("{\"complete\":%s,\"answered\":%" PRIu64 ",\"broken\":%" PRIu64
           ",\"seconds\":%.3f,\"rate\":%.1f,\"statuses\":{",
           complete ? "true" : "false", posting->answered, posting->broken, seconds,
           (double)posting->answered / seconds);
    const char *separator = "";
    for (size_t status = 0; status < STATUS_COUNT; status++) {
        if (posting->statuses[status] == 0) continue;
        printf("%s\"%zu\":%" PRIu64, separator, status, posting->statuses[status]);
        separator = ",";
    }
    printf("},\"latency\":");
    latencies_print(&posting->latencies, stdout);
    printf("}\n");
}

static void open_all(struct posting *posting) {
    uint32_t count = posting->options->connections;
    posting->connections = hy_calloc(count, sizeof *posting->connections);
    posting->idle = hy_calloc(count, sizeof(struct post_connection *));
    posting->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t i = 0; i < count; i++) {
        post_connection_init(&posting->connections[i]);
        posting->idle[posting->idle_count++] = &posting->connections[i];
    }
    hy_arena_init(&posting->arena);
}

static void close_all(struct posting *posting) {
    for (uint32_t i = 0; i < posting->options->connections; i++)
        post_connection_close(&posting->connections[i]);
    hy_free(posting->connections);
    hy_free(posting->idle);
    hy_arena_free(&posting->arena);
    latencies_free(&posting->latencies);
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    static struct posting posting;
    posting.options = &options;
    if (!post_address_parse(options.url, &posting.address)) {
        fprintf(stderr, "--url is not an address like http://127.0.0.1:8080\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1000UL); // naps as short as asked for
    open_all(&posting);
    posting.began_ns = hy_clock_monotonic_ns();
    bool complete = run(&posting);
    report(&posting, complete);
    bool good = complete && posting.broken == 0;
    close_all(&posting);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
