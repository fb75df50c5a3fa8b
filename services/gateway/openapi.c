#include "services/gateway/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/access_key.h"
#include "services/gateway/gateway.h"
#include "services/gateway/problem.h"

#define EXAMPLE_TRACEPARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static json_t *reference(const char *kind, const char *name, size_t length) {
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%.*s", kind, (int)length, name));
}

static json_t *schema_reference(const char *name) {
    return reference("schemas", name, strlen(name));
}

// ---- parameters

static void set_range(json_t *schema, const struct parameter *parameter) {
    if (parameter->max == 0) return;
    bool is_integer = strcmp(parameter->type, "integer") == 0;
    json_object_set_new(schema, is_integer ? "minimum" : "minLength", json_integer(parameter->min));
    json_object_set_new(schema, is_integer ? "maximum" : "maxLength", json_integer(parameter->max));
}

static json_t *parameter_example(const struct parameter *parameter) {
    if (strcmp(parameter->type, "integer") == 0) return json_integer(atoi(parameter->example));
    return json_string(parameter->example);
}

static json_t *parameter_json(const struct parameter *parameter) {
    json_t *schema = json_pack("{s:s}", "type", parameter->type);
    set_range(schema, parameter);
    json_t *json =
        json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", parameter->name, "in", parameter->in, "required",
                  strcmp(parameter->in, "path") == 0, "description", parameter->help, "schema", schema);
    if (parameter->example != NULL) json_object_set_new(json, "example", parameter_example(parameter));
    return json;
}

static json_t *parameters_json(const struct route *route) {
    json_t *list = json_array();
    for (size_t i = 0; i < ROUTE_PARAMETERS_LIMIT && route->parameters[i].name != NULL; i++)
        json_array_append_new(list, parameter_json(&route->parameters[i]));
    return list;
}

// ---- responses

static json_t *headers_json(const char *names) {
    json_t *headers =
        json_pack("{s:o}", "traceparent", reference("headers", "traceparent", strlen("traceparent")));
    while (names != NULL && *names != '\0') {
        size_t length = strcspn(names, ", ");
        json_object_setn_new(headers, names, length, reference("headers", names, length));
        names += length + strspn(names + length, ", ");
    }
    return headers;
}

static json_t *reply_json(const struct reply *reply) {
    json_t *json =
        json_pack("{s:s, s:o}", "description", reply->help, "headers", headers_json(reply->headers));
    if (reply->schema == NULL && reply->media == NULL) return json;
    json_t *schema =
        reply->schema == NULL ? json_pack("{s:s}", "type", "string") : schema_reference(reply->schema);
    const char *media = reply->media == NULL ? "application/json" : reply->media;
    json_object_set_new(json, "content", json_pack("{s:{s:o}}", media, "schema", schema));
    return json;
}

// All codes of one status share a response; each adds its line and its example.
static json_t *problem_response(json_t *responses, enum hy_code code) {
    char status[4];
    snprintf(status, sizeof status, "%d", hy_code_http_status(code));
    json_t *response = json_object_get(responses, status);
    if (response != NULL) return response;
    const char *headers = hy_code_disposition(code) == HY_RETRY ? "Retry-After" : NULL;
    if (code == HY_UNAUTHORIZED) headers = "WWW-Authenticate";
    response =
        json_pack("{s:s, s:o, s:{s:{s:o, s:{}}}}", "description", "", "headers", headers_json(headers),
                  "content", "application/problem+json", "schema", schema_reference("Problem"), "examples");
    json_object_set_new(responses, status, response);
    return response;
}

static void add_problem(json_t *responses, enum hy_code code) {
    json_t *response = problem_response(responses, code);
    const char *before = json_string_value(json_object_get(response, "description"));
    json_t *description = json_sprintf("%s%s%s: %s / %s", before, *before == '\0' ? "" : "; ",
                                       hy_code_name(code), hy_code_english(code), hy_code_chinese(code));
    json_object_set_new(response, "description", description);
    json_t *media = json_object_get(json_object_get(response, "content"), "application/problem+json");
    json_t *example = problem_json((struct hy_error){.code = code}, EXAMPLE_TRACEPARENT);
    json_object_set_new(json_object_get(media, "examples"), hy_code_name(code),
                        json_pack("{s:o}", "value", example));
}

