// The bytes of fetched messages, one after the other in blocks that are used again when all their messages
// have been released. One thread.
#pragma once

#include <stddef.h>

#include "common/io/bus.h"

struct bus_slab_block;

struct bus_slab {
    struct bus_slab_block *current; // messages are being added to it; NULL: none
    struct bus_slab_block *free;
    size_t free_count;
    size_t free_limit;
};

// More than `free_bytes` of unused blocks are given back to the heap.
void bus_slab_init(struct bus_slab *slab, size_t free_bytes);

// Copies key and value; they and the owner are then the slab's. What is NULL stays NULL.
void bus_slab_keep(struct bus_slab *slab, struct hy_message *message);
void bus_slab_release(struct bus_slab *slab, struct bus_slab_block *block);
void bus_slab_free(struct bus_slab *slab); // but for blocks with messages that were not released
