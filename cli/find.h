// Finding records in a log.
#pragma once

#include "cli/kafka.h"
#include "cli/words.h"
#include "common/base/arena.h"

// A record that was found; everything lives in the arena of the search.
struct found_record {
    struct words_place place;
    const Huiyuan__V1__Record *record;
};

struct found {
    struct hy_arena arena;
    struct found_record *items;
    size_t count, capacity;
};

struct find_query {
    const char *input_id;  // NULL, and no member either: by place; NULL: all of the member
    const char *member_id; // NULL: of all members
    int64_t partition;     // -1: all
    uint64_t seq;
    uint32_t index;
};

// Reads the log by the reader rule. False, with a line on stderr, when Kafka is away or the log corrupt.
bool find_records(const struct cli *cli, const char *log, const struct find_query *query,
                  struct found *ret_found);
void found_free(struct found *found);
