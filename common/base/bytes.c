#include "common/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 256, SMALL_TEXT = 256 };

bool hy_bytes_equal(struct hy_bytes a, struct hy_bytes b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

void hy_buffer_init(struct hy_buffer *buffer, size_t ceiling) {
    *buffer = (struct hy_buffer){.ceiling = ceiling};
}

void hy_buffer_free(struct hy_buffer *buffer) {
    free(buffer->data);
    hy_buffer_init(buffer, buffer->ceiling);
}

void hy_buffer_clear(struct hy_buffer *buffer) {
    buffer->length = 0;
    buffer->failed = false;
}

// Doubling, but never beyond the ceiling; the caller has checked that `needed` is not.
static size_t next_capacity(const struct hy_buffer *buffer, size_t needed) {
    size_t capacity = buffer->capacity > FIRST_CAPACITY ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed) {
        capacity = capacity > buffer->ceiling / 2 ? buffer->ceiling : capacity * 2;
    }
    return capacity < buffer->ceiling ? capacity : buffer->ceiling;
}

static bool reserve(struct hy_buffer *buffer, size_t length) {
    if (buffer->failed || length > buffer->ceiling - buffer->length) {
        return false;
    }
    size_t needed = buffer->length + length;
    if (needed <= buffer->capacity && buffer->data != NULL) return true;
    size_t capacity = next_capacity(buffer, needed);
    uint8_t *data = realloc(buffer->data, capacity > 0 ? capacity : 1);
    if (data == NULL) return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

uint8_t *hy_buffer_reserve(struct hy_buffer *buffer, size_t most) {
    if (!reserve(buffer, most)) {
        buffer->failed = true;
        return NULL;
    }
    return buffer->data + buffer->length;
}

uint8_t *hy_buffer_extend(struct hy_buffer *buffer, size_t length) {
    if (!reserve(buffer, length)) {
        buffer->failed = true;
        return NULL;
    }
    uint8_t *start = buffer->data + buffer->length;
    buffer->length += length;
    return start;
}

void hy_buffer_add(struct hy_buffer *buffer, const void *data, size_t length) {
    uint8_t *start = hy_buffer_extend(buffer, length);
    if (start != NULL && length > 0) memcpy(start, data, length);
}

// vsnprintf writes a terminator that does not count, so text goes through room of its own: the ceiling stays
// exact.
void hy_buffer_printf(struct hy_buffer *buffer, const char *format, ...) {
    char small[SMALL_TEXT];
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    char *large = length >= SMALL_TEXT ? malloc((size_t)length + 1) : NULL;
    if (length < 0 || (length >= SMALL_TEXT && large == NULL)) {
        buffer->failed = true;
    } else if (large == NULL) {
        hy_buffer_add(buffer, small, (size_t)length);
    } else {
        vsnprintf(large, (size_t)length + 1, format, again);
        hy_buffer_add(buffer, large, (size_t)length);
    }
    free(large);
    va_end(again);
    va_end(arguments);
}

struct hy_bytes hy_buffer_bytes(const struct hy_buffer *buffer) {
    return hy_bytes(buffer->data, buffer->length);
}
