// GET /openapi.json: this interface, described from the tables that it is made of.
#include "services/gateway/endpoints.h"
#include "services/gateway/request.h"

static void openapi(struct request *request) {
    request_answer_text(request, 200, "application/json", hy_buffer_bytes(&request->gateway->openapi));
}

const struct route openapi_get = {
    .method = "GET",
    .path = "/openapi.json",
    .operation = "openapi",
    .summary = "This document (OpenAPI 3.1)",
    .replies = {{.status = 200,
                 .schema = "OpenApiDocument",
                 .help = "Made at start-up from the tables of routes, limits and errors."}},
    .handle = openapi,
};
