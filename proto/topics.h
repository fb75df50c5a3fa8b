// The table of topics: every topic's name, what it carries, who writes it, how long it is kept (design: one
// writer a log).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hy_topic_cleanup {
    HY_KEEP_FOR_EVER, // a log
    HY_KEEP_FOR_TIME,
    HY_COMPACT,
};

struct hy_topic {
    const char *name;    // without the prefix
    const char *message; // of package huiyuan.v1
    const char *writers;
    enum hy_topic_cleanup cleanup;
    bool keyed_by_member; // has the common partition count; otherwise 1 partition
    bool is_log;
};

extern const struct hy_topic hy_topics[];
extern const size_t hy_topic_count;

// NULL: no such topic.
const struct hy_topic *hy_topic_find(const char *name);

enum { HY_DEFAULT_PARTITIONS = 16 };
