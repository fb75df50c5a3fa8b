// Memory that cannot be missing: running out of it ends the process with one line, so no caller checks for
// NULL.
#pragma once

#include <stddef.h>

void *hy_malloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *hy_calloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *hy_realloc(void *memory, size_t size) __attribute__((alloc_size(2), returns_nonnull));
// Cleared; `alignment` is a power of two of at least sizeof(void *).
void *hy_aligned_calloc(size_t alignment, size_t count, size_t size) __attribute__((malloc, returns_nonnull));
char *hy_strdup(const char *text) __attribute__((malloc, returns_nonnull));
void hy_free(void *memory); // NULL is allowed
