// Requests to the gateway: its real endpoints, behind an HTTP door and an engine that are made of the input.
// Whatever is asked, and whatever Redis and the services say: one answer, of those that the route promises,
// well formed.
//
// Parts: 1 method; 2 path (decoded, as the door gives it); 3 name and 4 value of a header; 5 name and 6 value
// of a query parameter; 7 the body; 8 (number) switches; 10 an Answer; 11 … 14 a MemberState of members,
// points, tiers, campaigns; 15 a page of receipts; 16 any other value in Redis; 17 personal data, sealed into
// the members' state.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/memory.h"
#include "common/contract/access_key.h"
#include "common/io/crypto.h"
#include "common/io/log.h"
#include "proto/access.pb-c.h"
#include "proto/commands.pb-c.h"
#include "proto/members.pb-c.h"
#include "services/gateway/authorize.h"
#include "services/gateway/measures.h"
#include "services/gateway/openapi.h"
#include "services/gateway/personal.h"
#include "services/gateway/problem.h"
#include "services/gateway/request.h"
#include "services/gateway/tier_names.h"
#include "tests/fuzz/fuzz.h"

enum { METHOD = 1, PATH, HEADER, HEADER_VALUE, QUERY, QUERY_VALUE, BODY, SWITCHES };
enum { ANSWER = 10, STATE, STATE_END = STATE + 4, PAGE = STATE_END, VALUE, PERSONAL };
enum { PAIRS_LIMIT = 16, READS_LIMIT = 32 };
// What the switches say.
enum {
    KEYS_ASKED = 1,
    STORE_AWAY = 2,
    PENDING = 4,
    AWAY = 8,
    BOUND_BEFORE = 16,
    LACKING = 32,
    NO_KEK = 64,
    FULL = 128
};

struct pair {
    const char *name, *value;
};

// What the door shows of a request; its answer is looked at when it comes.
struct hy_http_exchange {
    const char *method, *path;
    struct pair headers[PAIRS_LIMIT], queries[PAIRS_LIMIT];
    size_t header_count, query_count;
    struct hy_bytes body;
    void *state;
    void (*release)(void *state);
    int answers;
};

static struct gateway gateway;
static struct access *access_table;
static struct hy_kek *kek;

// The world of one input.
static struct world {
    struct hy_arena *arena;
    uint64_t switches;
    const Huiyuan__V1__Answer *answer;
    struct hy_bytes states[4];
    struct hy_bytes page, value, personal, wrapped;
} world;

// --- the door ---

static const char *find(const struct pair *pairs, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(pairs[i].name, name) == 0) return pairs[i].value;
    }
    return NULL;
}

const char *hy_http_method(const struct hy_http_exchange *exchange) {
    return exchange->method;
}

const char *hy_http_path(const struct hy_http_exchange *exchange) {
    return exchange->path;
}

const char *hy_http_query(const struct hy_http_exchange *exchange, const char *name) {
    return find(exchange->queries, exchange->query_count, name);
}

const char *hy_http_header(const struct hy_http_exchange *exchange, const char *name) {
    return find(exchange->headers, exchange->header_count, name);
}

struct hy_bytes hy_http_body(const struct hy_http_exchange *exchange) {
    return exchange->body;
}

void hy_http_attach(struct hy_http_exchange *exchange, void *state, void (*release)(void *state)) {
    exchange->state = state;
    exchange->release = release;
}

void *hy_http_attached(const struct hy_http_exchange *exchange) {
    return exchange->state;
}

// --- the answer ---

static bool is_reply(const struct route *route, unsigned status) {
    for (size_t i = 0; route != NULL && route->replies[i].status != 0; i++) {
        if (route->replies[i].status == status) return true;
    }
    return false;
}

static bool is_promised(const struct route *route, unsigned status) {
    if (is_reply(route, status)) return true;
    for (size_t i = 0; route->problems[i] != HY_OK; i++) {
        if ((unsigned)hy_code_http_status(route->problems[i]) == status) return true;
    }
    // What a service said is passed on: here it may say anything.
    if (world.answer != NULL || world.value.data != NULL) return true;
    // Of every route: who may, and what is damaged.
    return (route->roles != 0 && (status == 401 || status == 403)) || status == 500;
}

