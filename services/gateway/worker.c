#include "services/gateway/worker.h"

#include <poll.h>
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "services/gateway/prefer.h"

enum { DRAIN_MS = PREFER_WAIT_LIMIT_MS + 5000, HTTP = ENGINE_DOORS };

static void turn(struct worker *worker) {
    struct engine *engine = worker->gateway.engine;
    struct pollfd doors[ENGINE_DOORS + 1];
    int wait_ms = engine_doors(engine, doors);
    doors[HTTP] = (struct pollfd){.fd = hy_http_wait_fd(worker->server), .events = POLLIN};
    (void)poll(doors, ENGINE_DOORS + 1, hy_http_wait_ms(worker->server, wait_ms));
    engine_turn(engine, doors);   // gives the answers that came,
    hy_http_poll(worker->server); // sends them, and takes new requests:
    engine_flush(engine);         // what they asked goes out together
}

static void *worker_thread(void *context) {
    struct worker *worker = context;
    while (!atomic_load(&worker->gateway.draining))
        turn(worker);
    hy_http_quiesce(worker->server);
    uint64_t end_ns = hy_clock_monotonic_ns() + DRAIN_MS * UINT64_C(1000000);
    while (hy_http_busy(worker->server) && hy_clock_monotonic_ns() < end_ns)
        turn(worker);
    hy_http_stop(worker->server, 0);
    engine_close(worker->gateway.engine);
    return NULL;
}

bool worker_open(struct worker *worker, const struct worker_options *options) {
    struct gateway *gateway = &worker->gateway;
    gateway->engine = engine_open(&options->engine);
    if (gateway->engine == NULL) return false;
    worker->server = options->beside == NULL
                         ? hy_http_start(&options->http, routes_handle, gateway)
                         : hy_http_start_beside(options->beside, &options->http, routes_handle, gateway);
    if (worker->server == NULL) engine_close(gateway->engine);
    return worker->server != NULL;
}

void worker_start(struct worker *worker) {
    if (pthread_create(&worker->thread, NULL, worker_thread, worker) != 0) abort(); // like missing memory
    worker->started = true;
}

void worker_stop(struct worker *worker) {
    atomic_store(&worker->gateway.draining, true);
    if (worker->started)
        pthread_join(worker->thread, NULL);
    else
        worker_thread(worker);
}
