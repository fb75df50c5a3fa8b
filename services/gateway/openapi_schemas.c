#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"
#include "common/contract/limits.h"
#include "services/gateway/openapi.h"
#include "services/gateway/problem.h"

// ---- What we are sent: from the table of limits.

static const char *pattern_of(const struct hy_limit *limit) {
    switch (limit->text_form) {
    case HY_FORM_ID: return "^[A-Za-z0-9_.:@+=~-]+$";
    case HY_FORM_CURRENCY: return "^([A-Z]{3})?$";
    case HY_FORM_TEXT: break;
    }
    return "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
}

// A limit in bytes is given as one in characters: no text that is allowed exceeds it.
static json_t *text_schema(const struct hy_limit *limit) {
    json_t *schema = json_pack("{s:s, s:I, s:s}", "type", "string", "maxLength", (json_int_t)limit->max,
                               "pattern", pattern_of(limit));
    if (limit->required) json_object_set_new(schema, "minLength", json_integer(limit->min));
    return schema;
}

static json_t *choice_schema(const struct hy_limit *limit) {
    json_t *choices = json_array();
    for (size_t i = 0; limit->choices[i] != NULL; i++)
        json_array_append_new(choices, json_string(limit->choices[i]));
    return json_pack("{s:s, s:o}", "type", "string", "enum", choices);
}

static json_t *list_schema(const struct hy_limit *limit) {
    const char *element = strcmp(limit->field, "lines") == 0 ? "PurchaseLine" : "Payment";
    return json_pack("{s:s, s:I, s:I, s:{s:o}}", "type", "array", "minItems", (json_int_t)limit->min,
                     "maxItems", (json_int_t)limit->max, "items", "$ref",
                     json_sprintf("#/components/schemas/%s", element));
}

static json_t *limit_schema(const struct hy_limit *limit) {
    switch (limit->type) {
    case HY_FIELD_TEXT: return text_schema(limit);
    case HY_FIELD_CHOICE: return choice_schema(limit);
    case HY_FIELD_LIST: return list_schema(limit);
    case HY_FIELD_INTEGER: break;
    }
    return json_pack("{s:s, s:s, s:I, s:I}", "type", "integer", "format", "int64", "minimum",
                     (json_int_t)limit->min, "maximum", (json_int_t)limit->max);
}

static json_t *described(json_t *schema, const char *help) {
    if (help != NULL) json_object_set_new(schema, "description", json_string(help));
    return schema;
}

// Two fields have a second way to be given: see purchase_ways.
static bool is_always_required(const struct hy_limit *limit) {
    return limit->required && strcmp(limit->field, "purchase_id") != 0 &&
           strcmp(limit->field, "occurred_at_ms") != 0;
}

static json_t *empty_object(void) {
    return json_pack("{s:s, s:{}, s:[], s:b}", "type", "object", "properties", "required",
                     "additionalProperties", 0);
}

static json_t *find_or_add(json_t *schemas, const char *name) {
    json_t *schema = json_object_get(schemas, name);
    if (schema != NULL) return schema;
    json_object_set_new(schemas, name, empty_object());
    return json_object_get(schemas, name);
}

static void add_limits(json_t *schemas) {
    for (size_t i = 0; i < hy_limit_count; i++) {
        const struct hy_limit *limit = &hy_limits[i];
        json_t *schema = find_or_add(schemas, limit->message);
        json_t *property = described(limit_schema(limit), limit->help);
        json_object_set_new(json_object_get(schema, "properties"), limit->field, property);
        if (is_always_required(limit))
            json_array_append_new(json_object_get(schema, "required"), json_string(limit->field));
    }
}

static const char PURCHASE_EXAMPLE[] = "{\"purchase_id\": \"S001-20261122-0042\", \"member_id\": \"M10001\", "
                                       "\"store_id\": \"S001\", \"channel\": \"STORE\","
                                       " \"occurred_at\": \"2026-11-22T14:03:00+08:00\", \"lines\": ["
                                       "{\"line_id\": \"1\", \"sku\": \"6901234567892\", \"category\": "
                                       "\"skincare\", \"quantity\": 2, \"paid_fen\": 25800},"
                                       "{\"line_id\": \"2\", \"category\": \"makeup\", \"paid_fen\": 9900}],"
                                       " \"payments\": [{\"method\": \"WECHAT\", \"amount_fen\": 30700}, "
                                       "{\"method\": \"GIFT_CARD\", \"amount_fen\": 5000}]}";

static json_t *parsed(const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (json == NULL) abort(); // the texts are ours
    return json;
}

