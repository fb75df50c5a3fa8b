// GET /metrics: for Prometheus.
#include "services/gateway/endpoints.h"
#include "services/gateway/measures.h"
#include "services/gateway/request.h"

enum { METRICS_LIMIT_BYTES = 1 << 20 };

static void metrics(struct request *request) {
    struct gateway *gateway = request->gateway;
    measure_now(gateway);
    struct hy_buffer text;
    hy_buffer_init(&text, METRICS_LIMIT_BYTES);
    hy_metrics_print(gateway->metrics, &text);
    request_answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", hy_buffer_bytes(&text));
    hy_buffer_free(&text);
}

const struct route metrics_get = {
    .method = "GET",
    .path = "/metrics",
    .operation = "metrics",
    .summary = "Figures for Prometheus",
    .store_nothing = true,
    .replies = {{.status = 200, .media = "text/plain", .help = "Text exposition format 0.0.4."}},
    .handle = metrics,
};
