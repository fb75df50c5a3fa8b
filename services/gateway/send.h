// A command to the service that owns an entity, and its outcome.
#pragma once

#include "proto/commands.pb-c.h"
#include "proto/projection.pb-c.h"
#include "services/gateway/gateway.h"

// Lives in the request's arena. When the outcome is not known in time (202) or Kafka is away (503) the
// request is answered here; otherwise `answered` is called, with the service's yes or no.
struct sending {
    struct request *request;
    const char *log;    // whose service takes it: "members"
    const char *entity; // a member id, "phone/<index>", "coupon/<code>"
    void (*answered)(void *context, const Huiyuan__V1__Answer *answer);
    void *context;
    char command_id[HY_COMMAND_ID_BYTES]; // send_name
    struct engine_append append;
};

// The handle of the command. With the same `input` it is the same: whoever tries again gets the same answer.
// NULL: another one each time.
void send_name(struct sending *sending, const char *input);
// Fills in everything but the body. The command need not live on.
void send_command(struct sending *sending, Huiyuan__V1__Command *command);
uint32_t entity_partition(const struct gateway *gateway, const char *entity);
