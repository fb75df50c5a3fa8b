// What speaks to Kafka and Redis. It knows how to append an event and wait for its outcome, and how to read
// keys; it knows nothing of HTTP, members or purchases. It is turned by its worker (worker.h), and used on
// that thread alone; each call-back comes once, now or in a later turn, and must not wait.
#pragma once

#include <poll.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/io/store.h"
#include "services/gateway/commands.h"
#include "services/gateway/follow.h"

struct engine;

enum { ENGINE_FOLLOWS = 2 };

struct engine_options {
    const char *brokers;
    const char *topic_prefix;
    const char *redis_url;
    const char *redis_prefix;
    const char *instance; // unique among all gateways: the name of the channel on which answers come
    uint32_t partitions;
    struct follow_options follows[ENGINE_FOLLOWS]; // topics that are read whole before anything is taken
    bool development_clock;                        // follow `huiyuanctl clock`
};

// NULL, with a line in the log, when the options are unusable. What is not reachable is waited for.
struct engine *engine_open(const struct engine_options *options);
// Everybody who still waits is told AWAY.
void engine_close(struct engine *engine);

enum { ENGINE_DOORS = 3 };

// Fills in what to wait for, and returns for how long at most.
int engine_doors(const struct engine *engine, struct pollfd doors[ENGINE_DOORS]);
// One turn through all that is ready or due, `doors` being what was found after waiting.
void engine_turn(struct engine *engine, const struct pollfd doors[ENGINE_DOORS]);
// Sends what was asked of Redis since the turn, and what is to be appended when its time has come.
void engine_flush(struct engine *engine);

// What is missing to take purchases and commands ("kafka", "redis", "replies", or a topic that is
// followed); NULL: nothing. Any thread.
const char *engine_lacks(const struct engine *engine);

// How long ago it was last turned; that is done at least every 50 ms. Any thread.
int64_t engine_still_ms(const struct engine *engine);

enum engine_topic { ENGINE_PURCHASES, ENGINE_COMMANDS, ENGINE_MEMBER_KEYS, ENGINE_TOPICS };

// What is asked for lives, with all that it points at, until its call-back.

// Appends one message, and waits for what comes of it. AWAY at once, and nothing appended, while something is
// lacking.
struct engine_append {
    enum engine_topic topic;
    struct command_request request;
};
void engine_append(struct engine *engine, struct engine_append *append);

// Reads keys of one partition, all at one moment; at most ENGINE_READ_MS, then the status is AWAY. While the
// first key is not there, again and again for `patience_ms` (0: once): what is on its way will be there.
struct engine_read {
    const struct hy_bytes *keys;
    size_t count;
    int64_t patience_ms;
    hy_store_done done;
    void *context;

    struct engine *engine; // the engine's own
    int64_t until_ms;
};
void engine_read(struct engine *engine, struct engine_read *read);

// hy_store_put_new, with the same patience as engine_read.
struct engine_bind {
    struct hy_bytes key;
    struct hy_bytes value;
    int64_t expire_ms;
    hy_store_done done;
    void *context;
};
void engine_bind(struct engine *engine, struct engine_bind *bind);

enum { ENGINE_READ_MS = 2000 };
