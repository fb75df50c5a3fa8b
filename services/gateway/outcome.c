#include "services/gateway/outcome.h"

#include <string.h>

#include "proto/points.pb-c.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"

static void set_location(struct request *request, const char *command_id) {
    request_header(request, "Location", hy_arena_printf(&request->arena, "/v1/commands/%s", command_id));
}

static void answer_points(struct request *request, unsigned status, const char *command_id,
                          const Huiyuan__V1__Answer *answer) {
    Huiyuan__V1__PointsAnswer *points =
        huiyuan__v1__points_answer__unpack(&request->arena.protobuf, answer->body.len, answer->body.data);
    if (points == NULL || answer->record == NULL) {
        request_refuse(request, (struct hy_error){.code = HY_INTERNAL});
        return;
    }
    if (status == 201) set_location(request, command_id);
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE)
        request_header(request, "Idempotent-Replayed", "true");
    request_answer(request, status, render_outcome(points, answer->record));
}

static void refuse_by_code(struct request *request, const Huiyuan__V1__Answer *answer) {
    struct hy_error error = {.code = HY_INTERNAL, .field = answer->field};
    hy_code_by_name(answer->code, &error.code);
    if (hy_code_http_status(error.code) < 400) error.code = HY_INTERNAL;
    request_refuse(request, error);
}

// A duplicate repeats the first outcome, which may have been a refusal.
static bool counts(const Huiyuan__V1__Answer *answer) {
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return true;
    return answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE &&
           (answer->code[0] == '\0' || strcmp(answer->code, hy_code_name(HY_OK)) == 0);
}

void outcome_answer(struct request *request, unsigned status, const char *command_id,
                    const Huiyuan__V1__Answer *answer) {
    if (counts(answer))
        answer_points(request, status, command_id, answer);
    else if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT)
        request_refuse(request, (struct hy_error){.code = HY_ID_REUSED, .field = "purchase_id"});
    else
        refuse_by_code(request, answer);
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
