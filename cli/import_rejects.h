// FILE.rejects.csv: what was not sent, and why. Made at the first reject.
#pragma once

#include <stdio.h>

#include <stdio.h>

#include "cli/import_item.h"

struct import_rejects {
    const char *path; // "-": stderr
    FILE *out;        // NULL: not opened yet
    uint64_t bytes;   // written; before the file is opened: to be kept of it
};

// False, with a line on stderr, when it cannot be written.
bool import_rejects_add(struct import_rejects *rejects, const struct import_item *item);
bool import_rejects_flush(struct import_rejects *rejects);
void import_rejects_close(struct import_rejects *rejects);
