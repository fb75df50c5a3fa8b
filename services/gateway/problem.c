#include "services/gateway/problem.h"

#include <string.h>

enum { TRACE_ID_AT = 3, TRACE_ID_LENGTH = 32 };

static void set_text(json_t *object, const char *name, const char *text) {
    if (text != NULL && *text != '\0') json_object_set_new(object, name, json_string(text));
}

json_t *problem_json(struct hy_error error, const char *traceparent) {
    const char *code = hy_code_name(error.code);
    json_t *problem = json_object();
    json_object_set_new(problem, "type", json_sprintf(PROBLEM_TYPE_PREFIX "%s", code));
    json_object_set_new(problem, "title", json_string(hy_code_english(error.code)));
    json_object_set_new(problem, "title_zh", json_string(hy_code_chinese(error.code)));
    json_object_set_new(problem, "status", json_integer(hy_code_http_status(error.code)));
    json_object_set_new(problem, "code", json_string(code));
    set_text(problem, "field", error.field);
    set_text(problem, "detail", error.detail);
    const char *trace_id = traceparent + TRACE_ID_AT;
    json_object_set_new(problem, "instance",
                        json_sprintf("urn:huiyuan:request:%.*s", TRACE_ID_LENGTH, trace_id));
    return problem;
}
