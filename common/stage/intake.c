// Fetched inputs → read, routed, their members loaded. One batch at a time; it grows with what waits.
#include <inttypes.h>
#include <stdio.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/contract/limits.h"
#include "common/stage/tenure.h"
#include "proto/commands.pb-c.h"

enum {
    LOOK_AHEAD = 16,       // inputs of which message and member are asked for
    PLACE_AHEAD = 32,      // and of which the member's place in the table is
    BATCH_INPUTS = 256,    // what was read of them, 700 bytes each, is in the L2 cache when it is decided
    DIRTY_LIMIT = 60000,   // members that wait for their projection before a partition stops taking
    REPLIES_LIMIT = 20000, // answers that wait for it, likewise
    OUTBOX_LIMIT = 20000,  // emissions that wait to be acknowledged, likewise
    COMMAND_OVERHEAD_BYTES = 4096, // of a Command around a forwarded message
};

struct hy_intake *intake_add(struct hy_batch *batch) {
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity == 0 ? 256 : batch->capacity * 2;
        batch->inputs = hy_realloc(batch->inputs, batch->capacity * sizeof *batch->inputs);
    }
    struct hy_intake *intake = &batch->inputs[batch->count++];
    *intake = (struct hy_intake){.input = {.id = "", .member_id = "", .command_id = "", .reply_to = ""}};
    return intake;
}

static struct hy_error fault(enum hy_code code, const char *field) {
    return (struct hy_error){code, field, NULL};
}

static bool source_of(const struct hy_brain *brain, const char *topic, uint32_t *ret_source) {
    for (uint32_t s = 0; s < brain->source_count; s++) {
        if (strcmp(brain->sources[s], topic) == 0) {
            *ret_source = s;
            return true;
        }
    }
    return false;
}

static uint32_t source_index(const struct hy_stage *stage, uint32_t topic) {
    uint32_t source = 0;
    for (uint32_t s = 0; s < stage->brain->source_count; s++) {
        if (stage->source_topics[s] == topic) source = s;
    }
    return source;
}

static struct hy_error read_proper(struct hy_tenure *tenure, struct hy_intake *intake, uint32_t source) {
    const struct hy_brain *brain = tenure->stage->brain;
    intake->topic = brain->sources[source];
    if (intake->bytes.length > brain->message_limit) return fault(HY_TOO_LARGE, NULL);
    return brain->read(brain->context, source, intake->bytes, &tenure->batch.arena, &intake->input);
}

// Commands are for many services; one that forwards carries another topic's message inside.
static struct hy_error read_command(struct hy_tenure *tenure, struct hy_intake *intake) {
    const struct hy_brain *brain = tenure->stage->brain;
    if (intake->bytes.length > brain->message_limit + COMMAND_OVERHEAD_BYTES)
        return fault(HY_TOO_LARGE, NULL);
    Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&tenure->batch.arena.protobuf, intake->bytes.length, intake->bytes.data);
    if (command == NULL) return fault(HY_MALFORMED, NULL);
    if (strcmp(command->to, brain->log) != 0) {
        intake->skip = true;
        return HY_NO_ERROR;
    }
    if (command->origin != NULL) {
        if (strlen(command->origin->log) >= sizeof((struct hy_mark *)0)->log)
            return fault(HY_INVALID_FIELD, "origin.log");
        Huiyuan__V1__EmissionMark *mark = hy_arena_alloc(&tenure->batch.arena, sizeof *mark);
        huiyuan__v1__emission_mark__init(mark);
        mark->log = command->origin->log;
        mark->partition = command->origin->partition;
        mark->number = command->origin->number;
        intake->origin = mark;
    }
    if (command->body_case != HUIYUAN__V1__COMMAND__BODY_FORWARDED)
        return read_proper(tenure, intake, intake->source);
    uint32_t source;
    if (!source_of(brain, command->forwarded->topic, &source))
        return fault(HY_INVALID_FIELD, "forwarded.topic");
    intake->forwarded = true;
    intake->bytes = hy_bytes(command->forwarded->message.data, command->forwarded->message.len);
    return read_proper(tenure, intake, source);
}

// Handles that we did not make are nobody's: they name no key.
static void check_handles(struct hy_input *input) {
    uint32_t partition;
    if (!hy_command_id_partition(input->command_id, &partition)) input->command_id = "";
    if (strlen(input->reply_to) >= HY_REPLY_TO_BYTES) input->reply_to = "";
}

// Whether it is decided here, and by which hashes it will be looked up.
void intake_route(struct hy_tenure *tenure, struct hy_intake *intake) {
    struct hy_stage *stage = tenure->stage;
    check_handles(&intake->input);
    intake->skip |= intake->input.skip;
    if (intake->error.code != HY_OK || intake->skip) return;
    struct hy_bytes id = hy_bytes_of(intake->input.member_id);
    intake->home = hy_partition_of(id, stage->options.partitions);
    if (intake->home != tenure->partition) return;
    intake->ours = true;
    intake->member_hash = hy_hash64(id);
    intake->id_hash = hy_hash64(hy_bytes_of(intake->input.id));
}

static void find_member(struct hy_tenure *tenure, struct hy_intake *intake) {
    intake->member = hy_cache_find(&tenure->cache, intake->input.member_id, intake->member_hash);
    if (intake->member == NULL) {
        intake->member = hy_cache_add(&tenure->cache, intake->input.member_id, intake->member_hash);
        loader_want(tenure, intake->member);
    }
}