// The time may be text, and the Idempotency-Key may stand for the id.
static void add_purchase_ways(json_t *schemas) {
    json_t *purchase = json_object_get(schemas, "Purchase");
    json_t *occurred_at = json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    json_object_set_new(json_object_get(purchase, "properties"), "occurred_at",
                        described(occurred_at, "instead of occurred_at_ms: RFC 3339 with offset"));
    json_object_set_new(purchase, "oneOf",
                        parsed("[{\"required\": [\"occurred_at_ms\"]}, {\"required\": [\"occurred_at\"]}]"));
    json_object_set_new(purchase, "description",
                        json_string("purchase_id is required unless the request has an Idempotency-Key."));
    json_object_set_new(purchase, "examples", json_pack("[o]", parsed(PURCHASE_EXAMPLE)));
}

static const char NEW_MEMBER_EXAMPLE[] =
    "{\"phone\": \"+8613800138000\", \"name\": \"王芳\", \"birthday\": \"1990-05-17\", \"email\": "
    "\"wang.fang@example.com\", \"language\": \"zh\", \"consents\": {\"sms\": true, \"email\": true}}";

// What the table cannot say: consents, and the patch, which is the same without the phone, each field
// nullable.
static void add_member_ways(json_t *schemas) {
    json_t *member = json_object_get(schemas, "NewMember");
    json_t *consents = json_pack("{s:s}", "$ref", "#/components/schemas/Consents");
    json_object_set_new(json_object_get(member, "properties"), "consents", consents);
    json_t *patch = json_deep_copy(member);
    json_t *properties = json_object_get(patch, "properties");
    json_object_del(properties, "phone");
    json_object_set_new(patch, "required", json_array());
    const char *name;
    json_t *property;
    json_object_foreach(properties, name, property) {
        if (json_object_get(property, "maxLength") != NULL)
            json_object_set_new(property, "type", json_pack("[s, s]", "string", "null"));
    }
    json_object_set_new(schemas, "MemberPatch", patch);
    json_object_set_new(member, "examples", json_pack("[o]", parsed(NEW_MEMBER_EXAMPLE)));
}

static void add_outcome(json_t *schemas) {
    json_object_set_new(schemas, "Outcome",
                        parsed("{\"anyOf\": [{\"$ref\": \"#/components/schemas/PurchaseOutcome\"}, "
                               "{\"$ref\": \"#/components/schemas/KnownMember\"}, "
                               "{\"$ref\": \"#/components/schemas/Coupon\"}]}"));
}

// ---- What we answer.

struct property {
    const char *schema;
    const char *name;
    const char *type; // a JSON type, "time", "nullable string", "Schema", "[type]" or "[Schema]"
    bool optional;
    const char *example; // JSON; NULL: none
    const char *help;
};

