#include "services/gateway/json_heap.h"

#include <jansson.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 64 << 10, ALIGNMENT = alignof(max_align_t) };

// A tree does not leave its thread.
static _Thread_local struct {
    alignas(ALIGNMENT) unsigned char bytes[BLOCK_BYTES];
    size_t used;
    size_t pieces; // not given back
} block;

static void *take(size_t size) {
    if (size > BLOCK_BYTES - block.used) return malloc(size);
    void *piece = block.bytes + block.used;
    block.used += (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    block.pieces++;
    return piece;
}

static void give_back(void *piece) {
    uintptr_t offset = (uintptr_t)piece - (uintptr_t)block.bytes;
    if (offset >= BLOCK_BYTES)
        free(piece);
    else if (--block.pieces == 0)
        block.used = 0;
}

void json_heap_init(void) {
    json_set_alloc_funcs(take, give_back);
}
