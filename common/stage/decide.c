// One input → exactly one record, in the block that is being made.
#include <inttypes.h>
#include <stdio.h>

#include "common/stage/encode.h"
#include "common/stage/tenure.h"
#include "proto/commands.pb-c.h"
#include "proto/topics.h"

enum {
    RECORDS_FIELD = 7, // of Block
    DEAD_LETTER_PAYLOAD_BYTES = 16 * 1024,
};

// protobuf-c's structs have plain pointers, but packing does not write through them.
static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static ProtobufCBinaryData binary(struct hy_bytes bytes) {
    return (ProtobufCBinaryData){bytes.length, (uint8_t *)(uintptr_t)bytes.data};
}

static void emit(struct hy_tenure *tenure, Huiyuan__V1__Record *record, Huiyuan__V1__Emission *emission) {
    struct hy_arena *arena = &tenure->stage->scratch;
    Huiyuan__V1__Emission **list =
        hy_arena_alloc(arena, (record->n_emissions + 1) * sizeof(Huiyuan__V1__Emission *));
    for (size_t i = 0; i < record->n_emissions; i++)
        list[i] = record->emissions[i];
    list[record->n_emissions++] = emission;
    record->emissions = list;
}

// The number of the next emission to that target: after those of the log and of this record.
static uint64_t next_number(const struct hy_tenure *tenure, const Huiyuan__V1__Record *record, const char *to,
                            uint32_t partition) {
    uint64_t number = hy_marks_get(&tenure->totals.emitted, to, partition) + 1;
    for (size_t i = 0; i < record->n_emissions; i++) {
        if (record->emissions[i]->partition == partition && strcmp(record->emissions[i]->to, to) == 0)
            number = record->emissions[i]->number + 1;
    }
    return number;
}

static void emit_command(struct hy_tenure *tenure, Huiyuan__V1__Record *record,
                         const struct hy_command_out *out) {
    struct hy_arena *arena = &tenure->stage->scratch;
    struct hy_stage *stage = tenure->stage;
    uint32_t partition = hy_partition_of(hy_bytes_of(out->member_id), stage->options.partitions);
    Huiyuan__V1__Origin origin = HUIYUAN__V1__ORIGIN__INIT;
    origin.log = text(stage->brain->log);
    origin.partition = tenure->partition;
    origin.number = next_number(tenure, record, out->to, partition);
    Huiyuan__V1__Command command = *(const Huiyuan__V1__Command *)out->command;
    command.command_id = hy_arena_printf(arena, "%s-%" PRIu32 "-%" PRIu32 "-%" PRIu64, origin.log,
                                         origin.partition, partition, origin.number);
    command.to = text(out->to);
    command.member_id = text(out->member_id);
    command.issued_at_ms = tenure->block.recorded_at_ms;
    command.origin = &origin;
    Huiyuan__V1__Emission *emission = hy_arena_alloc(arena, sizeof *emission);
    huiyuan__v1__emission__init(emission);
    emission->to = text(out->to);
    emission->partition = partition;
    emission->number = origin.number;
    emission->payload = binary(hy_brain_pack(arena, &command.base));
    emit(tenure, record, emission);
}

// Of a topic that only this service writes: as it is, under its own key.
static void emit_message(struct hy_tenure *tenure, Huiyuan__V1__Record *record,
                         const struct hy_publish_out *out) {
    const struct hy_topic *topic = hy_topic_find(out->topic);
    Huiyuan__V1__Emission *emission = hy_arena_alloc(&tenure->stage->scratch, sizeof *emission);
    huiyuan__v1__emission__init(emission);
    emission->to = text(out->topic);
    emission->partition = topic != NULL && topic->keyed_by_member
                              ? hy_partition_of(hy_bytes_of(out->key), tenure->stage->options.partitions)
                              : 0;
    emission->number = next_number(tenure, record, out->topic, emission->partition);
    emission->key = text(out->key);
    emission->payload = binary(out->value);
    emit(tenure, record, emission);
}

