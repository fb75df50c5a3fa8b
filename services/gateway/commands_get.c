// GET /v1/commands/{command_id}: the outcome of what was answered with 202.
#include "services/gateway/endpoints.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"

// The services that answer. A handle does not say which one it is for: all are looked up at once.
static const char *const LOGS[] = {"points", "members", "campaigns"};

enum { LOG_COUNT = sizeof LOGS / sizeof LOGS[0] };

struct asking {
    struct request *request;
    struct hy_key keys[LOG_COUNT];
    struct hy_bytes key_bytes[LOG_COUNT];
    struct engine_read read;
};

static void found(struct request *request, const char *log, struct hy_bytes bytes) {
    Huiyuan__V1__Answer *answer =
        huiyuan__v1__answer__unpack(&request->arena.protobuf, bytes.length, bytes.data);
    if (answer == NULL)
        request_refuse(request, (struct hy_error){.code = HY_INTERNAL});
    else
        outcome_answer(request, 200, log, request->id, answer);
}

// A handle that was never given out cannot be told from one whose outcome is still to come: both are pending.
static void read_done(void *context, const struct hy_store_answer *answer) {
    struct asking *asking = context;
    size_t at = 0;
    if (answer->status != HY_STORE_OK || answer->count < LOG_COUNT) {
        outcome_away(asking->request);
        return;
    }
    while (at < LOG_COUNT && answer->values[at].data == NULL)
        at++;
    if (at == LOG_COUNT)
        outcome_pending(asking->request, asking->request->id);
    else
        found(asking->request, LOGS[at], answer->values[at]);
}

static void commands(struct request *request) {
    struct gateway *gateway = request->gateway;
    struct hy_key_space space = {gateway->redis_prefix, LOGS[0], 0};
    if (!hy_command_id_partition(request->id, &space.partition) || space.partition >= gateway->partitions) {
        request_refuse(request, (struct hy_error){.code = HY_NOT_FOUND, .field = "command_id"});
        return;
    }
    if (!request_await(request)) return;
    struct asking *asking = hy_arena_zero(&request->arena, sizeof *asking);
    asking->request = request;
    for (size_t i = 0; i < LOG_COUNT; i++) {
        space.log = LOGS[i];
        asking->keys[i] = hy_key_answer(&space, request->id);
        asking->key_bytes[i] = hy_key_bytes(&asking->keys[i]);
    }
    asking->read = (struct engine_read){
        .keys = asking->key_bytes, .count = LOG_COUNT, .done = read_done, .context = asking};
    engine_read(gateway->engine, &asking->read);
}

const struct route commands_get = {
    .method = "GET",
    .path = "/v1/commands/{command_id}",
    .operation = "getCommand",
    .summary = "The outcome of what was answered with 202",
    .roles = STORE | MARKETING | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {{.name = "command_id",
                    .in = "path",
                    .type = "string",
                    .min = 18,
                    .max = HY_COMMAND_ID_BYTES - 1,
                    .example = "7-9f86d081884c7d65",
                    .help = "From the Location of the 202. Kept for 7 days."}},
    .replies = {{.status = 200,
                 .schema = "Outcome",
                 .headers = "Idempotent-Replayed",
                 .help = "Of a purchase the same as the 201 of the POST; of a coupon the coupon; of a member "
                         "who it is."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After",
                 .help = "Not known yet. A handle that was never given out looks the same: give up after "
                         "some minutes."}},
    .problems = {HY_NOT_FOUND, HY_TOO_OLD, HY_IN_FUTURE, HY_ID_REUSED, HY_NO_PROGRAM,
                 HY_CURRENCY_NOT_ACCEPTED, HY_OVERFLOW, HY_MEMBER_UNKNOWN, HY_MEMBER_ERASED,
                 HY_MEMBER_CHANGED, HY_COUPON_UNKNOWN, HY_COUPON_REDEEMED, HY_COUPON_EXPIRED,
                 HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL},
    .handle = commands,
};
