// What `status` knows; collected in status.c, printed in status_print.c.
#pragma once

#include "cli/cli.h"
#include "common/base/bytes.h"
#include "common/stage/brain.h"
#include "common/stage/totals.h"

struct status_source {
    int64_t low, high; // of what Kafka has
    int64_t position;  // the next to be taken, by the log; -1: none was taken yet
    int64_t committed; // as the group noted it; -1: nothing
};

struct status_part {
    uint32_t partition;
    char owner[64]; // "" when nobody has it
    struct status_source sources[HY_SOURCES_LIMIT];
    int64_t log_low, log_high;
    uint64_t seq;              // of the last block; 0: none
    struct hy_place watermark; // in Redis; seq 0: none
};

struct status {
    const struct hy_brain *brain;
    const char *service;
    char group[256]; // as the service names it: with the prefix
    char state[32];  // of the group
    char members[64][64];
    size_t member_count;
    struct status_part *parts;
    uint32_t count;
};

int64_t status_lag(const struct status_source *source);
// A line an instance, or (in full) a partition.
void status_print(const struct status *status, bool in_full);
void status_print_json(const struct status *status, struct hy_buffer *out);
