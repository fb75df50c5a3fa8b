// The receipts of one member that are in memory, one after the other as Redis holds them (elements of
// MemberState.tail): those that are still recognised, found by their id in constant time and forgotten from
// the front as event time moves on, and those of the page that fills. No receipt is kept twice.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/prefetch.h"
#include "common/stage/brain.h"
#include "proto/projection.pb-c.h"

// A receipt, read. Texts and bytes lie in the window: valid until the next add.
struct hy_receipt {
    struct hy_bytes input_id;
    uint64_t content_hash;
    int64_t event_time_ms;
    uint64_t seq; // of its record
    uint32_t index;
    uint32_t input_class;
    uint64_t entry;
    Huiyuan__V1__Outcome outcome;
    struct hy_bytes code;
    struct hy_bytes note;
};

// Where a receipt is. Places count the bytes ever added, so they stay when the front goes.
struct hy_window_slot {
    uint32_t tag; // high half of the id's hash; its low bits say where the slot is looked for
    uint32_t place;
};

// Small, because it is the most of what a member takes: 32 bits count more receipts than anybody has.
struct hy_window {
    uint8_t *bytes;
    uint32_t length;
    uint32_t room;        // of bytes
    uint32_t base;        // place of bytes[0]
    uint32_t first;       // place of the oldest receipt that is recognised; the end: none
    uint32_t tail;        // place of the first receipt of the page that fills
    uint32_t capacity;    // of slots, a power of two: up to HY_WINDOW_FEW looked through, above that hashed
    uint32_t used;        // slots taken, those of forgotten receipts included
    bool unindexed;       // nobody will ask hy_window_find: a fold of what was decided long ago
    int64_t front_ms;     // event time of the oldest: whether it is too old is asked without a look at it
    uint64_t front_entry; // and its number, likewise
    uint64_t filter;      // a bit for each receipt ever added: most ids that are not here are refused by it
    struct hy_window_slot *slots;
};

enum { HY_WINDOW_FEW = 8 };

void hy_window_init(struct hy_window *window);
void hy_window_free(struct hy_window *window);

// Adds at the end, which is the page that fills. `id_hash` is hy_hash64 of its input id.
void hy_window_add(struct hy_window *window, const Huiyuan__V1__Receipt *receipt, uint64_t id_hash);

// False: no receipt of this class with this id is recognised.
bool hy_window_find(const struct hy_window *window, uint32_t input_class, const char *id, uint64_t id_hash,
                    struct hy_receipt *ret_receipt);

static inline uint32_t hy_window_end(const struct hy_window *window) {
    return window->base + window->length;
}

// Brings what a find and an add will touch towards the cache: call it some inputs ahead.
static inline void hy_window_prefetch(const struct hy_window *window, uint64_t id_hash) {
    if (window->capacity > HY_WINDOW_FEW)
        hy_prefetch_to_write(&window->slots[(uint32_t)(id_hash >> 32) & (window->capacity - 1)]);
    else if (window->capacity > 0)
        hy_prefetch_to_write(window->slots);
    if (window->bytes == NULL) return; // nothing was ever added
    const uint8_t *end = window->bytes + window->length;
    hy_prefetch_to_write(end);
    hy_prefetch_to_write(end + 64);
}

static inline bool hy_window_begins_before(const struct hy_window *window, int64_t time_ms) {
    return window->first != hy_window_end(window) && window->front_ms < time_ms;
}
// Forgets receipts at the front that lie before their class's horizon.
void hy_window_expire(struct hy_window *window, const int64_t horizon_ms[HY_CLASSES_LIMIT]);
// Number of the oldest that is recognised; 0: there is none.
static inline uint64_t hy_window_oldest_entry(const struct hy_window *window) {
    return window->first == hy_window_end(window) ? 0 : window->front_entry;
}

// The page that fills; full, its bytes are a ReceiptPage.
struct hy_bytes hy_window_tail(const struct hy_window *window);
void hy_window_turn_page(struct hy_window *window); // the next receipt begins another page

// Loading from Redis, in this order: the tail's receipts by hy_window_put, full pages in their order, then
// what is recognised is found. False: these are no receipts.
void hy_window_put(struct hy_window *window, const Huiyuan__V1__Receipt *receipt);
bool hy_window_put_page(struct hy_window *window, struct hy_bytes page);
void hy_window_index(struct hy_window *window);
