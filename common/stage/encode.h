// The messages that the stage writes for every input, encoded by hand: byte for byte what protobuf-c would
// write.
#pragma once

#include "common/base/bytes.h"
#include "proto/common.pb-c.h"
#include "proto/projection.pb-c.h"

// Each appends to `out`, as an element of the repeated field `field`.
void hy_encode_record(const Huiyuan__V1__Record *record, uint32_t field, struct hy_buffer *out);
void hy_encode_receipt(const Huiyuan__V1__Receipt *receipt, uint32_t field, struct hy_buffer *out);
// Without the tail, which the caller has encoded already.
void hy_encode_member_state(const Huiyuan__V1__MemberState *state, struct hy_buffer *out);
