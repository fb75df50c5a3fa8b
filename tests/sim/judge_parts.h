// What both judges need: emission marks, and receipts held against records. Code of the judges' own, not the
// stage's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/common.pb-c.h"
#include "proto/projection.pb-c.h"

enum { JUDGE_PAGE_RECEIPTS = 16 }; // as docs/architecture.md says: judges ask nobody

enum { JUDGE_MARKS = 24 };

// Highest emission numbers, to or from one partition of one log.
struct judge_marks {
    struct judge_mark {
        const char *log;
        uint32_t partition;
        uint64_t number;
    } items[JUDGE_MARKS];
    size_t count;
};

uint64_t judge_marks_get(const struct judge_marks *marks, const char *log, uint32_t partition);
// More than JUDGE_MARKS end the process: the simulation is larger than its judge.
void judge_marks_set(struct judge_marks *marks, const char *log, uint32_t partition, uint64_t number);

// True when the receipt says what the record of that place says.
bool judge_receipt_is_of(const Huiyuan__V1__Receipt *receipt, uint64_t entry,
                         const Huiyuan__V1__Record *record, uint64_t seq, uint32_t index);
