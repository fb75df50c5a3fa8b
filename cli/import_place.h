// A place in a file up to which everything is settled: sent and acknowledged, or rejected.
#pragma once

#include <stdint.h>

struct import_place {
    uint64_t offset;
    uint64_t line;                      // number of the line there
    uint64_t rows, purchases, rejected; // before it
    uint64_t rejects_bytes;             // of the reject file
};
