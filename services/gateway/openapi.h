// The OpenAPI document, made from the tables of routes, limits and errors, so that it cannot say anything
// else than they do.
#pragma once

#include <jansson.h>

#include "common/base/bytes.h"

enum { OPENAPI_LIMIT_BYTES = 1 << 20 };

void openapi_make(struct hy_buffer *out);

// openapi_schemas.c: what stands under components.
json_t *openapi_schemas(void);
json_t *openapi_headers(void);
