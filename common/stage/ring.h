// A queue of messages that grows.
#pragma once

#include <stddef.h>

#include "common/io/bus.h"

struct hy_ring {
    struct hy_message *items;
    size_t first, count, capacity;
};

void hy_ring_free(struct hy_ring *ring);
void hy_ring_push(struct hy_ring *ring, const struct hy_message *message);
struct hy_message hy_ring_pop(struct hy_ring *ring); // only when count > 0
