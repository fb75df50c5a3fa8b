// GET /v1/members/{member_id}: a member's page, in one round trip to Redis.
#include "common/contract/limits.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/members.h"
#include "services/gateway/prefer.h"
#include "services/gateway/request.h"

static void show(void *context, struct member_view *view) {
    (void)context;
    struct request *request = view->request;
    const char *etag = member_view_etag(view);
    if (!member_view_exists(view)) {
        members_refuse_unknown(request);
    } else if (etag_is_in(hy_http_header(request->exchange, "If-None-Match"), etag)) {
        request_header(request, "ETag", etag);
        request_answer_text(request, 304, NULL, hy_bytes("", 0));
    } else {
        members_show(view, 200);
    }
}

static void members(struct request *request) {
    if (!is_member_id(request->id)) {
        members_refuse_unknown(request);
        return;
    }
    if (!request_await(request)) return;
    member_view_read(members_view(request, request->id, show, NULL), 0);
}

const struct route members_get = {
    .method = "GET",
    .path = "/v1/members/{member_id}",
    .operation = "getMember",
    .summary = "A member's page: points, tier and progress, coupons, profile",
    .roles = STORE | MARKETING | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {PATH_MEMBER_ID("M10001"),
                   {.name = "If-None-Match",
                    .in = "header",
                    .type = "string",
                    .example = "\"12-34\"",
                    .help = "An ETag of before: 304 when nothing has changed since."}},
    .replies = {{.status = 200,
                 .schema = "Member",
                 .headers = "ETag",
                 .help = "With an ETag. Marketing sees no personal data. Of an erased member the sums stay."},
                {.status = 304, .headers = "ETag", .help = "Nothing has changed since that ETag."}},
    .problems = {HY_NOT_FOUND, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL, HY_CORRUPT},
    .handle = members,
};
