// FILE.huiyuan-progress: where an import of FILE stands, so that the next run goes on from there.
#pragma once

#include "cli/import_place.h"
#include "common/base/bytes.h"
#include "common/base/hash.h"

struct import_state {
    // What the place is good for: that file as it was then, and that Kafka.
    uint64_t file_bytes;
    int64_t file_modified_ns;
    char head[2 * HY_CHAIN_HASH_BYTES + 1]; // hash of its first 64 KiB
    char cluster[64], topic[256];
    // The last message acknowledged: the topic has it still, or it is not the topic that it was.
    uint32_t partition;
    int64_t offset; // -1: none yet
    struct import_place place;
    bool finished;
};

// Describes the file. False, with a line on stderr, when it cannot be read.
bool import_state_of(const char *path, struct import_state *ret_state);
bool import_state_same_file(const struct import_state *a, const struct import_state *b);
// False when there is none, or none that can be read.
bool import_state_load(const char *state_path, struct import_state *ret_state);
// Replaces the file at once or not at all. False: errno says why.
bool import_state_save(const char *state_path, const struct import_state *state);
