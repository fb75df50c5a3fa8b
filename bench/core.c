// bench_core: the stage with accrual as its brain, on a Kafka and a Redis that only say yes: what the
// decision itself costs, one thread, no system calls. Prints nanoseconds an input, and the memory that is
// kept.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/null_bus.h"
#include "bench/options.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/crypto.h"
#include "common/io/heap.h"
#include "common/io/log.h"
#include "common/io/zone.h"
#include "common/stage/stage.h"
#include "proto/program.pb-c.h"
#include "services/accrual/accrual.h"

enum { WINDOW_DAYS = 90, MS_A_DAY = 86400000 };

static struct hy_bytes program_message(const char *file, struct hy_arena *arena) {
    struct hy_buffer text;
    hy_buffer_init(&text, (size_t)1024 * 1024);
    FILE *in = fopen(file, "rb");
    if (in == NULL) exit(2);
    char bytes[4096];
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, in)) > 0;)
        hy_buffer_add(&text, bytes, got);
    fclose(in);
    Huiyuan__V1__ProgramVersion version = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    version.program = (char *)(uintptr_t) "bench";
    version.version = 1;
    version.kind = HUIYUAN__V1__DOCUMENT_KIND__PROGRAM;
    version.yaml = (ProtobufCBinaryData){text.length, text.data};
    size_t size = huiyuan__v1__program_version__get_packed_size(&version);
    uint8_t *packed = hy_arena_alloc(arena, size);
    huiyuan__v1__program_version__pack(&version, packed);
    hy_buffer_free(&text);
    return hy_bytes(packed, size);
}

static void fill(struct hy_bus *bus, const struct shopping *shopping) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct basket basket;
    for (uint64_t i = shopping->first; i < shopping->first + shopping->count; i++) {
        hy_arena_reset(&arena);
        shopping_make(shopping, i, &basket);
        null_bus_publish(bus, "purchases", basket.partition, basket_encode(&basket, &arena));
    }
    hy_arena_free(&arena);
}

static int64_t metric(const struct hy_metrics *metrics, const char *name) {
    for (size_t i = 0; i < hy_stage_metric_count; i++) {
        if (strcmp(hy_stage_metrics[i].name, name) == 0) return hy_metrics_value(metrics, i);
    }
    return -1;
}

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static long kept_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

int main(int argc, char **argv) {
    hy_heap_init();
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_core", "bench", "warn");
    hy_crypto_init();
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct accrual accrual;
    accrual_init(&accrual, hy_zone_load);
    struct hy_brain brain = accrual_brain(&accrual, (int64_t)WINDOW_DAYS * MS_A_DAY);
    struct hy_metrics *metrics = hy_metrics_new(hy_stage_metrics, hy_stage_metric_count);
    struct hy_stage_options stage_options = hy_stage_defaults();
    stage_options.partitions = options.shopping.partitions;
    stage_options.claim_seed = 1;
    struct hy_stage *stage = hy_stage_new(&stage_options, &brain, metrics);
    struct hy_bus_options bus_options = {.partitions = stage_options.partitions};
    struct hy_bus_events events = hy_stage_events(stage);
    struct hy_bus *bus = hy_bus_open(&bus_options, &events);
    null_bus_publish(bus, "program", 0, program_message(options.program_file, &arena));
    fill(bus, &options.shopping);
    struct hy_store *store = hy_store_open("");
    hy_stage_attach(stage, bus, store);
    long before_kib = kept_kib();
    uint64_t began_ns = cpu_ns();
    while (metric(metrics, "huiyuan_inputs_total") < (int64_t)options.shopping.count ||
           hy_store_pending(store) > 0) {
        hy_bus_poll(bus, hy_stage_room(stage), 0);
        hy_store_poll(store, 0);
        hy_stage_step(stage, hy_clock_now_ms(), 1 + (int64_t)(hy_clock_monotonic_ns() / 1000000));
        hy_store_poll(store, 0);
    }
    double ns = (double)(cpu_ns() - began_ns);
    printf("{\"inputs\":%" PRIu64 ",\"ns_per_input\":%.1f,\"kept_bytes_per_input\":%.1f,\"accepted\":%" PRId64
           ",\"block_bytes\":%.1f,\"projected_members\":%.3f,\"redis_bytes\":%.1f}\n",
           options.shopping.count, ns / (double)options.shopping.count,
           (double)(kept_kib() - before_kib) * 1024 / (double)options.shopping.count,
           metric(metrics, "huiyuan_records_accepted_total"),
           (double)metric(metrics, "huiyuan_block_bytes_total") / (double)options.shopping.count,
           (double)metric(metrics, "huiyuan_members_projected_total") / (double)options.shopping.count,
           (double)null_store_bytes() / (double)options.shopping.count);
    return EXIT_SUCCESS;
}
