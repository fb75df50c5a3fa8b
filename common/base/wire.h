// The protobuf wire format, written and read by hand where protobuf-c would be the dearest part of an event.
// What is written is byte for byte what protobuf-c writes (tests hold the two against each other); what is
// read falls back on protobuf-c at anything unusual.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/base/bytes.h"

enum { HY_WIRE_VARINT = 0, HY_WIRE_FIXED64 = 1, HY_WIRE_BYTES = 2 };

#define HY_WIRE_NUMBER_BYTES ((size_t)12) // at most, of a number with its tag (fields up to 2047)

// Writers: append at p and return the end. The caller has made room. As proto3 has it, a default value is not
// written.
static inline uint8_t *hy_wire_put(uint8_t *p, uint64_t value) {
    while (value >= 128) {
        *p++ = (uint8_t)(value | 128);
        value >>= 7;
    }
    *p++ = (uint8_t)value;
    return p;
}

static inline uint8_t *hy_wire_put_tag(uint8_t *p, uint32_t field, uint32_t type) {
    return hy_wire_put(p, field << 3 | type);
}

static inline uint8_t *hy_wire_put_number(uint8_t *p, uint32_t field, uint64_t value) {
    return value == 0 ? p : hy_wire_put(hy_wire_put_tag(p, field, HY_WIRE_VARINT), value);
}

// A value of an enum, which is an int32 to protobuf: one that no enum has may be negative.
static inline uint8_t *hy_wire_put_choice(uint8_t *p, uint32_t field, uint32_t value) {
    return hy_wire_put_number(p, field, (uint64_t)(int64_t)(int32_t)value);
}

static inline uint8_t *hy_wire_put_fixed64(uint8_t *p, uint32_t field, uint64_t value) {
    if (value == 0) return p;
    p = hy_wire_put_tag(p, field, HY_WIRE_FIXED64);
    memcpy(p, &value, 8); // little-endian, as every machine we run on
    return p + 8;
}

// Most texts are short: pieces of constant size that overlap cost less than a call of memcpy.
static inline uint8_t *hy_wire_copy(uint8_t *p, const void *data, size_t length) {
    const uint8_t *from = (const uint8_t *)data;
    if (length > 16) {
        memcpy(p, from, length);
    } else if (length >= 8) {
        memcpy(p, from, 8);
        memcpy(p + length - 8, from + length - 8, 8);
    } else if (length >= 4) {
        memcpy(p, from, 4);
        memcpy(p + length - 4, from + length - 4, 4);
    } else if (length > 0) {
        p[0] = from[0];
        p[length / 2] = from[length / 2];
        p[length - 1] = from[length - 1];
    }
    return p + length;
}

// Also when it is empty: for elements of repeated fields.
static inline uint8_t *hy_wire_put_element(uint8_t *p, uint32_t field, const void *data, size_t length) {
    p = hy_wire_put(hy_wire_put_tag(p, field, HY_WIRE_BYTES), length);
    return hy_wire_copy(p, data, length);
}

static inline uint8_t *hy_wire_put_bytes(uint8_t *p, uint32_t field, const void *data, size_t length) {
    return length == 0 ? p : hy_wire_put_element(p, field, data, length);
}

static inline uint8_t *hy_wire_put_text(uint8_t *p, uint32_t field, const char *text) {
    return *text == '\0' ? p : hy_wire_put_element(p, field, text, strlen(text));
}

// Many texts are empty.
static inline size_t hy_wire_text_length(const char *text) {
    return *text == '\0' ? 0 : strlen(text);
}

static inline size_t hy_wire_size(uint64_t value) {
    size_t size = 1;
    for (; value >= 128; value >>= 7)
        size++;
    return size;
}

// An element whose length is not known before it is written. `expected_length_bytes` is a guess: when it is
// right, nothing has to be moved.
struct hy_wire_element {
    uint8_t *length;
    uint8_t *body;
};

enum { HY_WIRE_LENGTH_MOST_BYTES = 5 };

static inline struct hy_wire_element hy_wire_open(uint8_t *p, uint32_t field, size_t expected_length_bytes) {
    p = hy_wire_put_tag(p, field, HY_WIRE_BYTES);
    return (struct hy_wire_element){p, p + expected_length_bytes};
}

// Puts the length before the body, in as few bytes as it needs, and the body right behind it.
static inline uint8_t *hy_wire_close(struct hy_wire_element element, const uint8_t *end) {
    size_t length = (size_t)(end - element.body);
    size_t bytes = hy_wire_size(length);
    if (element.length + bytes != element.body) memmove(element.length + bytes, element.body, length);
    return hy_wire_put(element.length, length) + length;
}

// A reader: `bad` once anything does not fit; then everything reads as 0.
struct hy_wire {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
};

static inline struct hy_wire hy_wire_read(struct hy_bytes bytes) {
    // Nothing may be at NULL, to which nothing can be added.
    return (struct hy_wire){bytes.data, bytes.length == 0 ? bytes.data : bytes.data + bytes.length, false};
}

static inline uint64_t hy_wire_get_long(struct hy_wire *wire) {
    uint64_t value = 0;
    for (unsigned shift = 0; wire->p < wire->end && shift < 64; shift += 7) {
        uint8_t byte = *wire->p++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    wire->bad = true;
    wire->p = wire->end;
    return 0;
}

// Tags, lengths and most numbers are one byte.
static inline uint64_t hy_wire_get(struct hy_wire *wire) {
    if (wire->p < wire->end && *wire->p < 128) return *wire->p++;
    return hy_wire_get_long(wire);
}

static inline struct hy_bytes hy_wire_get_bytes(struct hy_wire *wire) {
    uint64_t length = hy_wire_get(wire);
    if (length > (uint64_t)(wire->end - wire->p)) {
        wire->bad = true;
        wire->p = wire->end;
        return hy_bytes(NULL, 0);
    }
    struct hy_bytes bytes = hy_bytes(wire->p, (size_t)length);
    wire->p += length;
    return bytes;
}

static inline uint64_t hy_wire_get_fixed64(struct hy_wire *wire) {
    uint64_t value = 0;
    wire->bad |= wire->end - wire->p < 8;
    if (wire->bad) return 0;
    memcpy(&value, wire->p, 8); // little-endian, as every machine we run on
    wire->p += 8;
    return value;
}

// Passes over one field; false at anything that does not fit.
static inline bool hy_wire_skip(struct hy_wire *wire, uint64_t tag) {
    switch (tag & 7) {
    case HY_WIRE_VARINT: hy_wire_get(wire); break;
    case HY_WIRE_BYTES: hy_wire_get_bytes(wire); break;
    case HY_WIRE_FIXED64: hy_wire_get_fixed64(wire); break;
    default: wire->bad = true;
    }
    return !wire->bad;
}
