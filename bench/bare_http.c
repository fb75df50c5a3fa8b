// bench_bare: the least that libmicrohttpd can do for a request: daemons with the flags and limits of
// common/io/http_daemon.c around a handler that answers everything with the same bytes, at once. What the
// gateway reaches is told as a share of it.
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/io/http_listen.h"

enum { CONNECTION_LIMIT = 4096, CONNECTION_MEMORY = 32 << 10, IDLE_SECONDS = 60 };
enum { THREAD_LIMIT = 64, BODY_LIMIT_BYTES = 1 << 20, LOOK_UP_MS = 100 };

struct bare {
    char *body;
    size_t length;
    int fd;
    atomic_bool stop;
};

static enum MHD_Result answer(const struct bare *bare, struct MHD_Connection *connection) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bare->length, bare->body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

// Called first with the head alone, then with what came of the body, then with the whole request.
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **slot) {
    static char begun;
    (void)url, (void)method, (void)version, (void)upload_data;
    if (*slot == NULL) {
        *slot = &begun;
        return MHD_YES;
    }
    if (*upload_data_size == 0) return answer(context, connection);
    *upload_data_size = 0;
    return MHD_YES;
}

static struct MHD_Daemon *start(struct bare *bare, unsigned flags, int fd, unsigned pool) {
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {pool > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)pool, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_Daemon *daemon = MHD_start_daemon(flags | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, bare,
                                                 MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    if (daemon == NULL) exit(EXIT_FAILURE);
    return daemon;
}

// As the gateway's workers turn theirs.
static void *turn(void *context) {
    struct bare *bare = context;
    unsigned flags = MHD_USE_EPOLL | (MHD_ALLOW_SUSPEND_RESUME & ~MHD_USE_ITC);
    struct MHD_Daemon *daemon = start(bare, flags, dup(bare->fd), 0);
    struct pollfd door = {.events = POLLIN};
    door.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    while (!atomic_load(&bare->stop)) {
        MHD_UNSIGNED_LONG_LONG due_ms;
        bool due = MHD_get_timeout(daemon, &due_ms) == MHD_YES && due_ms < LOOK_UP_MS;
        (void)poll(&door, 1, due ? (int)due_ms : LOOK_UP_MS);
        MHD_run(daemon);
    }
    MHD_stop_daemon(daemon);
    return NULL;
}

static void serve_until_told(struct bare *bare, bool turned, unsigned count, const sigset_t *signals) {
    pthread_t threads[THREAD_LIMIT];
    struct MHD_Daemon *pool = NULL;
    unsigned pool_flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (!turned) pool = start(bare, pool_flags, dup(bare->fd), count);
    for (unsigned i = 0; turned && i < count; i++) {
        if (pthread_create(&threads[i], NULL, turn, bare) != 0) exit(EXIT_FAILURE);
    }
    int signal = 0;
    sigwait(signals, &signal);
    atomic_store(&bare->stop, true);
    for (unsigned i = 0; turned && i < count; i++)
        pthread_join(threads[i], NULL);
    if (pool != NULL) MHD_stop_daemon(pool);
}

static unsigned long number(const char *text, unsigned long most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end != text && *end == '\0' && value > 0 && value <= most) return value;
    fprintf(stderr, "%s: a number of 1 … %lu is wanted\n", text, most);
    exit(2);
}

int main(int count, char **arguments) {
    bool turned = count == 5 && strcmp(arguments[4], "turned") == 0;
    if (count != 5 || (!turned && strcmp(arguments[4], "pool") != 0)) {
        fputs("usage: bench_bare HOST:PORT THREADS BODY_BYTES turned|pool\n"
              "turned: daemons that are turned as the gateway's; pool: libmicrohttpd's own threads\n",
              stderr);
        return 2;
    }
    unsigned threads = (unsigned)number(arguments[2], THREAD_LIMIT);
    struct bare bare = {.length = number(arguments[3], BODY_LIMIT_BYTES)};
    bare.fd = hy_http_listen(arguments[1]);
    if (bare.fd < 0) return EXIT_FAILURE;
    bare.body = hy_malloc(bare.length);
    memset(bare.body, ' ', bare.length);
    sigset_t signals; // blocked before the first thread starts
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    serve_until_told(&bare, turned, threads, &signals);
    close(bare.fd);
    hy_free(bare.body);
    return EXIT_SUCCESS;
}
