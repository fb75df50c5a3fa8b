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

void *hy_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct hy_bytes bytes) {
    return protobuf_c_message_unpack(descriptor, &heap, bytes.length, bytes.data);
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
