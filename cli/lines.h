// The last N lines that were written, of several partitions, in the order of time.
#pragma once

#include "common/base/bytes.h"

struct line {
    int64_t at_ms;
    uint64_t order; // among those of the same time
    char *text;
};

struct lines {
    struct line *items; // ring
    size_t limit;       // 0: none are kept, each is printed at once
    uint64_t count;     // ever
};

void lines_init(struct lines *lines, size_t limit);
void lines_free(struct lines *lines);
void lines_add(struct lines *lines, int64_t at_ms, struct hy_bytes text);
// Prints the last `limit` of all of them together.
void lines_print(const struct lines *of, size_t count, size_t limit);
