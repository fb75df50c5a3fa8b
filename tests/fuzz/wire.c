// A mutator for inputs that are protobuf: changes one field somewhere in the tree, and the lengths around it,
// so that most of what it makes can still be decoded. libFuzzer's own mutator would break the lengths nearly
// every time.
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/base/wire.h"
#include "tests/fuzz/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

enum { FIELDS_LIMIT = 512, DEPTH_LIMIT = 6, FIXED32 = 5 };

struct field {
    const uint8_t *start, *value, *end; // value: of bytes, behind the length
    uint32_t number, type;
};

struct message {
    size_t count;
    struct field fields[FIELDS_LIMIT];
};

static uint32_t next(unsigned *seed) {
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static bool read_field(struct hy_wire *wire, struct field *ret_field) {
    ret_field->start = wire->p;
    uint64_t tag = hy_wire_get(wire);
    ret_field->number = (uint32_t)(tag >> 3);
    ret_field->type = tag & 7;
    ret_field->value = wire->p;
    size_t fixed = ret_field->type == HY_WIRE_FIXED64 ? 8 : ret_field->type == FIXED32 ? 4 : 0;
    if (ret_field->type == HY_WIRE_BYTES)
        ret_field->value = hy_wire_get_bytes(wire).data;
    else if (ret_field->type == HY_WIRE_VARINT)
        hy_wire_get(wire);
    else if (fixed > 0 && (size_t)(wire->end - wire->p) >= fixed)
        wire->p += fixed;
    else
        return false;
    ret_field->end = wire->p;
    return !wire->bad && ret_field->number > 0 && ret_field->number < 200;
}

static bool read_message(const uint8_t *data, size_t size, struct message *ret_message) {
    struct hy_wire wire = {data, data + size, false};
    ret_message->count = 0;
    while (wire.p < wire.end) {
        if (ret_message->count == FIELDS_LIMIT) return false;
        if (!read_field(&wire, &ret_message->fields[ret_message->count++])) return false;
    }
    return ret_message->count > 0;
}

static uint64_t some_number(unsigned *seed, uint64_t before) {
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     127,
                                     128,
                                     255,
                                     500,
                                     501,
                                     1000000000,
                                     1000000001,
                                     INT32_MAX,
                                     UINT32_MAX,
                                     INT64_MAX,
                                     UINT64_MAX,
                                     UINT64_C(1) << 63,
                                     1780000000000};
    switch (next(seed) % 4) {
    case 0: return edges[next(seed) % (sizeof edges / sizeof edges[0])];
    case 1: return before + next(seed) % 16 - 8;
    case 2: return before ^ UINT64_C(1) << next(seed) % 64;
    default: return (uint64_t)next(seed) >> next(seed) % 24;
    }
}

// Appends to `out`, as much as fits.
static void add(struct hy_buffer *out, const uint8_t *from, const uint8_t *to) {
    hy_buffer_add(out, from, (size_t)(to - from));
}

static void add_number(struct hy_buffer *out, uint64_t number) {
    uint8_t bytes[10];
    add(out, bytes, hy_wire_put(bytes, number));
}

static void mutate(struct hy_bytes in, struct hy_buffer *out, int depth, unsigned *seed);

// The value of one field, changed.
static void change(const struct field *field, struct hy_buffer *out, int depth, unsigned *seed) {
    add_number(out, (uint64_t)field->number << 3 | field->type);
    struct hy_wire wire = {field->value, field->end, false};
    if (field->type == HY_WIRE_VARINT) {
        add_number(out, some_number(seed, hy_wire_get(&wire)));
        return;
    }
    struct hy_buffer inner;
    hy_buffer_init(&inner, out->ceiling);
    struct hy_bytes value = hy_bytes(field->value, (size_t)(field->end - field->value));
    mutate(value, &inner, depth + 1, seed);
    if (field->type == HY_WIRE_BYTES) add_number(out, inner.length);
    uint8_t fixed[8] = {0};
    if (field->type == HY_WIRE_BYTES) {
        hy_buffer_add(out, inner.data, inner.length);
    } else {
        if (inner.length > 0) memcpy(fixed, inner.data, inner.length < 8 ? inner.length : 8);
        hy_buffer_add(out, fixed, value.length);
    }
    hy_buffer_free(&inner);
}

