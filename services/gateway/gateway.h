// The gateway on a page: what all endpoints share, one request, one route. Each worker (worker.h) has a
// gateway of its own, and is alone with it but for what is said to be shared.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/contract/limits.h"
#include "common/io/http.h"
#include "common/io/metrics.h"
#include "common/io/seal.h"
#include "common/program/program.h"
#include "common/stage/keys.h"
#include "services/gateway/access.h"
#include "services/gateway/engine.h"

struct gateway {
    struct engine *engine;
    struct access *access;       // shared; NULL: everybody may do everything (HY_ACCESS=open)
    struct hy_metrics *metrics;  // shared
    struct hy_buffer openapi;    // shared: the document, made at start-up
    struct hy_kek *kek;          // shared; NULL: nobody can enrol, personal data stays sealed
    struct hy_programs programs; // for the names of tiers
    const char *redis_prefix;
    const char *instance; // unique: answers come to this name
    uint32_t partitions;
    int64_t answer_timeout_ms;
    int64_t pending_limit; // requests that may wait for Kafka or Redis at one time
    _Atomic int64_t pending;
    atomic_bool draining;
    struct gateway *const *all; // of this process, for health and figures; `count` 0: there is only this one
    size_t count;
};

// health_get.c: what is missing to take purchases and commands, here or at another of this process; NULL:
// nothing.
const char *gateway_lacks(const struct gateway *gateway);

enum { REQUEST_HEADERS_LIMIT = 12 };

// One request, from its arrival until its exchange has ended. Everything it needs lives in its arena.
struct request {
    struct gateway *gateway;
    struct hy_http_exchange *exchange;
    const struct route *route; // NULL: no route fits
    Huiyuan__V1__Role role;    // of the caller
    const char *id;            // the variable part of the path; NULL: the route has none
    struct hy_arena arena;
    uint64_t started_ns;
    char traceparent[56]; // W3C trace context, as handed on
    bool pending;         // counted in gateway->pending
    struct hy_http_header_pair headers[REQUEST_HEADERS_LIMIT];
    size_t header_count;
};

// A parameter of a route, as the OpenAPI document names it.
struct parameter {
    const char *name;
    const char *in;   // "path", "query", "header"
    const char *type; // "string", "integer"
    int64_t min, max; // integer: range; string: length in bytes; both 0: not limited
    const char *example;
    const char *help;
};

// Those that several routes have. The routes of any member show one as stores name them, those of enrolled
// ones a drawn id.
#define PATH_MEMBER_ID(shown)                                                                    \
    {                                                                                            \
        .name = "member_id", .in = "path", .type = "string", .min = 1, .max = HY_ID_LIMIT_BYTES, \
        .example = (shown), .help = "The member."                                                \
    }
#define PATH_COUPON_CODE                                                                                \
    {                                                                                                   \
        .name = "code", .in = "path", .type = "string", .min = 1, .max = 32, .example = "7K3M9QXT2B4C", \
        .help = "As printed; case, blanks, dashes and the look-alikes O, I, L do not matter."           \
    }

// What a route answers when all goes well.
struct reply {
    unsigned status;    // 0: end of the list
    const char *schema; // in components; NULL: no body
    const char *media;  // NULL: application/json
    const char
        *headers; // that it may carry besides traceparent: "ETag" or "Location, Retry-After"; NULL: none
    const char *help;
};

// The roles that may use a route, as a set.
#define ROLE_BIT(role) (1U << (unsigned)(role))
enum {
    STORE = ROLE_BIT(HUIYUAN__V1__ROLE__ROLE_STORE),
    MARKETING = ROLE_BIT(HUIYUAN__V1__ROLE__ROLE_MARKETING),
    DESK = ROLE_BIT(HUIYUAN__V1__ROLE__ROLE_DESK),
    OPERATIONS = ROLE_BIT(HUIYUAN__V1__ROLE__ROLE_OPERATIONS),
};

enum { ROUTE_PARAMETERS_LIMIT = 5, ROUTE_REPLIES_LIMIT = 4, ROUTE_PROBLEMS_LIMIT = 20 };

// One endpoint: what the dispatcher and the OpenAPI document need to know of it.
struct route {
    const char *method; // "GET" also answers HEAD
    const char *path;   // at most one "{name}"
    const char *operation;
    const char *summary;
    const char *body;                                    // schema of the request's body; NULL: none
    unsigned roles;                                      // STORE | DESK …; 0: no key is asked for
    bool store_nothing;                                  // member data: no cache may keep it
    struct parameter parameters[ROUTE_PARAMETERS_LIMIT]; // up to the first without a name
    struct reply replies[ROUTE_REPLIES_LIMIT];
    enum hy_code problems[ROUTE_PROBLEMS_LIMIT]; // up to HY_OK
    void (*handle)(struct request *request);
};

// routes.c
extern const struct route *const routes[];
extern const size_t route_count;
// The handler of the HTTP server: finds the route and calls it. The context is the gateway.
void routes_handle(void *gateway, struct hy_http_exchange *exchange);
// Does the path fit the template? *ret_id: its variable part, in the arena.
bool route_fits(const char *pattern, const char *path, struct hy_arena *arena, const char **ret_id);
