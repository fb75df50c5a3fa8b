// Reading a message where it lies, in a copy of one's own: texts are terminated in their places. The byte
// behind a text is the next tag, which is read before it is overwritten; so the copy has one byte more than
// the message.
//
// `unusual` is raised by whatever is not as hy's own writers write it (a field that comes twice, an unknown
// one, a wrong wire type): then protobuf-c, which knows the rules for all of that, has to read the message
// instead.
#pragma once

#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/wire.h"

struct hy_place_reader {
    struct hy_arena *arena; // of what is made of the message
    uint8_t *open_text;     // its terminator has to be written once the tag there has been read
    bool unusual;
};

#define HY_PLACE_VARINT(field)  ((field) << 3 | HY_WIRE_VARINT)
#define HY_PLACE_FIXED64(field) ((field) << 3 | HY_WIRE_FIXED64)
#define HY_PLACE_BYTES(field)   ((field) << 3 | HY_WIRE_BYTES)

// Places are passed as `p` so that they stay in registers: all of this is inlined into the loops that use it.
static inline uint64_t hy_place_number(struct hy_place_reader *reader, uint8_t **p, const uint8_t *end) {
    if (*p < end && **p < 128) return *(*p)++;
    struct hy_wire wire = {*p, end, false};
    uint64_t value = hy_wire_get_long(&wire);
    *p += wire.p - *p;
    reader->unusual |= wire.bad;
    return value;
}

static inline uint64_t hy_place_fixed64(struct hy_place_reader *reader, uint8_t **p, const uint8_t *end) {
    uint64_t value = 0;
    if (end - *p < 8) {
        reader->unusual = true;
        return 0;
    }
    memcpy(&value, *p, 8); // little-endian, as every machine we run on
    *p += 8;
    return value;
}

static inline void hy_place_terminate(struct hy_place_reader *reader) {
    if (reader->open_text != NULL) *reader->open_text = '\0';
    reader->open_text = NULL;
}

// The field number and wire type of what follows.
static inline uint32_t hy_place_tag(struct hy_place_reader *reader, uint8_t **p, const uint8_t *end) {
    uint64_t value = hy_place_number(reader, p, end);
    hy_place_terminate(reader);
    return value > UINT32_MAX ? 0 : (uint32_t)value;
}

// The end of what follows; `end` when it does not fit.
static inline uint8_t *hy_place_sized(struct hy_place_reader *reader, uint8_t **p, uint8_t *end) {
    uint64_t length = hy_place_number(reader, p, end);
    if (length > (uint64_t)(end - *p)) {
        reader->unusual = true;
        return end;
    }
    return *p + length;
}

static inline char *hy_place_text(struct hy_place_reader *reader, uint8_t **p, uint8_t *end) {
    uint8_t *after = hy_place_sized(reader, p, end);
    char *start = (char *)*p;
    *p = after;
    reader->open_text = after;
    return start;
}

// A field that comes a second time is merged by rules that protobuf-c knows. Fields 0 … 31.
static inline void hy_place_once(struct hy_place_reader *reader, uint32_t *seen, uint32_t tag) {
    uint32_t bit = UINT32_C(1) << (tag >> 3 & 31);
    reader->unusual |= (*seen & bit) != 0;
    *seen |= bit;
}

// The next field of a message in which each comes once.
static inline uint32_t hy_place_field(struct hy_place_reader *reader, uint8_t **p, const uint8_t *end,
                                      uint32_t *seen) {
    uint32_t tag = hy_place_tag(reader, p, end);
    hy_place_once(reader, seen, tag);
    return tag;
}

// How often each of two fields stands in the message, so that lists can be made before they are filled.
static inline void hy_place_count(struct hy_place_reader *reader, const uint8_t *p, const uint8_t *end,
                                  uint32_t tag_a, size_t *ret_a, uint32_t tag_b, size_t *ret_b) {
    struct hy_wire wire = {p, end, false};
    size_t a = 0;
    size_t b = 0;
    while (wire.p < wire.end) {
        uint64_t tag = hy_wire_get(&wire);
        a += tag == tag_a;
        b += tag == tag_b;
        if (!hy_wire_skip(&wire, tag)) break;
    }
    *ret_a = a;
    *ret_b = b;
    reader->unusual |= wire.bad;
}