static json_t *responses_json(const struct route *route) {
    json_t *responses = json_object();
    for (size_t i = 0; i < ROUTE_REPLIES_LIMIT && route->replies[i].status != 0; i++) {
        char status[4];
        snprintf(status, sizeof status, "%u", route->replies[i].status % 1000);
        json_object_set_new(responses, status, reply_json(&route->replies[i]));
    }
    for (size_t i = 0; i < ROUTE_PROBLEMS_LIMIT && route->problems[i] != HY_OK; i++)
        add_problem(responses, route->problems[i]);
    if (route->roles != 0) {
        add_problem(responses, HY_UNAUTHORIZED);
        add_problem(responses, HY_FORBIDDEN);
    }
    return responses;
}

// ---- paths

// Which roles may call it; nothing: everybody.
static json_t *security_json(unsigned roles) {
    json_t *names = json_array();
    for (int role = HUIYUAN__V1__ROLE__ROLE_STORE; role <= HUIYUAN__V1__ROLE__ROLE_OPERATIONS; role++) {
        if ((roles & ROLE_BIT(role)) != 0)
            json_array_append_new(names, json_string(hy_role_name((Huiyuan__V1__Role)role)));
    }
    if (roles != 0) return json_pack("[{s:o}]", "apiKey", names);
    json_decref(names);
    return json_array();
}

static json_t *operation_json(const struct route *route) {
    json_t *json = json_pack("{s:s, s:s, s:o, s:o, s:o}", "operationId", route->operation, "summary",
                             route->summary, "security", security_json(route->roles), "parameters",
                             parameters_json(route), "responses", responses_json(route));
    if (route->body == NULL) return json;
    json_t *media = json_pack("{s:o}", "schema", schema_reference(route->body));
    json_object_set_new(json, "requestBody",
                        json_pack("{s:b, s:{s:o}}", "required", 1, "content", "application/json", media));
    return json;
}

static json_t *paths_json(void) {
    json_t *paths = json_object();
    for (size_t i = 0; i < route_count; i++) {
        json_t *path = json_object_get(paths, routes[i]->path);
        if (path == NULL) {
            path = json_object();
            json_object_set_new(paths, routes[i]->path, path);
        }
        char method[16];
        size_t length = 0;
        for (; routes[i]->method[length] != '\0' && length + 1 < sizeof method; length++)
            method[length] = (char)tolower((unsigned char)routes[i]->method[length]);
        method[length] = '\0';
        json_object_set_new(path, method, operation_json(routes[i]));
    }
    return paths;
}

static json_t *info_json(void) {
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "title", "Huiyuan 会员", "version", HY_VERSION,
                     "description",
                     "Points and members of a loyalty program. Money is integer fen (1/100 yuan), points are "
                     "integers, times "
                     "are Unix milliseconds (_ms) or RFC 3339 in UTC. HEAD is answered wherever GET is. "
                     "Errors are RFC 9457 "
                     "problem details in English and Chinese; programs should look at `code`.",
                     "license", "name", "Apache-2.0", "identifier", "Apache-2.0");
}

static json_t *security_schemes_json(void) {
    return json_pack("{s:{s:s, s:s, s:s}}", "apiKey", "type", "http", "scheme", "bearer", "description",
                     "Authorization: Bearer hy_<role>_…; made by `huiyuanctl keys add`. Each operation names "
                     "the roles that may call it.");
}

void openapi_make(struct hy_buffer *out) {
    json_t *document =
        json_pack("{s:s, s:o, s:[{s:s}], s:o, s:{s:o, s:o, s:o}}", "openapi", "3.1.0", "info", info_json(),
                  "servers", "url", "/", "paths", paths_json(), "components", "schemas", openapi_schemas(),
                  "headers", openapi_headers(), "securitySchemes", security_schemes_json());
    char *text = json_dumps(document, JSON_INDENT(2));
    json_decref(document);
    if (text == NULL) abort();
    hy_buffer_add(out, text, strlen(text));
    free(text);
}
