#include "common/stage/tenure.h"

#include <inttypes.h>

#include "common/base/memory.h"
#include "common/io/log.h"

enum { BLOCK_CEILING_BYTES = 2 * 1024 * 1024 };

// splitmix64: claims have to differ, not to be secret.
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct hy_tenure *tenure_new(struct hy_stage *stage, uint32_t partition) {
    struct hy_tenure *tenure = hy_calloc(1, sizeof *tenure);
    tenure->stage = stage;
    tenure->partition = partition;
    tenure->id = ++stage->tenures & 0xffffff;
    do // model: new-claim
        tenure->claim = next_random(&stage->random);
    while (tenure->claim == 0);
    tenure->claim_offset = -1;
    tenure->began_ms = stage->passed_ms;
    tenure->checked_at_ms = stage->passed_ms;
    tenure->space = (struct hy_key_space){stage->options.redis_prefix, stage->brain->log, partition};
    tenure->watermark_key = hy_key_watermark(&tenure->space);
    for (size_t i = 0; i < HY_SOURCES_LIMIT; i++)
        tenure->positions[i].next_offset = -1;
    hy_cache_init(&tenure->cache, stage->brain);
    hy_arena_init(&tenure->fold_arena);
    hy_arena_init(&tenure->batch.arena);
    hy_arena_init(&tenure->loader.arena);
    projector_init(&tenure->projector);
    hy_buffer_init(&tenure->block.bytes, BLOCK_CEILING_BYTES);
    tenure->block.replies_end = &tenure->block.replies;
    tenure->block.effects_end = &tenure->block.effects;
    return tenure;
}

static void release_all(struct hy_tenure *tenure, struct hy_ring *ring) {
    while (ring->count > 0) {
        struct hy_message message = hy_ring_pop(ring);
        hy_bus_release(tenure->stage->bus, &message);
    }
    hy_ring_free(ring);
}

static void free_all(struct hy_tenure *tenure) {
    names_free(&tenure->timers);
    names_free(&tenure->reviews);
    replies_free(tenure->block.replies);
    outbox_free(&tenure->block.emissions);
    effects_free(&tenure->block);
    hy_buffer_free(&tenure->block.bytes);
    outbox_free(&tenure->outbox);
    projector_free(&tenure->projector);
    loader_free(&tenure->loader);
    hy_free(tenure->batch.inputs);
    hy_arena_free(&tenure->batch.arena);
    hy_arena_free(&tenure->fold_arena);
    hy_totals_free(&tenure->totals);
    hy_cache_free(&tenure->cache);
    hy_free(tenure);
}

void tenure_evict(struct hy_tenure *tenure) {
    struct hy_stage *stage = tenure->stage;
    if (stage->members <= stage->options.cache_members || tenure->batch.count > 0 || loader_busy(tenure) ||
        tenure->folding != NULL)
        return;
    stage->members -= hy_cache_evict(&tenure->cache, stage->members - stage->options.cache_members);
}

void tenure_stop_log(struct hy_tenure *tenure) {
    hy_bus_stop(tenure->stage->bus, tenure->stage->log_topic, tenure->partition);
    release_all(tenure, &tenure->log);
}

void tenure_give_up(struct hy_tenure *tenure) {
    struct hy_stage *stage = tenure->stage;
    tenure_stop_log(tenure);
    for (size_t s = 0; s < stage->brain->source_count; s++)
        hy_bus_stop(stage->bus, stage->source_topics[s], tenure->partition);
    stage->backlog -= tenure->inbox.count;
    release_all(tenure, &tenure->inbox);
    for (size_t i = 0; i < tenure->batch.count; i++) {
        if (tenure->batch.inputs[i].message.owner != NULL)
            hy_bus_release(stage->bus, &tenure->batch.inputs[i].message);
    }
    tenure->batch.count = 0;
    size_t unloaded = tenure->loader.count;
    stage->members -= hy_cache_count(&tenure->cache) - unloaded;
    tenure->gone = true;
    if (tenure->requests == 0) free_all(tenure);
}

void tenure_finish(struct hy_tenure *tenure, enum tenure_end end, const char *why) {
    if (tenure->end != TENURE_NOT_ENDED) return;
    tenure->end = end;
    tenure->phase = TENURE_ENDED;
    static const char *const events[] = {"", "claim_again", "fenced", "stopped"};
    hy_log(end == TENURE_STOPPED ? HY_LOG_ERROR : HY_LOG_WARN, events[end],
           "log %s partition %" PRIu32 " seq %" PRIu64 ": %s", tenure->stage->brain->log, tenure->partition,
           tenure->reader.seq, why);
    if (end == TENURE_FENCED) hy_metrics_add(tenure->stage->metrics, METRIC_FENCED, 1);
}

bool tenure_request_done(struct hy_tenure *tenure) {
    tenure->requests--;
    if (tenure->gone && tenure->requests == 0) {
        free_all(tenure);
        return false;
    }
    return !tenure->gone && tenure->end == TENURE_NOT_ENDED;
}

uint64_t tenure_token(const struct hy_tenure *tenure, enum tenure_token kind, uint32_t epoch,
                      uint32_t ordinal) {
    return (uint64_t)tenure->id << 40 | (uint64_t)kind << 38 | (uint64_t)(epoch & 0xff) << 30 |
           (ordinal & 0x3fffffff);
}
