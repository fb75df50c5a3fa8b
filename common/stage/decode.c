#include "common/stage/decode.h"

#include "common/base/wire_place.h"
#include "common/stage/brain.h"

typedef Huiyuan__V1__LogMessage Message;
typedef Huiyuan__V1__Block Block;
typedef Huiyuan__V1__Record Record;
typedef Huiyuan__V1__Claim Claim;
typedef Huiyuan__V1__Position Position;
typedef Huiyuan__V1__Emission Emission;
typedef Huiyuan__V1__EmissionMark Mark;
typedef Huiyuan__V1__RecordName Name;

#define VARINT  HY_PLACE_VARINT
#define FIXED64 HY_PLACE_FIXED64
#define BYTES   HY_PLACE_BYTES

// protobuf-c has no pointer where there are no bytes.
static inline ProtobufCBinaryData bytes(struct hy_place_reader *reader, uint8_t **p, uint8_t *end) {
    uint8_t *start;
    uint8_t *after = hy_place_sized(reader, p, end);
    start = *p;
    *p = after;
    return (ProtobufCBinaryData){(size_t)(after - start), after == start ? NULL : start};
}

static Name *decode_name(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Name *name = hy_arena_alloc(reader->arena, sizeof *name);
    *name = (Name)HUIYUAN__V1__RECORD_NAME__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case VARINT(1): name->partition = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(2): name->seq = hy_place_number(reader, &p, end); break;
        case VARINT(3): name->index = (uint32_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return name;
}

static Mark *decode_mark(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Mark *mark = hy_arena_alloc(reader->arena, sizeof *mark);
    *mark = (Mark)HUIYUAN__V1__EMISSION_MARK__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1): mark->log = hy_place_text(reader, &p, end); break;
        case VARINT(2): mark->partition = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(3): mark->number = hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return mark;
}

static Emission *decode_emission(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Emission *emission = hy_arena_alloc(reader->arena, sizeof *emission);
    *emission = (Emission)HUIYUAN__V1__EMISSION__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1): emission->to = hy_place_text(reader, &p, end); break;
        case VARINT(2): emission->partition = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(3): emission->number = hy_place_number(reader, &p, end); break;
        case BYTES(4): emission->payload = bytes(reader, &p, end); break;
        case BYTES(5): emission->key = hy_place_text(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return emission;
}

// Room for all of them, when the first one is met: most records have none.
static void make_emissions(struct hy_place_reader *reader, const uint8_t *p, const uint8_t *end,
                           Record *record) {
    size_t more;
    size_t unused;
    hy_place_count(reader, p, end, BYTES(15), &more, 0, &unused);
    record->emissions = hy_arena_alloc(reader->arena, (more + 1) * sizeof(Emission *));
}

