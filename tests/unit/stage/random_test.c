// Short random histories: instances that crash, sleep and come back, a broker and a Redis that lose and
// delay, inputs of every kind. The judge looks on after every step; at the end everything must come to rest.
//
//   test_stage_random [FIRST_SEED]      HY_SEEDS=N: how many; HY_TRACE=1: every step as it happens
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "tests/unit/stage/damage.h"
#include "tests/unit/stage/world.h"

enum {
    DEFAULT_SEEDS = 1200,
    STEPS = 250,
    TEXTS = 64, // published before, to be published again
    SNAPSHOTS = 2,
};

// What may happen next. Each history has its own weights: one that is all crashes finds what a mixture hides.
enum act { STEP, PUBLISH, PASS_TIME, REBALANCE, CRASH, CHANGE_DUE, TROUBLE_BROKER, TROUBLE_STORE, ACTS };

struct history {
    unsigned weights[ACTS];
    unsigned favour; // quarters of what happens that happen to the first instance
    uint64_t seed;
    struct world *world;
    char texts[TEXTS][128];
    size_t text_count;
    unsigned members;
    unsigned timer_odds,
        sends_odds; // one input of so many sets a timer, or sends half of it to another member
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
    uint32_t alive[WORLD_INSTANCES];
    unsigned count = 0;
    for (uint32_t i = 0; i < WORLD_INSTANCES; i++) {
        if (world->instances[i].alive) alive[count++] = i;
    }
    if (count == 0) return world_start_owner(history->world);
    return draw(history, 4) < history->favour ? alive[0] : alive[draw(history, count)];
}

// Of instances started from here on: some cut in the middle what others write as one block.
static void choose_block_bytes(struct history *history) {
    history->world->options.block_bytes = 64 + draw(history, draw(history, 2) == 0 ? 1500 : 200);
}

// A fresh input; event times wander, sometimes far. Timers come due about now: some are replaced before.
static const char *fresh(struct history *history) {
    char *text = history->texts[history->text_count++ % TEXTS];
    history->event_ms += draw(history, 60) == 0 ? TOY_WINDOW_MS / 3 : (int64_t)draw(history, 1000);
    int64_t event_ms = history->event_ms - (draw(history, 10) == 0 ? TOY_WINDOW_MS - 500 : 0);
    int amount = draw(history, history->timer_odds) == 0 ? 7
                 : draw(history, 10) == 0                ? -1
                                                         : (int)draw(history, 100);
    if (amount == 7 && draw(history, 4) > 0)
        event_ms = history->world->now_ms - 1000 + (int64_t)draw(history, 3000);
    int length = snprintf(text, sizeof history->texts[0], "m%u i%u %" PRId64 " %d",
                          draw(history, history->members), history->serial++, event_ms, amount);
    if (draw(history, history->sends_odds) == 0)
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
                world->instances[i].service == world->instances[index].service && draw(history, 2) == 0)
                world_disown(world, i, partition, draw(history, 2) == 0);
        }
    }
    if (!world->instances[index].owns[partition]) world_own(world, index, partition);
}

