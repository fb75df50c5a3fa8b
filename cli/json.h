// Protobuf messages as JSON, by their descriptors: names as in the .proto files, choices by name, fixed64
// (hashes, claims) as hexadecimal text, bytes as base64.
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/base/bytes.h"

// Bytes that are a message themselves: its descriptor; NULL: they stay bytes. May be NULL itself.
typedef const ProtobufCMessageDescriptor *(*json_inside)(const ProtobufCMessageDescriptor *of,
                                                         const char *field, const void *context);

void json_message(struct hy_buffer *out, const ProtobufCMessage *message, json_inside inside,
                  const void *context);
// The fields alone, without braces, each with a comma before it unless it is the first.
void json_fields(struct hy_buffer *out, const ProtobufCMessage *message, json_inside inside,
                 const void *context, bool first);
// One line for people: " KIND name=value …", of the fields that are set; bytes are left out.
void json_words(struct hy_buffer *out, const ProtobufCMessage *message);
// In quotes; what is not UTF-8 becomes U+FFFD.
void json_text(struct hy_buffer *out, const char *text);
