// What both readers of import_item.h are. Private to them.
#pragma once

#include "cli/import_item.h"

struct import_reader {
    struct source *source;
    uint64_t line; // number of the line that comes next
    bool ahead;    // something of the next purchase was read already
    bool (*next)(struct import_reader *reader, struct hy_arena *arena, struct import_item *ret_item);
    void (*close)(struct import_reader *reader);
};
