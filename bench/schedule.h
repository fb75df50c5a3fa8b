// Which purchases of a run are published when, and which of them are followed until they are visible.
#pragma once

#include <stdint.h>

#include "bench/options.h"

// A purchase that is followed: when the state of its member shows this much, it is visible.
struct sample {
    uint64_t place; // in the run, from 0
    uint32_t member;
    uint64_t purchases;
    int64_t balance;
};

struct schedule {
    const struct bench_options *options;
    struct sample *samples; // by place
    size_t count;
    uint64_t began_ns; // set when the first is published
};

struct schedule schedule_make(const struct bench_options *options);
void schedule_free(struct schedule *schedule);
uint64_t schedule_due_ns(const struct schedule *schedule, uint64_t place);
