// Reading a member's points from Redis: the first step of every endpoint about a ledger.
#pragma once

#include "proto/projection.pb-c.h"
#include "services/gateway/gateway.h"

// Lives in the request's arena.
struct member_read {
    struct request *request;
    struct hy_key_space space; // of the member's partition
    void (*found)(struct member_read *read, const Huiyuan__V1__MemberState *state);
    void *context; // the endpoint's own

    struct hy_key keys[2]; // the points, and the profile: who is enrolled has a ledger, if an empty one
    struct hy_bytes key_bytes[2];
    struct engine_read job;
};

// Calls `found` with the state; in every other case the request has been answered. False: it already has.
bool member_read(struct request *request,
                 void (*found)(struct member_read *read, const Huiyuan__V1__MemberState *state),
                 void *context);
