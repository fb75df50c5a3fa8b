// Short histories of a whole company: the five services with everything that goes wrong, the judge after
// every step, and at the end everything must come to rest.
//
//   sim_services [FIRST_SEED]      HY_SEEDS=N: how many; HY_TRACE=1: every step as it happens;
//                                  HY_PARTIAL=1: a part of a run, whose coverage somebody else adds up
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "tests/sim/coverage.h"
#include "tests/sim/sim.h"

enum { DEFAULT_SEEDS = 200, STEPS = 200, CHAPTERS = 5, DELIVERY_ROUNDS = 60, TWICE_EVERY = 50 };

// What the logs said since, for people.
static void note_records(struct sim *sim) {
    static const char *const outcomes[] = {"",         "accepted", "declined",  "duplicate",
                                           "conflict", "rejected", "forwarded", "repeated"};
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < sim->world.options.partitions; p++) {
            const struct judge_track *track = &sim->judge.tracks[log][p];
            for (; sim->noted[log][p] < track->record_count; sim->noted[log][p]++) {
                const struct judge_record *judged = track->records[sim->noted[log][p]];
                world_note(&sim->world, "    %s-%u-%" PRIu64 "-%u %s of %s: %s %s%s", judge_services[log].log,
                           p, judged->seq, judged->index, judged->record->input_id, judged->record->member_id,
                           outcomes[judged->record->outcome & 7], coverage_kind(judged),
                           judged->record->code);
            }
        }
    }
}

static bool look(void *context) {
    struct sim *sim = context;
    bool right = judge_logs(&sim->judge) && judge_redis(&sim->judge, false);
    note_records(sim);
    return right;
}

static void heard(void *context, struct hy_bytes answer) {
    struct sim *sim = context;
    if (judge_logs(&sim->judge)) judge_answer(&sim->judge, answer);
}

static void fails(void *context, const char *fault) {
    judge_fail(&((struct sim *)context)->judge, "%s", fault);
}

static void draw_options(struct sim *sim) {
    struct world *world = &sim->world;
    struct hy_stage_options *options = &world->options;
    options->batch_inputs = 1 + (size_t)sim_draw(sim, 12);
    options->block_bytes = 64 + (size_t)sim_draw(sim, 3000);
    options->cache_members = sim_draw(sim, 2) == 0 ? 1 + (size_t)sim_draw(sim, 4) : 1000;
    options->call_members = 1 + (size_t)sim_draw(sim, 4);
    options->backlog_inputs = 1 + (size_t)sim_draw(sim, 40);
    sim->phones = 1 + sim_draw(sim, SIM_PHONES);
    sim->silence = sim_draw(sim, 20);
    if (sim_draw(sim, 4) > 0)
        world->faults =
            (struct world_faults){sim_draw(sim, 10), sim_draw(sim, 10), sim_draw(sim, 10), sim_draw(sim, 6),
                                  sim_draw(sim, 6),  sim_draw(sim, 40), sim_draw(sim, 8),  sim_draw(sim, 6)};
}

static struct sim *sim_open(uint64_t seed, bool loud) {
    struct sim *sim = hy_calloc(1, sizeof *sim);
    struct world *world = &sim->world;
    world_open(world, 1 + (uint32_t)(seed % 3), sim_services, SIM_SERVICES,
               &(struct world_watch){sim, look, heard, fails});
    world->random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    world->loud = loud;
    sim->seed = seed;
    sim->judge = (struct judge){.broker = world->broker,
                                .table = world->table,
                                .redis_prefix = world->options.redis_prefix,
                                .partitions = world->options.partitions,
                                .documents = &sim->documents,
                                .now_ms = &world->now_ms};
    judge_open(&sim->judge);
    draw_options(sim);
    return sim;
}

static void sim_end(struct sim *sim) {
    for (unsigned i = 0; i < SIM_SNAPSHOTS; i++) {
        if (sim->snapshots[i] != NULL) hy_mem_snapshot_free(sim->snapshots[i]);
    }
    world_close(&sim->world);
    coverage_add(sim);
    judge_close(&sim->judge);
    hy_free(sim);
}

static void start_all(struct sim *sim) {
    for (size_t service = 0; service < SIM_SERVICES; service++) {
        for (unsigned count = 1 + sim_draw(sim, 2); count > 0; count--) {
            uint32_t index = world_start_service(&sim->world, service);
            for (uint32_t p = 0; p < sim->world.options.partitions; p++) {
                if (count == 1 || sim_draw(sim, 2) == 0) world_own(&sim->world, index, p);
            }
        }
    }
}

