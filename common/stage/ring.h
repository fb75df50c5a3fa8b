// A queue of messages that grows.
#pragma once

#include <stddef.h>

#include "common/base/prefetch.h"
#include "common/io/bus.h"

struct hy_ring {
    struct hy_message *items;
    size_t first, count, capacity;
};

void hy_ring_free(struct hy_ring *ring);
void hy_ring_push(struct hy_ring *ring, const struct hy_message *message);
static inline struct hy_message *hy_ring_at(const struct hy_ring *ring, size_t place) {
    return &ring->items[(ring->first + place) & (ring->capacity - 1)];
}
// Brings the bytes of a message some places behind the front towards the cache.
static inline void hy_ring_prefetch(const struct hy_ring *ring, size_t place) {
    if (place >= ring->count) return;
    const struct hy_message *message = hy_ring_at(ring, place);
    for (size_t at = 0; at < message->value.length && at < 512; at += 64)
        hy_prefetch(message->value.data + at);
}
struct hy_message hy_ring_pop(struct hy_ring *ring); // only when count > 0