static const char *text_in(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void check_problem(const json_t *problem, unsigned status) {
    enum hy_code code = HY_OK;
    PROMISE(json_is_object(problem) && json_integer_value(json_object_get(problem, "status")) == status);
    PROMISE(hy_code_by_name(text_in(problem, "code"), &code) &&
            (unsigned)hy_code_http_status(code) == status);
    PROMISE(strcmp(text_in(problem, "title"), hy_code_english(code)) == 0);
    PROMISE(strcmp(text_in(problem, "title_zh"), hy_code_chinese(code)) == 0);
    if (fuzz_is_bilingual(text_in(problem, "detail"))) return;
    fprintf(stderr, "%s\n", text_in(problem, "detail"));
    PROMISE(fuzz_is_bilingual(text_in(problem, "detail")));
}

static void check_headers(const struct hy_http_header_pair *headers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        PROMISE(headers[i].name[0] != '\0' && headers[i].value != NULL);
        // A Location names what a service said; the real door leaves out what is no header's value.
        bool ours = world.answer == NULL && world.value.data == NULL;
        for (const char *p = headers[i].value; ours && *p != '\0'; p++)
            PROMISE((unsigned char)*p >= ' ' && *p != 0x7F);
        for (size_t k = 0; k < i; k++)
            PROMISE(strcasecmp(headers[i].name, headers[k].name) != 0);
    }
}

void hy_http_answer(struct hy_http_exchange *exchange, unsigned status, const char *content_type,
                    struct hy_bytes body, const struct hy_http_header_pair *headers, size_t header_count) {
    const struct request *request = exchange->state;
    PROMISE(exchange->answers++ == 0 && status >= 200 && status < 600);
    PROMISE(request->route == NULL ? status == 404 || status == 405 : is_promised(request->route, status));
    check_headers(headers, header_count);
    if (content_type == NULL || strstr(content_type, "json") == NULL) {
        PROMISE(body.length == 0 || content_type != NULL);
        return;
    }
    json_t *json = json_loadb((const char *)body.data, body.length, JSON_REJECT_DUPLICATES, NULL);
    PROMISE(json != NULL);
    bool problem = strcmp(content_type, "application/problem+json") == 0;
    PROMISE(problem != is_reply(request->route, status));
    if (problem) check_problem(json, status);
    json_decref(json);
}

// --- the engine ---

const char *engine_lacks(const struct engine *engine) {
    (void)engine;
    return (world.switches & LACKING) != 0 ? "kafka" : NULL;
}

int64_t engine_still_ms(const struct engine *engine) {
    (void)engine;
    return (world.switches & LACKING) != 0 ? 100000 : 0;
}

static enum hy_store_status store_status(void) {
    return (world.switches & STORE_AWAY) != 0 ? HY_STORE_AWAY : HY_STORE_OK;
}

// By the log in the key's name: "{3}:points:m:<member>".
static struct hy_bytes value_of(struct hy_bytes key) {
    static const char *const logs[] = {"}:members:m:", "}:points:m:", "}:tiers:m:", "}:campaigns:m:"};
    const char *text = hy_arena_string(world.arena, (const char *)key.data, key.length);
    for (size_t i = 0; i < 4; i++) {
        if (strstr(text, logs[i]) != NULL) return world.states[i];
    }
    if (strstr(text, ":p:") != NULL) return world.page;
    if (strstr(text, "}:key:") != NULL && world.wrapped.data != NULL) return world.wrapped;
    return world.value;
}

void engine_read(struct engine *engine, struct engine_read *read) {
    (void)engine;
    struct hy_bytes values[READS_LIMIT];
    PROMISE(read->count <= READS_LIMIT);
    for (size_t i = 0; i < read->count; i++)
        values[i] = value_of(read->keys[i]);
    size_t count = store_status() == HY_STORE_OK ? read->count : 0;
    read->done(read->context, &(struct hy_store_answer){store_status(), values, count});
}

void engine_bind(struct engine *engine, struct engine_bind *bind) {
    (void)engine;
    bool before = (world.switches & BOUND_BEFORE) != 0 && world.value.data != NULL;
    struct hy_bytes value = before ? world.value : bind->value;
    size_t count = store_status() == HY_STORE_OK;
    bind->done(bind->context, &(struct hy_store_answer){store_status(), &value, count});
}

// What the gateway sends to a service can be read there (services.c says how).
static void check_sent(const struct engine_append *append) {
    struct hy_bytes value = append->request.value;
    PROMISE(append->request.partition < gateway.partitions && append->request.key.length > 0);
    if (append->topic != ENGINE_COMMANDS) return;
    const Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&world.arena->protobuf, value.length, value.data);
    PROMISE(command != NULL && command->to[0] != '\0' && command->issued_at_ms > 0);
    PROMISE(strcmp(command->command_id, append->request.command_id) == 0);
}

void engine_append(struct engine *engine, struct engine_append *append) {
    (void)engine;
    struct command_request request = append->request;
    check_sent(append);
    if ((world.switches & AWAY) != 0)
        request.done(request.context, COMMAND_AWAY, NULL);
    else if ((world.switches & PENDING) != 0 || world.answer == NULL || append->topic == ENGINE_MEMBER_KEYS)
        request.done(request.context, COMMAND_PENDING, NULL);
    else
        request.done(request.context, COMMAND_ANSWERED, world.answer);
}