static const struct property PROPERTIES[] = {
    {"PurchaseOutcome", "purchase_id", "string", false, "\"S001-20261122-0042\"", NULL},
    {"PurchaseOutcome", "member_id", "string", false, "\"M10001\"", NULL},
    {"PurchaseOutcome", "entry", "string", false, "\"7-1204-3\"",
     "the ledger entry: partition, block, place in the block"},
    {"PurchaseOutcome", "points", "integer", false, "307", "earned by the purchase"},
    {"PurchaseOutcome", "balance", "integer", false, "1507", "after it"},
    {"PurchaseOutcome", "lines", "[LinePoints]", false, NULL, "in the order of the purchase's lines"},
    {"LinePoints", "line_id", "string", false, "\"1\"", NULL},
    {"LinePoints", "points", "integer", false, "222", "what a return of the line takes back"},
    {"Pending", "command_id", "string", false, "\"7-9f86d081884c7d65\"",
     "read GET /v1/commands/{command_id}"},
    {"Pending", "status", "string", false, "\"pending\"", NULL},
    {"Member", "member_id", "string", false, "\"M10001\"", NULL},
    {"Member", "points", "MemberPoints", false, NULL, NULL},
    {"Member", "spend_fen", "integer", false, "150700", "money ever paid, in fen"},
    {"Member", "purchases", "integer", false, "6", "how many ever"},
    {"Member", "last_purchase_at", "time", true, "\"2026-11-22T06:03:00.000Z\"", NULL},
    {"Member", "tier", "MemberTier", true, NULL, "once tier has seen the member"},
    {"Member", "coupons", "[Coupon]", true, NULL, "newest first, once campaign has seen the member"},
    {"Member", "profile", "Profile", true, NULL, "of enrolled members"},
    {"Member", "erased", "boolean", true, NULL, "true: personal data is gone for ever, the sums stay"},
    {"Member", "erased_at", "time", true, NULL, NULL},
    {"Member", "created", "boolean", true, NULL, "true in the answer to the enrolment"},
    {"MemberTier", "id", "string", false, "\"silver\"", NULL},
    {"MemberTier", "name_zh", "string", false, "\"银卡\"", NULL},
    {"MemberTier", "name_en", "string", false, "\"Silver\"", NULL},
    {"MemberTier", "since", "time", true, NULL, NULL},
    {"MemberTier", "reason", "string", true, "\"growth\"", "why: growth, year-spend, lapse, months-in-a-row"},
    {"MemberTier", "growth", "integer", false, "1200", "qualifying, never spent"},
    {"MemberTier", "year_spend_fen", "integer", false, "120000", "money paid in the rolling year"},
    {"MemberTier", "next", "NextTier", true, NULL, "nothing above: absent"},
    {"MemberTier", "review_at", "time", true, NULL, "when it may fall without another purchase"},
    {"NextTier", "id", "string", false, "\"gold\"", NULL},
    {"NextTier", "name_zh", "string", false, "\"金卡\"", NULL},
    {"NextTier", "name_en", "string", false, "\"Gold\"", NULL},
    {"NextTier", "growth", "integer", true, "3800", "missing, if growth leads there"},
    {"NextTier", "spend_fen", "integer", true, "30000", "missing, if spend leads there"},
    {"NextTier", "progress_zh", "string", true, "\"还差 ¥300 升金卡\"", NULL},
    {"NextTier", "progress_en", "string", true, "\"¥300 more for Gold\"", NULL},
    {"Coupon", "code", "string", false, "\"7K3M9QXT2B4C\"", NULL},
    {"Coupon", "status", "string", false, "\"open\"", "open, redeemed or expired"},
    {"Coupon", "campaign_id", "string", false, "\"birthday\"", NULL},
    {"Coupon", "name_zh", "string", true, "\"生日券\"", NULL},
    {"Coupon", "name_en", "string", true, "\"Birthday coupon\"", NULL},
    {"Coupon", "value_fen", "integer", false, "2000", "taken off"},
    {"Coupon", "minimum_spend_fen", "integer", false, "10000", "of the purchase; 0: none"},
    {"Coupon", "issued_at", "time", true, NULL, NULL},
    {"Coupon", "expires_at", "time", true, NULL, NULL},
    {"Coupon", "redeemed_at", "time", true, NULL, NULL},
    {"Coupon", "store_id", "string", true, "\"S001\"", "where it was redeemed"},
    {"Coupon", "member_id", "string", true, "\"m0123456789abcdefghjk\"",
     "whose it is; not on the member's page"},
    {"Profile", "phone", "string", true, "\"+8613800138000\"", NULL},
    {"Profile", "name", "string", true, "\"王芳\"", NULL},
    {"Profile", "birthday", "string", true, "\"1990-05-17\"", NULL},
    {"Profile", "email", "string", true, "\"wang.fang@example.com\"", NULL},
    {"Profile", "sealed", "boolean", false, "false",
     "true: personal data is not shown here: not for this role, no key-encryption key, or the key is on its "
     "way"},
    {"Profile", "language", "string", false, "\"zh\"", "zh or en"},
    {"Profile", "consents", "Consents", false, NULL, NULL},
    {"Profile", "enrolled_at", "time", true, NULL, NULL},
    {"Profile", "version", "integer", false, "1", "counts the changes of the profile"},
    {"Consents", "email", "boolean", true, "true", NULL},
    {"Consents", "sms", "boolean", true, "true", NULL},
    {"Consents", "push", "boolean", true, "false", NULL},
    {"Consents", "social", "boolean", true, "false", NULL},
    {"KnownMember", "member_id", "string", false, "\"m0123456789abcdefghjk\"", NULL},
    {"KnownMember", "created", "boolean", false, "false", NULL},
    {"MemberPoints", "balance", "integer", false, "1507", "to spend"},
    {"MemberPoints", "earned", "integer", false, "1507", "ever"},
    {"EntryPage", "member_id", "string", false, "\"M10001\"", NULL},
    {"EntryPage", "entries", "[Entry]", false, NULL, "newest first"},
    {"EntryPage", "next_cursor", "nullable string", false, NULL, "for the next page; null: there is none"},
    {"Entry", "entry", "string", false, "\"7-1204-3\"", "partition, block, place in the block"},
    {"Entry", "type", "string", false, "\"EARN\"",
     "EARN, or TIER_TAKEN: no points, another tier from here on"},
    {"Entry", "points", "integer", false, "307", NULL},
    {"Entry", "balance_after", "integer", false, "1507", NULL},
    {"Entry", "occurred_at", "time", false, "\"2026-11-22T06:03:00.000Z\"", NULL},
    {"Entry", "tier", "string", true, "\"silver\"", "of TIER_TAKEN"},
    {"Entry", "purchase_id", "string", true, "\"S001-20261122-0042\"", NULL},
    {"Entry", "line_points", "[integer]", true, "[222, 85]", "by line, in the order of the purchase's lines"},
    {"Health", "status", "string", false, "\"ready\"", "live or stuck; ready or not_ready"},
    {"Health", "reason", "string", true, "\"kafka\"",
     "what is missing: kafka, redis, replies (the channel on which answers come), access (the API keys), "
     "program, "
     "draining"},
    {"Problem", "type", "string", false, "\"" PROBLEM_TYPE_PREFIX "id_reused\"", "a URN for each code"},
    {"Problem", "title", "string", false, NULL, "English"},
    {"Problem", "title_zh", "string", false, NULL, "Chinese"},
    {"Problem", "status", "integer", false, "422", NULL},
    {"Problem", "code", "string", false, "\"id_reused\"", NULL},
    {"Problem", "field", "string", true, "\"lines[2].paid_fen\"", "the field, parameter or header at fault"},
    {"Problem", "detail", "string", true, "\"0 … 1000000000\"", "what would be right"},
    {"Problem", "instance", "string", true, "\"urn:huiyuan:request:0af7651916cd43dd8448eb211c80319c\"",
     "the request: its trace id"},
};

