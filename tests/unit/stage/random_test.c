// Short random histories: instances that crash, sleep and come back, a broker and a Redis that lose and
// delay, inputs of every kind. The judge looks on after every step; at the end everything must come to rest.
//
//   test_stage_random [FIRST_SEED]      HY_SEEDS=N: how many; HY_TRACE=1: every step as it happens
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "tests/unit/stage/world.h"

enum {
    DEFAULT_SEEDS = 1200,
    STEPS = 250,
    TEXTS = 64, // published before, to be published again
    SNAPSHOTS = 2,
};

struct history {
    uint64_t seed;
    struct world *world;
    char texts[TEXTS][128];
    size_t text_count;
    unsigned members;
    unsigned serial;
    int64_t event_ms;
    struct hy_mem_snapshot *snapshots[SNAPSHOTS];
    uint64_t snapshot_seq[SNAPSHOTS];
    uint64_t foreign; // emissions of another log so far
    bool broker_away, table_away;
    bool followed; // some instances follow the log of the others
};

static unsigned draw(struct history *history, unsigned bound) {
    return (unsigned)world_draw(history->world, bound);
}

static uint32_t partitions(const struct history *history) {
    return history->world->options.partitions;
}

static uint32_t some_instance(struct history *history) {
    const struct world *world = history->world;
    uint32_t first = draw(history, WORLD_INSTANCES);
    for (uint32_t i = 0; i < WORLD_INSTANCES; i++) {
        uint32_t index = (first + i) % WORLD_INSTANCES;
        if (world->instances[index].alive) return index;
    }
    return world_start_owner(history->world);
}

// One that follows, or one that does not; WORLD_INSTANCES: there is none.
static uint32_t some_of_kind(struct history *history, bool follows) {
    const struct world *world = history->world;
    uint32_t first = draw(history, WORLD_INSTANCES);
    for (uint32_t i = 0; i < WORLD_INSTANCES; i++) {
        uint32_t index = (first + i) % WORLD_INSTANCES;
        if (world->instances[index].alive && world->instances[index].follows == follows) return index;
    }
    return WORLD_INSTANCES;
}

// A fresh input; event times wander, sometimes far. Timers come due about now: some are replaced before.
static const char *fresh(struct history *history) {
    char *text = history->texts[history->text_count++ % TEXTS];
    history->event_ms += draw(history, 60) == 0 ? TOY_WINDOW_MS / 3 : (int64_t)draw(history, 1000);
    int64_t event_ms = history->event_ms - (draw(history, 10) == 0 ? TOY_WINDOW_MS - 500 : 0);
    int amount = draw(history, 8) == 0 ? 7 : draw(history, 10) == 0 ? -1 : (int)draw(history, 100);
    if (amount == 7 && draw(history, 4) > 0)
        event_ms = history->world->now_ms - 1000 + (int64_t)draw(history, 3000);
    int length = snprintf(text, sizeof history->texts[0], "m%u i%u %" PRId64 " %d",
                          draw(history, history->members), history->serial++, event_ms, amount);
    if (draw(history, 6) == 0)
        length += snprintf(text + length, sizeof history->texts[0] - (size_t)length, " m%u",
                           draw(history, history->members));
    if (draw(history, 3) == 0)
        snprintf(text + length, sizeof history->texts[0] - (size_t)length, " @gateway");
    return text;
}

static const char *repeated(struct history *history) {
    if (history->text_count == 0) return fresh(history);
    size_t known = history->text_count < TEXTS ? history->text_count : TEXTS;
    return history->texts[draw(history, (unsigned)known)];
}

static uint32_t home_of(struct history *history, const char *text) {
    char member[64];
    snprintf(member, sizeof member, "%.*s", (int)strcspn(text, " "), text);
    return hy_partition_of(hy_bytes_of(member), partitions(history));
}

