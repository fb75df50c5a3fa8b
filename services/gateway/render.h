// What the API shows, as JSON. The schemas in openapi_schemas.c say the same; a test holds them together.
#pragma once

#include <jansson.h>

#include "proto/points.pb-c.h"
#include "proto/projection.pb-c.h"
#include "services/gateway/member_view.h"

json_t *render_outcome(const Huiyuan__V1__PointsAnswer *points, const Huiyuan__V1__RecordName *record);
json_t *render_member(const char *member_id, const Huiyuan__V1__PointsState *points);
// NULL: the note cannot be read. `points` of the same member: to find a tier; NULL: not known.
json_t *render_entry(uint32_t partition, const Huiyuan__V1__Receipt *receipt,
                     const Huiyuan__V1__PointsState *points);

// render_member.c
json_t *render_view(const struct member_view *view); // there is such a member
json_t *render_tier(const struct gateway *gateway, const Huiyuan__V1__TierState *tier,
                    struct hy_arena *arena);
json_t *render_coupon(const Huiyuan__V1__Coupon *coupon);
json_t *render_coupon_of(const char *member_id, const Huiyuan__V1__Coupon *coupon);
