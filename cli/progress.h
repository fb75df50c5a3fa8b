// How far a long work is, on stderr: a bar on a terminal, else a line every few seconds.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;
    bool terminal;
    bool shown;
    uint64_t began_ns, shown_ns;
    uint64_t first; // what was done before it began
};

void progress_begin(struct progress *progress, const char *what, uint64_t done);
// True when it is time to show something again: then call progress_show.
bool progress_due(struct progress *progress);
// `total` 0: not known. `detail`: counts and rates, in words.
void progress_show(struct progress *progress, uint64_t done, uint64_t total, const char *detail);
// Takes the bar away.
void progress_end(struct progress *progress);
double progress_seconds(const struct progress *progress);
