// Prometheus metrics from one table a service. Counters and gauges are lock-free; histograms have fixed
// buckets.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum hy_metric_type { HY_COUNTER, HY_GAUGE, HY_HISTOGRAM_SECONDS };

struct hy_metric_spec {
    const char *name; // huiyuan_…_total, huiyuan_…_seconds; counters and gauges may carry labels:
                      // "…_total{route=\"x\"}", then those of one name stand together and the first one's
                      // help is for all
    enum hy_metric_type type;
    const char *help;
};

struct hy_metrics;

// The specs must outlive it; metric i of the table is index i in the calls below. Safe from any thread.
struct hy_metrics *hy_metrics_new(const struct hy_metric_spec *specs, size_t count);
void hy_metrics_free(struct hy_metrics *metrics);
void hy_metrics_add(struct hy_metrics *metrics, size_t index, int64_t amount);
void hy_metrics_set(struct hy_metrics *metrics, size_t index, int64_t value);
void hy_metrics_observe_ns(struct hy_metrics *metrics, size_t index, uint64_t nanoseconds);
int64_t hy_metrics_value(const struct hy_metrics *metrics, size_t index);
// Text exposition format 0.0.4; also the process's own CPU and memory.
void hy_metrics_print(const struct hy_metrics *metrics, struct hy_buffer *out);
