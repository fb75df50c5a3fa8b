// How a tenure begins: CLAIM, watermark, fold, positions.
#include <inttypes.h>
#include <stdio.h>

#include "common/io/log.h"
#include "common/stage/tenure.h"

enum {
    RANGE_TIMEOUT_MS = 2000,
    FOLD_DIRTY_LIMIT = 4000, // members changed by the fold before they are projected
};

static bool append_claim(struct hy_tenure *tenure) {
    char instance[128];
    snprintf(instance, sizeof instance, "%s", tenure->stage->options.instance);
    Huiyuan__V1__Claim claim = HUIYUAN__V1__CLAIM__INIT;
    claim.claim = tenure->claim;
    claim.instance = instance;
    claim.recorded_at_ms = tenure->stage->now_ms;
    Huiyuan__V1__LogMessage message = HUIYUAN__V1__LOG_MESSAGE__INIT;
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
    message.claim = &claim;
    uint8_t bytes[256];
    size_t length = huiyuan__v1__log_message__pack(&message, bytes);
    return hy_bus_append(tenure->stage->bus, tenure->stage->log_topic, tenure->partition, hy_bytes(NULL, 0),
                         hy_bytes(bytes, length), tenure_token(tenure, TOKEN_CLAIM, 0, 0));
}

static bool claim_step(struct hy_tenure *tenure) {
    if (tenure->asked) return false;
    tenure->asked = append_claim(tenure);
    return tenure->asked;
}

void takeover_claimed(struct hy_tenure *tenure, const struct hy_delivery *delivery) {
    if (delivery->failed || delivery->offset < 0) {
        tenure_finish(tenure, TENURE_AGAIN, "the claim was not acknowledged");
        return;
    }
    tenure->claim_offset = delivery->offset;
    tenure->phase = TENURE_LOCATING;
    tenure->asked = false;
    hy_metrics_add(tenure->stage->metrics, METRIC_CLAIMS, 1);
}

// model: later-claim-noticed. The watermark lies at or beyond one's own CLAIM: either somebody claimed later,
// or the log lost its end.
static void beyond_claim(struct hy_tenure *tenure, const struct hy_place *place) {
    struct hy_stage *stage = tenure->stage;
    int64_t low;
    int64_t high;
    if (!hy_bus_range(stage->bus, stage->log_topic, tenure->partition, RANGE_TIMEOUT_MS, &low, &high))
        tenure_finish(tenure, TENURE_AGAIN, "Kafka did not say where the log ends");
    else if (place->offset < high)
        tenure_finish(tenure, TENURE_FENCED, "the watermark is beyond the claim");
    else
        tenure_finish(tenure, TENURE_STOPPED, "Redis is ahead of the log: the log has lost its end");
}

static void start_at(struct hy_tenure *tenure, const struct hy_place *place) {
    hy_reader_start(&tenure->reader, place->claim, place->seq, place->offset);
}

static void locate(struct hy_tenure *tenure, struct hy_bytes found) {
    struct hy_stage *stage = tenure->stage;
    hy_reader_init(&tenure->reader);
    if (found.data != NULL) {
        tenure->projector.expected_open = hy_watermark_is_open(found);
        if (!hy_watermark_load(found, &tenure->watermark, &tenure->unsent, &tenure->totals) ||
            (tenure->watermark.seq == 0 && !tenure->projector.expected_open)) {
            tenure_finish(tenure, TENURE_STOPPED, "the watermark in Redis cannot be read");
            return;
        }
        if (tenure->watermark.offset >= tenure->claim_offset) {
            beyond_claim(tenure, &tenure->watermark);
            return;
        }
        if (tenure->watermark.seq != 0)
            start_at(tenure, tenure->unsent.seq != 0 ? &tenure->unsent : &tenure->watermark);
        hy_buffer_add(&tenure->projector.expected, found.data, found.length);
        tenure->projector.projected = tenure->watermark;
    }
    hy_bus_read(stage->bus, stage->log_topic, tenure->partition, tenure->reader.next_offset);
    tenure->phase = TENURE_FOLDING;
}

