#include "services/gateway/authorize.h"

#include <string.h>
#include <strings.h>

#include "common/contract/access_key.h"
#include "services/gateway/request.h"

// The token of "Bearer <token>"; NULL: there is none.
static const char *bearer(const char *header) {
    static const char SCHEME[] = "Bearer ";
    if (header == NULL || strncasecmp(header, SCHEME, sizeof SCHEME - 1) != 0) return NULL;
    const char *token = header + sizeof SCHEME - 1;
    token += strspn(token, " ");
    return *token == '\0' ? NULL : token;
}

static void refuse_unknown(struct request *request, bool had_key) {
    request_header(request, "WWW-Authenticate",
                   had_key ? "Bearer realm=\"huiyuan\", error=\"invalid_token\""
                           : "Bearer realm=\"huiyuan\"");
    request_refuse(request, (struct hy_error){.code = HY_UNAUTHORIZED, .field = "Authorization"});
}

static const char *roles_text(unsigned roles, struct hy_arena *arena) {
    const char *text = "";
    for (int role = HUIYUAN__V1__ROLE__ROLE_STORE; role <= HUIYUAN__V1__ROLE__ROLE_OPERATIONS; role++) {
        if ((roles & ROLE_BIT(role)) == 0) continue;
        text = hy_arena_printf(arena, "%s%s%s", text, *text == '\0' ? "" : ", ",
                               hy_role_name((Huiyuan__V1__Role)role));
    }
    return hy_arena_printf(arena, "roles / 可用角色: %s", text);
}

bool authorize(struct request *request) {
    const struct route *route = request->route;
    request->role = HUIYUAN__V1__ROLE__ROLE_OPERATIONS; // where no key is asked for
    if (route->roles == 0 || request->gateway->access == NULL) return true;
    const char *token = bearer(hy_http_header(request->exchange, "Authorization"));
    if (token == NULL || !access_find(request->gateway->access, token, &request->role)) {
        refuse_unknown(request, token != NULL);
        return false;
    }
    if ((route->roles & ROLE_BIT(request->role)) != 0) return true;
    request_refuse(request, (struct hy_error){.code = HY_FORBIDDEN,
                                              .field = "Authorization",
                                              .detail = roles_text(route->roles, &request->arena)});
    return false;
}
