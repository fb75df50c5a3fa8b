// GET /v1/commands/{command_id}: the outcome of what was answered with 202.
#include "services/gateway/endpoints.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"

struct asking {
    struct request *request;
    struct hy_key key;
    struct hy_bytes key_bytes;
    struct engine_read read;
};

static void found(struct request *request, struct hy_bytes bytes) {
    Huiyuan__V1__Answer *answer =
        huiyuan__v1__answer__unpack(&request->arena.protobuf, bytes.length, bytes.data);
    if (answer == NULL)
        request_refuse(request, (struct hy_error){.code = HY_INTERNAL});
    else
        outcome_answer(request, 200, request->id, answer);
}

// A handle that was never given out cannot be told from one whose outcome is still to come: both are pending.
static void read_done(void *context, const struct hy_store_answer *answer) {
    struct asking *asking = context;
    if (answer->status != HY_STORE_OK || answer->count == 0)
        outcome_away(asking->request);
    else if (answer->values[0].data == NULL)
        outcome_pending(asking->request, asking->request->id);
    else
        found(asking->request, answer->values[0]);
}

static void commands(struct request *request) {
    struct gateway *gateway = request->gateway;
    struct hy_key_space space = {gateway->redis_prefix, "points", 0};
    if (!hy_command_id_partition(request->id, &space.partition) || space.partition >= gateway->partitions) {
        request_refuse(request, (struct hy_error){.code = HY_NOT_FOUND, .field = "command_id"});
        return;
    }
    if (!request_await(request)) return;
    struct asking *asking = hy_arena_zero(&request->arena, sizeof *asking);
    asking->request = request;
    asking->key = hy_key_answer(&space, request->id);
    asking->key_bytes = hy_key_bytes(&asking->key);
    asking->read =
        (struct engine_read){.keys = &asking->key_bytes, .count = 1, .done = read_done, .context = asking};
    engine_read(gateway->engine, &asking->read);
}

const struct route commands_get = {
    .method = "GET",
    .path = "/v1/commands/{command_id}",
    .operation = "getCommand",
    .summary = "The outcome of a purchase that was answered with 202",
    .store_nothing = true,
    .parameters = {{.name = "command_id",
                    .in = "path",
                    .type = "string",
                    .min = 18,
                    .max = HY_COMMAND_ID_BYTES - 1,
                    .example = "7-9f86d081884c7d65",
                    .help = "From the Location of the 202. Kept for 7 days."}},
    .replies = {{.status = 200,
                 .schema = "PurchaseOutcome",
                 .headers = "Idempotent-Replayed",
                 .help = "The same as the 201 of the POST."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After",
                 .help = "Not known yet. A handle that was never given out looks the same: give up after "
                         "some minutes."}},
    .problems = {HY_NOT_FOUND, HY_TOO_OLD, HY_IN_FUTURE, HY_ID_REUSED, HY_NO_PROGRAM,
                 HY_CURRENCY_NOT_ACCEPTED, HY_OVERFLOW, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL},
    .handle = commands,
};
