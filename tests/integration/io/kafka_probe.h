// A bus with everything it reported, and topics of the test's own on the Kafka that HY_KAFKA_BROKERS names.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/bus.h"

enum { PROBE_PARTITIONS = 8, PROBE_LIMIT = 64 };

struct probe {
    struct hy_bus *bus;
    const char *prefix;
    uint32_t topic; // the first one

    size_t messages;
    size_t gaps; // messages that did not have the offset after the one before
    int64_t next[PROBE_PARTITIONS];
    int64_t first_offset; // of the next message; set to -1 to catch it
    bool keep;            // do not release what arrives
    struct hy_message kept[PROBE_LIMIT];
    size_t kept_count;
    void (*on_message)(struct probe *probe, const struct hy_message *message);

    size_t deliveries, failures;
    struct hy_delivery last_delivery;
    uint64_t next_token;
    bool out_of_order; // deliveries came in another order than their tokens, or without rising offsets

    bool owned[PROBE_PARTITIONS];
    size_t owned_count, assigned, revoked, lost;

    size_t out_of_range;
    int64_t out_of_range_offset;
};

// A prefix that no other test has, and for which topics can be made.
const char *probe_prefix(void);
const char *probe_brokers(void); // fails the test without HY_KAFKA_BROKERS
// When it returns, every partition takes what is appended.
void probe_make_topic(const char *prefix, const char *name, uint32_t partitions);

struct hy_bus_options probe_options(const char *prefix);
void probe_open(struct probe *probe, const struct hy_bus_options *options);
void probe_close(struct probe *probe);

// Polls until *counter reaches `wanted`; fails the test after `seconds`.
void probe_until(struct probe *probe, const size_t *counter, size_t wanted, int seconds);
void probe_for(struct probe *probe, int milliseconds);
// Appends `count` messages ("0", "1", …) to a partition of the first topic, and waits for all reports.
void probe_fill(struct probe *probe, uint32_t partition, size_t count, size_t bytes);
