// GET /livez: the process turns; if not, it wants to be restarted. GET /readyz: it can do its work; a load
// balancer sends it requests only then.
#include "services/gateway/endpoints.h"
#include "services/gateway/request.h"

enum { STUCK_MS = 30000 };

// The worker that is asked turns, or it would not be asked.
static bool any_is_stuck(const struct gateway *gateway) {
    bool stuck = engine_still_ms(gateway->engine) > STUCK_MS;
    for (size_t i = 0; i < gateway->count; i++)
        stuck = stuck || engine_still_ms(gateway->all[i]->engine) > STUCK_MS;
    return stuck;
}

static void live(struct request *request) {
    bool stuck = any_is_stuck(request->gateway);
    request_answer(request, stuck ? 503 : 200, json_pack("{s:s}", "status", stuck ? "stuck" : "live"));
}

const char *gateway_lacks(const struct gateway *gateway) {
    const char *lacks = engine_lacks(gateway->engine);
    for (size_t i = 0; i < gateway->count && lacks == NULL; i++)
        lacks = engine_lacks(gateway->all[i]->engine);
    return lacks;
}

static void ready(struct request *request) {
    const char *lacks = gateway_lacks(request->gateway);
    if (atomic_load(&request->gateway->draining)) lacks = "draining";
    if (lacks == NULL) {
        request_answer(request, 200, json_pack("{s:s}", "status", "ready"));
        return;
    }
    request_header(request, "Retry-After", "1");
    request_answer(request, 503, json_pack("{s:s, s:s}", "status", "not_ready", "reason", lacks));
}

const struct route livez_get = {
    .method = "GET",
    .path = "/livez",
    .operation = "live",
    .summary = "Does the process turn?",
    .store_nothing = true,
    .replies = {{.status = 200, .schema = "Health", .help = "It does."},
                {.status = 503, .schema = "Health", .help = "It should be restarted."}},
    .handle = live,
};

const struct route readyz_get = {
    .method = "GET",
    .path = "/readyz",
    .operation = "ready",
    .summary = "Are Kafka and Redis reachable, and can answers arrive?",
    .store_nothing = true,
    .replies = {{.status = 200, .schema = "Health", .help = "Requests are welcome."},
                {.status = 503,
                 .schema = "Health",
                 .headers = "Retry-After",
                 .help = "Not now: `reason` names what is missing."}},
    .handle = ready,
};
