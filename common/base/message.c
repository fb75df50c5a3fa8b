#include "common/base/message.h"

#include "common/base/memory.h"

static void *allocate(void *unused, size_t size) {
    (void)unused;
    return hy_malloc(size);
}

static void release(void *unused, void *memory) {
    (void)unused;
    hy_free(memory);
}

static ProtobufCAllocator heap = {allocate, release, NULL};

// The messages in a field of this one, as protobuf-c keeps them.
static size_t messages_in(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          ProtobufCMessage *const **ret_list) {
    const unsigned char *base = (const unsigned char *)message;
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    uint32_t chosen = field->id;
    size_t count = 1;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) return 0;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
    if (repeated) memcpy(&count, base + field->quantifier_offset, sizeof count);
    if (chosen != field->id || count == 0) return 0;
    *ret_list = (ProtobufCMessage *const *)(const void *)(base + field->offset);
    if (repeated) memcpy(ret_list, base + field->offset, sizeof *ret_list);
    return (*ret_list)[0] == NULL ? 0 : count;
}

bool hy_message_is_sound(const ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        if (message->unknown_fields[i].tag == 0) return false;
    }
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        ProtobufCMessage *const *list;
        size_t count = messages_in(message, &message->descriptor->fields[i], &list);
        for (size_t k = 0; k < count; k++) {
            if (!hy_message_is_sound(list[k])) return false;
        }
    }
    return true;
}

void *hy_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct hy_bytes bytes) {
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &heap, bytes.length, bytes.data);
    if (message == NULL || hy_message_is_sound(message)) return message;
    hy_message_free(message);
    return NULL;
}

void *hy_message_copy(const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = hy_malloc(size + 1);
    protobuf_c_message_pack(message, bytes);
    void *copy = hy_message_unpack(message->descriptor, hy_bytes(bytes, size));
    hy_free(bytes);
    return copy;
}

void hy_message_pack(const ProtobufCMessage *message, struct hy_buffer *out) {
    uint8_t *p = hy_buffer_extend(out, protobuf_c_message_get_packed_size(message));
    if (p != NULL) protobuf_c_message_pack(message, p);
}

void hy_message_free(ProtobufCMessage *message) {
    if (message != NULL) protobuf_c_message_free_unpacked(message, &heap);
}
