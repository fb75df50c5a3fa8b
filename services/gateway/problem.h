// Problem details (RFC 9457), in English and Chinese, from the table of error codes.
#pragma once

#include <jansson.h>

#include "common/base/error.h"

#define PROBLEM_TYPE_PREFIX "urn:huiyuan:problem:"

// `traceparent` gives the instance: what support asks for.
json_t *problem_json(struct hy_error error, const char *traceparent);
