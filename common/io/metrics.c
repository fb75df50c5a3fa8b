#include "common/io/metrics.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/memory.h"

enum { BUCKETS = 16, CACHE_LINE = 64 };

static const struct {
    uint64_t nanoseconds; // inclusive
    const char *seconds;
} BOUNDS[BUCKETS] = {
    {100000, "0.0001"},  {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},
    {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"},
    {50000000, "0.05"},  {100000000, "0.1"},  {250000000, "0.25"}, {500000000, "0.5"},
    {1000000000, "1"},   {2500000000, "2.5"}, {5000000000, "5"},   {10000000000, "10"},
};

// A cache line (or several) of its own, so that two busy metrics do not slow each other.
struct metric {
    alignas(CACHE_LINE) _Atomic int64_t value; // counters and gauges
    _Atomic uint64_t sum_ns;                   // histograms, with the buckets; the last is +Inf
    _Atomic uint64_t buckets[BUCKETS + 1];
};

struct hy_metrics {
    const struct hy_metric_spec *specs;
    size_t count;
    double process_start; // Unix time
    struct metric *metrics;
};

// From the kernel's own note of when the process began (clock ticks since boot; 20 fields behind the name's
// last ')').
static double process_start_seconds(void) {
    struct timespec now = {0};
    struct timespec since_boot = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    unsigned long long ticks = 0;
    char stat[1024] = "";
    FILE *file = fopen("/proc/self/stat", "re");
    if (file != NULL) {
        stat[fread(stat, 1, sizeof stat - 1, file)] = '\0';
        fclose(file);
    }
    const char *at = strrchr(stat, ')');
    for (int field = 0; at != NULL && field < 20; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at != NULL) ticks = strtoull(at, NULL, 10);
    double age = (double)since_boot.tv_sec - (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return ticks > 0 ? (double)now.tv_sec - age : (double)now.tv_sec;
}

struct hy_metrics *hy_metrics_new(const struct hy_metric_spec *specs, size_t count) {
    struct hy_metrics *metrics = hy_calloc(1, sizeof *metrics);
    metrics->specs = specs;
    metrics->count = count;
    metrics->process_start = process_start_seconds();
    metrics->metrics = hy_aligned_calloc(CACHE_LINE, count, sizeof *metrics->metrics);
    return metrics;
}

void hy_metrics_free(struct hy_metrics *metrics) {
    if (metrics == NULL) return;
    hy_free(metrics->metrics);
    hy_free(metrics);
}

void hy_metrics_add(struct hy_metrics *metrics, size_t index, int64_t amount) {
    atomic_fetch_add_explicit(&metrics->metrics[index].value, amount, memory_order_relaxed);
}

void hy_metrics_set(struct hy_metrics *metrics, size_t index, int64_t value) {
    atomic_store_explicit(&metrics->metrics[index].value, value, memory_order_relaxed);
}

void hy_metrics_observe_ns(struct hy_metrics *metrics, size_t index, uint64_t nanoseconds) {
    size_t bucket = 0;
    while (bucket < BUCKETS && nanoseconds > BOUNDS[bucket].nanoseconds) {
        bucket++;
    }
    struct metric *metric = &metrics->metrics[index];
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->sum_ns, nanoseconds, memory_order_relaxed);
}

int64_t hy_metrics_value(const struct hy_metrics *metrics, size_t index) {
    const struct metric *metric = &metrics->metrics[index];
    if (metrics->specs[index].type != HY_HISTOGRAM_SECONDS) {
        return atomic_load_explicit(&metric->value, memory_order_relaxed);
    }
    uint64_t count = 0;
    for (size_t i = 0; i <= BUCKETS; i++) {
        count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
    }
    return (int64_t)count;
}

static void print_head(const char *name, const char *type, const char *help, struct hy_buffer *out) {
    hy_buffer_printf(out, "# HELP %s ", name);
    for (; *help != '\0'; help++) {
        if (*help == '\\' || *help == '\n') {
            hy_buffer_printf(out, "\\%c", *help == '\n' ? 'n' : '\\');
        } else {
            hy_buffer_add(out, help, 1);
        }
    }
    hy_buffer_printf(out, "\n# TYPE %s %s\n", name, type);
}

// The count is the sum of what was read, so that it always equals the +Inf bucket, whoever observes
// meanwhile.
static void print_histogram(const char *name, const struct metric *metric, struct hy_buffer *out) {
    uint64_t count = 0;
    for (size_t i = 0; i <= BUCKETS; i++) {
        count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        const char *bound = i < BUCKETS ? BOUNDS[i].seconds : "+Inf";
        hy_buffer_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bound, count);
    }
    uint64_t sum_ns = atomic_load_explicit(&metric->sum_ns, memory_order_relaxed);
    hy_buffer_printf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, sum_ns / 1000000000,
                     sum_ns % 1000000000);
    hy_buffer_printf(out, "%s_count %" PRIu64 "\n", name, count);
}

static long resident_bytes(void) {
    long total = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    char line[128] = "";
    if (fgets(line, sizeof line, file) != NULL) {
        char *end;
        total = strtol(line, &end, 10);
        resident = strtol(end, NULL, 10);
    }
    fclose(file);
    return total > 0 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

static void print_process(const struct hy_metrics *metrics, struct hy_buffer *out) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    print_head("process_cpu_seconds_total", "counter", "User and system CPU time of the process.", out);
    hy_buffer_printf(out, "process_cpu_seconds_total %.6f\n", cpu);
    print_head("process_resident_memory_bytes", "gauge", "Resident memory of the process.", out);
    hy_buffer_printf(out, "process_resident_memory_bytes %ld\n", resident_bytes());
    print_head("process_start_time_seconds", "gauge", "Unix time at which the process started.", out);
    hy_buffer_printf(out, "process_start_time_seconds %.2f\n", metrics->process_start);
}

// Labelled metrics of one name share one head.
static void print_spec_head(const struct hy_metrics *metrics, size_t index, struct hy_buffer *out) {
    static const char *const TYPES[] = {"counter", "gauge", "histogram"};
    const struct hy_metric_spec *spec = &metrics->specs[index];
    size_t length = strcspn(spec->name, "{");
    const char *before = index > 0 ? spec[-1].name : "";
    if (strcspn(before, "{") == length && strncmp(before, spec->name, length) == 0) return;
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)length, spec->name);
    print_head(name, TYPES[spec->type], spec->help, out);
}

void hy_metrics_print(const struct hy_metrics *metrics, struct hy_buffer *out) {
    for (size_t i = 0; i < metrics->count; i++) {
        const struct hy_metric_spec *spec = &metrics->specs[i];
        print_spec_head(metrics, i, out);
        if (spec->type == HY_HISTOGRAM_SECONDS) {
            print_histogram(spec->name, &metrics->metrics[i], out);
        } else {
            hy_buffer_printf(out, "%s %" PRId64 "\n", spec->name, hy_metrics_value(metrics, i));
        }
    }
    print_process(metrics, out);
}