static void emit_dead_letter(struct hy_tenure *tenure, Huiyuan__V1__Record *record,
                             const struct hy_intake *intake, enum hy_code code, const char *detail) {
    struct hy_arena *arena = &tenure->stage->scratch;
    const struct hy_brain *brain = tenure->stage->brain;
    struct hy_bytes original = intake->message.value;
    Huiyuan__V1__DeadLetter letter = HUIYUAN__V1__DEAD_LETTER__INIT;
    letter.log = text(brain->log);
    letter.topic = text(intake->source < brain->source_count ? brain->sources[intake->source] : "timer");
    letter.partition = tenure->partition;
    letter.offset = record->offset;
    letter.code = record->code;
    letter.field = record->field;
    letter.reason_en = detail == NULL ? text(hy_code_english(code))
                                      : hy_arena_printf(arena, "%s: %s", hy_code_english(code), detail);
    letter.reason_zh = detail == NULL ? text(hy_code_chinese(code))
                                      : hy_arena_printf(arena, "%s：%s", hy_code_chinese(code), detail);
    letter.payload = binary(original);
    if (letter.payload.len > DEAD_LETTER_PAYLOAD_BYTES) letter.payload.len = DEAD_LETTER_PAYLOAD_BYTES;
    letter.payload_bytes = original.length;
    letter.recorded_at_ms = tenure->block.recorded_at_ms;
    letter.input_id = record->input_id;
    letter.member_id = record->member_id;
    Huiyuan__V1__Emission *emission = hy_arena_alloc(arena, sizeof *emission);
    huiyuan__v1__emission__init(emission);
    emission->to = text("dead-letters");
    emission->partition = tenure->partition;
    emission->number = next_number(tenure, record, "dead-letters", tenure->partition);
    emission->payload = binary(hy_brain_pack(arena, &letter.base));
    emit(tenure, record, emission);
}

static void refuse(struct hy_tenure *tenure, Huiyuan__V1__Record *record, const struct hy_intake *intake,
                   Huiyuan__V1__Outcome outcome, struct hy_error error) {
    record->outcome = outcome;
    record->code = text(hy_code_name(error.code));
    if (error.field != NULL) record->field = text(error.field);
    emit_dead_letter(tenure, record, intake, error.code, error.detail);
}

static void forward(struct hy_tenure *tenure, Huiyuan__V1__Record *record, const struct hy_intake *intake) {
    Huiyuan__V1__Forwarded forwarded = HUIYUAN__V1__FORWARDED__INIT;
    forwarded.topic = text(intake->topic);
    forwarded.message = binary(intake->bytes);
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_FORWARDED;
    command.forwarded = &forwarded;
    struct hy_command_out out = {tenure->stage->brain->log, intake->input.member_id, &command};
    record->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED;
    emit_command(tenure, record, &out);
}

// The caller's answer, from the note: the same at the first time and ever after.
static void answer(struct hy_tenure *tenure, Huiyuan__V1__Record *record, const struct hy_intake *intake,
                   struct hy_bytes note) {
    const struct hy_brain *brain = tenure->stage->brain;
    if (record->command_id[0] == '\0' || brain->answer == NULL) return;
    const ProtobufCMessage *message =
        brain->answer(brain->context, &intake->input, note, &tenure->stage->scratch);
    if (message != NULL) record->answer = binary(hy_brain_pack(&tenure->stage->scratch, message));
}

// An id that is in the window: the stored outcome again, or a contradiction.
static void recognise(struct hy_tenure *tenure, Huiyuan__V1__Record *record, const struct hy_intake *intake,
                      const struct hy_receipt *receipt) {
    struct hy_arena *arena = &tenure->stage->scratch;
    Huiyuan__V1__RecordName *original = hy_arena_alloc(arena, sizeof *original);
    huiyuan__v1__record_name__init(original);
    original->partition = tenure->partition;
    original->seq = receipt->seq;
    original->index = receipt->index;
    record->original = original;
    if (receipt->content_hash != record->content_hash) {
        refuse(tenure, record, intake, HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT,
               (struct hy_error){HY_ID_REUSED, NULL, NULL});
        return;
    }
    record->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE;
    if (receipt->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED)
        record->code = hy_arena_string(arena, (const char *)receipt->code.data, receipt->code.length);
    else
        answer(tenure, record, intake, receipt->note);
}

