// POST /v1/purchases: check it, bind it to its Idempotency-Key, append it, wait for its outcome.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/contract/limit_check.h"
#include "common/contract/limits.h"
#include "common/contract/purchase.h"
#include "common/io/clock.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/outcome.h"
#include "services/gateway/prefer.h"
#include "services/gateway/request.h"

#define KEY_BOUND_MS (INT64_C(24) * 3600 * 1000)

enum { HASH_TEXT_BYTES = 17 };

struct posting {
    struct request *request;
    Huiyuan__V1__Purchase *purchase;
    uint32_t partition;
    char hash[HASH_TEXT_BYTES]; // of the purchase, as text
    char command_id[HY_COMMAND_ID_BYTES];
    struct prefer prefer;
    struct engine_bind bind;
    struct engine_append append;
};

static void refuse(struct request *request, enum hy_code code, const char *field, const char *detail) {
    request_refuse(request, (struct hy_error){code, field, detail});
}

static struct hy_error check_not_ahead(const Huiyuan__V1__Purchase *purchase) {
    if (purchase->occurred_at_ms <= hy_clock_now_ms() + HY_FUTURE_LIMIT_MS) return HY_NO_ERROR;
    return (struct hy_error){HY_IN_FUTURE, "occurred_at_ms", "at most 24 hours ahead / 最多超前 24 小时"};
}

// The body as a purchase that keeps the contract. A missing purchase_id is taken from the Idempotency-Key.
static struct hy_error read_purchase(struct request *request, const char *key,
                                     Huiyuan__V1__Purchase **ret_purchase) {
    Huiyuan__V1__Purchase *purchase = NULL;
    struct hy_error error =
        hy_purchase_from_json(hy_http_body(request->exchange), &request->arena, &purchase);
    if (error.code != HY_OK) return error;
    bool has_id = purchase->purchase_id != NULL && purchase->purchase_id[0] != '\0';
    if (!has_id && key != NULL) purchase->purchase_id = hy_arena_string(&request->arena, key, strlen(key));
    error = hy_purchase_check(purchase, &request->arena);
    if (error.code == HY_OK) error = check_not_ahead(purchase);
    if (error.code == HY_OK) *ret_purchase = purchase;
    return error;
}

// The content is part of the handle: the same purchase sent again has the same one, another one under the
// same id has its own, so that the two outcomes are never mistaken for each other.
static void name_command(struct posting *posting) {
    const Huiyuan__V1__Purchase *purchase = posting->purchase;
    snprintf(posting->hash, sizeof posting->hash, "%016" PRIx64,
             hy_purchase_hash(purchase, &posting->request->arena));
    const char *input =
        hy_arena_printf(&posting->request->arena, "%s\n%s", purchase->purchase_id, posting->hash);
    hy_command_id_make(posting->command_id, posting->partition, purchase->member_id, input);
}

static struct hy_bytes pack_event(const struct posting *posting) {
    struct request *request = posting->request;
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event.purchase = posting->purchase;
    event.command_id = hy_arena_string(&request->arena, posting->command_id, strlen(posting->command_id));
    event.reply_to =
        hy_arena_string(&request->arena, request->gateway->instance, strlen(request->gateway->instance));
    event.traceparent = request->traceparent;
    size_t size = huiyuan__v1__store_event__get_packed_size(&event);
    uint8_t *bytes = hy_arena_alloc(&request->arena, size);
    huiyuan__v1__store_event__pack(&event, bytes);
    return hy_bytes(bytes, size);
}

static void finish(void *context, enum command_outcome outcome, const Huiyuan__V1__Answer *answer) {
    struct posting *posting = context;
    struct request *request = posting->request;
    const char *applied = prefer_applied(&posting->prefer, &request->arena);
    if (applied != NULL && outcome != COMMAND_AWAY) request_header(request, "Preference-Applied", applied);
    switch (outcome) {
    case COMMAND_ANSWERED: outcome_answer(request, 201, "points", posting->command_id, answer); return;
    case COMMAND_PENDING: outcome_pending(request, posting->command_id); return;
    case COMMAND_AWAY: outcome_away(request); return;
    }
}

// Asked to answer later, and not told how long to wait before that: as soon as the purchase is safe in Kafka.
static int64_t wait_ms(const struct posting *posting) {
    if (posting->prefer.wait_ms >= 0) return posting->prefer.wait_ms;
    return posting->prefer.respond_async ? 0 : posting->request->gateway->answer_timeout_ms;
}