static json_t *type_schema(const char *type);

static json_t *array_schema(const char *type) {
    char element[64];
    size_t length = strlen(type) - 2;
    memcpy(element, type + 1, length);
    element[length] = '\0';
    return json_pack("{s:s, s:o}", "type", "array", "items", type_schema(element));
}

static json_t *type_schema(const char *type) {
    if (type[0] == '[') return array_schema(type);
    if (type[0] >= 'A' && type[0] <= 'Z')
        return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", type));
    if (strcmp(type, "time") == 0) return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    if (strcmp(type, "nullable string") == 0) return json_pack("{s:[s, s]}", "type", "string", "null");
    json_t *schema = json_pack("{s:s}", "type", type);
    if (strcmp(type, "integer") == 0) json_object_set_new(schema, "format", json_string("int64"));
    return schema;
}

static void add_properties(json_t *schemas) {
    for (size_t i = 0; i < sizeof PROPERTIES / sizeof PROPERTIES[0]; i++) {
        const struct property *property = &PROPERTIES[i];
        json_t *schema = find_or_add(schemas, property->schema);
        json_t *type = described(type_schema(property->type), property->help);
        if (property->example != NULL)
            json_object_set_new(type, "examples", json_pack("[o]", parsed(property->example)));
        json_object_set_new(json_object_get(schema, "properties"), property->name, type);
        if (!property->optional)
            json_array_append_new(json_object_get(schema, "required"), json_string(property->name));
        json_object_del(schema, "additionalProperties"); // answers may grow
    }
}

static void add_codes(json_t *schemas) {
    json_t *codes = json_array();
    for (int code = HY_OK + 1; code < HY_CODE_COUNT; code++)
        json_array_append_new(codes, json_string(hy_code_name((enum hy_code)code)));
    json_t *properties = json_object_get(json_object_get(schemas, "Problem"), "properties");
    json_object_set_new(json_object_get(properties, "code"), "enum", codes);
}

json_t *openapi_schemas(void) {
    json_t *schemas = json_object();
    add_limits(schemas);
    add_purchase_ways(schemas);
    add_member_ways(schemas);
    add_properties(schemas);
    add_outcome(schemas);
    add_codes(schemas);
    json_object_set_new(schemas, "OpenApiDocument", json_pack("{s:s}", "type", "object"));
    return schemas;
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
} HEADERS[] = {
    {"traceparent", "string", "W3C trace context; support asks for its trace id"},
    {"Location", "string", "where the outcome can be read"},
    {"Retry-After", "integer", "seconds"},
    {"Idempotent-Replayed", "boolean", "true: this had been answered before"},
    {"Preference-Applied", "string", "what was followed of Prefer (RFC 7240)"},
    {"WWW-Authenticate", "string", "how to authenticate (RFC 6750)"},
    {"ETag", "string", "changes when what is shown changes"},
};

json_t *openapi_headers(void) {
    json_t *headers = json_object();
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++)
        json_object_set_new(
            headers, HEADERS[i].name,
            json_pack("{s:s, s:{s:s}}", "description", HEADERS[i].help, "schema", "type", HEADERS[i].type));
    return headers;
}
