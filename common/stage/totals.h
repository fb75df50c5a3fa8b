// What a partition knows beside its members: tallies, and the emission numbers in both directions. In Redis
// it is part of the watermark, so it changes together with it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/stage/brain.h"
#include "proto/projection.pb-c.h"

// The highest emission number to or from each partition of each log.
struct hy_mark {
    char log[32];
    uint32_t partition;
    uint64_t number;
};

struct hy_marks {
    struct hy_mark *items;
    size_t count;
    size_t capacity;
};

struct hy_totals {
    int64_t tallies[HY_TALLIES_LIMIT];
    uint64_t members;
    struct hy_marks emitted;
    struct hy_marks taken;
};

void hy_totals_free(struct hy_totals *totals);
uint64_t hy_marks_get(const struct hy_marks *marks, const char *log, uint32_t partition); // 0: none yet
void hy_marks_raise(struct hy_marks *marks, const char *log, uint32_t partition,
                    uint64_t number); // never lowers

// What a record means to the totals: tallies (when accepted), members, marks.
void hy_totals_apply(struct hy_totals *totals, const struct hy_brain *brain,
                     const Huiyuan__V1__Record *record, const ProtobufCMessage *body);

// Where the projection of a partition stands.
struct hy_place {
    uint64_t seq; // 0: none
    int64_t offset;
    uint64_t claim;
};

// The Watermark, appended to `out`. `unsent`: the first block that may have unsent emissions; seq 0: none.
void hy_watermark_save(const struct hy_place *place, const struct hy_place *unsent,
                       const struct hy_totals *totals, size_t tally_count, struct hy_buffer *out);
// The bytes of a Watermark (none: before the first block) with an opening at their end.
enum { HY_OPENING_BYTES = 9 };
void hy_watermark_open(struct hy_bytes saved, uint64_t opening, struct hy_buffer *out);
uint64_t hy_watermark_opening(struct hy_bytes saved); // 0: none
bool hy_watermark_is_open(struct hy_bytes saved);
// False: not a Watermark. `ret_totals` must be empty; may be NULL, as may `ret_unsent`.
bool hy_watermark_load(struct hy_bytes saved, struct hy_place *ret_place, struct hy_place *ret_unsent,
                       struct hy_totals *ret_totals);
