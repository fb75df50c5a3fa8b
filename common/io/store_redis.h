// What the files of the Redis back end share; private to them.
//   store_redis.c          the connection: connecting, sending, receiving, matching answers to requests
//   store_redis_request.c  what each request looks like on the wire, and the scripts
//   store_redis_url.c      reading the URL
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/io/store.h"
#include "common/io/store_redis_url.h"

enum redis_script { SCRIPT_CHECK, SCRIPT_DUE, SCRIPT_WALK, SCRIPT_PUT_NEW, SCRIPT_COUNT };

enum { SCRIPT_HASH_BYTES = 41 };

enum redis_kind {
    REQUEST_SETUP,   // ours: makes a new connection ready
    REQUEST_PLAIN,   // the answer's texts in their order
    REQUEST_PROJECT, // of a transaction, and of what belongs to it
    REQUEST_EMPTY,   // nothing of the answer matters but that it came
};

// Waits for its answer.
struct redis_request {
    enum redis_kind kind;
    bool unsent;  // made while there was no connection: away
    int script;   // SETUP: the script loaded by it, or -1
    size_t steps; // PROJECT: answers that come before that of the transaction
    bool matched; // PROJECT: the watermark was the expected one when it was looked at
    hy_store_done done;
    void *context;
};

// A projection that waits for its turn, as it will be sent.
struct redis_held {
    struct redis_held *next;
    hy_store_done done;
    void *context;
    size_t steps;
    struct hy_buffer bytes;
};

enum {
    // Sent and not answered. A call takes Redis two milliseconds: what is asked meanwhile (members that a
    // block waits for) is not to stand behind a hundred of them.
    REDIS_PROJECTIONS_AT_ONCE = 2,
    REDIS_OUT_LIMIT_BYTES = 256 << 20,
};

struct hy_store {
    struct redis_address address;
    redisContext *redis; // NULL: waiting for retry_ns
    bool connecting;     // the socket is not open yet
    bool up;             // all of the set-up was answered
    bool told_away;      // the log says already that it is away
    uint64_t retry_ns;   // when to try again
    uint64_t backoff_ns;
    uint64_t heard_ns; // when it last answered, or was first asked after being silent for good reason
    struct hy_buffer out;
    size_t out_sent;
    char script_hash[SCRIPT_COUNT][SCRIPT_HASH_BYTES];

    struct redis_request *requests; // a ring; capacity is a power of two
    size_t request_capacity;
    size_t request_head, request_tail; // count for ever
    size_t setup_left;                 // of them REQUEST_SETUP
    size_t projecting;                 // and sent REQUEST_PROJECT
    struct hy_buffer found;            // watermark that the first of these found …
    bool found_none;                   // … or that there was none
    struct redis_held *held, **held_end;
    size_t held_count;

    struct hy_bytes *values; // of the answer that is being given
    size_t value_count, value_capacity;
    size_t called; // call-backs so far

    char *channel; // NULL: no listener
    hy_store_done heard;
    void *heard_context;
};

// The set-up of a fresh connection: authentication, database, scripts or subscription.
void redis_request_setup(struct hy_store *store);
// Keeps a projection for later: its bytes are for the caller to write.
struct redis_held *redis_hold(struct hy_store *store, hy_store_done done, void *context);
// Puts a request at the end of the ring. False when there is no connection to send it on: it will be answered
// as away.
bool redis_request_push(struct hy_store *store, enum redis_kind kind, hy_store_done done, void *context);
struct redis_request *redis_request_last(struct hy_store *store); // the one pushed last
