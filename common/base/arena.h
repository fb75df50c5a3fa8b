// Memory that goes together: everything a batch allocates, freed by one reset. Running out of memory ends the
// process, so no caller checks for NULL.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "common/base/bytes.h"

struct hy_arena_chunk;

struct hy_arena {
    struct hy_arena_chunk *first;
    struct hy_arena_chunk *current;
    unsigned char *free;         // in the current chunk
    size_t room;                 // behind it, for the short way of hy_arena_alloc
    ProtobufCAllocator protobuf; // unpacks protobuf-c messages into this arena; never free them
};

// The arena must not move after this: `protobuf` points back at it.
void hy_arena_init(struct hy_arena *arena);
void hy_arena_reset(struct hy_arena *arena); // keeps up to 8 MiB for the next batch
void hy_arena_free(struct hy_arena *arena);

enum { HY_ARENA_ALIGNMENT = 16 };

void *hy_arena_alloc_slowly(struct hy_arena *arena, size_t size); // private to the arena

// Aligned to 16, not cleared. Inline: one purchase takes some forty.
static inline void *hy_arena_alloc(struct hy_arena *arena, size_t size) {
    size_t needed = (size + HY_ARENA_ALIGNMENT - 1) & ~(size_t)(HY_ARENA_ALIGNMENT - 1);
    if (size > arena->room || needed > arena->room) return hy_arena_alloc_slowly(arena, size);
    void *memory = arena->free;
    arena->free += needed;
    arena->room -= needed;
    return memory;
}
// What was allocated last ends at `end`: the rest of it is given back.
void hy_arena_trim(struct hy_arena *arena, const void *end);
void *hy_arena_zero(struct hy_arena *arena, size_t size);
char *hy_arena_string(struct hy_arena *arena, const char *text, size_t length); // copy, terminated
struct hy_bytes hy_arena_bytes(struct hy_arena *arena, struct hy_bytes bytes);  // copy
char *hy_arena_printf(struct hy_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
