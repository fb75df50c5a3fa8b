#include "common/io/bus_kafka_slab.h"

#include <string.h>

#include "common/base/memory.h"

// Small, because a single message keeps the whole block.
enum { BLOCK_BYTES = 65536 };

struct bus_slab_block {
    struct bus_slab_block *next; // in the list of free ones
    size_t size;
    size_t used;
    size_t holders; // messages not released, and the slab while this is its current block
    uint8_t bytes[];
};

void bus_slab_init(struct bus_slab *slab, size_t free_bytes) {
    *slab = (struct bus_slab){.free_limit = free_bytes / BLOCK_BYTES};
}

static struct bus_slab_block *new_block(size_t size) {
    struct bus_slab_block *block = hy_malloc(sizeof *block + size);
    block->size = size;
    return block;
}

static struct bus_slab_block *free_block(struct bus_slab *slab) {
    struct bus_slab_block *block = slab->free;
    if (block == NULL) return new_block(BLOCK_BYTES - sizeof *block);
    slab->free = block->next;
    slab->free_count--;
    return block;
}

// For a message of this size.
static struct bus_slab_block *block_for(struct bus_slab *slab, size_t size) {
    struct bus_slab_block *block = slab->current;
    if (block != NULL && size <= block->size - block->used) return block;
    if (block != NULL) bus_slab_release(slab, block);
    block = size <= BLOCK_BYTES - sizeof *block ? free_block(slab) : new_block(size);
    block->used = 0;
    block->holders = 1;
    slab->current = block;
    return block;
}

static struct hy_bytes copy(struct bus_slab_block *block, struct hy_bytes bytes) {
    if (bytes.data == NULL) return bytes;
    uint8_t *place = block->bytes + block->used;
    memcpy(place, bytes.data, bytes.length);
    block->used += bytes.length;
    return hy_bytes(place, bytes.length);
}

void bus_slab_keep(struct bus_slab *slab, struct hy_message *message) {
    struct bus_slab_block *block = block_for(slab, message->key.length + message->value.length);
    message->key = copy(block, message->key);
    message->value = copy(block, message->value);
    message->owner = block;
    block->holders++;
}

void bus_slab_release(struct bus_slab *slab, struct bus_slab_block *block) {
    if (--block->holders > 0) return;
    if (block->size > BLOCK_BYTES || slab->free_count >= slab->free_limit) {
        hy_free(block);
        return;
    }
    block->next = slab->free;
    slab->free = block;
    slab->free_count++;
}

void bus_slab_free(struct bus_slab *slab) {
    if (slab->current != NULL) bus_slab_release(slab, slab->current);
    while (slab->free != NULL)
        hy_free(free_block(slab));
}