// What the brain says.
static const ProtobufCMessage *ask(struct hy_tenure *tenure, Huiyuan__V1__Record *record,
                                   const struct hy_intake *intake) {
    const struct hy_brain *brain = tenure->stage->brain;
    struct hy_arena *arena = &tenure->stage->scratch;
    struct hy_decision decision = {.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED};
    brain->decide(brain->context, hy_member_state(intake->member), &intake->input,
                  tenure->block.recorded_at_ms, arena, &decision);
    record->program_version = decision.program_version;
    if (decision.outcome == HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED) {
        refuse(tenure, record, intake, decision.outcome,
               (struct hy_error){decision.code, decision.field, NULL});
        return NULL;
    }
    record->outcome = decision.outcome;
    record->entry = intake->member->entries + 1;
    if (decision.outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED) {
        record->code = text(hy_code_name(decision.code));
        if (decision.field != NULL) record->field = text(decision.field);
        return NULL;
    }
    record->body = binary(decision.body_bytes);
    record->note = binary(decision.note);
    for (size_t i = 0; i < decision.command_count; i++)
        emit_command(tenure, record, &decision.commands[i]);
    for (size_t i = 0; i < decision.publish_count; i++)
        emit_message(tenure, record, &decision.publishes[i]);
    if (decision.effect.length > 0) effects_add(tenure, record->member_id, decision.effect);
    answer(tenure, record, intake, hy_bytes(record->note.data, record->note.len));
    return decision.body;
}

// A timer that the state no longer wants leaves nothing behind.
static bool timer_is_due(struct hy_tenure *tenure, struct hy_intake *intake) {
    int64_t due_ms = intake->member->due_ms;
    if (due_ms == 0 || due_ms > tenure->block.recorded_at_ms) return false;
    intake->input.id = hy_arena_printf(&tenure->stage->scratch, "timer:%" PRId64, due_ms);
    intake->input.event_time_ms = due_ms;
    return true;
}

static const ProtobufCMessage *decide_member(struct hy_tenure *tenure, Huiyuan__V1__Record *record,
                                             const struct hy_intake *intake) {
    const struct hy_input *input = &intake->input;
    const struct hy_brain *brain = tenure->stage->brain;
    if (input->event_time_ms < hy_member_horizon_ms(brain, intake->member, input->input_class)) {
        refuse(tenure, record, intake, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED,
               (struct hy_error){HY_TOO_OLD, input->time_field, NULL});
        return NULL;
    }
    struct hy_receipt receipt;
    if (hy_window_find(&intake->member->window, input->input_class, input->id, intake->id_hash, &receipt)) {
        recognise(tenure, record, intake, &receipt);
        return NULL;
    }
    return ask(tenure, record, intake);
}

// model: numbers-of-emissions
// What is known of the emission that an input came by; true when the input still has to be decided.
static bool admit(struct hy_tenure *tenure, Huiyuan__V1__Record *record, const struct hy_intake *intake) {
    const Huiyuan__V1__EmissionMark *origin = intake->origin;
    if (origin == NULL) return true;
    uint64_t taken = hy_marks_get(&tenure->totals.taken, origin->log, origin->partition);
    if (origin->number <= taken) {
        record->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED;
        return false;
    }
    if (origin->number > taken + 1) {
        refuse(tenure, record, intake, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED,
               (struct hy_error){HY_EMISSION_GAP, "origin.number", NULL});
        return false;
    }
    record->taken = (Huiyuan__V1__EmissionMark *)(uintptr_t)origin;
    return true;
}

// By the block's time, so that the record shows it. What another log says has happened.
static bool is_in_future(const struct hy_tenure *tenure, const struct hy_intake *intake) {
    return intake->after == NULL &&
           intake->input.event_time_ms > tenure->block.recorded_at_ms + tenure->stage->brain->future_limit_ms;
}