static void located(void *context, const struct hy_store_answer *answer) {
    struct hy_tenure *tenure = context;
    if (!tenure_request_done(tenure)) return;
    tenure->asked = false;
    if (answer->status == HY_STORE_OK) locate(tenure, answer->values[0]);
}

static bool locate_step(struct hy_tenure *tenure) {
    if (tenure->asked || !hy_store_connected(tenure->stage->store)) return false;
    tenure->asked = true;
    tenure->requests++;
    struct hy_bytes key = hy_key_bytes(&tenure->watermark_key);
    hy_store_get(tenure->stage->store, &key, 1, located, tenure);
    return true;
}

// model: position-in-block
static void take_positions(struct hy_tenure *tenure, const Huiyuan__V1__Block *block) {
    const struct hy_brain *brain = tenure->stage->brain;
    for (size_t i = 0; i < block->n_positions; i++) {
        for (size_t s = 0; s < brain->source_count; s++) {
            const Huiyuan__V1__Position *position = block->positions[i];
            if (strcmp(brain->sources[s], position->topic) == 0)
                tenure->positions[s] = (struct hy_source_place){position->next_offset, position->claim,
                                                                position->seq, position->taken};
        }
    }
}

static void take_emissions(struct hy_tenure *tenure, const Huiyuan__V1__Block *block) {
    struct hy_outbox emitted = {0};
    struct hy_place place = {block->seq, tenure->reader.offset, block->claim};
    outbox_sent_through(&tenure->outbox, block->emitted_through);
    for (size_t i = 0; i < block->n_records; i++) {
        for (size_t e = 0; e < block->records[i]->n_emissions; e++)
            outbox_add(tenure, &emitted, block->records[i]->emissions[e]);
    }
    outbox_move(&tenure->outbox, &emitted, &place);
    outbox_free(&emitted);
}

static void fold_block(struct hy_tenure *tenure) {
    const Huiyuan__V1__Block *block = tenure->folding;
    struct hy_place place = {block->seq, tenure->reader.offset, block->claim};
    struct hy_reply *replies = NULL;
    struct hy_reply **end = &replies;
    tenure->folding = NULL;
    for (uint32_t i = 0; i < block->n_records; i++) {
        const Huiyuan__V1__Record *record = block->records[i];
        struct hy_member *member =
            record->entry == 0
                ? NULL
                : hy_cache_find(&tenure->cache, record->member_id, hy_hash64(hy_bytes_of(record->member_id)));
        if (!fold_record(tenure, member, record, block->seq, i)) {
            tenure_finish(tenure, TENURE_STOPPED, "the log contradicts the state in Redis");
            break;
        }
        if (reply_due(record)) {
            *end = reply_new(record, &place, tenure->partition, i, block->recorded_at_ms);
            end = &(*end)->next;
        }
    }
    projector_replies(tenure, replies, end);
    hy_metrics_add(tenure->stage->metrics, METRIC_FOLDED, (int64_t)block->n_records);
}

static void want_members(struct hy_tenure *tenure, const Huiyuan__V1__Block *block) {
    for (size_t i = 0; i < block->n_records; i++) {
        const Huiyuan__V1__Record *record = block->records[i];
        if (record->entry == 0) continue;
        uint64_t hash = hy_hash64(hy_bytes_of(record->member_id));
        if (hy_cache_find(&tenure->cache, record->member_id, hash) == NULL)
            loader_want(tenure, hy_cache_add(&tenure->cache, record->member_id, hash));
    }
    loader_start(tenure);
}

static void fold_counted(struct hy_tenure *tenure, const Huiyuan__V1__Block *block) {
    take_positions(tenure, block);
    take_emissions(tenure, block);
    tenure->recorded_at_ms = block->recorded_at_ms;
    if (block->seq == tenure->watermark.seq && block->claim != tenure->watermark.claim)
        tenure_finish(tenure, TENURE_STOPPED, "Redis and the log tell of different blocks");
    if (block->seq <= tenure->watermark.seq) return;
    tenure->folding = block;
    want_members(tenure, block);
}