static void publish_bad(struct history *history) {
    static const char long_text[TOY_MESSAGE_LIMIT + 5000];
    uint32_t partition = draw(history, partitions(history));
    const char *topic = judge_sources[draw(history, JUDGE_SOURCES)];
    switch (draw(history, 5)) {
    case 0: world_put_at(history->world, topic, partition, hy_bytes_of("nonsense")); break;
    case 1: world_put_at(history->world, topic, partition, hy_bytes(long_text, sizeof long_text)); break;
    case 2: world_put_at(history->world, topic, partition, hy_bytes(NULL, 0)); break;
    case 3: // of a time that has not come
        world_put(history->world, "m%u future%u %" PRId64 " 5", draw(history, history->members),
                  history->serial++, history->world->now_ms + INT64_C(400000000000));
        break;
    default: // for another service
        world_put_command(history->world, "tiers", partition, "points", 0, 1, "m0 x 1000 5");
    }
}

// The other service numbers without gaps, but some of what it sends is lost at first, or comes twice.
static void publish_foreign(struct history *history) {
    const char *text = fresh(history);
    if (home_of(history, text) != 0) return;
    uint64_t number = history->foreign + 1;
    if (draw(history, 3) == 0) number += 1 + draw(history, 2);
    if (number == history->foreign + 1) history->foreign++;
    world_put_command(history->world, "points", 0, "tiers", 5, number, text);
    if (draw(history, 3) == 0) world_put_command(history->world, "points", 0, "tiers", 5, number, text);
}

static void publish(struct history *history) {
    for (unsigned count = 1 + draw(history, 4); count > 0; count--) {
        unsigned kind = draw(history, 20);
        const char *text = kind < 5 ? repeated(history) : fresh(history);
        char other[128];
        if (kind == 0) { // other content under a known id
            snprintf(other, sizeof other, "%.*s 1", (int)(strcspn(text, "@") - (strchr(text, '@') != NULL)),
                     text);
            text = other;
        }
        if (kind == 19)
            publish_bad(history);
        else if (kind == 18)
            publish_foreign(history);
        else
            world_put_at(history->world, "purchases",
                         draw(history, 8) == 0 ? draw(history, partitions(history)) : home_of(history, text),
                         hy_bytes_of(text));
    }
}

static void step(struct history *history) {
    struct world *world = history->world;
    struct world_instance *instance = &world->instances[some_instance(history)];
    uint32_t index = (uint32_t)(instance - world->instances);
    switch (draw(history, 8)) {
    case 0:
        world_note(world, "poll bus %u", index);
        hy_bus_poll(instance->bus, 1 + draw(history, 4), 0);
        break;
    case 1:
        world_note(world, "poll store %u", index);
        hy_store_poll(instance->store, 0);
        break;
    case 2:
        world_note(world, "step %u", index);
        world_step(world, index);
        break;
    default: world_note(world, "turn %u", index); world_turn(world, index);
    }
}

static void rebalance(struct history *history) {
    struct world *world = history->world;
    uint32_t partition = draw(history, partitions(history));
    uint32_t index = some_instance(history);
    if (draw(history, 3) > 0) { // from all that know of it; some do not for a while
        for (uint32_t i = 0; i < world->instance_count; i++) {
            if (world->instances[i].owns[partition] &&
                world->instances[i].follows == world->instances[index].follows && draw(history, 2) == 0)
                world_disown(world, i, partition, draw(history, 2) == 0);
        }
    }
    if (!world->instances[index].owns[partition]) world_own(world, index, partition);
}

static void crash(struct history *history) {
    struct world *world = history->world;
    uint32_t index = some_instance(history);
    bool follows = world->instances[index].follows;
    world_crash(world, index, draw(history, 4));
    index = follows ? world_start_follower(world) : world_start(world);
    world->instances[index].skew_ms = (int64_t)draw(history, 4000) - 2000;
    for (uint32_t p = 0; p < partitions(history); p++) {
        if (draw(history, 3) > 0) world_own(world, index, p);
    }
}

static void trouble_broker(struct history *history) {
    struct world *world = history->world;
    switch (draw(history, 4)) {
    case 0:
        history->broker_away = !history->broker_away;
        world_note(world, "broker %s", history->broker_away ? "away" : "back");
        hy_mem_broker_away(world->broker, history->broker_away);
        break;
    case 1: {
        uint32_t index = some_instance(history);
        bool full = draw(history, 2) == 0;
        world_note(world, "queue of %u %s", index, full ? "full" : "free");
        hy_bus_mem_refuse(world->instances[index].bus, full);
        break;
    }
    default: world_note(world, "release %zu", hy_mem_broker_release(world->broker, 1 + draw(history, 3)));
    }
}

