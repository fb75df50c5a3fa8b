// Messages as JSON: what a JSON reader gets back is what was in the message.
#include <criterion/criterion.h>
#include <jansson.h>

#include "cli/json.h"
#include "proto/common.pb-c.h"
#include "proto/points.pb-c.h"

static json_t *parse(const struct hy_buffer *out) {
    json_error_t error;
    json_t *value = json_loadb((const char *)out->data, out->length, JSON_DECODE_ANY, &error);
    cr_assert(value != NULL, "%s: %.*s", error.text, (int)out->length, (const char *)out->data);
    return value;
}

Test(json, every_kind_of_field_is_there) {
    int64_t points[] = {-5, INT64_MAX};
    Huiyuan__V1__PointsNote note = HUIYUAN__V1__POINTS_NOTE__INIT;
    note.points = INT64_MIN;
    note.n_line_points = 2;
    note.line_points = points;
    note.type = HUIYUAN__V1__ENTRY_TYPE__EARN;
    struct hy_buffer out;
    hy_buffer_init(&out, 4096);
    json_message(&out, &note.base, NULL, NULL);
    json_t *value = parse(&out);
    hy_buffer_free(&out);
    cr_assert_eq(json_integer_value(json_object_get(value, "points")), INT64_MIN);
    cr_assert_eq(json_integer_value(json_array_get(json_object_get(value, "line_points"), 1)), INT64_MAX);
    cr_assert_str_eq((char *)(uintptr_t)json_string_value(json_object_get(value, "type")), "EARN");
    json_decref(value);
}

Test(json, messages_inside_and_oneofs_and_numbers_beyond_a_double) {
    Huiyuan__V1__Claim claim = HUIYUAN__V1__CLAIM__INIT;
    claim.claim = UINT64_C(0xfedcba9876543210);
    char instance[] = "a";
    claim.instance = instance;
    Huiyuan__V1__LogMessage message = HUIYUAN__V1__LOG_MESSAGE__INIT;
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
    message.claim = &claim;
    struct hy_buffer out;
    hy_buffer_init(&out, 4096);
    json_message(&out, &message.base, NULL, NULL);
    json_t *value = parse(&out);
    hy_buffer_free(&out);
    cr_assert_eq(json_object_size(value), 1);
    cr_assert_str_eq(
        (char *)(uintptr_t)json_string_value(json_object_get(json_object_get(value, "claim"), "claim")),
        "fedcba9876543210");
    json_decref(value);
}

Test(json, any_text_becomes_valid_json) {
    static const char *const texts[][2] = {
        {"会员 \"A\"\\\n", "会员 \"A\"\\\n"},
        {"\x01\x7f", "\x01\x7f"},
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xe4\xbc", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct hy_buffer out;
        hy_buffer_init(&out, 4096);
        json_text(&out, texts[i][0]);
        json_t *value = parse(&out);
        cr_assert_str_eq((char *)(uintptr_t)json_string_value(value), (char *)(uintptr_t)texts[i][1]);
        json_decref(value);
        hy_buffer_free(&out);
    }
}
