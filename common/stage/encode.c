#include "common/stage/encode.h"

#include "common/base/wire.h"
#include "common/stage/brain.h"

// Length bytes of what is usual: records of 128 to 16,383 bytes, receipts and marks below.
enum { RECORD_LENGTH_BYTES = 2, RECEIPT_LENGTH_BYTES = 1, MARK_LENGTH_BYTES = 1, EMISSION_LENGTH_BYTES = 2 };

static uint8_t *put_record_name(uint8_t *p, uint32_t field, const Huiyuan__V1__RecordName *name) {
    uint8_t bytes[3 * HY_WIRE_NUMBER_BYTES];
    if (name == NULL) return p;
    uint8_t *end = hy_wire_put_number(bytes, 1, name->partition);
    end = hy_wire_put_number(end, 2, name->seq);
    end = hy_wire_put_number(end, 3, name->index);
    return hy_wire_put_element(p, field, bytes, (size_t)(end - bytes));
}

static size_t mark_size(const Huiyuan__V1__EmissionMark *mark) {
    return mark == NULL ? 0 : hy_wire_text_length(mark->log) + 4 * HY_WIRE_NUMBER_BYTES;
}

static uint8_t *put_mark(uint8_t *p, uint32_t field, const Huiyuan__V1__EmissionMark *mark) {
    if (mark == NULL) return p;
    struct hy_wire_element element = hy_wire_open(p, field, MARK_LENGTH_BYTES);
    p = hy_wire_put_text(element.body, 1, mark->log);
    p = hy_wire_put_number(p, 2, mark->partition);
    p = hy_wire_put_number(p, 3, mark->number);
    return hy_wire_close(element, p);
}

static size_t emissions_size(const Huiyuan__V1__Record *record) {
    size_t size = 0;
    for (size_t i = 0; i < record->n_emissions; i++)
        size += hy_wire_text_length(record->emissions[i]->to) +
                hy_wire_text_length(record->emissions[i]->key) + record->emissions[i]->payload.len +
                7 * HY_WIRE_NUMBER_BYTES;
    return size;
}

static uint8_t *put_emission(uint8_t *p, uint32_t field, const Huiyuan__V1__Emission *emission) {
    struct hy_wire_element element = hy_wire_open(p, field, EMISSION_LENGTH_BYTES);
    p = hy_wire_put_text(element.body, 1, emission->to);
    p = hy_wire_put_number(p, 2, emission->partition);
    p = hy_wire_put_number(p, 3, emission->number);
    p = hy_wire_put_bytes(p, 4, emission->payload.data, emission->payload.len);
    p = hy_wire_put_text(p, 5, emission->key);
    return hy_wire_close(element, p);
}

static size_t record_size(const Huiyuan__V1__Record *record) {
    return hy_wire_text_length(record->input_id) + hy_wire_text_length(record->member_id) +
           hy_wire_text_length(record->code) + hy_wire_text_length(record->field) + record->body.len +
           record->note.len + record->answer.len + hy_wire_text_length(record->command_id) +
           hy_wire_text_length(record->reply_to) + mark_size(record->taken) + emissions_size(record) +
           27 * HY_WIRE_NUMBER_BYTES;
}

