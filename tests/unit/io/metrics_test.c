#include "common/io/metrics.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

TestSuite(metrics);

enum { INPUTS, LAG, LATENCY, METRIC_COUNT };

static const struct hy_metric_spec SPECS[METRIC_COUNT] = {
    [INPUTS] = {"huiyuan_inputs_total", HY_COUNTER, "Inputs taken."},
    [LAG] = {"huiyuan_lag", HY_GAUGE, "Inputs \\ waiting\nnow."},
    [LATENCY] = {"huiyuan_commit_seconds", HY_HISTOGRAM_SECONDS, "Time to commit."},
};

static const char *print(const struct hy_metrics *metrics) {
    static char text[64 << 10];
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, sizeof text - 1);
    hy_metrics_print(metrics, &buffer);
    cr_assert_not(buffer.failed);
    memcpy(text, buffer.data, buffer.length);
    text[buffer.length] = '\0';
    hy_buffer_free(&buffer);
    return text;
}

static void should_contain(const char *text, const char *part) {
    cr_assert_not_null(strstr(text, part), "%s is not in:\n%s", part, text);
}

static double value_of(const char *text, const char *name) {
    char start[100];
    snprintf(start, sizeof start, "\n%s ", name);
    const char *at = strstr(text, start);
    cr_assert_not_null(at, "%s", name);
    return strtod(at + strlen(start), NULL);
}

Test(metrics, counters_and_gauges_are_printed_with_help_and_type) {
    struct hy_metrics *metrics = hy_metrics_new(SPECS, METRIC_COUNT);
    hy_metrics_add(metrics, INPUTS, 40);
    hy_metrics_add(metrics, INPUTS, 2);
    hy_metrics_set(metrics, LAG, 7);
    hy_metrics_add(metrics, LAG, -9);
    cr_assert_eq(hy_metrics_value(metrics, INPUTS), 42);
    const char *text = print(metrics);
    should_contain(text, "# HELP huiyuan_inputs_total Inputs taken.\n# TYPE huiyuan_inputs_total counter\n"
                         "huiyuan_inputs_total 42\n");
    should_contain(
        text, "# HELP huiyuan_lag Inputs \\\\ waiting\\nnow.\n# TYPE huiyuan_lag gauge\nhuiyuan_lag -2\n");
    hy_metrics_free(metrics);
}

Test(metrics, a_bucket_holds_all_that_is_not_above_its_bound) {
    struct hy_metrics *metrics = hy_metrics_new(SPECS, METRIC_COUNT);
    hy_metrics_observe_ns(metrics, LATENCY, 0);
    hy_metrics_observe_ns(metrics, LATENCY, 100000); // 0.1 ms exactly
    hy_metrics_observe_ns(metrics, LATENCY, 100001);
    hy_metrics_observe_ns(metrics, LATENCY, 10000000000); // 10 s exactly
    hy_metrics_observe_ns(metrics, LATENCY, 60000000000);
    cr_assert_eq(hy_metrics_value(metrics, LATENCY), 5);
    const char *text = print(metrics);
    should_contain(
        text, "# TYPE huiyuan_commit_seconds histogram\nhuiyuan_commit_seconds_bucket{le=\"0.0001\"} 2\n");
    should_contain(text, "_bucket{le=\"0.00025\"} 3\n");
    should_contain(text, "_bucket{le=\"5\"} 3\n");
    should_contain(text, "_bucket{le=\"10\"} 4\n");
    should_contain(text, "_bucket{le=\"+Inf\"} 5\n");
    should_contain(text, "huiyuan_commit_seconds_sum 70.000200001\nhuiyuan_commit_seconds_count 5\n");
    hy_metrics_free(metrics);
}

Test(metrics, the_process_shows_its_cpu_memory_and_start) {
    struct hy_metrics *metrics = hy_metrics_new(SPECS, METRIC_COUNT);
    // Enough work to show.
    volatile unsigned work = 0;
    for (clock_t end = clock() + CLOCKS_PER_SEC / 20; clock() < end;) {
        work++;
    }
    const char *text = print(metrics);
    cr_assert_geq(value_of(text, "process_cpu_seconds_total"), 0.04);
    cr_assert_gt(value_of(text, "process_resident_memory_bytes"), 1 << 20);
    double age = (double)time(NULL) - value_of(text, "process_start_time_seconds");
    cr_assert(age > -3 && age < 60, "%f", age);
    cr_assert_eq(text[strlen(text) - 1], '\n');
    hy_metrics_free(metrics);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count(void *metrics) {
    for (uint64_t i = 0; i < ROUNDS; i++) {
        hy_metrics_add(metrics, INPUTS, 1);
        hy_metrics_observe_ns(metrics, LATENCY, i * 1000);
    }
    return NULL;
}

Test(metrics, nothing_is_lost_between_threads) {
    struct hy_metrics *metrics = hy_metrics_new(SPECS, METRIC_COUNT);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, count, metrics);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    cr_assert_eq(hy_metrics_value(metrics, INPUTS), (int64_t)THREADS * ROUNDS);
    cr_assert_eq(hy_metrics_value(metrics, LATENCY), (int64_t)THREADS * ROUNDS);
    hy_metrics_free(metrics);
}
