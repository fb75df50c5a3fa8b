// What everybody reads of every log, decoded by hand: the same structs as protobuf-c makes, some five times
// as fast. Anything unusual is left to protobuf-c (common/base/wire_place.h); tests hold the two against each
// other.
#pragma once

#include "common/base/arena.h"
#include "proto/common.pb-c.h"

// In the arena, borrowing nothing from `message`. NULL: it is not a LogMessage.
const Huiyuan__V1__LogMessage *hy_decode_log_message(struct hy_bytes message, struct hy_arena *arena);