// What waits to be sent is waited for: night passes, results are missed.
static bool settle(struct sim *sim) {
    world_settle(&sim->world);
    for (int round = 0; sim->judge.fault[0] == '\0'; round++) {
        int64_t next_ms = judge_next_delivery(&sim->judge);
        if (next_ms == 0) break;
        if (round == DELIVERY_ROUNDS) return judge_fail(&sim->judge, "messages wait for ever");
        if (next_ms > sim->world.now_ms) sim->world.now_ms = next_ms;
        sim->world.now_ms += 3000; // by the slowest clock
        world_settle(&sim->world);
    }
    return sim->judge.fault[0] == '\0';
}

// All troubles over for a while: what was begun comes to its end, and days may pass.
static bool lull(struct sim *sim) {
    struct world_faults faults = sim->world.faults;
    trouble_calm(sim);
    sim->events[EVENT_LULL]++;
    for (unsigned days = sim_draw(sim, 4); days > 0 && sim->judge.fault[0] == '\0'; days--) {
        bool months = sim_draw(sim, 8) == 0; // a tier lapses, or other rules say that it does not
        for (unsigned documents = months ? sim_draw(sim, 5) : 0; documents > 0; documents--)
            shop_document(sim);
        sim->world.now_ms += months ? 40 * SIM_DAY_MS : (int64_t)(1 + sim_draw(sim, 100)) * 3600 * 1000;
        world_settle(&sim->world);
    }
    world_settle(&sim->world);
    sim->world.faults = faults;
    return sim->judge.fault[0] == '\0';
}

static bool chapter(struct sim *sim, int steps) {
    for (int i = 0; i < steps; i++) {
        trouble_act(sim);
        if (!look(sim)) return false;
    }
    return true;
}

static bool live(struct sim *sim) {
    shop_document(sim);
    for (unsigned more = sim_draw(sim, 4); more > 0; more--)
        shop_document(sim);
    start_all(sim);
    for (unsigned chapters = 1 + sim_draw(sim, CHAPTERS); chapters > 1; chapters--) {
        if (!chapter(sim, STEPS) || !lull(sim)) return false;
    }
    if (!chapter(sim, STEPS)) return false;
    trouble_calm(sim);
    return settle(sim) && world_idle(&sim->world) && judge_rest(&sim->judge) && sender_rest(sim);
}

static bool run(uint64_t seed, bool loud, uint8_t ret_digest[HY_CHAIN_HASH_BYTES]) {
    struct sim *sim = sim_open(seed, loud);
    bool right = live(sim);
    if (!right) {
        fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, sim->judge.fault);
        if (!loud) world_print_trace(&sim->world);
        fprintf(stderr, "again: HY_SEEDS=1 HY_TRACE=1 sim_services %" PRIu64 "\n", seed);
    }
    judge_digest(&sim->judge, ret_digest);
    sim_end(sim);
    return right;
}

// The same seed is the same history, byte for byte.
static bool run_twice(uint64_t seed, uint8_t ret_digest[HY_CHAIN_HASH_BYTES]) {
    uint8_t second[HY_CHAIN_HASH_BYTES];
    if (!run(seed, false, ret_digest) || !run(seed, false, second)) return false;
    if (memcmp(ret_digest, second, sizeof second) == 0) return true;
    fprintf(stderr, "seed %" PRIu64 " is another history the second time\n", seed);
    return false;
}

// Of the logs of all histories so far: the same on every machine.
static void add_digest(uint8_t total[HY_CHAIN_HASH_BYTES], const uint8_t digest[HY_CHAIN_HASH_BYTES]) {
    uint8_t both[2 * HY_CHAIN_HASH_BYTES];
    memcpy(both, total, HY_CHAIN_HASH_BYTES);
    memcpy(both + HY_CHAIN_HASH_BYTES, digest, HY_CHAIN_HASH_BYTES);
    hy_chain_hash(hy_bytes(both, sizeof both), total);
}

static void print_digest(const uint8_t total[HY_CHAIN_HASH_BYTES]) {
    printf("  digest of all logs: ");
    for (int i = 0; i < 8; i++)
        printf("%02x", total[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    const char *seeds_text = getenv("HY_SEEDS");
    uint64_t seeds = seeds_text == NULL ? DEFAULT_SEEDS : strtoull(seeds_text, NULL, 10);
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    bool loud = getenv("HY_TRACE") != NULL, partial = getenv("HY_PARTIAL") != NULL;
    uint8_t digest[HY_CHAIN_HASH_BYTES], total[HY_CHAIN_HASH_BYTES] = {0};
    hy_log_init("sim", "", loud ? "info" : "error");
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        bool twice = !loud && seed % TWICE_EVERY == 0;
        if (!(twice ? run_twice(seed, digest) : run(seed, loud, digest))) return EXIT_FAILURE;
        add_digest(total, digest);
    }
    bool enough = coverage_print(seeds, !partial && seeds >= DEFAULT_SEEDS);
    if (!partial) print_digest(total);
    return enough ? EXIT_SUCCESS : EXIT_FAILURE;
}
