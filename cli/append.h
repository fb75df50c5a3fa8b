// Messages into a topic, each acknowledged.
#pragma once

#include "cli/cli.h"
#include "common/base/bytes.h"

struct appender;

// NULL, with a line on stderr, when Kafka is away or there is no such topic.
struct appender *append_open(const struct cli *cli, const char *topic);
// Into the partition of the key, where the topic is keyed by member. False: Kafka does not take it in time.
bool append_take(struct appender *appender, struct hy_bytes key, struct hy_bytes value);
// Waits until all are acknowledged, and frees. False, with a line on stderr: some may not be there.
bool append_close(struct appender *appender);

// One message.
bool append_one(const struct cli *cli, const char *topic, struct hy_bytes key, struct hy_bytes value);
