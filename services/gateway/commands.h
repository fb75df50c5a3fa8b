// The table of commands under way: who waits for which outcome. No I/O: the engine appends to Kafka, reads
// Redis, and tells this table what came of it. Several callers may wait for one command (a retry while the
// first is still under way): the event is appended once, and all get the same outcome.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/map.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"
#include "services/gateway/deadlines.h"

enum command_outcome {
    COMMAND_ANSWERED, // durable, and visible in Redis
    COMMAND_PENDING,  // the event is durable in Kafka; its outcome was not known in time
    COMMAND_AWAY,     // Kafka or Redis is not reachable: it may have happened or not
};

// What a caller asks for. Lives, with all that it points at, until `done` is called: once, on the engine's
// thread.
struct command_request {
    const char *command_id; // equal ids mean equal events
    const char *log;        // whose service answers; static; NULL: nobody, it is only to be durable
    uint32_t partition;
    struct hy_bytes key;
    struct hy_bytes value;
    int64_t wait_ms; // for the outcome; 0: only until the event is durable in Kafka
    void (*done)(void *context, enum command_outcome outcome, const Huiyuan__V1__Answer *answer);
    void *context;
};

struct waiter;
struct commands;

struct command {
    char id[HY_COMMAND_ID_BYTES];
    const char *log;
    uint32_t partition;
    bool in_flight; // no delivery report yet
    bool durable;   // in Kafka
    bool listed;    // others may join
    struct waiter *waiters;
    struct commands *table;
};

struct commands {
    struct hy_map by_id;
    struct deadlines deadlines;
    size_t awaiting_durability; // of those who wait: for Kafka's report alone
    int64_t now_ms;             // set by the caller before each call
    // Read this command's answer from Redis, then call commands_answered, or commands_unanswered.
    void (*look_up)(void *context, const struct command *command);
    void *context;
};

// How long a last look into Redis may take before the caller is told PENDING without it.
enum { COMMANDS_LOOK_UP_MS = 500 };

void commands_init(struct commands *table, void (*look_up)(void *context, const struct command *command),
                   void *context);
void commands_free(struct commands *table); // all who wait are told AWAY

// The command whose event must now be appended, with itself as the token; NULL when it already is under way.
struct command *commands_join(struct commands *table, const struct command_request *request);
void commands_delivered(struct command *command, bool failed);
void commands_answered(struct commands *table, const Huiyuan__V1__Answer *answer);
// Redis had no answer: those whose time is up are told PENDING.
void commands_unanswered(struct commands *table, const char *command_id);
// Answers may have been missed: looks all of them up.
void commands_look_up_all(struct commands *table);
