#include <criterion/criterion.h>
#include <string.h>

#include "services/gateway/problem.h"

#define TRACEPARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static const char *text_of(json_t *problem, const char *name) {
    return json_string_value(json_object_get(problem, name));
}

Test(problem, says_what_is_wrong_in_both_languages_and_where) {
    json_t *problem =
        problem_json((struct hy_error){HY_INVALID_FIELD, "lines[2].paid_fen", "0 … 9"}, TRACEPARENT);
    cr_assert_str_eq(text_of(problem, "type"), "urn:huiyuan:problem:invalid_field");
    cr_assert_str_eq(text_of(problem, "code"), "invalid_field");
    cr_assert_str_eq(text_of(problem, "field"), "lines[2].paid_fen");
    cr_assert_str_eq(text_of(problem, "detail"), "0 … 9");
    cr_assert_str_eq(text_of(problem, "title"), hy_code_english(HY_INVALID_FIELD));
    cr_assert_str_eq(text_of(problem, "title_zh"), hy_code_chinese(HY_INVALID_FIELD));
    cr_assert_str_eq(text_of(problem, "instance"), "urn:huiyuan:request:0af7651916cd43dd8448eb211c80319c");
    cr_assert_eq(json_integer_value(json_object_get(problem, "status")), 422);
    json_decref(problem);
}

Test(problem, leaves_out_what_is_not_known) {
    json_t *problem = problem_json((struct hy_error){HY_NOT_FOUND, "", NULL}, TRACEPARENT);
    cr_assert_null(json_object_get(problem, "field"));
    cr_assert_null(json_object_get(problem, "detail"));
    json_decref(problem);
}
