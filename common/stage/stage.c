// One instance: which partitions it owns, whom each message and delivery report is for, and whose turn it is.
#include "common/stage/stage.h"

#include <inttypes.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "common/stage/tenure.h"
#include "proto/topics.h"

enum {
    AGAIN_PAUSE_MS = 200,
    RANGE_TIMEOUT_MS = 2000,
    LOG_LIMIT = 64, // messages of a log that wait for one partition: blocks, so each may be large
    LOG_ROOM = 256, // messages taken from the bus at once while a log is read
};

// A partition of this instance.
struct hy_slot {
    bool assigned;         // by the group
    bool stopped;          // corrupt: rests until it is assigned anew
    int64_t rest_until_ms; // by passed_ms
    struct hy_tenure *tenure;
};

// A topic that is read whole before anything is decided.
struct hy_stage_reference {
    uint32_t topic;
    bool reading;
    int64_t next_offset;
    int64_t wanted; // read up to here: the end when reading began
};

const struct hy_metric_spec hy_stage_metrics[] = {
    [METRIC_INPUTS] = {"huiyuan_inputs_total", HY_COUNTER, "Inputs taken"},
    [METRIC_ACCEPTED] = {"huiyuan_records_accepted_total", HY_COUNTER, "Records: accepted"},
    [METRIC_DECLINED] = {"huiyuan_records_declined_total", HY_COUNTER, "Records: declined by the rules"},
    [METRIC_DUPLICATES] = {"huiyuan_records_duplicate_total", HY_COUNTER,
                           "Records: repeats of an earlier input"},
    [METRIC_CONFLICTS] = {"huiyuan_records_conflict_total", HY_COUNTER,
                          "Records: an id used again with other content"},
    [METRIC_REJECTED] = {"huiyuan_records_rejected_total", HY_COUNTER,
                         "Records: malformed or too old, in dead-letters"},
    [METRIC_FORWARDED] = {"huiyuan_records_forwarded_total", HY_COUNTER,
                          "Records: sent on to their member's partition"},
    [METRIC_BLOCKS] = {"huiyuan_blocks_total", HY_COUNTER, "Blocks appended to the log"},
    [METRIC_BLOCK_BYTES] = {"huiyuan_block_bytes_total", HY_COUNTER, "Bytes of those blocks"},
    [METRIC_CLAIMS] = {"huiyuan_claims_total", HY_COUNTER, "Claims of partitions"},
    [METRIC_FENCED] = {"huiyuan_fenced_total", HY_COUNTER, "Partitions lost to a later claim"},
    [METRIC_HOLES] = {"huiyuan_holes_total", HY_COUNTER, "Foreign messages found in the log"},
    [METRIC_STOPPED] = {"huiyuan_stopped_partitions", HY_GAUGE,
                        "Partitions stopped because something is corrupt"},
    [METRIC_FOLDED] = {"huiyuan_records_folded_total", HY_COUNTER, "Records replayed when taking over"},
    [METRIC_LOADED] = {"huiyuan_members_loaded_total", HY_COUNTER, "Members fetched from Redis"},
    [METRIC_PROJECTED] = {"huiyuan_members_projected_total", HY_COUNTER, "Member states written to Redis"},
    [METRIC_EMISSIONS] = {"huiyuan_emissions_total", HY_COUNTER,
                          "Emissions and dead letters acknowledged by Kafka"},
    [METRIC_OWNED] = {"huiyuan_owned_partitions", HY_GAUGE, "Partitions owned and running"},
    [METRIC_MEMBERS] = {"huiyuan_cached_members", HY_GAUGE, "Members in memory"},
    [METRIC_BACKLOG] = {"huiyuan_backlog_inputs", HY_GAUGE, "Fetched inputs that wait"},
    [METRIC_COMMIT_SECONDS] = {"huiyuan_commit_seconds", HY_HISTOGRAM_SECONDS,
                               "From a block's append to its durability"},
    [METRIC_VISIBLE_SECONDS] = {"huiyuan_visible_seconds", HY_HISTOGRAM_SECONDS,
                                "From a block's append to its visibility in Redis"},
    [METRIC_TAKE_OVER_SECONDS] = {"huiyuan_take_over_seconds", HY_HISTOGRAM_SECONDS,
                                  "From the claim of a partition to its first input"},
};

const size_t hy_stage_metric_count = sizeof hy_stage_metrics / sizeof hy_stage_metrics[0];

