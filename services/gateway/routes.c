#include <string.h>

#include "services/gateway/authorize.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/request.h"

const struct route *const routes[] = {
    &purchases_post, &commands_get,   &members_post, &members_find, &members_get,
    &members_patch,  &members_delete, &entries_get,  &coupons_get,  &coupons_redeem,
    &livez_get,      &readyz_get,     &metrics_get,  &openapi_get,
};

const size_t route_count = sizeof routes / sizeof routes[0];

bool route_fits(const char *pattern, const char *path, struct hy_arena *arena, const char **ret_id) {
    const char *open = strchr(pattern, '{');
    if (open == NULL) return strcmp(pattern, path) == 0;
    size_t before = (size_t)(open - pattern);
    const char *after = strchr(open, '}') + 1;
    if (strncmp(pattern, path, before) != 0) return false;
    const char *id = path + before;
    size_t length = strcspn(id, "/");
    if (length == 0 || strcmp(id + length, after) != 0) return false;
    *ret_id = hy_arena_string(arena, id, length);
    return true;
}

static bool answers_method(const struct route *route, const char *method) {
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static const char *allow(const char *before, const struct route *route, struct hy_arena *arena) {
    const char *more = strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method;
    return before == NULL ? more : hy_arena_printf(arena, "%s, %s", before, more);
}

static void refuse_method(struct request *request, const char *allowed) {
    if (allowed == NULL) {
        request_refuse(request, (struct hy_error){.code = HY_NOT_FOUND});
        return;
    }
    request_header(request, "Allow", allowed);
    request_refuse(request, (struct hy_error){.code = HY_METHOD_NOT_ALLOWED});
}

void routes_handle(void *gateway, struct hy_http_exchange *exchange) {
    struct request *request = request_new(gateway, exchange);
    const char *allowed = NULL;
    for (size_t i = 0; i < route_count; i++) {
        if (!route_fits(routes[i]->path, hy_http_path(exchange), &request->arena, &request->id)) continue;
        if (answers_method(routes[i], hy_http_method(exchange))) {
            request->route = routes[i];
            if (authorize(request)) routes[i]->handle(request);
            return;
        }
        allowed = allow(allowed, routes[i], &request->arena);
    }
    refuse_method(request, allowed);
}
