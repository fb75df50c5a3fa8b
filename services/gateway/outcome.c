#include "services/gateway/outcome.h"

#include <string.h>

#include "proto/points.pb-c.h"
#include "services/gateway/member_view.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"

static void set_location(struct request *request, const char *command_id) {
    request_header(request, "Location", hy_arena_printf(&request->arena, "/v1/commands/%s", command_id));
}

const Huiyuan__V1__MemberAnswer *outcome_member(struct request *request, const Huiyuan__V1__Answer *answer) {
    const Huiyuan__V1__MemberAnswer *member =
        huiyuan__v1__member_answer__unpack(&request->arena.protobuf, answer->body.len, answer->body.data);
    return member == NULL || !is_member_id(member->member_id) ? NULL : member;
}

const Huiyuan__V1__CouponAnswer *outcome_coupon(struct request *request, const Huiyuan__V1__Answer *answer) {
    const Huiyuan__V1__CouponAnswer *coupon =
        huiyuan__v1__coupon_answer__unpack(&request->arena.protobuf, answer->body.len, answer->body.data);
    return coupon == NULL || coupon->coupon == NULL ? NULL : coupon;
}

// What is shown of a yes; NULL: it cannot be read.
static json_t *render_body(struct request *request, const char *log, const Huiyuan__V1__Answer *answer) {
    if (answer->record == NULL) return NULL;
    if (strcmp(log, "members") == 0) {
        const Huiyuan__V1__MemberAnswer *member = outcome_member(request, answer);
        if (member == NULL) return NULL;
        return json_pack("{s:s, s:b}", "member_id", member->member_id, "created", member->created);
    }
    if (strcmp(log, "campaigns") == 0) {
        const Huiyuan__V1__CouponAnswer *coupon = outcome_coupon(request, answer);
        return coupon == NULL ? NULL : render_coupon_of(coupon->member_id, coupon->coupon);
    }
    if (strcmp(log, "points") != 0) return NULL;
    const Huiyuan__V1__PointsAnswer *points =
        huiyuan__v1__points_answer__unpack(&request->arena.protobuf, answer->body.len, answer->body.data);
    return points == NULL ? NULL : render_outcome(points, answer->record);
}

enum hy_code outcome_code(const Huiyuan__V1__Answer *answer) {
    enum hy_code code = HY_INTERNAL;
    hy_code_by_name(answer->code, &code);
    return hy_code_http_status(code) < 400 ? HY_INTERNAL : code;
}

// A duplicate repeats the first outcome, which may have been a refusal.
bool outcome_counts(const Huiyuan__V1__Answer *answer) {
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return true;
    return answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE &&
           (answer->code[0] == '\0' || strcmp(answer->code, hy_code_name(HY_OK)) == 0);
}

void outcome_refuse(struct request *request, const Huiyuan__V1__Answer *answer) {
    struct hy_error error = {.code = outcome_code(answer), .field = answer->field};
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT) error.code = HY_ID_REUSED;
    request_refuse(request, error);
}

void outcome_answer(struct request *request, unsigned status, const char *log, const char *command_id,
                    const Huiyuan__V1__Answer *answer) {
    bool is_purchase = strcmp(log, "points") == 0;
    if (!outcome_counts(answer)) {
        if (is_purchase && answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT)
            request_refuse(request, (struct hy_error){.code = HY_ID_REUSED, .field = "purchase_id"});
        else
            outcome_refuse(request, answer);
        return;
    }
    json_t *json = render_body(request, log, answer);
    if (json == NULL) {
        request_refuse(request, (struct hy_error){.code = HY_INTERNAL});
        return;
    }
    if (status == 201) set_location(request, command_id);
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE)
        request_header(request, "Idempotent-Replayed", "true");
    request_answer(request, status, json);
}

void outcome_pending(struct request *request, const char *command_id) {
    set_location(request, command_id);
    request_header(request, "Retry-After", "1");
    request_answer(request, 202, json_pack("{s:s, s:s}", "command_id", command_id, "status", "pending"));
}

void outcome_away(struct request *request) {
    request_refuse(request, (struct hy_error){.code = HY_UNAVAILABLE,
                                              .detail = "trying again is safe / 可以安全地重试"});
}
