// Names of everything the services keep in Redis. All keys of a partition share the hash tag {p}: Redis
// Cluster keeps them together, so one script call changes them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum { HY_KEY_LIMIT_BYTES = 256 };

struct hy_key {
    char text[HY_KEY_LIMIT_BYTES];
    uint32_t length;
};

// Names one partition of one log.
struct hy_key_space {
    const char *prefix; // HY_REDIS_PREFIX, "hy:"
    const char *log;    // "points"
    uint32_t partition;
};

struct hy_key hy_key_watermark(const struct hy_key_space *space);                     // Watermark
struct hy_key hy_key_member(const struct hy_key_space *space, const char *member_id); // MemberState
struct hy_key hy_key_page(const struct hy_key_space *space, const char *member_id,
                          uint64_t page);                      // ReceiptPage
struct hy_key hy_key_timers(const struct hy_key_space *space); // sorted set: member by due time
struct hy_key hy_key_answer(const struct hy_key_space *space, const char *command_id); // Answer, expires
// Everything of this partition, as a pattern for SCAN.
struct hy_key hy_key_pattern(const struct hy_key_space *space);
// A member's wrapped data key (WrappedKey), as the topic member-keys has it; and how far that topic's
// partition was copied: the next offset in decimal. They belong to no log.
struct hy_key hy_key_member_key(const char *prefix, uint32_t partition, const char *member_id);
struct hy_key hy_key_member_keys_watermark(const char *prefix, uint32_t partition);
// Pub/sub channel on which one gateway instance hears Answers.
struct hy_key hy_key_replies(const char *prefix, const char *instance);

static inline struct hy_bytes hy_key_bytes(const struct hy_key *key) {
    return hy_bytes(key->text, key->length);
}

enum {
    HY_PAGE_RECEIPTS = 16,    // receipts of one page; entries 16k+1 … 16k+16 of a member are page k
    HY_COMMAND_ID_BYTES = 32, // with the terminator
    HY_REPLY_TO_BYTES = 64,   // of an instance's name, with the terminator
};
#define HY_ANSWER_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)

// The handle under which an input's answer is found again: "<partition>-<16 hex digits>", made of member and
// input id, so that a retry has the same handle.
void hy_command_id_make(char ret_id[HY_COMMAND_ID_BYTES], uint32_t partition, const char *member_id,
                        const char *input_id);
bool hy_command_id_partition(const char *command_id, uint32_t *ret_partition);
