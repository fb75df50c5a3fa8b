// bench_ledger: reads a peer's whole ledger as its readers see it (committed transactions only), and compares
// every member with what the load maker expects: which purchases, how many, their points, and that each
// balance follows from the one before. Ends with an error when a single one differs.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/peers/ledger.pb-c.h"
#include "bench/run.h"
#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/log.h"

#define SILENT_AFTER_ALL_NS UINT64_C(1000000000)  // for records that should not be there
#define SILENT_BEFORE_NS    UINT64_C(15000000000) // for those that are missing

enum { WRONG_SHOWN = 5, MESSAGES_A_TURN = 10000 };

struct reading {
    const struct run *run;
    struct hy_bus *bus;
    struct hy_arena arena;
    struct account *found; // index: member
    uint64_t records, bytes, damaged;
};

static bool follows(const struct reading *reading, const struct hy_message *message,
                    const Huiyuan__Bench__Ledger *ledger, uint32_t member) {
    int64_t points = 0;
    for (size_t i = 0; i < ledger->n_lines; i++)
        points += ledger->lines[i]->points;
    return member > 0 && hy_bytes_equal(message->key, hy_bytes_of(ledger->member_id)) &&
           message->partition == hy_partition_of(message->key, reading->run->shopping->partitions) &&
           points == ledger->points && ledger->balance_after == reading->found[member].points + points;
}

static void take(void *context, const struct hy_message *message) {
    struct reading *reading = context;
    hy_arena_reset(&reading->arena);
    const Huiyuan__Bench__Ledger *ledger =
        huiyuan__bench__ledger__unpack(&reading->arena.protobuf, message->value.length, message->value.data);
    uint32_t member = ledger == NULL ? 0 : run_member(reading->run, hy_bytes_of(ledger->member_id));
    reading->records++;
    reading->bytes += message->value.length;
    if (ledger == NULL || !follows(reading, message, ledger, member)) {
        if (reading->damaged++ < WRONG_SHOWN)
            fprintf(stderr, "record %" PRId64 " of partition %" PRIu32 " does not fit\n", message->offset,
                    message->partition);
    }
    if (member > 0) account_add(&reading->found[member], hy_bytes_of(ledger->purchase_id), ledger->points);
    hy_bus_release(reading->bus, message);
}

static void read_all(struct reading *reading, const struct bench_options *options, uint64_t expected) {
    struct hy_bus_options bus = {
        .brokers = options->brokers,
        .topic_prefix = options->topic_prefix,
        .instance = "bench_ledger",
        .partitions = options->shopping.partitions,
        .queue_kbytes = 65536,
    };
    struct hy_bus_events events = {.context = reading, .message = take};
    reading->bus = hy_bus_open(&bus, &events);
    if (reading->bus == NULL) exit(EXIT_FAILURE); // said why
    uint32_t topic = hy_bus_topic(reading->bus, "peer-ledger");
    for (uint32_t p = 0; p < options->shopping.partitions; p++)
        hy_bus_read(reading->bus, topic, p, 0);
    uint64_t moved_ns = hy_clock_monotonic_ns();
    for (uint64_t before = 0;; before = reading->records) {
        hy_bus_poll(reading->bus, MESSAGES_A_TURN, 100);
        uint64_t now_ns = hy_clock_monotonic_ns();
        if (reading->records != before) moved_ns = now_ns;
        if (now_ns - moved_ns > (reading->records < expected ? SILENT_BEFORE_NS : SILENT_AFTER_ALL_NS)) break;
    }
    hy_bus_close(reading->bus, 1000);
}

static bool same(const struct account *a, const struct account *b) {
    return a->points == b->points && a->purchases == b->purchases && a->ids == b->ids;
}

static bool report(const struct reading *reading, const struct account *expected, uint64_t purchases) {
    uint64_t wrong = 0;
    uint32_t active = 0;
    int64_t points = 0;
    int64_t expected_points = 0;
    for (uint32_t m = 1; m <= reading->run->members; m++) {
        const struct account *found = &reading->found[m];
        active += expected[m].purchases > 0;
        points += found->points;
        expected_points += expected[m].points;
        if (same(found, &expected[m]) || wrong++ >= WRONG_SHOWN) continue;
        fprintf(stderr,
                "member %" PRIu32 ": %" PRId64 " points of %" PRIu32 " purchases, expected %" PRId64
                " of %" PRIu32 "\n",
                m, found->points, found->purchases, expected[m].points, expected[m].purchases);
    }
    bool good = wrong == 0 && reading->damaged == 0 && reading->records == purchases;
    printf("{\"ok\":%s,\"members\":%" PRIu32 ",\"wrong_members\":%" PRIu64 ",\"damaged_records\":%" PRIu64
           ",\"purchases\":%" PRIu64 ",\"expected_purchases\":%" PRIu64 ",\"points\":%" PRId64
           ",\"expected_points\":%" PRId64 ",\"ledger_bytes\":%" PRIu64 "}\n",
           good ? "true" : "false", active, wrong, reading->damaged, reading->records, purchases, points,
           expected_points, reading->bytes);
    return good;
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_ledger", "bench", "warn");
    struct run run = run_open(&options);
    struct hy_program *program = bench_program(options.program_file);
    struct account *expected = run_accounts(&run, program, options.shopping.first + options.shopping.count);
    uint64_t purchases = 0;
    for (uint32_t m = 1; m <= run.members; m++)
        purchases += expected[m].purchases;
    struct reading reading = {.run = &run, .found = hy_calloc((size_t)run.members + 1, sizeof *expected)};
    hy_arena_init(&reading.arena);
    read_all(&reading, &options, purchases);
    bool good = report(&reading, expected, purchases);
    hy_arena_free(&reading.arena);
    hy_free(reading.found);
    hy_free(expected);
    hy_program_free(program);
    run_close(&run);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
