#include "common/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/memory.h"

// With AddressSanitizer, memory that was not handed out, or went with a reset, is poisoned: touching it is
// reported.
#ifdef __SANITIZE_ADDRESS__
#    define HAVE_POISON 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define HAVE_POISON 1
#    endif
#endif
// Then every allocation takes the slow way.
#ifdef HAVE_POISON
#    include <sanitizer/asan_interface.h>
#    define IS_POISONED           1
#    define POISON(start, size)   __asan_poison_memory_region(start, size)
#    define UNPOISON(start, size) __asan_unpoison_memory_region(start, size)
#else
#    define IS_POISONED           0
#    define POISON(start, size)   ((void)0)
#    define UNPOISON(start, size) ((void)0)
#endif

enum {
    FIRST_CHUNK_BYTES = 64 << 10,
    LARGEST_CHUNK_BYTES = 1 << 20,
    KEPT_BYTES = 8 << 20,
};

struct hy_arena_chunk {
    struct hy_arena_chunk *next;
    size_t size; // of `data`
    alignas(HY_ARENA_ALIGNMENT) unsigned char data[];
};

static void *protobuf_alloc(void *arena, size_t size) {
    return hy_arena_alloc(arena, size);
}

static void protobuf_free(void *arena, void *memory) {
    (void)arena;
    (void)memory; // goes with the arena
}

void hy_arena_init(struct hy_arena *arena) {
    *arena = (struct hy_arena){
        .protobuf = {.alloc = protobuf_alloc, .free = protobuf_free, .allocator_data = arena},
    };
}

static void free_chunk(struct hy_arena_chunk *chunk) {
    UNPOISON(chunk->data, chunk->size);
    hy_free(chunk);
}

// From here on it is handed out of.
static void enter_chunk(struct hy_arena *arena, struct hy_arena_chunk *chunk) {
    arena->current = chunk;
    arena->free = chunk == NULL ? NULL : chunk->data;
}

static size_t room_of(const struct hy_arena *arena) {
    const struct hy_arena_chunk *chunk = arena->current;
    return chunk == NULL ? 0 : chunk->size - (size_t)(arena->free - chunk->data);
}

// Emptied chunks stay in the list while they fit into `kept_bytes` together.
static void drop_beyond(struct hy_arena *arena, size_t kept_bytes) {
    size_t kept = 0;
    struct hy_arena_chunk **link = &arena->first;
    while (*link != NULL) {
        struct hy_arena_chunk *chunk = *link;
        if (chunk->size > kept_bytes - kept) {
            *link = chunk->next;
            free_chunk(chunk);
        } else {
            kept += chunk->size;
            POISON(chunk->data, chunk->size);
            link = &chunk->next;
        }
    }
    enter_chunk(arena, arena->first);
    arena->room = IS_POISONED ? 0 : room_of(arena);
}

void hy_arena_reset(struct hy_arena *arena) {
    drop_beyond(arena, KEPT_BYTES);
}

void hy_arena_free(struct hy_arena *arena) {
    drop_beyond(arena, 0);
}

static struct hy_arena_chunk *new_chunk(size_t size) {
    if (size > SIZE_MAX - sizeof(struct hy_arena_chunk)) size = SIZE_MAX - sizeof(struct hy_arena_chunk);
    struct hy_arena_chunk *chunk = hy_malloc(sizeof *chunk + size);
    chunk->next = NULL;
    chunk->size = size;
    POISON(chunk->data, chunk->size);
    return chunk;
}

static size_t next_chunk_size(const struct hy_arena *arena, size_t needed) {
    size_t size = FIRST_CHUNK_BYTES;
    if (arena->current != NULL && arena->current->size >= FIRST_CHUNK_BYTES) size = arena->current->size * 2;
    if (size > LARGEST_CHUNK_BYTES) size = LARGEST_CHUNK_BYTES;
    return size > needed ? size : needed;
}

// The next chunk with room: one that a reset left, or a new one behind the current.
static void advance(struct hy_arena *arena, size_t needed) {
    struct hy_arena_chunk **link = arena->current == NULL ? &arena->first : &arena->current->next;
    if (*link == NULL || (*link)->size < needed) {
        struct hy_arena_chunk *chunk = new_chunk(next_chunk_size(arena, needed));
        chunk->next = *link;
        *link = chunk;
    }
    enter_chunk(arena, *link);
}

void *hy_arena_alloc_slowly(struct hy_arena *arena, size_t size) {
    const size_t mask = HY_ARENA_ALIGNMENT - 1;
    size_t needed = size > SIZE_MAX - mask ? SIZE_MAX : (size + mask) & ~mask;
    if (arena->current == NULL || room_of(arena) < needed) advance(arena, needed);
    void *memory = arena->free;
    arena->free += needed;
    arena->room = IS_POISONED ? 0 : room_of(arena);
    UNPOISON(memory, size);
    return memory;
}

void hy_arena_trim(struct hy_arena *arena, const void *end) {
    const size_t mask = HY_ARENA_ALIGNMENT - 1;
    size_t back = (size_t)(arena->free - (const unsigned char *)end) & ~mask;
    arena->free -= back;
    arena->room = IS_POISONED ? 0 : room_of(arena);
    POISON(arena->free, back);
}

void *hy_arena_zero(struct hy_arena *arena, size_t size) {
    return memset(hy_arena_alloc(arena, size), 0, size);
}

char *hy_arena_string(struct hy_arena *arena, const char *text, size_t length) {
    char *copy = hy_arena_alloc(arena, length + 1);
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

struct hy_bytes hy_arena_bytes(struct hy_arena *arena, struct hy_bytes bytes) {
    if (bytes.data == NULL) return bytes; // "none" stays none
    return hy_bytes(hy_arena_string(arena, (const char *)bytes.data, bytes.length), bytes.length);
}

char *hy_arena_printf(struct hy_arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 1 : (size_t)length + 1;
    char *text = hy_arena_alloc(arena, size);
    text[0] = '\0';
    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return text;
}
