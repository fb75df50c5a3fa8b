// A message of topic `purchases`: read, checked and hashed.
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/contract/purchase.h"
#include "proto/purchases.pb-c.h"

struct hy_store_event {
    Huiyuan__V1__StoreEvent *message;   // NULL: it is none
    uint64_t content_hash;              // hy_purchase_hash of its purchase, when there was no error
    struct hy_purchase_lengths lengths; // of its purchase, when there was no error
};

// What huiyuan__v1__store_event__unpack, hy_purchase_check and hy_purchase_hash say of it, in the arena. A
// message in the canonical form (as every protobuf library writes it: fields in order, each once, no
// defaults, nothing unknown) with nothing wrong takes a fast way, in one pass over its bytes.
struct hy_error hy_store_event_read(struct hy_bytes message, struct hy_arena *arena,
                                    struct hy_store_event *ret_event);