static void append(struct posting *posting) {
    struct hy_bytes event = pack_event(posting);
    if (event.length > HY_MESSAGE_LIMIT_BYTES) {
        refuse(posting->request, HY_TOO_LARGE, NULL, NULL);
        return;
    }
    posting->append.topic = ENGINE_PURCHASES;
    posting->append.request = (struct command_request){
        .log = "points",
        .command_id = posting->command_id,
        .partition = posting->partition,
        .key = hy_bytes_of(posting->purchase->member_id),
        .value = event,
        .wait_ms = wait_ms(posting),
        .done = finish,
        .context = posting,
    };
    engine_append(posting->request->gateway->engine, &posting->append);
}

static void bound(void *context, const struct hy_store_answer *answer) {
    struct posting *posting = context;
    if (answer->status != HY_STORE_OK || answer->count == 0)
        outcome_away(posting->request);
    else if (!hy_bytes_equal(answer->values[0], hy_bytes_of(posting->hash)))
        refuse(posting->request, HY_IDEMPOTENCY_KEY_REUSED, "Idempotency-Key", NULL);
    else
        append(posting);
}

static void bind_key(struct posting *posting, const char *key) {
    struct request *request = posting->request;
    const char *name =
        hy_arena_printf(&request->arena, "%sidempotency:%s", request->gateway->redis_prefix, key);
    posting->bind = (struct engine_bind){
        .key = hy_bytes_of(name),
        .value = hy_bytes_of(posting->hash),
        .expire_ms = KEY_BOUND_MS,
        .done = bound,
        .context = posting,
    };
    engine_bind(request->gateway->engine, &posting->bind);
}

static void post(struct request *request, const char *key) {
    Huiyuan__V1__Purchase *purchase = NULL;
    struct hy_error error = read_purchase(request, key, &purchase);
    if (error.code != HY_OK) {
        request_refuse(request, error);
        return;
    }
    if (!request_await(request)) return;
    struct posting *posting = hy_arena_zero(&request->arena, sizeof *posting);
    posting->request = request;
    posting->purchase = purchase;
    posting->partition = hy_partition_of(hy_bytes_of(purchase->member_id), request->gateway->partitions);
    posting->prefer = prefer_parse(hy_http_header(request->exchange, "Prefer"));
    name_command(posting);
    if (key != NULL)
        bind_key(posting, key);
    else
        append(posting);
}

static void purchases(struct request *request) {
    const char *key = hy_http_header(request->exchange, "Idempotency-Key");
    if (!is_json(hy_http_header(request->exchange, "Content-Type")))
        refuse(request, HY_UNSUPPORTED_MEDIA_TYPE, "Content-Type", NULL);
    else if (key != NULL && !idempotency_key_parse(key, &request->arena, &key))
        refuse(request, HY_INVALID_FIELD, "Idempotency-Key",
               hy_limit_right_values(&hy_limits[HY_LIMIT_PURCHASE_ID], &request->arena));
    else
        post(request, key);
}

const struct route purchases_post = {
    .method = "POST",
    .path = "/v1/purchases",
    .operation = "postPurchase",
    .summary = "A member bought something: what it earns",
    .body = "Purchase",
    .roles = STORE | OPERATIONS,
    .store_nothing = true,
    .parameters =
        {
            {.name = "Idempotency-Key",
             .in = "header",
             .type = "string",
             .min = 1,
             .max = HY_ID_LIMIT_BYTES,
             .example = "S001-20261122-0042",
             .help = "Makes a retry safe; the purchase_id does so by itself. Stands for the purchase_id when "
                     "the body has none. "
                     "Bound to the body for 24 hours."},
            {.name = "Prefer",
             .in = "header",
             .type = "string",
             .example = "respond-async",
             .help = "respond-async: answer 202 as soon as the purchase is durable. wait=N: wait at most N "
                     "seconds (up to 20)."},
            {.name = "traceparent",
             .in = "header",
             .type = "string",
             .example = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
             .help = "W3C trace context."},
        },
    .replies = {{.status = 201,
                 .schema = "PurchaseOutcome",
                 .headers = "Location, Idempotent-Replayed, Preference-Applied",
                 .help = "Durable, and visible in the member's balance. The same answer for every retry; "
                         "then with the header "
                         "Idempotent-Replayed: true."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After, Preference-Applied",
                 .help = "Durable, outcome not known yet: read it at the Location."}},
    .problems = {HY_MALFORMED, HY_TOO_LARGE, HY_UNSUPPORTED_MEDIA_TYPE, HY_MISSING_FIELD, HY_INVALID_FIELD,
                 HY_UNKNOWN_FIELD, HY_AMOUNT_MISMATCH, HY_TOO_OLD, HY_IN_FUTURE, HY_ID_REUSED,
                 HY_IDEMPOTENCY_KEY_REUSED, HY_NO_PROGRAM, HY_CURRENCY_NOT_ACCEPTED, HY_OVERFLOW,
                 HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL},
    .handle = purchases,
};
