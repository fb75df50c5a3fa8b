// GET /v1/members?phone=…: the member that a phone leads to.
#include "proto/members.pb-c.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/members.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"

static void refuse_nobody(struct request *request) {
    request_refuse(request, (struct hy_error){.code = HY_MEMBER_UNKNOWN, .field = "phone"});
}

static void found_member(void *context, struct member_view *view) {
    (void)context;
    if (member_view_exists(view))
        members_show(view, 200);
    else
        refuse_nobody(view->request);
}

static void found_identity(void *context, struct member_view *identity) {
    (void)context;
    struct request *request = identity->request;
    if (identity->profile == NULL || identity->profile->leads_to[0] == '\0')
        refuse_nobody(request);
    else
        member_view_read(members_view(request, identity->profile->leads_to, found_member, NULL), 0);
}

// A + that was not percent-encoded arrives as a blank.
static const char *phone_of(struct request *request) {
    char phone[HY_PHONE_BYTES];
    const char *text = hy_http_query(request->exchange, "phone");
    if (text != NULL && text[0] == ' ') text = hy_arena_printf(&request->arena, "+%s", text + 1);
    if (text == NULL || !hy_phone_normalise(text, phone)) return NULL;
    return hy_arena_printf(&request->arena, "%s", phone);
}

static void find(struct request *request) {
    const char *phone = phone_of(request);
    if (phone == NULL) {
        request_refuse(request,
                       (struct hy_error){HY_INVALID_FIELD, "phone",
                                         "for example / 例如: ?phone=%2B8613800138000, ?phone=13800138000"});
        return;
    }
    if (!members_need_kek(request) || !request_await(request)) return;
    const char *identity = members_identity(request, phone);
    member_view_read(members_view(request, identity, found_identity, NULL), 0);
}

const struct route members_find = {
    .method = "GET",
    .path = "/v1/members",
    .operation = "findMember",
    .summary = "The member with this phone",
    .roles = STORE | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {{.name = "phone",
                    .in = "query",
                    .type = "string",
                    .min = 9,
                    .max = 16,
                    .example = "+8613800138000",
                    .help = "Required. E.164 (the + as %2B), or a Chinese mobile number of 11 digits."}},
    .replies =
        {{.status = 200, .schema = "Member", .headers = "ETag", .help = "As GET /v1/members/{member_id}."}},
    .problems = {HY_INVALID_FIELD, HY_MEMBER_UNKNOWN, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL,
                 HY_CORRUPT},
    .handle = find,
};
