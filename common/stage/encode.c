#include "common/stage/encode.h"

#include "common/base/wire.h"
#include "common/stage/brain.h"

enum { LENGTH_BYTES = 5 };

// What stands before an element whose length is not known yet.
struct element {
    uint8_t *room; // for the length, LENGTH_BYTES
    uint8_t *body;
};

static struct element open_element(uint8_t *p, uint32_t field) {
    if (field == 0) return (struct element){NULL, p};
    p = hy_wire_put_tag(p, field, HY_WIRE_BYTES);
    return (struct element){p, p + LENGTH_BYTES};
}

// Puts the length before the body, and the body where it belongs: lengths are written in as few bytes as they
// need.
static uint8_t *close_element(struct element element, uint8_t *end) {
    if (element.room == NULL) return end;
    size_t length = (size_t)(end - element.body);
    uint8_t *body = hy_wire_put(element.room, length);
    memmove(body, element.body, length);
    return body + length;
}

static uint8_t *put_record_name(uint8_t *p, uint32_t field, const Huiyuan__V1__RecordName *name) {
    uint8_t bytes[3 * HY_WIRE_NUMBER_BYTES];
    if (name == NULL) return p;
    uint8_t *end = hy_wire_put_number(bytes, 1, name->partition);
    end = hy_wire_put_number(end, 2, name->seq);
    end = hy_wire_put_number(end, 3, name->index);
    return hy_wire_put_element(p, field, bytes, (size_t)(end - bytes));
}

static size_t mark_size(const Huiyuan__V1__EmissionMark *mark) {
    return mark == NULL ? 0 : strlen(mark->log) + 4 * HY_WIRE_NUMBER_BYTES;
}

static uint8_t *put_mark(uint8_t *p, uint32_t field, const Huiyuan__V1__EmissionMark *mark) {
    if (mark == NULL) return p;
    struct element element = open_element(p, field);
    p = hy_wire_put_text(element.body, 1, mark->log);
    p = hy_wire_put_number(p, 2, mark->partition);
    p = hy_wire_put_number(p, 3, mark->number);
    return close_element(element, p);
}

static size_t emissions_size(const Huiyuan__V1__Record *record) {
    size_t size = 0;
    for (size_t i = 0; i < record->n_emissions; i++)
        size +=
            strlen(record->emissions[i]->to) + record->emissions[i]->payload.len + 6 * HY_WIRE_NUMBER_BYTES;
    return size;
}

static uint8_t *put_emission(uint8_t *p, uint32_t field, const Huiyuan__V1__Emission *emission) {
    struct element element = open_element(p, field);
    p = hy_wire_put_text(element.body, 1, emission->to);
    p = hy_wire_put_number(p, 2, emission->partition);
    p = hy_wire_put_number(p, 3, emission->number);
    p = hy_wire_put_bytes(p, 4, emission->payload.data, emission->payload.len);
    return close_element(element, p);
}

static size_t record_size(const Huiyuan__V1__Record *record) {
    return strlen(record->input_id) + strlen(record->member_id) + strlen(record->code) +
           strlen(record->field) + record->body.len + record->note.len + record->answer.len +
           strlen(record->command_id) + strlen(record->reply_to) + mark_size(record->taken) +
           emissions_size(record) + 26 * HY_WIRE_NUMBER_BYTES;
}

void hy_encode_record(const Huiyuan__V1__Record *record, uint32_t field, struct hy_buffer *out) {
    uint8_t *start = hy_buffer_reserve(out, record_size(record));
    if (start == NULL) return;
    struct element element = open_element(start, field);
    uint8_t *p = hy_wire_put_text(element.body, 1, record->input_id);
    p = hy_wire_put_fixed64(p, 2, record->content_hash);
    p = hy_wire_put_text(p, 3, record->member_id);
    p = hy_wire_put_number(p, 4, (uint64_t)record->event_time_ms);
    p = hy_wire_put_number(p, 5, (uint64_t)record->outcome);
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
    p = close_element(element, p);
    hy_buffer_extend(out, (size_t)(p - start));
}

void hy_encode_receipt(const Huiyuan__V1__Receipt *receipt, uint32_t field, struct hy_buffer *out) {
    size_t most =
        strlen(receipt->input_id) + strlen(receipt->code) + receipt->note.len + 12 * HY_WIRE_NUMBER_BYTES;
    uint8_t *start = hy_buffer_reserve(out, most);
    if (start == NULL) return;
    struct element element = open_element(start, field);
    uint8_t *p = hy_wire_put_text(element.body, 1, receipt->input_id);
    p = hy_wire_put_fixed64(p, 2, receipt->content_hash);
    p = hy_wire_put_number(p, 3, (uint64_t)receipt->event_time_ms);
    p = hy_wire_put_number(p, 4, receipt->seq);
    p = hy_wire_put_number(p, 5, receipt->index);
    p = hy_wire_put_number(p, 6, receipt->input_class);
    p = hy_wire_put_bytes(p, 7, receipt->note.data, receipt->note.len);
    p = hy_wire_put_number(p, 8, receipt->entry);
    p = hy_wire_put_number(p, 9, (uint64_t)receipt->outcome);
    p = hy_wire_put_text(p, 10, receipt->code);
    p = close_element(element, p);
    hy_buffer_extend(out, (size_t)(p - start));
}

void hy_encode_member_state(const Huiyuan__V1__MemberState *state, struct hy_buffer *out) {
    size_t most =
        state->state.len + strlen(state->member_id) + (8 + state->n_newest_ms) * HY_WIRE_NUMBER_BYTES;
    uint8_t *start = hy_buffer_reserve(out, most);
    if (start == NULL) return;
    uint8_t *p = hy_wire_put_number(start, 1, state->seq);
    p = hy_wire_put_bytes(p, 2, state->state.data, state->state.len);
    p = hy_wire_put_number(p, 3, state->entries);
    if (state->n_newest_ms > 0) { // packed, as proto3 packs numbers
        struct element element = open_element(p, 4);
        p = element.body;
        for (size_t i = 0; i < state->n_newest_ms; i++)
            p = hy_wire_put(p, (uint64_t)state->newest_ms[i]);
        p = close_element(element, p);
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
