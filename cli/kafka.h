// Kafka as the commands need it: topics by their short names, reading a stretch of partitions.
#pragma once

#include "cli/cli.h"
#include "common/io/admin.h"
#include "common/io/bus.h"
#include "proto/topics.h"

enum { KAFKA_TIMEOUT_MS = 10000, TOPIC_NAME_BYTES = 256 };

// With the prefix.
void kafka_topic_name(const struct cli *cli, const char *topic, char ret_name[TOPIC_NAME_BYTES]);
// NULL, with a line on stderr, when the settings are unusable.
struct hy_admin *kafka_admin(const struct cli *cli);
// How many partitions the topic has. False, with a line on stderr: Kafka is away, there is no such topic, or
// HY_PARTITIONS says otherwise.
bool kafka_partitions(const struct cli *cli, struct hy_admin *admin, const char *topic,
                      uint32_t *ret_partitions);
// Opens and closes an admin of its own.
bool kafka_topic_partitions(const struct cli *cli, const char *topic, uint32_t *ret_partitions);
// Says why a request to Kafka failed.
void kafka_complain(const struct cli *cli, const struct hy_admin *admin, enum hy_admin_result result);

// A bus without a group. NULL, with a line on stderr.
struct hy_bus *kafka_bus(const struct cli *cli, const struct hy_bus_events *events, uint32_t partitions);

// What is to be read of one partition: [from, to); and how far it has been read.
struct kafka_span {
    uint32_t partition;
    int64_t from, to, next;
};

// The whole of a partition, or -1 as the only partition: of all. NULL, with a line on stderr; free with
// hy_free.
struct kafka_span *kafka_spans(const struct cli *cli, const char *topic, int64_t partition,
                               size_t *ret_count);

// False ends the reading.
typedef bool (*kafka_take)(void *context, const struct hy_message *message);

// Reads the spans, all partitions at once; the messages of each in order. False, with a line on stderr, when
// Kafka went away; true when all was read, or `take` ended it.
// What may be fetched ahead by readings from here on, up to 64 MiB; that is what it is before.
void kafka_queue_limit(int64_t kbytes);

// At most `at_once` partitions at the same time, so that they end one after the other.
bool kafka_read_some(const struct cli *cli, const char *topic, struct kafka_span *spans, size_t count,
                     size_t at_once, kafka_take take, void *context);
bool kafka_read(const struct cli *cli, const char *topic, struct kafka_span *spans, size_t count,
                kafka_take take, void *context);
