#include "services/gateway/request.h"

#include <stdlib.h>

#include "common/base/calendar.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "services/gateway/measures.h"
#include "services/gateway/problem.h"
#include "services/gateway/trace.h"

enum { USUAL_JSON_BYTES = 4 << 10 };

static void request_free(void *state) {
    struct request *request = state;
    hy_arena_free(&request->arena);
    hy_free(request);
}

struct request *request_new(struct gateway *gateway, struct hy_http_exchange *exchange) {
    struct request *request = hy_calloc(1, sizeof *request);
    request->gateway = gateway;
    request->exchange = exchange;
    request->started_ns = hy_clock_monotonic_ns();
    hy_arena_init(&request->arena);
    trace_take(hy_http_header(exchange, "traceparent"), request->traceparent);
    hy_http_attach(exchange, request, request_free);
    return request;
}

bool request_await(struct request *request) {
    struct gateway *gateway = request->gateway;
    if (atomic_fetch_add(&gateway->pending, 1) >= gateway->pending_limit) {
        atomic_fetch_sub(&gateway->pending, 1);
        request_refuse(request, (struct hy_error){.code = HY_TOO_MANY_REQUESTS});
        return false;
    }
    request->pending = true;
    return true;
}

void request_header(struct request *request, const char *name, const char *value) {
    if (request->header_count == REQUEST_HEADERS_LIMIT) abort();
    request->headers[request->header_count++] = (struct hy_http_header_pair){name, value};
}

static void add_common_headers(struct request *request) {
    request_header(request, "traceparent", request->traceparent);
    request_header(request, "X-Content-Type-Options", "nosniff");
    bool store_nothing = request->route == NULL || request->route->store_nothing;
    request_header(request, "Cache-Control", store_nothing ? "no-store" : "no-cache");
}

void request_answer_text(struct request *request, unsigned status, const char *media, struct hy_bytes body) {
    add_common_headers(request);
    measure_request(request, status);
    if (request->pending) atomic_fetch_sub(&request->gateway->pending, 1);
    hy_http_answer(request->exchange, status, media, body, request->headers, request->header_count);
}

void request_answer(struct request *request, unsigned status, json_t *body) {
    request_answer_text(request, status, "application/json", json_text(body, &request->arena));
}

void request_refuse(struct request *request, struct hy_error error) {
    if (hy_code_disposition(error.code) == HY_RETRY) request_header(request, "Retry-After", "1");
    json_t *problem = problem_json(error, request->traceparent);
    request_answer_text(request, (unsigned)hy_code_http_status(error.code), "application/problem+json",
                        json_text(problem, &request->arena));
}

struct hy_bytes json_text(json_t *json, struct hy_arena *arena) {
    size_t room = USUAL_JSON_BYTES;
    char *text = hy_arena_alloc(arena, room);
    size_t length = json_dumpb(json, text, room, JSON_COMPACT);
    if (length > room) {
        text = hy_arena_alloc(arena, length);
        json_dumpb(json, text, length, JSON_COMPACT);
    }
    json_decref(json);
    if (length == 0) abort(); // only without memory: all texts are checked UTF-8
    return hy_bytes(text, length);
}

json_t *json_time(int64_t time_ms) {
    char text[25];
    hy_time_format(time_ms, text);
    return json_string(text);
}
