// Sources that are logs of other services: read by the reader rule, each accepted record one input.
#include <inttypes.h>

#include "common/io/log.h"
#include "common/stage/tenure.h"

void sources_resume(struct hy_tenure *tenure, uint32_t source) {
    const struct hy_source_place *place = &tenure->positions[source];
    hy_reader_resume(&tenure->source_readers[source], place->claim, place->seq, place->next_offset);
}

// An input that leaves nothing but its place: what comes after it was looked at.
static struct hy_intake *add_place(struct hy_tenure *tenure, uint32_t source,
                                   const struct hy_source_place *after) {
    struct hy_source_place *kept = hy_arena_alloc(&tenure->batch.arena, sizeof *kept);
    *kept = *after;
    struct hy_intake *intake = intake_add(&tenure->batch);
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
    intake_route(tenure, intake);
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
void sources_take(struct hy_tenure *tenure, uint32_t source, const struct hy_message *message) {
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