static void take_snapshot(struct history *history, unsigned place) {
    world_note(history->world, "snapshot of Redis");
    if (history->snapshots[place] != NULL) hy_mem_snapshot_free(history->snapshots[place]);
    history->snapshots[place] = hy_mem_table_snapshot(history->world->table);
}

// Redis comes back as it was: whoever talked to it lost the connection.
static void restore(struct history *history, unsigned place) {
    if (history->snapshots[place] == NULL) return;
    world_cut_all(history->world);
    world_note(history->world, "Redis loses its tail");
    hy_mem_table_restore(history->world->table, history->snapshots[place]);
}

static void trouble_store(struct history *history) {
    struct world *world = history->world;
    unsigned place = draw(history, SNAPSHOTS);
    switch (draw(history, 8)) {
    case 0: restore(history, place); break;
    case 1:
        if (draw(history, 3) > 0) break;
        world_note(world, "flush");
        hy_mem_table_flush(world->table);
        break;
    case 2:
        history->table_away = !history->table_away;
        world_redis_away(world, history->table_away);
        break;
    case 3: take_snapshot(history, place); break;
    default: world_cut(world, some_instance(history), draw(history, 4), draw(history, 4));
    }
}

static void pass_time(struct history *history) {
    static const int64_t jumps_ms[] = {1, 10, 100, 300, 1000, 2500, -3000, 60000};
    int64_t jump_ms = jumps_ms[draw(history, sizeof jumps_ms / sizeof jumps_ms[0])];
    world_note(history->world, "time %+" PRId64, jump_ms);
    history->world->now_ms += jump_ms;
}

static void change_due(struct history *history) {
    struct world *world = history->world;
    world->due_later_ms = (int64_t)draw(history, 5) * 700 - 1400;
    world->due_version++;
    world_note(world, "the follower's timers are due %" PRId64 " ms later", world->due_later_ms);
}

static void act(struct history *history) {
    unsigned kind = draw(history, 100);
    if (kind < 60)
        step(history);
    else if (kind < 76)
        publish(history);
    else if (kind < 84)
        pass_time(history);
    else if (kind < 87)
        rebalance(history);
    else if (kind < 89)
        crash(history);
    else if (kind < 90 && history->followed)
        change_due(history);
    else if (kind < 95)
        trouble_broker(history);
    else
        trouble_store(history);
}

static struct world *random_world(uint64_t seed) {
    struct world *world = world_new(1 + (uint32_t)(seed % 3));
    world->random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    struct hy_stage_options *options = &world->options;
    options->batch_inputs = 1 + (size_t)world_draw(world, 12);
    options->block_bytes = 64 + (size_t)world_draw(world, 1500);
    options->cache_members = world_draw(world, 2) == 0 ? 1 + (size_t)world_draw(world, 4) : 1000;
    options->call_members = 1 + (size_t)world_draw(world, 4);
    options->backlog_inputs = 1 + (size_t)world_draw(world, 40);
    bool faulty = world_draw(world, 4) > 0;
    if (faulty)
        world->faults = (struct world_faults){
            (unsigned)world_draw(world, 10), (unsigned)world_draw(world, 10), (unsigned)world_draw(world, 10),
            (unsigned)world_draw(world, 6),  (unsigned)world_draw(world, 6),  (unsigned)world_draw(world, 50),
            (unsigned)world_draw(world, 10)};
    return world;
}

static void one_owner_each(struct history *history, bool follows) {
    struct world *world = history->world;
    for (uint32_t p = 0; p < partitions(history); p++) {
        uint32_t owner = some_of_kind(history, follows);
        if (owner == WORLD_INSTANCES) owner = follows ? world_start_follower(world) : world_start(world);
        for (uint32_t i = 0; i < world->instance_count; i++) {
            if (i != owner && world->instances[i].follows == follows && world->instances[i].owns[p])
                world_disown(world, i, p, false);
        }
        if (!world->instances[owner].owns[p]) world_own(world, owner, p);
    }
}

