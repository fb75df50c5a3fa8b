#include "services/gateway/measures.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/clock.h"

enum { SECONDS, PENDING, READY, FIRST_COUNTER, CLASSES = 4 }; // 2xx … 5xx

// What fits no route is counted as one more.
static size_t counter_of(const struct route *route, unsigned status) {
    size_t at = 0;
    while (at < route_count && routes[at] != route)
        at++;
    return FIRST_COUNTER + at * CLASSES + (status / 100 - 2) % CLASSES;
}

enum { ROUTES_LIMIT = 32, NAME_BYTES = 160, SPECS_LIMIT = FIRST_COUNTER + (ROUTES_LIMIT + 1) * CLASSES };

static char names[SPECS_LIMIT][NAME_BYTES];
static struct hy_metric_spec specs[SPECS_LIMIT] = {
    [SECONDS] = {"huiyuan_http_request_seconds", HY_HISTOGRAM_SECONDS,
                 "From the arrival of a request to its answer."},
    [PENDING] = {"huiyuan_http_requests_pending", HY_GAUGE, "Requests that wait for Kafka or Redis."},
    [READY] = {"huiyuan_gateway_ready", HY_GAUGE,
               "1 while Kafka and Redis are reachable and answers can arrive."},
};

static void name_counters(size_t route, const char *method, const char *path) {
    for (size_t i = 0; i < CLASSES; i++) {
        size_t at = FIRST_COUNTER + route * CLASSES + i;
        snprintf(names[at], NAME_BYTES,
                 "huiyuan_http_requests_total{method=\"%s\",route=\"%s\",status=\"%zuxx\"}", method, path,
                 i + 2);
        specs[at] = (struct hy_metric_spec){names[at], HY_COUNTER, "Requests answered."};
    }
}

// The table follows the table of routes.
struct hy_metrics *measures_new(void) {
    if (route_count > ROUTES_LIMIT) abort();
    for (size_t i = 0; i < route_count; i++)
        name_counters(i, routes[i]->method, routes[i]->path);
    name_counters(route_count, "other", "other");
    return hy_metrics_new(specs, FIRST_COUNTER + (route_count + 1) * CLASSES);
}

void measure_request(const struct request *request, unsigned status) {
    struct hy_metrics *metrics = request->gateway->metrics;
    hy_metrics_add(metrics, counter_of(request->route, status), 1);
    hy_metrics_observe_ns(metrics, SECONDS, hy_clock_monotonic_ns() - request->started_ns);
}

static int64_t pending_of_all(const struct gateway *gateway) {
    if (gateway->count == 0) return atomic_load(&gateway->pending);
    int64_t pending = 0;
    for (size_t i = 0; i < gateway->count; i++)
        pending += atomic_load(&gateway->all[i]->pending);
    return pending;
}

void measure_now(struct gateway *gateway) {
    hy_metrics_set(gateway->metrics, PENDING, pending_of_all(gateway));
    hy_metrics_set(gateway->metrics, READY, gateway_lacks(gateway) == NULL);
}