static void crash(struct history *history) {
    struct world *world = history->world;
    uint32_t index = some_instance(history);
    bool follows = world_follows(&world->instances[index]);
    world_crash(world, index, draw(history, 4));
    choose_block_bytes(history);
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

static void lose(struct history *history, unsigned place) {
    if (history->snapshots[place] != NULL) {
        restore(history, place);
        return;
    }
    world_note(history->world, "flush");
    hy_mem_table_flush(history->world->table);
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
    toys(world)->due_later_ms = (int64_t)draw(history, 5) * 700 - 1400;
    toys(world)->due_version++;
    world_note(world, "the follower's timers are due %" PRId64 " ms later", toys(world)->due_later_ms);
}

static void act(struct history *history) {
    static void (*const acts[ACTS])(struct history *) = {
        [STEP] = step,
        [PUBLISH] = publish,
        [PASS_TIME] = pass_time,
        [REBALANCE] = rebalance,
        [CRASH] = crash,
        [CHANGE_DUE] = change_due,
        [TROUBLE_BROKER] = trouble_broker,
        [TROUBLE_STORE] = trouble_store,
    };
    unsigned sum = 0;
    for (unsigned i = 0; i < ACTS; i++)
        sum += history->weights[i];
    unsigned kind = 0;
    for (unsigned left = draw(history, sum); left >= history->weights[kind]; kind++)
        left -= history->weights[kind];
    acts[kind](history);
}

static void choose_character(struct history *history) {
    static const unsigned usual[ACTS] = {240, 64, 32, 12, 8, 4, 20, 20};
    for (unsigned i = 0; i < ACTS; i++) {
        unsigned power =
            i == STEP || i == PUBLISH ? 2 : draw(history, 5); // from a quarter of it to four times
        history->weights[i] = usual[i] * (1U << power) / 4;
    }
    if (!history->followed) history->weights[CHANGE_DUE] = 0;
    history->favour = draw(history, 4);
    history->members = 1 + draw(history, draw(history, 2) == 0 ? 8 : 3);
    history->timer_odds = draw(history, 3) == 0 ? 2 : 8;
    history->sends_odds = draw(history, 3) == 0 ? 2 : 6;
    if (history->world->faulty_topic != NULL) history->sends_odds = 1 + draw(history, 2);
}

// Per cent of one kind of fault: often none, sometimes more than all the others together.
static unsigned some(struct world *world, unsigned usual) {
    static const unsigned times[] = {0, 1, 1, 4};
    return (unsigned)world_draw(world, usual) * times[world_draw(world, 4)];
}

static struct world *random_world(uint64_t seed) {
    struct world *world = world_new(1 + (uint32_t)(seed % 3));
    world->random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    struct hy_stage_options *options = &world->options;
    options->batch_inputs = 1 + (size_t)world_draw(world, 12);
    options->cache_members = world_draw(world, 2) == 0 ? 1 + (size_t)world_draw(world, 4) : 1000;
    options->call_members = 1 + (size_t)world_draw(world, 2);
    options->backlog_inputs = 1 + (size_t)world_draw(world, 40);
    unsigned kind = (unsigned)world_draw(world, 8);
    if (kind > 1)
        world->faults =
            (struct world_faults){some(world, 10), some(world, 10), some(world, 10),
                                  some(world, 6),  some(world, 6),  (unsigned)world_draw(world, 50),
                                  some(world, 10), some(world, 6)};
    if (kind > 5) { // the log is sound, and its owner lives, but what is emitted hardly gets through
        world->faulty_topic = "commands";
        world->faults.late_report = 5 + (unsigned)world_draw(world, 30);
        world->faults.failed_lost = 5 + (unsigned)world_draw(world, 30);
    }
    return world;
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
    world_one_owner(world, false);
    if (history->followed) world_one_owner(world, true);
}

static bool live(struct history *history) {
    struct world *world = history->world;
    for (uint32_t i = draw(history, 2); i < 2; i++) {
        choose_block_bytes(history);
        world_start_owner(world);
    }
    history->followed = toys(world)->judge.followed = draw(history, 2) == 0;
    for (uint32_t i = history->followed ? draw(history, 2) : 2; i < 2; i++) {
        choose_block_bytes(history);
        uint32_t follower = world_start_follower(world);
        for (uint32_t p = 0; p < partitions(history); p++)
            world_own(world, follower, p);
    }
    choose_character(history);
    for (int i = 0; i < STEPS; i++) {
        act(history);
        if (!judge_logs(&toys(world)->judge) || !judge_redis(&toys(world)->judge, i % 16 == 0)) return false;
    }
    calm(history);
    world_settle(world);
    if (history->followed) {                        // few have anything else to do
        world->faults.held = draw(history, 2) * 95; // what they change does not reach Redis for a while
        publish(history);
        for (unsigned turns = draw(history, 60); turns > 0; turns--)
            step(history);
        change_due(history);
        for (unsigned turns = draw(history, 60); turns > 0; turns--)
            step(history);
        world->faults.held = 0;
        world_settle(world);
    }
    if (draw(history, 4) == 0) { // nothing to do, and Redis is not what it was
        lose(history, draw(history, SNAPSHOTS));
        world_settle(world);
    }
    return world_at_rest(world) && damage_noticed(world);
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
    const struct judge *judge = &toys(world)->judge;
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
