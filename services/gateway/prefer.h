// The request headers that say how a caller wants to be served.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"

struct prefer {
    bool respond_async;
    int64_t wait_ms; // -1: not said
};

enum { PREFER_WAIT_LIMIT_MS = 20000 };

// Prefer (RFC 7240): respond-async and wait=SECONDS, cut to the limit; what is not understood is ignored.
// NULL: no header.
struct prefer prefer_parse(const char *header);
// Preference-Applied; NULL: none was.
const char *prefer_applied(const struct prefer *prefer, struct hy_arena *arena);

// Idempotency-Key: an id of the contract, bare or in quotes. False: it is not one.
bool idempotency_key_parse(const char *header, struct hy_arena *arena, const char **ret_key);
// application/json, with or without parameters.
bool is_json(const char *content_type);
// The same, or application/merge-patch+json.
bool is_merge_patch(const char *content_type);
// If-Match: does the list name an entity tag of a member whose profile has this version, or any at all?
bool etag_has_version(const char *header, uint32_t version);
// If-None-Match (RFC 9110): does the list name this entity tag?
bool etag_is_in(const char *header, const char *etag);