struct hy_stage_options hy_stage_defaults(void) {
    return (struct hy_stage_options){
        .redis_prefix = "hy:",
        .instance = "",
        .partitions = 16,
        .cache_members = 2000000,
        .batch_inputs = 2000, // about as many as fill one block
        .block_bytes = (size_t)448 * 1024,
        .call_members = 500, // keeps a call under about 2 ms: Redis answers nobody else meanwhile
        .backlog_inputs = 65536,
        .fenced_pause_ms = 10000,
    };
}

struct hy_stage *hy_stage_new(const struct hy_stage_options *options, const struct hy_brain *brain,
                              struct hy_metrics *metrics) {
    struct hy_stage *stage = hy_calloc(1, sizeof *stage);
    stage->options = *options;
    stage->brain = brain;
    stage->metrics = metrics;
    stage->random = options->claim_seed;
    stage->passed_ms = 1;
    stage->slots = hy_calloc(options->partitions, sizeof *stage->slots);
    hy_arena_init(&stage->scratch);
    stage->references = hy_calloc(brain->reference_count + 1, sizeof *stage->references);
    return stage;
}

static void end_tenure(struct hy_slot *slot) {
    if (slot->tenure != NULL) tenure_give_up(slot->tenure);
    slot->tenure = NULL;
}

void hy_stage_end(struct hy_stage *stage) {
    for (uint32_t p = 0; p < stage->options.partitions; p++) {
        stage->slots[p].assigned = false;
        end_tenure(&stage->slots[p]);
    }
}

void hy_stage_free(struct hy_stage *stage) {
    hy_stage_end(stage);
    hy_free(stage->slots);
    hy_free(stage->references);
    hy_arena_free(&stage->scratch);
    hy_free(stage);
}

static void assigned(void *context, uint32_t partition) {
    struct hy_stage *stage = context;
    if (partition >= stage->options.partitions) {
        hy_log(HY_LOG_ERROR, "partitions",
               "partition %" PRIu32 " was assigned, but HY_PARTITIONS is %" PRIu32, partition,
               stage->options.partitions);
        return;
    }
    stage->slots[partition].assigned = true;
    stage->slots[partition].stopped = false;
    stage->slots[partition].rest_until_ms = 0;
}

static void revoked(void *context, uint32_t partition, bool lost) {
    struct hy_stage *stage = context;
    if (partition >= stage->options.partitions) return;
    hy_log(HY_LOG_INFO, "revoked", "log %s partition %" PRIu32 "%s", stage->brain->log, partition,
           lost ? " (lost)" : "");
    stage->slots[partition].assigned = false;
    end_tenure(&stage->slots[partition]);
}

static bool reference_message(struct hy_stage *stage, const struct hy_message *message) {
    for (uint32_t i = 0; i < stage->brain->reference_count; i++) {
        struct hy_stage_reference *reference = &stage->references[i];
        if (reference->topic != message->topic) continue;
        stage->brain->refer(stage->brain->context, i, message->key, message->value);
        reference->next_offset = message->offset + 1;
        return true;
    }
    return false;
}

static bool is_source(const struct hy_stage *stage, uint32_t topic) {
    for (size_t s = 0; s < stage->brain->source_count; s++) {
        if (stage->source_topics[s] == topic) return true;
    }
    return false;
}

static void message(void *context, const struct hy_message *fetched) {
    struct hy_stage *stage = context;
    struct hy_tenure *tenure =
        fetched->partition < stage->options.partitions ? stage->slots[fetched->partition].tenure : NULL;
    if (fetched->topic == stage->log_topic && tenure != NULL &&
        (tenure->phase == TENURE_FOLDING || tenure->block.hole)) {
        hy_ring_push(&tenure->log, fetched);
        return;
    }
    if (is_source(stage, fetched->topic) && tenure != NULL && tenure->phase == TENURE_RUNNING) {
        hy_ring_push(&tenure->inbox, fetched);
        stage->backlog++;
        return;
    }
    reference_message(stage, fetched);
    hy_bus_release(stage->bus, fetched);
}

static struct hy_tenure *tenure_of_token(struct hy_stage *stage, const struct hy_delivery *delivery) {
    uint32_t id = (uint32_t)(delivery->token >> 40);
    for (uint32_t p = 0; p < stage->options.partitions; p++) {
        struct hy_tenure *tenure = stage->slots[p].tenure;
        if (tenure != NULL && tenure->id == id && tenure->end == TENURE_NOT_ENDED) return tenure;
    }
    return NULL;
}

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct hy_tenure *tenure = tenure_of_token(context, delivery);
    if (tenure == NULL) return;
    switch ((delivery->token >> 38) & 3) {
    case TOKEN_CLAIM: takeover_claimed(tenure, delivery); break;
    case TOKEN_BLOCK: commit_delivered(tenure, delivery); break;
    default:
        outbox_delivered(tenure, delivery, (uint32_t)(delivery->token >> 30) & 0xff,
                         delivery->token & 0x3fffffff);
    }
}