// --- inputs ---

static void begin(void) {
    static const char digits[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    hy_crypto_init();
    hy_log_init("fuzz", "fuzz", "error");
    gateway = (struct gateway){.metrics = measures_new(),
                               .redis_prefix = "t:",
                               .instance = "gw-1",
                               .partitions = 16,
                               .answer_timeout_ms = 5000};
    hy_programs_init(&gateway.programs);
    hy_buffer_init(&gateway.openapi, OPENAPI_LIMIT_BYTES);
    openapi_make(&gateway.openapi);
    kek = hy_kek_load("", digits);
    access_table = access_new();
    char hash[HY_SECRET_HASH_BYTES];
    hy_secret_hash("hy_store_KEY", hash);
    static const uint8_t store_key[] = {0x08, HUIYUAN__V1__ROLE__ROLE_STORE};
    access_take(access_table, hy_bytes_of(hash), hy_bytes(store_key, sizeof store_key));
}

// The personal data of the input, sealed as the member's own would be, in place of what the state says.
static void seal_personal(const char *path) {
    const char *id = strncmp(path, "/v1/members/", 12) == 0 ? path + 12 : "m1";
    id = hy_arena_string(world.arena, id, strcspn(id, "/"));
    struct hy_member_key key;
    Huiyuan__V1__MemberState *state = huiyuan__v1__member_state__unpack(
        &world.arena->protobuf, world.states[0].length, world.states[0].data);
    Huiyuan__V1__PersonalData *personal = huiyuan__v1__personal_data__unpack(
        &world.arena->protobuf, world.personal.length, world.personal.data);
    if (state == NULL || personal == NULL || strlen(id) > HY_ID_LIMIT_BYTES) return;
    Huiyuan__V1__MemberProfile *profile =
        huiyuan__v1__member_profile__unpack(&world.arena->protobuf, state->state.len, state->state.data);
    if (profile == NULL) return;
    personal_key_draw(kek, id, world.arena, &key, &world.wrapped);
    profile->personal = personal_seal(&key, id, personal, world.arena);
    struct hy_bytes inner = fuzz_pack(&profile->base, world.arena);
    state->state = (ProtobufCBinaryData){inner.length, (uint8_t *)(uintptr_t)inner.data};
    world.states[0] = fuzz_pack(&state->base, world.arena);
}

static void take(struct hy_http_exchange *exchange, const struct fuzz_part *part) {
    const char *text = fuzz_text(part, world.arena);
    struct hy_bytes bytes = hy_bytes(text, part->bytes.length);
    switch (part->field) {
    case METHOD: exchange->method = text; break;
    case PATH: exchange->path = text; break;
    case HEADER:
        if (exchange->header_count < PAIRS_LIMIT)
            exchange->headers[exchange->header_count++] = (struct pair){text, ""};
        break;
    case HEADER_VALUE:
        if (exchange->header_count > 0) exchange->headers[exchange->header_count - 1].value = text;
        break;
    case QUERY:
        if (exchange->query_count < PAIRS_LIMIT)
            exchange->queries[exchange->query_count++] = (struct pair){text, ""};
        break;
    case QUERY_VALUE:
        if (exchange->query_count > 0) exchange->queries[exchange->query_count - 1].value = text;
        break;
    case BODY: exchange->body = bytes; break;
    case SWITCHES: world.switches = part->number; break;
    case ANSWER:
        world.answer = huiyuan__v1__answer__unpack(&world.arena->protobuf, bytes.length, bytes.data);
        break;
    case PAGE: world.page = bytes; break;
    case VALUE: world.value = bytes; break;
    case PERSONAL: world.personal = bytes; break;
    default:
        if (part->field >= STATE && part->field < STATE_END) world.states[part->field - STATE] = bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (gateway.metrics == NULL) begin();
    struct hy_http_exchange exchange = {.method = "GET", .path = "/"};
    struct fuzz_parts parts = fuzz_parts(data, size);
    struct fuzz_part part;
    world = (struct world){.arena = fuzz_arena()};
    while (fuzz_next(&parts, &part))
        take(&exchange, &part);
    if (world.personal.data != NULL && world.states[0].data != NULL) seal_personal(exchange.path);
    gateway.access = (world.switches & KEYS_ASKED) != 0 ? access_table : NULL;
    gateway.kek = (world.switches & NO_KEK) != 0 ? NULL : kek;
    gateway.pending_limit = (world.switches & FULL) != 0 ? 0 : 100;
    routes_handle(&gateway, &exchange);
    PROMISE(exchange.answers == 1 && atomic_load(&gateway.pending) == 0);
    exchange.release(exchange.state);
    return 0;
}
