// protobuf messages on the heap: states that are one message, as it stands in Redis, and parts of them.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "common/base/bytes.h"

// That what protobuf-c writes of this message can be read again: it takes an unknown field with the number 0
// when its tag is two bytes long, and writes one byte, which nobody reads. Whatever will be written again is
// asked for this once, where it comes in.
bool hy_message_is_sound(const ProtobufCMessage *message);
// All of its own; NULL when the bytes are no such message. Free with hy_message_free, parts too: they may be
// moved from one message to another.
void *hy_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct hy_bytes bytes);
// A copy that borrows nothing. `message` may borrow from anywhere.
void *hy_message_copy(const ProtobufCMessage *message);
// Its bytes, appended to `out`.
void hy_message_pack(const ProtobufCMessage *message, struct hy_buffer *out);
void hy_message_free(ProtobufCMessage *message); // NULL is allowed
