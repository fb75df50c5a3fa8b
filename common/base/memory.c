#include "common/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// malloc(0) may return NULL without being out of memory: ask for a byte then.
static size_t at_least_one(size_t size) {
    return size > 0 ? size : 1;
}

static void *must(void *memory) {
    if (memory == NULL) {
        fputs("huiyuan: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *hy_malloc(size_t size) {
    return must(malloc(at_least_one(size)));
}

void *hy_calloc(size_t count, size_t size) {
    return must(calloc(at_least_one(count), at_least_one(size)));
}

void *hy_realloc(void *memory, size_t size) {
    return must(realloc(memory, at_least_one(size)));
}

void *hy_aligned_calloc(size_t alignment, size_t count, size_t size) {
    size_t total = 0;
    void *memory = NULL;
    if (__builtin_mul_overflow(count, size, &total) ||
        posix_memalign(&memory, alignment, at_least_one(total)) != 0) {
        memory = NULL;
    }
    return memset(must(memory), 0, total);
}

char *hy_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(hy_malloc(size), text, size);
}

void hy_free(void *memory) {
    free(memory);
}