static void out_of_range(void *context, uint32_t topic, uint32_t partition, int64_t offset) {
    struct hy_stage *stage = context;
    struct hy_tenure *tenure = partition < stage->options.partitions ? stage->slots[partition].tenure : NULL;
    hy_log(HY_LOG_ERROR, "out_of_range",
           "topic %" PRIu32 " partition %" PRIu32 ": Kafka does not have offset %" PRId64, topic, partition,
           offset);
    if (tenure != NULL && (topic == stage->log_topic || is_source(stage, topic)))
        tenure_finish(tenure, TENURE_STOPPED,
                      "Kafka no longer has an offset that is needed: inputs or log entries are lost");
}

struct hy_bus_events hy_stage_events(struct hy_stage *stage) {
    return (struct hy_bus_events){stage, assigned, revoked, message, delivered, out_of_range};
}

void hy_stage_attach(struct hy_stage *stage, struct hy_bus *bus, struct hy_store *store) {
    const struct hy_brain *brain = stage->brain;
    stage->bus = bus;
    stage->store = store;
    stage->log_topic = hy_bus_topic(bus, brain->log);
    hy_bus_topic_unordered(bus, stage->log_topic); // one block of a partition on the way, never more
    stage->dead_letters_topic = hy_bus_topic(bus, "dead-letters");
    stage->commands_topic = UINT32_MAX;
    for (size_t s = 0; s < brain->source_count; s++) {
        stage->source_topics[s] = hy_bus_topic(bus, brain->sources[s]);
        if (strcmp(brain->sources[s], "commands") == 0) stage->commands_topic = stage->source_topics[s];
        const struct hy_topic *topic = hy_topic_find(brain->sources[s]);
        stage->source_is_log[s] = topic != NULL && topic->is_log;
    }
    for (size_t i = 0; i < brain->reference_count; i++)
        stage->references[i].topic = hy_bus_topic(bus, brain->references[i]);
    hy_bus_join(bus, stage->source_topics, brain->source_count);
}

// Reads the references from their beginnings; true when all of them have been read to what was the end.
static bool references_ready(struct hy_stage *stage) {
    bool ready = true;
    for (size_t i = 0; i < stage->brain->reference_count; i++) {
        struct hy_stage_reference *reference = &stage->references[i];
        int64_t low;
        if (!reference->reading) {
            if (!hy_bus_range(stage->bus, reference->topic, 0, RANGE_TIMEOUT_MS, &low, &reference->wanted))
                return false;
            reference->next_offset = low;
            reference->reading = true;
            hy_bus_read(stage->bus, reference->topic, 0, low);
        }
        ready = ready && reference->next_offset >= reference->wanted;
    }
    return ready;
}

static void settle_end(struct hy_stage *stage, struct hy_slot *slot) {
    enum tenure_end end = slot->tenure->end;
    end_tenure(slot);
    slot->stopped = end == TENURE_STOPPED;
    slot->rest_until_ms =
        stage->passed_ms + (end == TENURE_FENCED ? stage->options.fenced_pause_ms : AGAIN_PAUSE_MS);
}

static bool tenure_step(struct hy_tenure *tenure) {
    bool any = takeover_step(tenure);
    any |= projector_step(tenure); // before the next block is decided: memory is what is durable
    any |= outbox_step(tenure);
    any |= commit_step(tenure);
    any |= intake_step(tenure);
    timers_step(tenure);
    review_step(tenure);
    return any;
}

static bool slot_step(struct hy_stage *stage, uint32_t partition, bool ready) {
    struct hy_slot *slot = &stage->slots[partition];
    if (slot->tenure != NULL && slot->tenure->end != TENURE_NOT_ENDED) settle_end(stage, slot);
    if (slot->tenure == NULL) {
        if (!slot->assigned || slot->stopped || stage->draining || !ready ||
            stage->passed_ms < slot->rest_until_ms)
            return false;
        slot->tenure = tenure_new(stage, partition);
    }
    return tenure_step(slot->tenure);
}

