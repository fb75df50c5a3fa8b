#include "services/gateway/send.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/contract/limits.h"
#include "common/io/clock.h"
#include "common/io/crypto.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // protobuf-c's structs have plain pointers; nobody writes
}

uint32_t entity_partition(const struct gateway *gateway, const char *entity) {
    return hy_partition_of(hy_bytes_of(entity), gateway->partitions);
}

void send_name(struct sending *sending, const char *input) {
    struct request *request = sending->request;
    if (input == NULL)
        input = hy_arena_printf(&request->arena, "%016" PRIx64 "%016" PRIx64, hy_random64(), hy_random64());
    hy_command_id_make(sending->command_id, entity_partition(request->gateway, sending->entity),
                       sending->entity, input);
}

static void finish(void *context, enum command_outcome outcome, const Huiyuan__V1__Answer *answer) {
    struct sending *sending = context;
    switch (outcome) {
    case COMMAND_ANSWERED: sending->answered(sending->context, answer); return;
    case COMMAND_PENDING: outcome_pending(sending->request, sending->command_id); return;
    case COMMAND_AWAY: outcome_away(sending->request); return;
    }
}

static struct hy_bytes pack(struct sending *sending, Huiyuan__V1__Command *command) {
    struct request *request = sending->request;
    command->command_id = sending->command_id;
    command->member_id = text(sending->entity);
    command->to = text(sending->log);
    command->issued_at_ms = hy_clock_now_ms();
    command->reply_to = text(request->gateway->instance);
    command->traceparent = request->traceparent;
    size_t size = huiyuan__v1__command__get_packed_size(command);
    uint8_t *bytes = hy_arena_alloc(&request->arena, size);
    huiyuan__v1__command__pack(command, bytes);
    return hy_bytes(bytes, size);
}

void send_command(struct sending *sending, Huiyuan__V1__Command *command) {
    struct gateway *gateway = sending->request->gateway;
    sending->append.topic = ENGINE_COMMANDS;
    sending->append.request = (struct command_request){
        .command_id = sending->command_id,
        .log = sending->log,
        .partition = entity_partition(gateway, sending->entity),
        .key = hy_bytes_of(sending->entity),
        .value = pack(sending, command),
        .wait_ms = gateway->answer_timeout_ms,
        .done = finish,
        .context = sending,
    };
    engine_append(gateway->engine, &sending->append);
}
