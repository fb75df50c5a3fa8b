// Fetched inputs → read, routed, their members loaded. One batch at a time; it grows with what waits.
#include <inttypes.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "common/stage/tenure.h"
#include "proto/commands.pb-c.h"

enum {
    DIRTY_LIMIT = 60000,           // members that wait for their projection before a partition stops taking
    REPLIES_LIMIT = 20000,         // answers that wait for it, likewise
    OUTBOX_LIMIT = 20000,          // emissions that wait to be acknowledged, likewise
    COMMAND_OVERHEAD_BYTES = 4096, // of a Command around a forwarded message
};

static struct hy_intake *add(struct hy_batch *batch) {
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

static void route(struct hy_tenure *tenure, struct hy_intake *intake) {
    struct hy_stage *stage = tenure->stage;
    check_handles(&intake->input);
    intake->skip |= intake->input.skip;
    if (intake->error.code != HY_OK || intake->skip) return;
    if (intake->after == NULL &&
        intake->input.event_time_ms > stage->now_ms + stage->brain->future_limit_ms) {
        intake->error = fault(HY_IN_FUTURE, intake->input.time_field);
        return;
    }
    struct hy_bytes id = hy_bytes_of(intake->input.member_id);
    intake->home = hy_partition_of(id, stage->options.partitions);
    if (intake->home != tenure->partition) return;
    uint64_t hash = hy_hash64(id);
    intake->id_hash = hy_hash64(hy_bytes_of(intake->input.id));
    intake->member = hy_cache_find(&tenure->cache, intake->input.member_id, hash);
    if (intake->member == NULL) {
        intake->member = hy_cache_add(&tenure->cache, intake->input.member_id, hash);
        loader_want(tenure, intake->member);
    }
}

void intake_resume(struct hy_tenure *tenure, uint32_t source) {
    const struct hy_source_place *place = &tenure->positions[source];
    hy_reader_resume(&tenure->source_readers[source], place->claim, place->seq, place->next_offset);
}

// An input that leaves nothing but its place: what comes after it was looked at.
static struct hy_intake *add_place(struct hy_tenure *tenure, uint32_t source,
                                   const struct hy_source_place *after) {
    struct hy_source_place *kept = hy_arena_alloc(&tenure->batch.arena, sizeof *kept);
    *kept = *after;
    struct hy_intake *intake = add(&tenure->batch);
    intake->source = source;
    intake->topic = tenure->stage->brain->sources[source];
    intake->after = kept;
    intake->skip = true;
    return intake;
}

// One record of another log. Only accepted ones say that something happened.
static void take_record(struct hy_tenure *tenure, uint32_t source, const struct hy_source_place *after,
                        const Huiyuan__V1__Block *block, uint32_t index) {
    const struct hy_brain *brain = tenure->stage->brain;
    const Huiyuan__V1__Record *record = block->records[index];
    if (record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return;
    struct hy_input input = {
        .input_class = HY_SINGLE_CLASS,
        .id = "",
        .member_id = record->member_id,
        .content_hash = record->content_hash,
        .event_time_ms = record->event_time_ms,
        .command_id = "",
        .reply_to = "",
    };
    struct hy_error error = brain->read_record(brain->context, source, record, &tenure->batch.arena, &input);
    if (error.code != HY_OK) {
        tenure_finish(tenure, TENURE_STOPPED, "a record of another log cannot be read");
        return;
    }
    if (input.skip) return;
    input.id = hy_arena_printf(&tenure->batch.arena, "%s-%" PRIu32 "-%" PRIu64 "-%" PRIu32,
                               brain->sources[source], tenure->partition, block->seq, index);
    struct hy_intake *intake = add_place(tenure, source, after);
    intake->skip = false;
    intake->message.offset = after->next_offset;
    intake->source_index = index;
    intake->input = input;
    intake->bytes = intake->message.value = hy_bytes(record->body.data, record->body.len);
    route(tenure, intake);
    if (intake->home != tenure->partition)
        tenure_finish(tenure, TENURE_STOPPED, "another log has a member of another partition");
}

static void take_block(struct hy_tenure *tenure, uint32_t source, struct hy_source_place before,
                       const Huiyuan__V1__Block *block) {
    const struct hy_source_place *resumed = &tenure->positions[source];
    uint32_t taken = resumed->next_offset == before.next_offset ? resumed->taken : 0;
    for (uint32_t i = taken; i < block->n_records && tenure->end == TENURE_NOT_ENDED; i++) {
        before.taken = i + 1;
        take_record(tenure, source, &before, block, i);
    }
}

// A message of another log: a block that counts has many inputs, everything else none.
static void take_log_message(struct hy_tenure *tenure, uint32_t source, const struct hy_message *message) {
    struct hy_reader *reader = &tenure->source_readers[source];
    struct hy_source_place before = {reader->next_offset, reader->claim, reader->seq, 0};
    struct hy_read read = hy_reader_take(reader, message->offset, message->value, &tenure->batch.arena);
    if (read.what == HY_READ_CORRUPT) {
        hy_log(HY_LOG_ERROR, "source_corrupt", "log %s partition %" PRIu32 " offset %" PRId64 ": %s",
               tenure->stage->brain->sources[source], tenure->partition, message->offset, read.reason);
        tenure_finish(tenure, TENURE_STOPPED, "a log that is read is corrupt");
        return;
    }
    if (read.what == HY_READ_BLOCK) take_block(tenure, source, before, read.block);
    struct hy_source_place after = {reader->next_offset, reader->claim, reader->seq, 0};
    add_place(tenure, source, &after);
}

static void take_message(struct hy_tenure *tenure, uint32_t source, const struct hy_message *message) {
    struct hy_stage *stage = tenure->stage;
    struct hy_intake *intake = add(&tenure->batch);
    intake->message = *message;
    intake->source = source;
    intake->bytes = message->value;
    intake->topic = stage->brain->sources[source];
    intake->error = intake->message.topic == stage->commands_topic
                        ? read_command(tenure, intake)
                        : read_proper(tenure, intake, intake->source);
    route(tenure, intake);
}

static void take(struct hy_tenure *tenure) {
    struct hy_stage *stage = tenure->stage;
    struct hy_message message = hy_ring_pop(&tenure->inbox);
    uint32_t source = 0;
    stage->backlog--;
    for (uint32_t s = 0; s < stage->brain->source_count; s++) {
        if (stage->source_topics[s] == message.topic) source = s;
    }
    if (!stage->source_is_log[source]) {
        take_message(tenure, source, &message);
        return;
    }
    take_log_message(tenure, source, &message);
    hy_bus_release(stage->bus, &message);
}

// A due time in Redis is a hint; decide.c looks at the member's state.
static void take_names(struct hy_tenure *tenure, struct hy_names *names, int kind) {
    for (size_t i = 0; i < names->count; i++) {
        struct hy_intake *intake = add(&tenure->batch);
        intake->source = UINT32_MAX;
        intake->input.kind = kind;
        intake->input.input_class = HY_SINGLE_CLASS;
        intake->input.member_id =
            hy_arena_string(&tenure->batch.arena, names->items[i], strlen(names->items[i]));
        intake->topic = "timer";
        route(tenure, intake);
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

bool intake_step(struct hy_tenure *tenure) {
    if (loader_busy(tenure)) return loader_step(tenure);
    if (!may_take(tenure)) return false;
    size_t inputs = tenure->inbox.count;
    if (inputs > tenure->stage->options.batch_inputs) inputs = tenure->stage->options.batch_inputs;
    tenure->batch.next = 0;
    tenure_evict(tenure); // here too: under load a partition is never without a batch between its turns
    take_names(tenure, &tenure->timers, HY_KIND_TIMER);
    take_names(tenure, &tenure->reviews, HY_KIND_REVIEW);
    for (size_t i = 0; i < inputs && tenure->batch.count < tenure->stage->options.batch_inputs &&
                       tenure->end == TENURE_NOT_ENDED;
         i++)
        take(tenure);
    loader_start(tenure);
    return true;
}
