// Records and messages in words: one line each, for people or (json) for programs.
#pragma once

#include "common/base/bytes.h"
#include "common/stage/brain.h"
#include "proto/common.pb-c.h"

// Where a record stands.
struct words_place {
    uint32_t partition;
    int64_t offset; // of the message
    uint64_t seq;
    uint32_t index;
    int64_t recorded_at_ms;
};

const char *words_outcome(Huiyuan__V1__Outcome outcome); // "accepted"
// A record of the brain's log, appended without a line end.
void words_record(struct hy_buffer *out, const struct hy_brain *brain, const struct words_place *place,
                  const Huiyuan__V1__Record *record);
void words_record_json(struct hy_buffer *out, const struct hy_brain *brain, const struct words_place *place,
                       const Huiyuan__V1__Record *record);
// A message of another topic. `name`: that of its message type, as in proto/topics.h.
void words_message(struct hy_buffer *out, const char *name, uint32_t partition, int64_t offset,
                   struct hy_bytes key, struct hy_bytes value, bool json);
