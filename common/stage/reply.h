// The answer that a durable record gives to its caller, as Redis keeps it. In projector.c; also for who
// checks what is kept there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/stage/keys.h"
#include "common/stage/totals.h"

// Waiting to be published and kept.
struct hy_reply {
    struct hy_reply *next;
    char command_id[HY_COMMAND_ID_BYTES];
    char reply_to[HY_REPLY_TO_BYTES];
    int64_t recorded_at_ms;
    uint32_t length;
    uint8_t bytes[]; // an Answer
};

// Somebody asked, and this record settles it: not one that only passes the input on.
bool reply_due(const Huiyuan__V1__Record *record);
// Free with hy_free.
struct hy_reply *reply_new(const Huiyuan__V1__Record *record, const struct hy_place *block,
                           uint32_t partition, uint32_t index, int64_t recorded_at_ms);