// All troubles over, one instance for each partition, no zombies: now everything must be finished.
static void calm(struct history *history) {
    struct world *world = history->world;
    world_note(world, "calm");
    world->faults = (struct world_faults){0};
    hy_mem_broker_away(world->broker, false);
    world_redis_away(world, false);
    hy_mem_broker_release(world->broker, SIZE_MAX);
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i].alive) hy_bus_mem_refuse(world->instances[i].bus, false);
    }
    // What another service could not get through, it sends again.
    one_owner_each(history, false);
    if (history->followed) one_owner_each(history, true);
}

static bool live(struct history *history) {
    struct world *world = history->world;
    for (uint32_t i = draw(history, 2); i < 2; i++)
        world_start_owner(world);
    history->followed = world->judge.followed = draw(history, 3) == 0;
    for (uint32_t i = history->followed ? draw(history, 2) : 2; i < 2; i++) {
        uint32_t follower = world_start_follower(world);
        for (uint32_t p = 0; p < partitions(history); p++)
            world_own(world, follower, p);
    }
    for (int i = 0; i < STEPS; i++) {
        act(history);
        if (!judge_logs(&world->judge) || !judge_redis(&world->judge, i % 16 == 0)) return false;
    }
    calm(history);
    world_settle(world);
    if (history->followed) { // few have anything else to do
        publish(history);
        for (unsigned turns = draw(history, 30); turns > 0; turns--)
            step(history);
        change_due(history);
        world_settle(world);
    }
    return world_at_rest(world);
}

static void end(struct history *history) {
    for (unsigned i = 0; i < SNAPSHOTS; i++) {
        if (history->snapshots[i] != NULL) hy_mem_snapshot_free(history->snapshots[i]);
    }
    world_free(history->world);
}

// What the histories covered: a history that never meets a fault proves little.
static struct coverage {
    size_t followed, records, outcomes[8], claims, dropped, timers, holes, fenced;
} coverage;

static void cover(const struct world *world) {
    const struct judge *judge = &world->judge;
    coverage.records += judge->record_count;
    coverage.followed += judge->follower_count;
    for (size_t i = 0; i < judge->record_count; i++) {
        coverage.outcomes[judge->records[i].record->outcome & 7]++;
        coverage.timers += judge->records[i].record->source == 0;
    }
    for (uint32_t p = 0; p < judge->partitions; p++) {
        coverage.claims += judge->logs[p].claims;
        coverage.dropped += judge->logs[p].dropped;
    }
}

static bool run(uint64_t seed, bool loud) {
    struct history history = {.seed = seed, .world = random_world(seed), .event_ms = INT64_C(1700000000000)};
    history.world->loud = loud;
    history.members = 1 + draw(&history, 8);
    bool right = live(&history);
    if (!right) {
        fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, world_fault(history.world));
        if (!loud) world_print_trace(history.world);
        fprintf(stderr, "again: HY_SEEDS=1 HY_TRACE=1 test_stage_random %" PRIu64 "\n", seed);
    }
    cover(history.world);
    end(&history);
    return right;
}

static void print_coverage(uint64_t seeds) {
    printf(
        "%" PRIu64
        " histories: %zu records (%zu accepted, %zu declined, %zu duplicates, %zu conflicts, %zu rejected, "
        "%zu forwarded, %zu repeated emissions, %zu timers), %zu claims, %zu stale blocks, %zu records "
        "followed\n",
        seeds, coverage.records, coverage.outcomes[1], coverage.outcomes[2], coverage.outcomes[3],
        coverage.outcomes[4], coverage.outcomes[5], coverage.outcomes[6], coverage.outcomes[7],
        coverage.timers, coverage.claims, coverage.dropped, coverage.followed);
}

int main(int argc, char **argv) {
    const char *seeds_text = getenv("HY_SEEDS");
    uint64_t seeds = seeds_text == NULL ? DEFAULT_SEEDS : strtoull(seeds_text, NULL, 10);
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    bool loud = getenv("HY_TRACE") != NULL;
    hy_log_init("test", "", loud ? "info" : "error");
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        if (!run(seed, loud)) return EXIT_FAILURE;
    }
    print_coverage(seeds);
    return EXIT_SUCCESS;
}
