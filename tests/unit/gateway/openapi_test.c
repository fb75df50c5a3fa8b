#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/limits.h"
#include "services/gateway/gateway.h"
#include "services/gateway/openapi.h"
#include "services/gateway/render.h"

static json_t *document;

static void begin(void) {
    struct hy_buffer text;
    hy_buffer_init(&text, OPENAPI_LIMIT_BYTES);
    openapi_make(&text);
    cr_assert_not(text.failed);
    document = json_loadb((const char *)text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    hy_buffer_free(&text);
    cr_assert_not_null(document);
}

static void end(void) {
    json_decref(document);
}

TestSuite(openapi, .init = begin, .fini = end);

static json_t *at(json_t *json, const char *name) {
    json_t *found = json_object_get(json, name);
    cr_assert_not_null(found, "%s is missing", name);
    return found;
}

static json_t *schema(const char *name) {
    return at(at(at(document, "components"), "schemas"), name);
}

Test(openapi, has_every_route_and_nothing_else) {
    size_t operations = 0;
    const char *path;
    json_t *methods;
    json_object_foreach(at(document, "paths"), path, methods) operations += json_object_size(methods);
    cr_assert_eq(operations, route_count);
    for (size_t i = 0; i < route_count; i++) {
        json_t *methods_of_path = at(at(document, "paths"), routes[i]->path);
        char method[16] = "";
        for (size_t k = 0; routes[i]->method[k] != '\0'; k++)
            method[k] = (char)tolower((unsigned char)routes[i]->method[k]);
        json_t *operation = at(methods_of_path, method);
        json_t *security = at(operation, "security");
        cr_assert_eq(json_array_size(security) == 1, routes[i]->roles != 0);
        cr_assert_str_eq(json_string_value(at(operation, "operationId")), routes[i]->operation);
    }
}

Test(openapi, has_every_limit_of_the_contract) {
    for (size_t i = 0; i < hy_limit_count; i++) {
        const struct hy_limit *limit = &hy_limits[i];
        json_t *property = at(at(schema(limit->message), "properties"), limit->field);
        const char *keyword = limit->type == HY_FIELD_TEXT   ? "maxLength"
                              : limit->type == HY_FIELD_LIST ? "maxItems"
                                                             : "maximum";
        if (limit->type != HY_FIELD_CHOICE)
            cr_assert_eq(json_integer_value(at(property, keyword)), limit->max);
    }
}

Test(openapi, has_every_error_code) {
    json_t *codes = at(at(at(schema("Problem"), "properties"), "code"), "enum");
    cr_assert_eq(json_array_size(codes), HY_CODE_COUNT - 1);
}

static void check_references(json_t *json) {
    size_t index;
    const char *name;
    json_t *value;
    json_array_foreach(json, index, value) check_references(value);
    json_object_foreach(json, name, value) {
        check_references(value);
        if (strcmp(name, "$ref") != 0) continue;
        char kind[32], target[64];
        cr_assert_eq(sscanf(json_string_value(value), "#/components/%31[^/]/%63s", kind, target), 2);
        at(at(at(document, "components"), kind), target);
    }
}

Test(openapi, refers_only_to_what_is_there) {
    check_references(document);
}

// Each field that is shown is described, and each that is promised is shown.
static void check_against_schema(json_t *shown, const char *name) {
    const char *field;
    json_t *value;
    json_object_foreach(shown, field, value) at(at(schema(name), "properties"), field);
    size_t index;
    json_array_foreach(at(schema(name), "required"), index, value) at(shown, json_string_value(value));
    json_decref(shown);
}

Test(openapi, describes_what_is_rendered) {
    Huiyuan__V1__LinePoints line = HUIYUAN__V1__LINE_POINTS__INIT;
    Huiyuan__V1__LinePoints *lines[] = {&line};
    Huiyuan__V1__PointsAnswer answer = HUIYUAN__V1__POINTS_ANSWER__INIT;
    answer.n_lines = 1;
    answer.lines = lines;
    Huiyuan__V1__RecordName record = HUIYUAN__V1__RECORD_NAME__INIT;
    json_t *outcome = render_outcome(&answer, &record);
    check_against_schema(json_incref(json_array_get(at(outcome, "lines"), 0)), "LinePoints");
    check_against_schema(outcome, "PurchaseOutcome");

    Huiyuan__V1__PointsState points = HUIYUAN__V1__POINTS_STATE__INIT;
    points.last_purchase_at_ms = 1;
    json_t *member = render_member("M1", &points);
    check_against_schema(json_incref(at(member, "points")), "MemberPoints");
    check_against_schema(member, "Member");

    Huiyuan__V1__Receipt receipt = HUIYUAN__V1__RECEIPT__INIT;
    check_against_schema(render_entry(1, &receipt, NULL), "Entry");
}
