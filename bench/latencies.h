// Measured times, all kept: percentiles are exact.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct latencies {
    uint64_t *ns;
    size_t count, capacity;
};

void latencies_add(struct latencies *latencies, uint64_t ns);
void latencies_free(struct latencies *latencies);
// {"count":…,"p50_ms":…,"p90_ms":…,"p99_ms":…,"p999_ms":…,"max_ms":…}; sorts them.
void latencies_print(struct latencies *latencies, FILE *out);
