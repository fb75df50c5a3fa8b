// One member of an owned partition, in memory: the brain's state, the window of recognised inputs, and the
// receipts that do not fill a page yet. In Redis: MemberState and ReceiptPage (proto/projection.proto).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/prefetch.h"
#include "common/stage/brain.h"
#include "common/stage/window.h"

// A page of receipts that became full and is not projected yet.
struct hy_member_page {
    struct hy_member_page *next;
    uint64_t number;
    uint32_t length;
    uint8_t bytes[];
};

struct hy_member {
    uint64_t hash;    // hy_hash64 of the id
    uint64_t seq;     // block of the last change
    uint64_t entries; // receipts so far
    int64_t newest_ms[HY_CLASSES_LIMIT];
    int64_t due_ms; // next timer, as the state says; 0: none
    struct hy_window window;
    struct hy_member_page *pages;         // full, not yet projected; newest first
    struct hy_member_page *pages_sending; // part of the projection in flight
    struct hy_member *next_dirty;
    uint32_t ring;         // place in the cache's ring
    bool loaded;           // what Redis has of it is here
    bool dirty;            // changed since the last projection was sent: pinned
    bool projecting;       // part of the projection in flight: pinned
    bool referenced;       // used since the cache looked last
    bool due_changed;      // the timer in Redis has to follow
    uint32_t state_offset; // of the brain's state, behind the id
    char id[];             // terminated
};

struct hy_member *hy_member_new(const struct hy_brain *brain, const char *id, uint64_t hash);
void hy_member_free(const struct hy_brain *brain, struct hy_member *member);
// Back to a member of whom nothing is loaded.
void hy_member_reset(const struct hy_brain *brain, struct hy_member *member);
void hy_member_pages_free(struct hy_member_page *pages);

static inline void *hy_member_state(struct hy_member *member) {
    return (unsigned char *)member + member->state_offset;
}

// All of it, with its id and the beginning of the brain's state.
static inline void hy_member_prefetch(const struct hy_member *member) {
    for (size_t at = 0; at < sizeof *member + 64; at += 64)
        hy_prefetch((const unsigned char *)member + at);
}

// What became of an input, as a receipt.
struct hy_member_entry {
    const Huiyuan__V1__Record *record;
    uint64_t seq;
    uint32_t index;
    uint64_t id_hash; // of the input's id
};

// Folds one record into the member: state (when accepted), receipt, window. Its entry number must be the next
// one: a lower one is already in the state, and must not be given. Returns true when a page became full.
bool hy_member_apply(const struct hy_brain *brain, struct hy_member *member,
                     const struct hy_member_entry *entry, const ProtobufCMessage *body);

// Asks the brain for the due time again; true when it is another.
bool hy_member_review(const struct hy_brain *brain, struct hy_member *member);

// Event times before this are older than the class's window.
int64_t hy_member_horizon_ms(const struct hy_brain *brain, const struct hy_member *member,
                             uint32_t input_class);

// MemberState as bytes, appended to `out`.
void hy_member_save(const struct hy_brain *brain, const struct hy_member *member, struct hy_buffer *out);
// Fills a new member from Redis. False: not a MemberState. Pages first_page … (before the tail) must be
// loaded next: *ret_first_page, *ret_end_page name them (none when equal).
bool hy_member_load(const struct hy_brain *brain, struct hy_member *member, struct hy_bytes saved,
                    struct hy_arena *arena, uint64_t *ret_first_page, uint64_t *ret_end_page);
bool hy_member_load_page(struct hy_member *member, struct hy_bytes page);
// The last step of loading: what its receipts are recognised by.
void hy_member_load_tail(const struct hy_brain *brain, struct hy_member *member);
