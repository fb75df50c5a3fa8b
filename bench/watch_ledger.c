#include <stdio.h>
#include <stdlib.h>

#include "bench/peers/ledger.pb-c.h"
#include "bench/watch.h"
#include "common/base/memory.h"
#include "common/io/clock.h"

enum { BROKER_MS = 10000 };

struct ledger_watch {
    const struct schedule *schedule;
    struct latencies *visible;
    struct hy_bus *bus;
    struct hy_arena arena;
    size_t waiting;
    uint64_t taken, seen;
};

static int by_place(const void *a, const void *b) {
    uint64_t x = ((const struct sample *)a)->place;
    uint64_t y = ((const struct sample *)b)->place;
    return (x > y) - (x < y);
}

static bool followed(const struct schedule *schedule, uint64_t place) {
    struct sample wanted = {.place = place};
    return place % schedule->options->sample_every == 0 &&
           bsearch(&wanted, schedule->samples, schedule->count, sizeof wanted, by_place) != NULL;
}

void watch_ledger_take(void *self, const struct hy_message *message) {
    struct ledger_watch *watch = self;
    uint64_t now_ns = hy_clock_monotonic_ns();
    hy_arena_reset(&watch->arena);
    const Huiyuan__Bench__Ledger *ledger =
        huiyuan__bench__ledger__unpack(&watch->arena.protobuf, message->value.length, message->value.data);
    hy_bus_release(watch->bus, message);
    watch->taken++;
    if (ledger == NULL || ledger->purchase_id[0] != 'p') return; // bench_ledger complains of it
    uint64_t place = strtoull(ledger->purchase_id + 1, NULL, 10) - watch->schedule->options->shopping.first;
    if (!followed(watch->schedule, place)) return;
    latencies_add(watch->visible, now_ns - schedule_due_ns(watch->schedule, place));
    watch->waiting--;
}

static bool add(void *self, const struct sample *sample) {
    (void)sample;
    ((struct ledger_watch *)self)->waiting++;
    return true;
}

static bool turn(void *self, uint64_t now_ns) {
    (void)now_ns;
    struct ledger_watch *watch = self;
    bool moved = watch->taken > watch->seen;
    watch->seen = watch->taken;
    return moved;
}

static size_t waiting(const void *self) {
    return ((const struct ledger_watch *)self)->waiting;
}

static uint64_t questions(const void *self) {
    (void)self;
    return 0;
}

static void close_watch(void *self) {
    struct ledger_watch *watch = self;
    hy_arena_free(&watch->arena);
    hy_free(watch);
}

struct watch watch_ledger_open(const struct schedule *schedule, struct hy_bus *bus,
                               struct latencies *visible) {
    struct ledger_watch *watch = hy_calloc(1, sizeof *watch);
    watch->schedule = schedule;
    watch->visible = visible;
    watch->bus = bus;
    hy_arena_init(&watch->arena);
    uint32_t topic = hy_bus_topic(bus, "peer-ledger");
    for (uint32_t p = 0; p < schedule->options->shopping.partitions; p++) {
        int64_t low;
        int64_t high;
        if (!hy_bus_range(bus, topic, p, BROKER_MS, &low, &high)) {
            fprintf(stderr, "the ledger's end is not known\n");
            exit(EXIT_FAILURE);
        }
        hy_bus_read(bus, topic, p, high);
    }
    return (struct watch){watch, add, turn, waiting, questions, close_watch};
}
