// One thread that does everything for its share of the connections: HTTP, and the Kafka and Redis behind it.
// A request never changes threads, so nothing waits for a wake-up between its arrival and its answer.
#pragma once

#include <pthread.h>

#include "services/gateway/gateway.h"

struct worker {
    struct gateway gateway;
    struct hy_http_server *server;
    pthread_t thread;
    bool started;
};

struct worker_options {
    struct engine_options engine;
    struct hy_http_options http;
    const struct hy_http_server *beside; // shares this one's address; NULL: opens its own
};

// Of `gateway` everything is filled in but the engine. False, with a line in the log: it cannot start, and
// nothing of it remains.
bool worker_open(struct worker *worker, const struct worker_options *options);
// Begins to serve.
void worker_start(struct worker *worker);
// Answers what is open, and then all of it ends.
void worker_stop(struct worker *worker);