static void decode_record(struct hy_place_reader *reader, uint8_t *p, uint8_t *end, Record *record) {
    *record = (Record)HUIYUAN__V1__RECORD__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        uint8_t *after;
        uint32_t field = hy_place_tag(reader, &p, end);
        if (field == BYTES(15)) {
            after = hy_place_sized(reader, &p, end);
            if (record->emissions == NULL) make_emissions(reader, after, end, record);
            record->emissions[record->n_emissions++] = decode_emission(reader, p, after);
            p = after;
            continue;
        }
        hy_place_once(reader, &seen, field);
        switch (field) {
        case BYTES(1): record->input_id = hy_place_text(reader, &p, end); break;
        case FIXED64(2): record->content_hash = hy_place_fixed64(reader, &p, end); break;
        case BYTES(3): record->member_id = hy_place_text(reader, &p, end); break;
        case VARINT(4): record->event_time_ms = (int64_t)hy_place_number(reader, &p, end); break;
        case VARINT(5):
            record->outcome = (Huiyuan__V1__Outcome)(int32_t)hy_place_number(reader, &p, end);
            break;
        case BYTES(6): record->code = hy_place_text(reader, &p, end); break;
        case BYTES(7): record->field = hy_place_text(reader, &p, end); break;
        case VARINT(8): record->source = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(9): record->offset = (int64_t)hy_place_number(reader, &p, end); break;
        case VARINT(10): record->program_version = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(11): record->entry = hy_place_number(reader, &p, end); break;
        case BYTES(12):
            after = hy_place_sized(reader, &p, end);
            record->original = decode_name(reader, p, after);
            p = after;
            break;
        case BYTES(13): record->body = bytes(reader, &p, end); break;
        case BYTES(14): record->note = bytes(reader, &p, end); break;
        case BYTES(16): record->command_id = hy_place_text(reader, &p, end); break;
        case BYTES(17): record->reply_to = hy_place_text(reader, &p, end); break;
        case BYTES(18):
            after = hy_place_sized(reader, &p, end);
            record->taken = decode_mark(reader, p, after);
            p = after;
            break;
        case VARINT(19): record->input_class = (uint32_t)hy_place_number(reader, &p, end); break;
        case BYTES(20): record->answer = bytes(reader, &p, end); break;
        case VARINT(21): record->source_index = (uint32_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
}

static Position *decode_position(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Position *position = hy_arena_alloc(reader->arena, sizeof *position);
    *position = (Position)HUIYUAN__V1__POSITION__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1): position->topic = hy_place_text(reader, &p, end); break;
        case VARINT(2): position->next_offset = (int64_t)hy_place_number(reader, &p, end); break;
        case FIXED64(3): position->claim = hy_place_fixed64(reader, &p, end); break;
        case VARINT(4): position->seq = hy_place_number(reader, &p, end); break;
        case VARINT(5): position->taken = (uint32_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return position;
}

static void make_lists(struct hy_place_reader *reader, const uint8_t *p, const uint8_t *end, Block *block,
                       Record **ret_records) {
    size_t positions;
    size_t records;
    hy_place_count(reader, p, end, BYTES(4), &positions, BYTES(7), &records);
    block->positions = hy_arena_alloc(reader->arena, (positions + 1) * sizeof(Position *));
    block->records = hy_arena_alloc(reader->arena, (records + 1) * sizeof(Record *));
    *ret_records = hy_arena_alloc(reader->arena, records * sizeof(Record));
}

static Block *decode_block(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Block *block = hy_arena_alloc(reader->arena, sizeof *block);
    *block = (Block)HUIYUAN__V1__BLOCK__INIT;
    Record *record;
    make_lists(reader, p, end, block, &record);
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        uint32_t field = hy_place_tag(reader, &p, end);
        if (field == BYTES(7)) {
            uint8_t *after = hy_place_sized(reader, &p, end);
            decode_record(reader, p, after, record);
            block->records[block->n_records++] = record++;
            p = after;
            continue;
        }
        if (field == BYTES(4)) {
            uint8_t *after = hy_place_sized(reader, &p, end);
            block->positions[block->n_positions++] = decode_position(reader, p, after);
            p = after;
            continue;
        }
        hy_place_once(reader, &seen, field);
        switch (field) {
        case FIXED64(1): block->claim = hy_place_fixed64(reader, &p, end); break;
        case VARINT(2): block->seq = hy_place_number(reader, &p, end); break;
        case VARINT(3): block->recorded_at_ms = (int64_t)hy_place_number(reader, &p, end); break;
        case VARINT(5): block->emitted_through = hy_place_number(reader, &p, end); break;
        case BYTES(6): block->previous_hash = bytes(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return block;
}

static Claim *decode_claim(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Claim *claim = hy_arena_alloc(reader->arena, sizeof *claim);
    *claim = (Claim)HUIYUAN__V1__CLAIM__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case FIXED64(1): claim->claim = hy_place_fixed64(reader, &p, end); break;
        case BYTES(2): claim->instance = hy_place_text(reader, &p, end); break;
        case VARINT(3): claim->recorded_at_ms = (int64_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return claim;
}

// One of the two, and nothing behind it.
static Message *decode(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Message *message = hy_arena_alloc(reader->arena, sizeof *message);
    *message = (Message)HUIYUAN__V1__LOG_MESSAGE__INIT;
    uint32_t field = hy_place_tag(reader, &p, end);
    uint8_t *after = hy_place_sized(reader, &p, end);
    if (after != end || (field != BYTES(1) && field != BYTES(2))) {
        reader->unusual = true;
    } else if (field == BYTES(1)) {
        message->kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
        message->claim = decode_claim(reader, p, after);
    } else {
        message->kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK;
        message->block = decode_block(reader, p, after);
    }
    hy_place_terminate(reader);
    return message;
}

const Message *hy_decode_log_message(struct hy_bytes message, struct hy_arena *arena) {
    uint8_t *copy = hy_arena_alloc(arena, message.length + 1);
    if (message.length > 0) memcpy(copy, message.data, message.length);
    struct hy_place_reader reader = {.arena = arena};
    const Message *decoded = decode(&reader, copy, copy + message.length);
    if (!reader.unusual) return decoded;
    return huiyuan__v1__log_message__unpack(&arena->protobuf, message.length, message.data);
}

ProtobufCMessage *hy_brain_body(const struct hy_brain *brain, const Record *record, struct hy_arena *arena) {
    if (brain->decode != NULL) return brain->decode(hy_bytes(record->body.data, record->body.len), arena);
    return protobuf_c_message_unpack(brain->body, &arena->protobuf, record->body.len, record->body.data);
}

ProtobufCMessage *hy_brain_folded(const struct hy_brain *brain, const Record *record,
                                  struct hy_arena *arena) {
    if (brain->decode_folded == NULL) return hy_brain_body(brain, record, arena);
    return brain->decode_folded(hy_bytes(record->body.data, record->body.len), arena);
}