static const ProtobufCMessage *decide_record(struct hy_tenure *tenure, Huiyuan__V1__Record *record,
                                             const struct hy_intake *intake) {
    if (!admit(tenure, record, intake)) return NULL;
    if (intake->error.code != HY_OK) {
        refuse(tenure, record, intake, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED, intake->error);
        return NULL;
    }
    if (is_in_future(tenure, intake)) {
        refuse(tenure, record, intake, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED,
               (struct hy_error){HY_IN_FUTURE, intake->input.time_field, NULL});
        return NULL;
    }
    if (intake->member != NULL) return decide_member(tenure, record, intake);
    if (intake->forwarded) // its sender knows another number of partitions
        refuse(tenure, record, intake, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED,
               (struct hy_error){HY_INVALID_FIELD, "member_id", NULL});
    else
        forward(tenure, record, intake);
    return NULL;
}

static void count(struct hy_tenure *tenure, Huiyuan__V1__Outcome outcome) {
    static const int metrics[] = {
        [HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED] = METRIC_ACCEPTED,
        [HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED] = METRIC_DECLINED,
        [HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE] = METRIC_DUPLICATES,
        [HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED] = METRIC_DUPLICATES,
        [HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT] = METRIC_CONFLICTS,
        [HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED] = METRIC_REJECTED,
        [HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED] = METRIC_FORWARDED,
    };
    hy_metrics_add(tenure->stage->metrics, (size_t)metrics[outcome], 1);
}

// Makes the record part of the block, and the memory follow it.
static void settle(struct hy_tenure *tenure, const struct hy_intake *intake,
                   const Huiyuan__V1__Record *record, const ProtobufCMessage *body) {
    struct hy_block *block = &tenure->block;
    struct hy_place place = {block->seq, 0, tenure->claim};
    uint32_t index = block->count++;
    hy_encode_record(record, RECORDS_FIELD, &block->bytes);
    hy_totals_apply(&tenure->totals, tenure->stage->brain, record, body);
    if (record->entry > 0) {
        struct hy_member_entry entry = {record, block->seq, index, intake->id_hash};
        hy_member_apply(tenure->stage->brain, intake->member, &entry, body);
        projector_dirty(tenure, intake->member);
    }
    for (size_t i = 0; i < record->n_emissions; i++)
        outbox_add(tenure, &block->emissions, record->emissions[i]);
    if (reply_due(record)) {
        *block->replies_end = reply_new(record, &place, tenure->partition, index, block->recorded_at_ms);
        block->replies_end = &(*block->replies_end)->next;
    }
    count(tenure, record->outcome);
}

static void review(struct hy_tenure *tenure, struct hy_member *member) {
    if (member != NULL && member->entries > 0 && hy_member_review(tenure->stage->brain, member))
        projector_dirty(tenure, member);
}

void decide_input(struct hy_tenure *tenure, struct hy_intake *intake) {
    if (intake->skip) return;
    if (intake->input.kind == HY_KIND_REVIEW) {
        review(tenure, intake->member);
        return;
    }
    hy_arena_reset(&tenure->stage->scratch);
    if (intake->input.kind == HY_KIND_TIMER && (intake->member == NULL || !timer_is_due(tenure, intake)))
        return;
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.input_id = text(intake->input.id);
    record.content_hash = intake->input.content_hash;
    record.member_id = text(intake->input.member_id);
    record.event_time_ms = intake->input.event_time_ms;
    record.input_class = intake->input.input_class;
    if (intake->input.kind != HY_KIND_TIMER) {
        record.source = intake->source + 1;
        record.offset = intake->message.offset;
        record.source_index = intake->source_index;
    }
    record.command_id = text(intake->input.command_id);
    record.reply_to = text(intake->input.reply_to);
    const ProtobufCMessage *body = decide_record(tenure, &record, intake);
    settle(tenure, intake, &record, body);
}
