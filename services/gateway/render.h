// What the API shows, as JSON. The schemas in openapi_schemas.c say the same; a test holds them together.
#pragma once

#include <jansson.h>

#include "proto/points.pb-c.h"
#include "proto/projection.pb-c.h"

json_t *render_outcome(const Huiyuan__V1__PointsAnswer *points, const Huiyuan__V1__RecordName *record);
json_t *render_member(const char *member_id, const Huiyuan__V1__PointsState *points);
// NULL: the note cannot be read.
json_t *render_entry(uint32_t partition, const Huiyuan__V1__Receipt *receipt);
