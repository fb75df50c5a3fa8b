#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/base/wire.h"

struct hy_arena *fuzz_arena(void) {
    static struct hy_arena arena;
    static bool begun;
    if (!begun) hy_arena_init(&arena);
    begun = true;
    hy_arena_reset(&arena);
    return &arena;
}

void fuzz_broken(const char *file, int line, const char *promise) {
    fprintf(stderr, "%s:%d: the promise is broken: %s\n", file, line, promise);
    abort();
}

// Chinese characters and their punctuation begin with E3 … E9 in UTF-8, full-width forms with EF; "…" does
// not.
static bool has_chinese(const char *text) {
    for (const uint8_t *p = (const uint8_t *)text; *p != '\0'; p++) {
        if (*p >= 0xE3 && *p <= 0xE9) return true;
    }
    return false;
}

static bool has_word(const char *text) {
    for (size_t run = 0; *text != '\0'; text++) {
        run = isalpha((unsigned char)*text) ? run + 1 : 0;
        if (run >= 2) return true;
    }
    return false;
}

bool fuzz_is_bilingual(const char *text) {
    return has_chinese(text) || !has_word(text);
}

static bool names_a_field(enum hy_code code) {
    return code == HY_MISSING_FIELD || code == HY_INVALID_FIELD || code == HY_UNKNOWN_FIELD ||
           code == HY_AMOUNT_MISMATCH;
}

void fuzz_check_refusal(struct hy_error error) {
    PROMISE(error.code > HY_OK && error.code < HY_CODE_COUNT);
    PROMISE(hy_code_disposition(error.code) == HY_REJECT);
    PROMISE(strlen(hy_code_english(error.code)) > 0 && has_chinese(hy_code_chinese(error.code)));
    PROMISE(!names_a_field(error.code) || (error.field != NULL && error.field[0] != '\0'));
    if (error.detail == NULL || fuzz_is_bilingual(error.detail)) return;
    fprintf(stderr, "%s %s: %s\n", hy_code_name(error.code), error.field, error.detail);
    PROMISE(fuzz_is_bilingual(error.detail));
}

// How many values a field has; *ret_value is the first, or the list of them.
static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       const void **ret_value) {
    const unsigned char *base = (const unsigned char *)message;
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    uint32_t chosen = field->id;
    size_t count = 1;
    *ret_value = base + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
    if (repeated) memcpy(&count, base + field->quantifier_offset, sizeof count);
    if (chosen != field->id || count == 0) return 0;
    if (repeated) memcpy(ret_value, base + field->offset, sizeof *ret_value);
    return count;
}

// The messages below this one.
static size_t messages_of(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          ProtobufCMessage *const **ret_messages) {
    const void *value;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) return 0;
    size_t count = count_of(message, field, &value);
    *ret_messages = value;
    return count > 0 && (*ret_messages)[0] != NULL ? count : 0;
}

void fuzz_strip(ProtobufCMessage *message) {
    message->n_unknown_fields = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        ProtobufCMessage *const *below;
        size_t count = messages_of(message, &message->descriptor->fields[i], &below);
        for (size_t k = 0; k < count; k++)
            fuzz_strip(below[k]);
    }
}

// Signed numbers alone: money, points, times, and days in 32 bits.
static bool numbers_are_moderate(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    bool wide = field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_SINT64;
    if (!wide && field->type != PROTOBUF_C_TYPE_INT32 && field->type != PROTOBUF_C_TYPE_SINT32) return true;
    const int64_t most = INT64_C(1) << (wide ? 52 : 25);
    const void *values;
    size_t count = count_of(message, field, &values);
    for (size_t i = 0; i < count; i++) {
        int64_t number = wide ? ((const int64_t *)values)[i] : ((const int32_t *)values)[i];
        if (number > most || number < -most) return false;
    }
    return true;
}

static bool field_is_moderate(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (!numbers_are_moderate(message, field)) return false;
    ProtobufCMessage *const *below;
    size_t count = messages_of((ProtobufCMessage *)(uintptr_t)message, field, &below);
    for (size_t i = 0; i < count; i++) {
        if (!fuzz_is_moderate(below[i])) return false;
    }
    return true;
}

bool fuzz_is_moderate(const ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (!field_is_moderate(message, &message->descriptor->fields[i])) return false;
    }
    return true;
}

struct hy_bytes fuzz_pack(const ProtobufCMessage *message, struct hy_arena *arena) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = hy_arena_alloc(arena, size + 1);
    return hy_bytes(bytes, protobuf_c_message_pack(message, bytes));
}

struct hy_bytes fuzz_file(const char *path) {
    FILE *file = fopen(path, "rb");
    enum { LIMIT_BYTES = 1 << 20 };
    char *text = hy_calloc(1, LIMIT_BYTES + 1);
    size_t length = file == NULL ? 0 : fread(text, 1, LIMIT_BYTES, file);
    if (length == 0) {
        fprintf(stderr, "%s cannot be read: fuzz targets run in the root of the repository\n", path);
        abort();
    }
    fclose(file);
    return hy_bytes(text, length);
}

struct fuzz_parts fuzz_parts(const uint8_t *data, size_t size) {
    return (struct fuzz_parts){data, data + size};
}

bool fuzz_next(struct fuzz_parts *parts, struct fuzz_part *ret_part) {
    struct hy_wire wire = {parts->p, parts->end, false};
    if (wire.p >= wire.end) return false;
    uint64_t tag = hy_wire_get(&wire);
    const uint8_t *start = wire.p;
    *ret_part = (struct fuzz_part){.field = (uint32_t)(tag >> 3)};
    if ((tag & 7) == HY_WIRE_BYTES) {
        ret_part->bytes = hy_wire_get_bytes(&wire);
        ret_part->number = ret_part->bytes.length;
    } else if ((tag & 7) == HY_WIRE_VARINT) {
        ret_part->number = hy_wire_get(&wire);
        ret_part->bytes = hy_bytes(start, (size_t)(wire.p - start));
    } else {
        return false;
    }
    parts->p = wire.p;
    return !wire.bad;
}

const char *fuzz_text(const struct fuzz_part *part, struct hy_arena *arena) {
    return hy_arena_string(arena, (const char *)part->bytes.data, part->bytes.length);
}
