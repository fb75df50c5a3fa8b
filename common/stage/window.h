// The inputs of one member that are still recognised: found by the hash of their id in constant time,
// forgotten from the front as event time moves on.
#pragma once

#include <stdint.h>

#include "common/base/bytes.h"
#include "common/stage/brain.h"

// 48 bytes, and its note beside it: the price of one purchase in the window.
struct hy_receipt {
    uint64_t id_hash;
    uint64_t content_hash;
    int64_t event_time_ms;
    uint64_t seq; // of its record
    uint32_t index;
    uint32_t entry; // low 32 bits
    uint32_t note_offset;
    uint16_t note_length;
    uint8_t input_class : 4;
    uint8_t outcome : 4;
    uint8_t code;
};

// A slot of the index. The tag spares a look at the receipt.
struct hy_window_slot {
    uint32_t tag;     // high half of id_hash
    uint32_t ordinal; // + 1; 0: empty
};

struct hy_window {
    struct hy_receipt *items; // ring of `capacity` (a power of two)
    int64_t front_ms; // event time of items[first]: whether it is too old is asked without a look at it
    uint64_t filter;  // a bit for each receipt ever added: most ids that are not here are refused by it
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
    uint32_t notes_length;
    uint32_t notes_capacity;
    uint8_t *notes;
    // For members with many receipts: open addressing over id_hash; values are ordinals + 1 (ordinal: how
    // many receipts were ever added before it). Older than `base`: forgotten.
    struct hy_window_slot *index;
    uint32_t index_capacity; // 0: few receipts, looked through one by one
    uint32_t index_used;     // slots taken, those of forgotten receipts included
    uint32_t base;           // ordinal of items[first]
};

void hy_window_free(struct hy_window *window);
// `receipt` without its note's place; the note is copied.
void hy_window_add(struct hy_window *window, const struct hy_receipt *receipt, struct hy_bytes note);
// NULL: not in the window. Valid until the next add.
const struct hy_receipt *hy_window_find(const struct hy_window *window, uint32_t input_class,
                                        uint64_t id_hash);
// Brings what a find and an add will touch towards the cache: call it some inputs ahead.
static inline void hy_window_prefetch(const struct hy_window *window, uint64_t id_hash) {
    if (window->index_capacity > 0)
        __builtin_prefetch(&window->index[(uint32_t)id_hash & (window->index_capacity - 1)]);
    if (window->capacity > 0)
        __builtin_prefetch(&window->items[(window->first + window->count) & (window->capacity - 1)], 1);
    __builtin_prefetch(window->notes + window->notes_length, 1);
}
struct hy_bytes hy_window_note(const struct hy_window *window, const struct hy_receipt *receipt);
// Forgets receipts at the front that lie before their class's horizon.
static inline bool hy_window_begins_before(const struct hy_window *window, int64_t time_ms) {
    return window->count > 0 && window->front_ms < time_ms;
}
void hy_window_expire(struct hy_window *window, const int64_t horizon_ms[HY_CLASSES_LIMIT]);
const struct hy_receipt *hy_window_oldest(const struct hy_window *window); // NULL: empty
