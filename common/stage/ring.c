#include "common/stage/ring.h"

#include "common/base/memory.h"

void hy_ring_free(struct hy_ring *ring) {
    hy_free(ring->items);
    *ring = (struct hy_ring){0};
}

static void grow(struct hy_ring *ring) {
    size_t capacity = ring->capacity == 0 ? 64 : ring->capacity * 2;
    struct hy_message *items = hy_malloc(capacity * sizeof *items);
    for (size_t i = 0; i < ring->count; i++)
        items[i] = *hy_ring_at(ring, i);
    hy_free(ring->items);
    *ring = (struct hy_ring){items, 0, ring->count, capacity};
}

void hy_ring_push(struct hy_ring *ring, const struct hy_message *message) {
    if (ring->count == ring->capacity) grow(ring);
    *hy_ring_at(ring, ring->count++) = *message;
}

struct hy_message hy_ring_pop(struct hy_ring *ring) {
    struct hy_message message = ring->items[ring->first];
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    ring->count--;
    return message;
}
