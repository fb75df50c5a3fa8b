#include "bench/latencies.h"

#include <stdlib.h>

#include "common/base/memory.h"

void latencies_add(struct latencies *latencies, uint64_t ns) {
    if (latencies->count == latencies->capacity) {
        latencies->capacity = latencies->capacity == 0 ? 4096 : latencies->capacity * 2;
        latencies->ns = hy_realloc(latencies->ns, latencies->capacity * sizeof *latencies->ns);
    }
    latencies->ns[latencies->count++] = ns;
}

void latencies_free(struct latencies *latencies) {
    hy_free(latencies->ns);
    *latencies = (struct latencies){0};
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The smallest measured time that at least `share` of all do not exceed.
static double quantile_ms(const struct latencies *latencies, double share) {
    if (latencies->count == 0) return 0;
    size_t place = (size_t)(share * (double)latencies->count);
    if (place >= latencies->count) place = latencies->count - 1;
    return (double)latencies->ns[place] / 1e6;
}

void latencies_print(struct latencies *latencies, FILE *out) {
    if (latencies->count > 0) qsort(latencies->ns, latencies->count, sizeof *latencies->ns, ascending);
    fprintf(
        out,
        "{\"count\":%zu,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f}",
        latencies->count, quantile_ms(latencies, 0.5), quantile_ms(latencies, 0.9),
        quantile_ms(latencies, 0.99), quantile_ms(latencies, 0.999), quantile_ms(latencies, 1));
}