static void gauges(struct hy_stage *stage) {
    int64_t owned = 0;
    for (uint32_t p = 0; p < stage->options.partitions; p++)
        owned += stage->slots[p].tenure != NULL && stage->slots[p].tenure->phase == TENURE_RUNNING;
    hy_metrics_set(stage->metrics, METRIC_OWNED, owned);
    hy_metrics_set(stage->metrics, METRIC_MEMBERS, (int64_t)stage->members);
    hy_metrics_set(stage->metrics, METRIC_BACKLOG, (int64_t)stage->backlog);
    hy_metrics_set(stage->metrics, METRIC_STOPPED, hy_stage_stopped(stage));
}

// The bound is over all partitions: each gives its share of what is too much.
static void evict(struct hy_stage *stage) {
    for (uint32_t p = 0; p < stage->options.partitions; p++) {
        if (stage->slots[p].tenure != NULL) tenure_evict(stage->slots[p].tenure);
    }
}

bool hy_stage_step(struct hy_stage *stage, int64_t now_ms, int64_t passed_ms) {
    stage->now_ms = now_ms;
    stage->passed_ms = passed_ms;
    bool ready = references_ready(stage);
    bool any = false;
    for (uint32_t p = 0; p < stage->options.partitions; p++)
        any |= slot_step(stage, p, ready);
    evict(stage);
    gauges(stage);
    return any;
}

static bool reads_log(const struct hy_tenure *tenure) {
    return tenure != NULL && (tenure->phase == TENURE_FOLDING || tenure->block.hole);
}

// Nothing else can be done for it before messages of its log come.
static bool waits_for_log(const struct hy_tenure *tenure) {
    return tenure->log.count == 0 && tenure->folding == NULL && !loader_busy(tenure);
}

// Messages of a log do not count as backlog: while one is read there is a bound of its own, and room for it
// even when the backlog is full, because what waits there may wait for that very log.
size_t hy_stage_room(const struct hy_stage *stage) {
    size_t limit = stage->options.backlog_inputs;
    size_t room = stage->backlog < limit ? limit - stage->backlog : 0;
    for (uint32_t p = 0; p < stage->options.partitions; p++) {
        const struct hy_tenure *tenure = stage->slots[p].tenure;
        if (!reads_log(tenure)) continue;
        if (tenure->log.count >= LOG_LIMIT) return 0;
        if (room > LOG_ROOM || waits_for_log(tenure)) room = LOG_ROOM;
    }
    return room;
}

void hy_stage_drain(struct hy_stage *stage) {
    stage->draining = true;
    for (uint32_t p = 0; p < stage->options.partitions; p++) {
        for (size_t s = 0; s < stage->brain->source_count; s++)
            hy_bus_stop(stage->bus, stage->source_topics[s], p);
    }
}

bool hy_stage_idle(const struct hy_stage *stage) {
    for (uint32_t p = 0; p < stage->options.partitions; p++) {
        const struct hy_tenure *tenure = stage->slots[p].tenure;
        if (tenure != NULL && tenure->phase == TENURE_RUNNING &&
            (tenure->batch.count > 0 || tenure->block.count > 0 || tenure->outbox.count > 0 ||
             !projector_idle(tenure)))
            return false;
    }
    return true;
}

uint32_t hy_stage_stopped(const struct hy_stage *stage) {
    uint32_t stopped = 0;
    for (uint32_t p = 0; p < stage->options.partitions; p++)
        stopped += stage->slots[p].stopped;
    return stopped;
}

bool hy_stage_ready(const struct hy_stage *stage, const char **ret_reason) {
    *ret_reason = NULL;
    if (!hy_bus_connected(stage->bus))
        *ret_reason = "Kafka is not reachable";
    else if (!hy_bus_member(stage->bus))
        *ret_reason = "the group has not said yet which partitions are ours";
    else if (!hy_store_connected(stage->store))
        *ret_reason = "Redis is not reachable";
    else if (hy_stage_stopped(stage) > 0)
        *ret_reason = "a partition is stopped: see the log";
    else if (stage->draining)
        *ret_reason = "draining";
    else if (stage->brain->ready != NULL && !stage->brain->ready(stage->brain->context, ret_reason))
        return false;
    for (uint32_t p = 0; *ret_reason == NULL && p < stage->options.partitions; p++) {
        const struct hy_slot *slot = &stage->slots[p];
        if (slot->assigned && (slot->tenure == NULL || slot->tenure->phase != TENURE_RUNNING))
            *ret_reason = "a partition is being taken over";
    }
    return *ret_reason == NULL;
}