void hy_encode_record(const Huiyuan__V1__Record *record, uint32_t field, struct hy_buffer *out) {
    uint8_t *start = hy_buffer_reserve(out, record_size(record));
    if (start == NULL) return;
    struct hy_wire_element element = hy_wire_open(start, field, RECORD_LENGTH_BYTES);
    uint8_t *p = hy_wire_put_text(element.body, 1, record->input_id);
    p = hy_wire_put_fixed64(p, 2, record->content_hash);
    p = hy_wire_put_text(p, 3, record->member_id);
    p = hy_wire_put_number(p, 4, (uint64_t)record->event_time_ms);
    p = hy_wire_put_choice(p, 5, record->outcome);
    p = hy_wire_put_text(p, 6, record->code);
    p = hy_wire_put_text(p, 7, record->field);
    p = hy_wire_put_number(p, 8, record->source);
    p = hy_wire_put_number(p, 9, (uint64_t)record->offset);
    p = hy_wire_put_number(p, 10, record->program_version);
    p = hy_wire_put_number(p, 11, record->entry);
    p = put_record_name(p, 12, record->original);
    p = hy_wire_put_bytes(p, 13, record->body.data, record->body.len);
    p = hy_wire_put_bytes(p, 14, record->note.data, record->note.len);
    for (size_t i = 0; i < record->n_emissions; i++)
        p = put_emission(p, 15, record->emissions[i]);
    p = hy_wire_put_text(p, 16, record->command_id);
    p = hy_wire_put_text(p, 17, record->reply_to);
    p = put_mark(p, 18, record->taken);
    p = hy_wire_put_number(p, 19, record->input_class);
    p = hy_wire_put_bytes(p, 20, record->answer.data, record->answer.len);
    p = hy_wire_put_number(p, 21, record->source_index);
    p = hy_wire_close(element, p);
    hy_buffer_extend(out, (size_t)(p - start));
}

void hy_encode_receipt(const Huiyuan__V1__Receipt *receipt, uint32_t field, struct hy_buffer *out) {
    size_t most = hy_wire_text_length(receipt->input_id) + hy_wire_text_length(receipt->code) +
                  receipt->note.len + 12 * HY_WIRE_NUMBER_BYTES;
    uint8_t *start = hy_buffer_reserve(out, most);
    if (start == NULL) return;
    struct hy_wire_element element = hy_wire_open(start, field, RECEIPT_LENGTH_BYTES);
    uint8_t *p = hy_wire_put_text(element.body, 1, receipt->input_id);
    p = hy_wire_put_fixed64(p, 2, receipt->content_hash);
    p = hy_wire_put_number(p, 3, (uint64_t)receipt->event_time_ms);
    p = hy_wire_put_number(p, 4, receipt->seq);
    p = hy_wire_put_number(p, 5, receipt->index);
    p = hy_wire_put_number(p, 6, receipt->input_class);
    p = hy_wire_put_bytes(p, 7, receipt->note.data, receipt->note.len);
    p = hy_wire_put_number(p, 8, receipt->entry);
    p = hy_wire_put_choice(p, 9, receipt->outcome);
    p = hy_wire_put_text(p, 10, receipt->code);
    p = hy_wire_close(element, p);
    hy_buffer_extend(out, (size_t)(p - start));
}

void hy_encode_member_state(const Huiyuan__V1__MemberState *state, struct hy_buffer *out) {
    size_t most = state->state.len + hy_wire_text_length(state->member_id) +
                  (8 + state->n_newest_ms) * HY_WIRE_NUMBER_BYTES;
    uint8_t *start = hy_buffer_reserve(out, most);
    if (start == NULL) return;
    uint8_t *p = hy_wire_put_number(start, 1, state->seq);
    p = hy_wire_put_bytes(p, 2, state->state.data, state->state.len);
    p = hy_wire_put_number(p, 3, state->entries);
    if (state->n_newest_ms > 0) { // packed, as proto3 packs numbers
        struct hy_wire_element element = hy_wire_open(p, 4, 1);
        p = element.body;
        for (size_t i = 0; i < state->n_newest_ms; i++)
            p = hy_wire_put(p, (uint64_t)state->newest_ms[i]);
        p = hy_wire_close(element, p);
    }
    p = hy_wire_put_number(p, 5, state->first_page);
    p = hy_wire_put_text(p, 7, state->member_id);
    p = hy_wire_put_number(p, 8, (uint64_t)state->due_ms);
    hy_buffer_extend(out, (size_t)(p - start));
}

struct hy_bytes hy_brain_pack(struct hy_arena *arena, const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = hy_arena_alloc(arena, size);
    return hy_bytes(bytes, protobuf_c_message_pack(message, bytes));
}
