// The engine of services/gateway/engine.h, without Kafka and Redis: keys in memory, and the outcome that the
// test wants.
#pragma once

#include "services/gateway/engine.h"

struct fake_engine {
    const char *lacks;
    int64_t still_ms;
    enum hy_store_status store;   // of every read
    enum command_outcome outcome; // of every append
    const Huiyuan__V1__Answer *answer;
    bool hold; // appends are not answered; the last one stands in `request`
    struct command_request request;
    int appends; // to purchases and commands
    int keys;    // to member-keys: durable at once, unless the outcome is AWAY
    bool key_came_first;
    uint8_t sent[2048]; // the last to purchases or commands
    size_t sent_length;
};

extern struct fake_engine fake_engine;

void fake_engine_reset(void);
void fake_engine_put(struct hy_bytes key, struct hy_bytes value);
