#include "cli/json.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/base/memory.h"

// Length of the UTF-8 sequence at `text`; 0: there is none.
static size_t sequence(const uint8_t *text) {
    uint8_t first = text[0];
    size_t length = first < 0x80    ? 1
                    : first >= 0xf5 ? 0
                    : first >= 0xf0 ? 4
                    : first >= 0xe0 ? 3
                    : first >= 0xc2 ? 2
                                    : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    bool bad = (first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
               (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f);
    return length > 1 && bad ? 0 : length;
}

void json_text(struct hy_buffer *out, const char *text) {
    hy_buffer_add(out, "\"", 1);
    for (const uint8_t *p = (const uint8_t *)text; *p != 0;) {
        size_t length = sequence(p);
        if (length == 0)
            hy_buffer_add(out, "\xef\xbf\xbd", 3);
        else if (*p < 0x20 || *p == 0x7f)
            hy_buffer_printf(out, "\\u%04x", *p);
        else if (*p == '"' || *p == '\\')
            hy_buffer_printf(out, "\\%c", *p);
        else
            hy_buffer_add(out, p, length);
        p += length == 0 ? 1 : length;
    }
    hy_buffer_add(out, "\"", 1);
}

static void add_base64(struct hy_buffer *out, const ProtobufCBinaryData *data) {
    size_t size = sodium_base64_encoded_len(data->len, sodium_base64_VARIANT_ORIGINAL);
    char *text = hy_malloc(size);
    sodium_bin2base64(text, size, data->data, data->len, sodium_base64_VARIANT_ORIGINAL);
    hy_buffer_printf(out, "\"%s\"", text);
    hy_free(text);
}

struct writing {
    struct hy_buffer *out;
    const ProtobufCMessageDescriptor *of;
    json_inside inside;
    const void *context;
};

static void add_bytes(const struct writing *writing, const char *field, const ProtobufCBinaryData *data) {
    const ProtobufCMessageDescriptor *inside =
        writing->inside == NULL ? NULL : writing->inside(writing->of, field, writing->context);
    ProtobufCMessage *message = inside == NULL || data->len == 0
                                    ? NULL
                                    : protobuf_c_message_unpack(inside, NULL, data->len, data->data);
    if (message == NULL) {
        add_base64(writing->out, data);
        return;
    }
    json_message(writing->out, message, writing->inside, writing->context);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void add_choice(struct hy_buffer *out, const ProtobufCFieldDescriptor *field, int32_t value) {
    const ProtobufCEnumValue *choice = protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    if (choice == NULL)
        hy_buffer_printf(out, "%" PRId32, value);
    else
        hy_buffer_printf(out, "\"%s\"", choice->name);
}

#define VALUE(type) (*(const type *)place)

static void add_value(const struct writing *writing, const ProtobufCFieldDescriptor *field,
                      const void *place) {
    struct hy_buffer *out = writing->out;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: hy_buffer_printf(out, "%" PRId32, VALUE(int32_t)); break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: hy_buffer_printf(out, "%" PRIu32, VALUE(uint32_t)); break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: hy_buffer_printf(out, "%" PRId64, VALUE(int64_t)); break;
    case PROTOBUF_C_TYPE_UINT64: hy_buffer_printf(out, "%" PRIu64, VALUE(uint64_t)); break;
    case PROTOBUF_C_TYPE_FIXED64: hy_buffer_printf(out, "\"%016" PRIx64 "\"", VALUE(uint64_t)); break;
    case PROTOBUF_C_TYPE_FLOAT: hy_buffer_printf(out, "%.9g", (double)VALUE(float)); break;
    case PROTOBUF_C_TYPE_DOUBLE: hy_buffer_printf(out, "%.17g", VALUE(double)); break;
    case PROTOBUF_C_TYPE_BOOL:
        hy_buffer_printf(out, "%s", VALUE(protobuf_c_boolean) ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM: add_choice(out, field, VALUE(int32_t)); break;
    case PROTOBUF_C_TYPE_STRING: json_text(out, VALUE(char *) == NULL ? "" : VALUE(char *)); break;
    case PROTOBUF_C_TYPE_BYTES: add_bytes(writing, field->name, place); break;
    case PROTOBUF_C_TYPE_MESSAGE:
        json_message(out, VALUE(ProtobufCMessage *), writing->inside, writing->context);
        break;
    }
}

static size_t size_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 4;
    }
}

static bool is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const unsigned char *base = (const unsigned char *)message;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
    return field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED ||
           *(void *const *)(const void *)(base + field->offset) != NULL;
}

static void add_list(const struct writing *writing, const ProtobufCFieldDescriptor *field,
                     const unsigned char *base) {
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const unsigned char *items = *(unsigned char *const *)(const void *)(base + field->offset);
    hy_buffer_add(writing->out, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) hy_buffer_add(writing->out, ",", 1);
        add_value(writing, field, items + i * size_of(field->type));
    }
    hy_buffer_add(writing->out, "]", 1);
}

void json_fields(struct hy_buffer *out, const ProtobufCMessage *message, json_inside inside,
                 const void *context, bool first) {
    const struct writing writing = {out, message->descriptor, inside, context};
    const unsigned char *base = (const unsigned char *)message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!is_there(message, field)) continue;
        hy_buffer_printf(out, "%s\"%s\":", first ? "" : ",", field->name);
        first = false;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            add_list(&writing, field, base);
        else
            add_value(&writing, field, base + field->offset);
    }
}

void json_message(struct hy_buffer *out, const ProtobufCMessage *message, json_inside inside,
                  const void *context) {
    hy_buffer_add(out, "{", 1);
    json_fields(out, message, inside, context, true);
    hy_buffer_add(out, "}", 1);
}

// --- for people ---

static bool holds_bytes(const ProtobufCMessageDescriptor *of) {
    for (unsigned i = 0; i < of->n_fields; i++) {
        if (of->fields[i].type == PROTOBUF_C_TYPE_BYTES) return true;
    }
    return false;
}

static bool is_empty(const ProtobufCFieldDescriptor *field, const void *place) {
    static const unsigned char zero[sizeof(uint64_t)];
    if (field->type == PROTOBUF_C_TYPE_STRING) return VALUE(char *) == NULL || VALUE(char *)[0] == '\0';
    return memcmp(place, zero, size_of(field->type)) == 0;
}

static void add_word(const struct writing *writing, const ProtobufCFieldDescriptor *field,
                     const void *place) {
    hy_buffer_printf(writing->out, " %s=", field->name);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && holds_bytes(field->descriptor))
        hy_buffer_printf(writing->out, "(sealed 已加密)");
    else
        add_value(writing, field, place);
}

void json_words(struct hy_buffer *out, const ProtobufCMessage *message) {
    const struct writing writing = {out, message->descriptor, NULL, NULL};
    const unsigned char *base = (const unsigned char *)message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const void *place = base + field->offset;
        if (!is_there(message, field) || field->type == PROTOBUF_C_TYPE_BYTES) continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            if (*(const size_t *)(const void *)(base + field->quantifier_offset) == 0) continue;
            hy_buffer_printf(out, " %s=", field->name);
            add_list(&writing, field, base);
        } else if (field->type == PROTOBUF_C_TYPE_ENUM && strcmp(field->name, "kind") == 0) {
            hy_buffer_printf(out, " ");
            add_choice(out, field, VALUE(int32_t));
        } else if (!is_empty(field, place)) {
            add_word(&writing, field, place);
        }
    }
}
