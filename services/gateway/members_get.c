// GET /v1/members/{member_id}: a member's points, in one round trip to Redis.
#include <inttypes.h>

#include "common/contract/limits.h"
#include "proto/points.pb-c.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/member_read.h"
#include "services/gateway/prefer.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"

// Everything shown changes with an entry, and only so.
static const char *etag_of(const Huiyuan__V1__MemberState *state, struct hy_arena *arena) {
    return hy_arena_printf(arena, "\"%" PRIu64 "-%" PRIu64 "\"", state->seq, state->entries);
}

static void show(struct member_read *read, const Huiyuan__V1__MemberState *state) {
    struct request *request = read->request;
    const char *etag = etag_of(state, &request->arena);
    const Huiyuan__V1__PointsState *points =
        huiyuan__v1__points_state__unpack(&request->arena.protobuf, state->state.len, state->state.data);
    if (points == NULL) {
        request_refuse(request, (struct hy_error){.code = HY_CORRUPT});
        return;
    }
    request_header(request, "ETag", etag);
    if (etag_is_in(hy_http_header(request->exchange, "If-None-Match"), etag))
        request_answer_text(request, 304, NULL, hy_bytes("", 0));
    else
        request_answer(request, 200, render_member(request->id, points));
}

static void members(struct request *request) {
    member_read(request, show, NULL);
}

const struct route members_get = {
    .method = "GET",
    .path = "/v1/members/{member_id}",
    .operation = "getMember",
    .summary = "A member's points",
    .store_nothing = true,
    .parameters = {{.name = "member_id",
                    .in = "path",
                    .type = "string",
                    .min = 1,
                    .max = HY_ID_LIMIT_BYTES,
                    .example = "M10001",
                    .help = "The member."},
                   {.name = "If-None-Match",
                    .in = "header",
                    .type = "string",
                    .example = "\"12-34\"",
                    .help = "An ETag of before: 304 when nothing has changed since."}},
    .replies = {{.status = 200, .schema = "Member", .headers = "ETag", .help = "With an ETag."},
                {.status = 304, .headers = "ETag", .help = "Nothing has changed since that ETag."}},
    .problems = {HY_NOT_FOUND, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL, HY_CORRUPT},
    .handle = members,
};