// Members lie anywhere in memory: places in the table and members are asked for some inputs ahead, so that
// the memory's latencies overlap.
static void find_members(struct hy_tenure *tenure) {
    const struct hy_batch *batch = &tenure->batch;
    const struct hy_intake *end = batch->inputs + batch->count;
    for (struct hy_intake *intake = batch->inputs; intake < end; intake++) {
        if (end - intake > PLACE_AHEAD)
            hy_cache_prefetch_place(&tenure->cache, intake[PLACE_AHEAD].member_hash);
        if (end - intake > LOOK_AHEAD)
            hy_cache_prefetch_member(&tenure->cache, intake[LOOK_AHEAD].member_hash);
        if (intake->ours) find_member(tenure, intake);
    }
}

// The key of a message is a hint: nothing depends on its being the member's id.
static void want_ahead(struct hy_tenure *tenure, struct hy_bytes key) {
    char id[HY_ID_LIMIT_BYTES + 1];
    if (key.length == 0 || key.length > HY_ID_LIMIT_BYTES || memchr(key.data, '\0', key.length) != NULL ||
        hy_partition_of(key, tenure->stage->options.partitions) != tenure->partition)
        return;
    memcpy(id, key.data, key.length);
    id[key.length] = '\0';
    uint64_t hash = hy_hash64(key);
    if (hy_cache_find(&tenure->cache, id, hash) == NULL)
        loader_want(tenure, hy_cache_add(&tenure->cache, id, hash));
}

// When Redis is asked anyway, it is also asked for those whom the inputs behind the batch will need: so one
// question is enough for a block.
static void look_beyond(struct hy_tenure *tenure) {
    const struct hy_stage *stage = tenure->stage;
    size_t count =
        tenure->inbox.count < stage->options.batch_inputs ? tenure->inbox.count : stage->options.batch_inputs;
    for (size_t i = 0; i < count; i++) {
        const struct hy_message *message = hy_ring_at(&tenure->inbox, i);
        if (!stage->source_is_log[source_index(stage, message->topic)]) want_ahead(tenure, message->key);
    }
}

static void take_message(struct hy_tenure *tenure, uint32_t source, const struct hy_message *message) {
    struct hy_stage *stage = tenure->stage;
    struct hy_intake *intake = intake_add(&tenure->batch);
    intake->message = *message;
    intake->source = source;
    intake->bytes = message->value;
    intake->topic = stage->brain->sources[source];
    intake->error = intake->message.topic == stage->commands_topic
                        ? read_command(tenure, intake)
                        : read_proper(tenure, intake, intake->source);
    intake_route(tenure, intake);
}

static void take(struct hy_tenure *tenure) {
    struct hy_stage *stage = tenure->stage;
    hy_ring_prefetch(&tenure->inbox, LOOK_AHEAD);
    struct hy_message message = hy_ring_pop(&tenure->inbox);
    uint32_t source = source_index(stage, message.topic);
    stage->backlog--;
    if (!stage->source_is_log[source]) {
        take_message(tenure, source, &message);
        return;
    }
    sources_take(tenure, source, &message);
    hy_bus_release(stage->bus, &message);
}

// A due time in Redis is a hint; decide.c looks at the member's state.
static void take_names(struct hy_tenure *tenure, struct hy_names *names, int kind) {
    for (size_t i = 0; i < names->count; i++) {
        struct hy_intake *intake = intake_add(&tenure->batch);
        intake->source = UINT32_MAX;
        intake->input.kind = kind;
        intake->input.input_class = HY_SINGLE_CLASS;
        intake->input.member_id =
            hy_arena_string(&tenure->batch.arena, names->items[i], strlen(names->items[i]));
        intake->topic = "timer";
        intake_route(tenure, intake);
    }
    names_free(names);
}

static bool may_take(const struct hy_tenure *tenure) {
    const struct hy_stage *stage = tenure->stage;
    return tenure->phase == TENURE_RUNNING && !stage->draining && tenure->batch.count == 0 &&
           tenure->inbox.count + tenure->timers.count + tenure->reviews.count > 0 &&
           tenure->projector.dirty_count < DIRTY_LIMIT && tenure->projector.reply_count < REPLIES_LIMIT &&
           tenure->outbox.count < OUTBOX_LIMIT && hy_store_connected(stage->store) &&
           (stage->brain->ready == NULL || stage->brain->ready(stage->brain->context, &(const char *){NULL}));
}

static void take_batch(struct hy_tenure *tenure) {
    size_t most = tenure->stage->options.batch_inputs;
    if (most > BATCH_INPUTS) most = BATCH_INPUTS;
    take_names(tenure, &tenure->timers, HY_KIND_TIMER);
    take_names(tenure, &tenure->reviews, HY_KIND_REVIEW);
    for (size_t i = tenure->inbox.count;
         i > 0 && tenure->batch.count < most && tenure->end == TENURE_NOT_ENDED; i--)
        take(tenure);
    find_members(tenure);
    if (tenure->loader.count > 0) look_beyond(tenure);
    loader_start(tenure);
}

bool intake_more(struct hy_tenure *tenure, size_t inputs) {
    if (inputs >= tenure->stage->options.batch_inputs || !may_take(tenure)) return false;
    take_batch(tenure);
    return tenure->batch.count > 0 && !loader_busy(tenure);
}

void intake_done(struct hy_tenure *tenure) {
    tenure->batch.count = 0;
    tenure->batch.next = 0;
    hy_arena_reset(&tenure->batch.arena);
}

bool intake_step(struct hy_tenure *tenure) {
    if (loader_busy(tenure)) return loader_step(tenure);
    if (tenure->block.inputs > 0 || !may_take(tenure)) return false;
    tenure_evict(tenure); // here too: under load a partition is never without a batch between its turns
    take_batch(tenure);
    return true;
}
