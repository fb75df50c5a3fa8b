// The one reader rule, for everyone who reads a log: which blocks count.
//
//   a CLAIM sets `claim`; a block counts if and only if its claim is current and its seq is last + 1; it is
//   dropped when its claim is not current or its seq is not above last; anything else is corruption.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "proto/common.pb-c.h"

// A reader's place in one partition of a log: all that a downstream service must remember.
struct hy_reader {
    uint64_t claim;      // current; 0: none seen yet
    uint64_t seq;        // last block that counted
    uint64_t seq_claim;  // its claim: a later CLAIM may have been read since
    int64_t offset;      // of that block's message; -1: none
    int64_t next_offset; // of the message to read next
    bool hash_known;     // `hash` is that of the last block that counted
    uint8_t hash[HY_CHAIN_HASH_BYTES];
};

enum hy_reading {
    HY_READ_CLAIM,   // somebody owns the partition from here on
    HY_READ_BLOCK,   // it counts
    HY_READ_DROPPED, // stale or repeated: it does not
    HY_READ_CORRUPT, // stop loudly
};

struct hy_read {
    enum hy_reading what;
    const char *reason;              // CORRUPT and DROPPED
    const Huiyuan__V1__Claim *claim; // CLAIM
    const Huiyuan__V1__Block *block; // BLOCK, and DROPPED when it was one
};

void hy_reader_init(struct hy_reader *reader);
// Starts at a block known to have counted (from a watermark): its message must be the next one given to
// hy_reader_take.
void hy_reader_start(struct hy_reader *reader, uint64_t claim, uint64_t seq, int64_t offset);
// Goes on before the message at `next_offset`, where `claim` is current and `seq` was the last block to
// count: a place that was kept in another log.
void hy_reader_resume(struct hy_reader *reader, uint64_t claim, uint64_t seq, int64_t next_offset);
// Takes the next message. The block or claim lives in the arena and borrows nothing from `message`.
struct hy_read hy_reader_take(struct hy_reader *reader, int64_t offset, struct hy_bytes message,
                              struct hy_arena *arena);
// The owner's own append, whose bytes need no decoding. Only for the next offset, the current claim and the
// next seq.
void hy_reader_own(struct hy_reader *reader, int64_t offset, uint64_t seq,
                   const uint8_t hash[HY_CHAIN_HASH_BYTES]);
