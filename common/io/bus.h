// The seam to Kafka. One instance's door: membership of a group, reading partitions from given offsets,
// appending. bus_kafka.c speaks to Kafka, bus_mem.c to a broker in memory (simulator); chosen at link time.
//
// Everything happens on the caller's thread: events come only out of hy_bus_poll.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct hy_bus;

struct hy_bus_options {
    const char *brokers; // "127.0.0.1:9092"
    const char *topic_prefix;
    const char *group;    // NULL: no membership (tools, gateway)
    const char *instance; // unique; also the static group instance id when static_membership is set
    bool static_membership;
    uint32_t partitions;  // of every member-keyed topic
    int64_t session_ms;   // group session time-out
    int64_t queue_kbytes; // bound on bytes fetched ahead
    int64_t linger_ms; // how long an append waits for others of its partition; 0, as in services: not at all
};

// A message as fetched. Bytes stay valid until hy_bus_release.
struct hy_message {
    uint32_t topic; // index as registered
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct hy_bytes key;
    struct hy_bytes value;
    void *owner; // the bus's own; never NULL
};

// Result of an append.
struct hy_delivery {
    uint64_t token; // the caller's
    uint32_t topic;
    uint32_t partition;
    int64_t offset; // < 0: unknown
    bool failed;    // it may be in the log or not
};

// All may be NULL. `context` is the options' owner's.
struct hy_bus_events {
    void *context;
    // Membership: this partition number (of all source topics together) is now ours / no longer. `lost`: no
    // time to finish, somebody may already own it.
    void (*assigned)(void *context, uint32_t partition);
    void (*revoked)(void *context, uint32_t partition, bool lost);
    // Takes ownership of the message: give it back with hy_bus_release.
    void (*message)(void *context, const struct hy_message *message);
    void (*delivered)(void *context, const struct hy_delivery *delivery);
    // Offset asked for is not there (retention, truncation): that read has ended.
    void (*out_of_range)(void *context, uint32_t topic, uint32_t partition, int64_t offset);
};

// NULL, with a line in the log, when the options are unusable. An unreachable broker is not an error: it is
// waited for.
struct hy_bus *hy_bus_open(const struct hy_bus_options *options, const struct hy_bus_events *events);
// Leaves the group, waits for appends in flight (at most timeout_ms), closes.
void hy_bus_close(struct hy_bus *bus, int timeout_ms);

// Registers a topic (name without prefix, must live on): returns its index, in order from 0.
uint32_t hy_bus_topic(struct hy_bus *bus, const char *name);
// Messages of this topic may be appended in another order than they were given, several requests on the way
// at once: for topics of which the caller has at most one message of a partition on the way, or minds no
// order. Before the first append to it.
void hy_bus_topic_unordered(struct hy_bus *bus, uint32_t topic);
// Joins the group for the partitions of these topics; assigned/revoked follow. Topics have equal partition
// counts.
void hy_bus_join(struct hy_bus *bus, const uint32_t *topics, size_t count);
void hy_bus_leave(struct hy_bus *bus);

// Reads topic/partition from `offset` on; messages arrive in order, none below `offset`, and after
// hy_bus_stop none of that read arrives any more. Reading an already read partition moves it.
void hy_bus_read(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t offset);
void hy_bus_stop(struct hy_bus *bus, uint32_t topic, uint32_t partition);
void hy_bus_release(struct hy_bus *bus, const struct hy_message *message);

// Appends in order for each partition (see hy_bus_topic_unordered), but for messages that the broker refuses
// for a moment: others may overtake them. Who depends on the order looks at the offsets. The bytes are
// copied. `delivered` follows exactly once. False: the queue is full, nothing was taken: poll, then try
// again.
bool hy_bus_append(struct hy_bus *bus, uint32_t topic, uint32_t partition, struct hy_bytes key,
                   struct hy_bytes value, uint64_t token);
// Notes progress for people and tools (consumer lag); the log is the truth.
void hy_bus_commit(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t next_offset);

// First offset kept and next offset to be written. False when the broker does not answer in timeout_ms.
bool hy_bus_range(struct hy_bus *bus, uint32_t topic, uint32_t partition, int timeout_ms, int64_t *ret_low,
                  int64_t *ret_high);

// Calls events for at most `limit` messages, waiting up to timeout_ms for the first. Returns how many events
// were called.
size_t hy_bus_poll(struct hy_bus *bus, size_t limit, int timeout_ms);
// Readable when hy_bus_poll has something to do: for waiting on several doors at once. -1: none (bus_mem).
int hy_bus_wait_fd(struct hy_bus *bus);
void hy_bus_wait_fd_clear(struct hy_bus *bus);
// False while the group has not said, since the last join, which partitions are ours (maybe none).
bool hy_bus_member(const struct hy_bus *bus);
// False while no broker is reachable.
bool hy_bus_connected(const struct hy_bus *bus);