static void fold_message(struct hy_tenure *tenure, const struct hy_message *message) {
    hy_arena_reset(&tenure->fold_arena);
    int64_t wanted = tenure->reader.next_offset;
    struct hy_read read =
        hy_reader_take(&tenure->reader, message->offset, message->value, &tenure->fold_arena);
    if (read.what == HY_READ_CORRUPT) {
        hy_log(HY_LOG_ERROR, "log_corrupt",
               "log %s partition %" PRIu32 " offset %" PRId64 " (expected %" PRId64 "): %s",
               tenure->stage->brain->log, tenure->partition, message->offset, wanted, read.reason);
        tenure_finish(tenure, TENURE_STOPPED, read.reason);
    } else if (read.what == HY_READ_BLOCK) {
        fold_counted(tenure, read.block);
    }
}

static void fold_end(struct hy_tenure *tenure) {
    tenure_stop_log(tenure);
    if (tenure->reader.claim != tenure->claim)
        tenure_finish(tenure, TENURE_STOPPED, "the log does not hold the claim where Kafka said it is");
    if (tenure->reader.seq < tenure->watermark.seq)
        tenure_finish(tenure, TENURE_STOPPED,
                      "the log does not hold the block that Redis was projected from");
    tenure->phase = TENURE_STARTING;
}

static bool fold_step(struct hy_tenure *tenure) {
    if (loader_busy(tenure)) return loader_step(tenure);
    if (tenure->folding != NULL) {
        fold_block(tenure);
        return true;
    }
    if (tenure->reader.next_offset > tenure->claim_offset) {
        fold_end(tenure);
        return true;
    }
    if (tenure->log.count == 0 || tenure->projector.dirty_count > FOLD_DIRTY_LIMIT) return false;
    struct hy_message message = hy_ring_pop(&tenure->log);
    fold_message(tenure, &message);
    hy_bus_release(tenure->stage->bus, &message);
    return true;
}

// Sources that no block names yet are read from the first message that Kafka has.
static bool start_step(struct hy_tenure *tenure) {
    struct hy_stage *stage = tenure->stage;
    for (size_t s = 0; s < stage->brain->source_count; s++) {
        int64_t high;
        int64_t *next = &tenure->positions[s].next_offset;
        if (*next < 0 && !hy_bus_range(stage->bus, stage->source_topics[s], tenure->partition,
                                       RANGE_TIMEOUT_MS, next, &high))
            return false;
    }
    for (uint32_t s = 0; s < stage->brain->source_count; s++) {
        if (stage->source_is_log[s]) sources_resume(tenure, s);
        hy_bus_read(stage->bus, stage->source_topics[s], tenure->partition, tenure->positions[s].next_offset);
    }
    tenure->phase = TENURE_RUNNING;
    hy_metrics_observe_ns(stage->metrics, METRIC_TAKE_OVER_SECONDS,
                          (uint64_t)(stage->passed_ms - tenure->began_ms) * 1000000);
    hy_log(HY_LOG_INFO, "owned",
           "log %s partition %" PRIu32 " claim %016" PRIx64 " at offset %" PRId64 ", seq %" PRIu64
           ", %" PRId64 " ms",
           stage->brain->log, tenure->partition, tenure->claim, tenure->claim_offset, tenure->reader.seq,
           stage->passed_ms - tenure->began_ms);
    return true;
}

bool takeover_step(struct hy_tenure *tenure) {
    switch (tenure->phase) {
    case TENURE_CLAIMING: return claim_step(tenure);
    case TENURE_LOCATING: return locate_step(tenure);
    case TENURE_FOLDING: return fold_step(tenure);
    case TENURE_STARTING: return start_step(tenure);
    default: return false;
    }
}
