// DELETE /v1/members/{member_id}: the member is erased. The key of their personal data is destroyed; sums
// stay.
#include "services/gateway/endpoints.h"
#include "services/gateway/members.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"
#include "services/gateway/send.h"

// Erased before is erased: the same answer.
static void answered(void *context, const Huiyuan__V1__Answer *answer) {
    struct sending *sending = context;
    struct request *request = sending->request;
    if (outcome_counts(answer) || outcome_code(answer) == HY_MEMBER_ERASED)
        request_answer_text(request, 204, NULL, hy_bytes("", 0));
    else
        outcome_refuse(request, answer);
}

static void erase(struct request *request) {
    if (!is_member_id(request->id)) {
        members_refuse_unknown(request);
        return;
    }
    if (!request_await(request)) return;
    struct sending *sending = hy_arena_zero(&request->arena, sizeof *sending);
    *sending = (struct sending){.request = request,
                                .log = "members",
                                .entity = request->id,
                                .answered = answered,
                                .context = sending};
    send_name(sending, NULL);
    Huiyuan__V1__EraseMember nothing = HUIYUAN__V1__ERASE_MEMBER__INIT;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER;
    command.erase_member = &nothing;
    send_command(sending, &command);
}

const struct route members_delete = {
    .method = "DELETE",
    .path = "/v1/members/{member_id}",
    .operation = "eraseMember",
    .summary = "Erase a member: the key of their personal data is destroyed, sums stay",
    .roles = DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {PATH_MEMBER_ID("m0123456789abcdefghjk")},
    .replies = {{.status = 204, .help = "Erased, now or before."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After",
                 .help = "Durable, outcome not known yet: read it at the Location."}},
    .problems = {HY_NOT_FOUND, HY_MEMBER_UNKNOWN, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL},
    .handle = erase,
};
