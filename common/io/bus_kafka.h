// What the files of the Kafka back end share; private to them.
//
// librdkafka handles, each with one job, because the consumer's own idea of a group (offsets committed,
// partitions fetched as long as they are assigned) is not ours: a claim in the log says who owns a partition
// and where reading starts.
//   append (bus_kafka_append.c): produces, one request in flight; its lanes, with many in flight, for topics
//   that mind no order, so that the partitions of a log need not wait for each other.
//   fetch (bus_kafka_fetch.c): reads partitions from given offsets; belongs to no group.
//   group (bus_kafka_group.c): is a member of the group, fetches nothing; carries commits, which only people
//   look at.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/bus.h"
#include "common/io/bus_kafka_slab.h"

enum {
    BUS_TOPICS_LIMIT = 32,
    BUS_MESSAGE_LIMIT_BYTES = 1 << 20,
    // Clients for topics that mind no order, each for its share of the partitions. librdkafka sends a request
    // for each partition, and the broker works on one request of a connection at a time: with one connection
    // a block waits for those of other partitions (16 partitions, 2,000 purchases/s by themselves: 2 … 5 ms
    // until it is durable, with four 0.5 … 1, at the same CPU; eight are no better).
    BUS_LANES = 4,
};

struct bus_setting {
    const char *name;
    const char *value;
};

// One topic and partition that was ever read or committed.
struct bus_reading {
    bool active;
    bool doubtful;       // Kafka said once that the offset is out of range; believed when it says so again
    int64_t expected;    // nothing below it may arrive
    uint64_t first_pull; // messages pulled before belong to an earlier read
    uint64_t restart_ns; // monotonic; 0: no restart is due
    int64_t commit;      // noted by hy_bus_commit, not sent yet; < 0: none
};

struct bus_topic {
    const char *name; // the caller's, without prefix
    char *full_name;
    bool unordered;
    bool joined;                         // membership is for this one
    rd_kafka_topic_t *append[BUS_LANES]; // NULL until needed; the first alone when order matters
    rd_kafka_topic_t *fetch;
    struct bus_reading *readings; // by partition
    uint32_t reading_count;
};

struct bus_producer {
    rd_kafka_t *client; // NULL until needed
    rd_kafka_queue_t *queue;
};

struct bus_append {
    struct bus_producer ordered;          // also tells whether a broker is there
    struct bus_producer lanes[BUS_LANES]; // for topics that mind no order
    bool up;                              // a broker answers
    struct hy_delivery *refused;          // could never be sent: reported as failed by the next poll
    size_t refused_count;
    size_t refused_capacity;
};

struct bus_pulled {
    struct hy_message message; // of an error: the value is its text
    rd_kafka_resp_err_t error;
};

struct bus_fetch {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;    // all partitions' messages
    rd_kafka_queue_t *incident; // the handle's own events
    struct bus_pulled *pulled;  // by the last pull
    size_t pulled_count;
    size_t pulled_capacity;
    size_t pulled_bytes;
    size_t next;          // of those pulled, to be handed out
    uint64_t pull;        // counts the pulls
    struct bus_slab slab; // their bytes
    size_t lent;          // messages not released yet
    size_t restarts;      // readings that wait for a restart
    bool stopped;         // a read, since the last pull
};

struct bus_group {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    bool *owned; // by partition number: what we were told
    bool *offered;
    bool leaving;
    bool member;         // the group has answered since we joined
    uint64_t pending_ns; // since when a rebalance runs; 0: none
    uint64_t fatal_ns;   // when librdkafka gave up this client; 0: it has not
    uint64_t commit_ns;  // when commits were last sent
    bool commits_wait;
};

struct hy_bus {
    struct hy_bus_events events;
    struct hy_bus_options options; // texts are our own copies
    int wake_fd;
    uint64_t called; // counts the events
    struct bus_topic topics[BUS_TOPICS_LIMIT];
    uint32_t topic_count;
    struct bus_append append;
    struct bus_fetch fetch;
    struct bus_group group;
};

// A configuration with what all handles share and `settings` on top. NULL, with a line in the log, when one
// is not accepted.
rd_kafka_conf_t *bus_conf_new(struct hy_bus *bus, const struct bus_setting *settings, size_t count);
bool bus_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value);
bool bus_conf_number(rd_kafka_conf_t *conf, const char *name, int64_t value);
// Takes the configuration. NULL, with a line in the log, when it contradicts itself.
rd_kafka_t *bus_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf);
// Makes the queue wake whoever waits on hy_bus_wait_fd.
void bus_wake_on(struct hy_bus *bus, rd_kafka_queue_t *queue);
void bus_wake(struct hy_bus *bus);
struct bus_reading *bus_reading_at(struct hy_bus *bus, uint32_t topic, uint32_t partition);

bool bus_append_open(struct hy_bus *bus);
void bus_append_heard(struct hy_bus *bus); // a broker has answered, whomever
void bus_append_poll(struct hy_bus *bus);
void bus_append_failed(struct hy_bus *bus,
                       rd_kafka_resp_err_t error); // error of the handle: tells whether a broker is there
void bus_append_close(struct hy_bus *bus, uint64_t deadline_ns);

void bus_fetch_poll(struct hy_bus *bus, size_t limit);
void bus_fetch_close(struct hy_bus *bus);

void bus_group_poll(struct hy_bus *bus);
void bus_group_close(struct hy_bus *bus, uint64_t deadline_ns);
void bus_group_fatal(struct hy_bus *bus); // librdkafka has given up membership
