// GET /livez: the process turns; if not, it wants to be restarted. GET /readyz: it can do its work; a load
// balancer sends it requests only then.
#include "services/gateway/endpoints.h"
#include "services/gateway/request.h"

enum { STUCK_MS = 30000 };

static void live(struct request *request) {
    bool stuck = engine_still_ms(request->gateway->engine) > STUCK_MS;
    request_answer(request, stuck ? 503 : 200, json_pack("{s:s}", "status", stuck ? "stuck" : "live"));
}

static void ready(struct request *request) {
    const char *lacks = engine_lacks(request->gateway->engine);
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