// Bytes that are no message: libFuzzer's own way.
static void change_bytes(struct hy_bytes in, struct hy_buffer *out) {
    size_t room = in.length + in.length / 2 + 16;
    uint8_t *bytes = hy_malloc(room);
    if (in.length > 0) memcpy(bytes, in.data, in.length);
    hy_buffer_add(out, bytes, LLVMFuzzerMutate(bytes, in.length, room));
    hy_free(bytes);
}

// Half of the time the one in which a random byte lies: what is long has more in it.
static size_t choose(const struct message *message, unsigned *seed) {
    if (next(seed) % 2 == 0) return next(seed) % message->count;
    size_t total = (size_t)(message->fields[message->count - 1].end - message->fields[0].start);
    const uint8_t *at = message->fields[0].start + next(seed) % total;
    size_t chosen = 0;
    while (message->fields[chosen].end <= at)
        chosen++;
    return chosen;
}

static void rearrange(const struct message *message, struct hy_buffer *out, int depth, unsigned *seed) {
    size_t chosen = choose(message, seed);
    size_t other = next(seed) % message->count;
    uint32_t what = next(seed) % 24;
    for (size_t i = 0; i < message->count; i++) {
        const struct field *field = &message->fields[i];
        if (i == other && (what == 0 || what == 1)) // once more, or moved
            add(out, message->fields[chosen].start, message->fields[chosen].end);
        if (i != chosen) {
            add(out, field->start, field->end);
        } else if (what == 2) { // under another number
            add_number(out, (uint64_t)(1 + next(seed) % 24) << 3 | field->type);
            if (field->type == HY_WIRE_BYTES) add_number(out, (uint64_t)(field->end - field->value));
            add(out, field->value, field->end);
        } else if (what == 0) {
            add(out, field->start, field->end);
        } else if (what > 3) {
            change(field, out, depth, seed);
        } // 1 and 3: gone from here
    }
}

static void add_field(struct hy_buffer *out, unsigned *seed) {
    uint64_t number = 1 + next(seed) % 24;
    bool text = next(seed) % 2 == 0;
    add_number(out, number << 3 | (text ? HY_WIRE_BYTES : HY_WIRE_VARINT));
    add_number(out, text ? 1 : some_number(seed, 0));
    if (text) add_number(out, 'a' + next(seed) % 26);
}

static void mutate(struct hy_bytes in, struct hy_buffer *out, int depth, unsigned *seed) {
    struct message *message = hy_malloc(sizeof *message);
    bool good = depth < DEPTH_LIMIT && read_message(in.data, in.length, message);
    if (!good || next(seed) % 32 == 0) {
        change_bytes(in, out);
    } else if (next(seed) % 8 == 0) {
        hy_buffer_add(out, in.data, in.length);
        add_field(out, seed);
    } else {
        rearrange(message, out, depth, seed);
    }
    hy_free(message);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct hy_buffer out;
    hy_buffer_init(&out, max_size);
    for (uint32_t times = 1 + next(&seed) % 3; times > 0; times--) {
        mutate(hy_bytes(data, size), &out, 0, &seed);
        if (out.failed) break; // does not fit: as it is
        size = out.length;
        if (size > 0) memcpy(data, out.data, size);
        hy_buffer_clear(&out);
    }
    hy_buffer_free(&out);
    return size;
}

// Fields of the one, and behind them fields of the other.
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed) {
    struct message *messages = hy_malloc(2 * sizeof *messages);
    const struct hy_bytes both[] = {{a, a_size}, {b, b_size}};
    struct hy_buffer made;
    hy_buffer_init(&made, max_size);
    for (size_t side = 0; side < 2; side++) {
        if (!read_message(both[side].data, both[side].length, &messages[side])) continue;
        for (size_t i = 0; i < messages[side].count; i++) {
            const struct field *field = &messages[side].fields[i];
            if (next(&seed) % 2 == 0 && made.length + (size_t)(field->end - field->start) <= max_size)
                add(&made, field->start, field->end);
        }
    }
    size_t length = made.length;
    if (length > 0) memcpy(out, made.data, length);
    hy_buffer_free(&made);
    hy_free(messages);
    return length;
}
