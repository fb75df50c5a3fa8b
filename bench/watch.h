// Who looks when a published purchase can be read, and takes its time: from the moment at which it was due.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/latencies.h"
#include "bench/schedule.h"
#include "common/io/bus.h"

// Between two questions to Redis: what they cost is the system's, too (asked every 0.3 ms it was an eighth of
// a core).
#define WATCH_INTERVAL_NS UINT64_C(1000000)

struct watch {
    void *self;
    bool (*add)(void *self, const struct sample *sample); // false: too many are waited for; not followed
    bool (*turn)(void *self, uint64_t now_ns);            // true: something happened
    size_t (*waiting)(const void *self);
    uint64_t (*questions)(const void *self);
    void (*close)(void *self);
};

// Asks Redis again and again for the members of the purchases that are waited for.
struct watch watch_redis_open(const struct schedule *schedule, struct latencies *visible);

// Reads the ledger of a peer, by the bus that publishes: give it that bus's messages. Committed transactions
// only.
struct watch watch_ledger_open(const struct schedule *schedule, struct hy_bus *bus,
                               struct latencies *visible);
void watch_ledger_take(void *self, const struct hy_message *message);
