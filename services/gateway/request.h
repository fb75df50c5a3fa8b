// Beginning and ending a request. After request_answer, request_answer_text or request_refuse the request may
// be gone.
#pragma once

#include <jansson.h>

#include "services/gateway/gateway.h"

struct request *request_new(struct gateway *gateway, struct hy_http_exchange *exchange);
// Must be called before the request is handed to the engine. False: too many wait already, and it has been
// refused.
bool request_await(struct request *request);

// A header of the answer; the value lives until the answer is given.
void request_header(struct request *request, const char *name, const char *value);
void request_answer(struct request *request, unsigned status, json_t *body); // takes the reference over
void request_answer_text(struct request *request, unsigned status, const char *media, struct hy_bytes body);
void request_refuse(struct request *request, struct hy_error error);

// Copies into the arena; takes the reference over. Members stay in the order in which they were added.
struct hy_bytes json_text(json_t *json, struct hy_arena *arena);
// RFC 3339 in UTC.
json_t *json_time(int64_t time_ms);
