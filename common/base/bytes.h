// Byte cursors and a growing buffer with a ceiling.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Borrowed bytes: never freed through this.
struct hy_bytes {
    const uint8_t *data;
    size_t length;
};

static inline struct hy_bytes hy_bytes(const void *data, size_t length) {
    return (struct hy_bytes){(const uint8_t *)data, length};
}

static inline struct hy_bytes hy_bytes_of(const char *text) {
    return hy_bytes(text, strlen(text));
}

bool hy_bytes_equal(struct hy_bytes a, struct hy_bytes b);

// Owned bytes that grow up to `ceiling`. A write beyond it, or without memory, sets `failed` and changes
// nothing else: check once, at the end.
struct hy_buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
    size_t ceiling;
    bool failed;
};

void hy_buffer_init(struct hy_buffer *buffer, size_t ceiling);
void hy_buffer_free(struct hy_buffer *buffer);
void hy_buffer_clear(struct hy_buffer *buffer); // keeps the memory, forgets `failed`
// Room for `length` more bytes at the end, already counted in; NULL when it failed.
uint8_t *hy_buffer_extend(struct hy_buffer *buffer, size_t length);
// Room for up to `most` bytes at the end, not counted in yet: write, then hy_buffer_extend by what was
// written. NULL when it failed.
uint8_t *hy_buffer_reserve(struct hy_buffer *buffer, size_t most);
void hy_buffer_add(struct hy_buffer *buffer, const void *data, size_t length);
void hy_buffer_printf(struct hy_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct hy_bytes hy_buffer_bytes(const struct hy_buffer *buffer);
