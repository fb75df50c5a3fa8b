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

struct decoder {
    struct hy_place_reader place;
    struct hy_arena *arena;
};

#define VARINT  HY_PLACE_VARINT
#define FIXED64 HY_PLACE_FIXED64
#define BYTES   HY_PLACE_BYTES

static inline uint64_t number(struct decoder *decoder, uint8_t **p, const uint8_t *end) {
    return hy_place_number(&decoder->place, p, end);
}

static inline char *text(struct decoder *decoder, uint8_t **p, uint8_t *end) {
    return hy_place_text(&decoder->place, p, end);
}

// protobuf-c has no pointer where there are no bytes.
static inline ProtobufCBinaryData bytes(struct decoder *decoder, uint8_t **p, uint8_t *end) {
    uint8_t *start;
    uint8_t *after = hy_place_sized(&decoder->place, p, end);
    start = *p;
    *p = after;
    return (ProtobufCBinaryData){(size_t)(after - start), after == start ? NULL : start};
}

static inline uint32_t next_field(struct decoder *decoder, uint8_t **p, const uint8_t *end, uint32_t *seen) {
    uint32_t field = hy_place_tag(&decoder->place, p, end);
    hy_place_once(&decoder->place, seen, field);
    return field;
}

static Name *decode_name(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Name *name = hy_arena_alloc(decoder->arena, sizeof *name);
    *name = (Name)HUIYUAN__V1__RECORD_NAME__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        switch (next_field(decoder, &p, end, &seen)) {
        case VARINT(1): name->partition = (uint32_t)number(decoder, &p, end); break;
        case VARINT(2): name->seq = number(decoder, &p, end); break;
        case VARINT(3): name->index = (uint32_t)number(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
    return name;
}

static Mark *decode_mark(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Mark *mark = hy_arena_alloc(decoder->arena, sizeof *mark);
    *mark = (Mark)HUIYUAN__V1__EMISSION_MARK__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        switch (next_field(decoder, &p, end, &seen)) {
        case BYTES(1): mark->log = text(decoder, &p, end); break;
        case VARINT(2): mark->partition = (uint32_t)number(decoder, &p, end); break;
        case VARINT(3): mark->number = number(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
    return mark;
}

static Emission *decode_emission(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Emission *emission = hy_arena_alloc(decoder->arena, sizeof *emission);
    *emission = (Emission)HUIYUAN__V1__EMISSION__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        switch (next_field(decoder, &p, end, &seen)) {
        case BYTES(1): emission->to = text(decoder, &p, end); break;
        case VARINT(2): emission->partition = (uint32_t)number(decoder, &p, end); break;
        case VARINT(3): emission->number = number(decoder, &p, end); break;
        case BYTES(4): emission->payload = bytes(decoder, &p, end); break;
        case BYTES(5): emission->key = text(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
    return emission;
}

// Room for all of them, when the first one is met: most records have none.
static void make_emissions(struct decoder *decoder, const uint8_t *p, const uint8_t *end, Record *record) {
    size_t more;
    size_t unused;
    hy_place_count(&decoder->place, p, end, BYTES(15), &more, 0, &unused);
    record->emissions = hy_arena_alloc(decoder->arena, (more + 1) * sizeof(Emission *));
}

static void decode_record(struct decoder *decoder, uint8_t *p, uint8_t *end, Record *record) {
    *record = (Record)HUIYUAN__V1__RECORD__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        uint8_t *after;
        uint32_t field = hy_place_tag(&decoder->place, &p, end);
        if (field == BYTES(15)) {
            after = hy_place_sized(&decoder->place, &p, end);
            if (record->emissions == NULL) make_emissions(decoder, after, end, record);
            record->emissions[record->n_emissions++] = decode_emission(decoder, p, after);
            p = after;
            continue;
        }
        hy_place_once(&decoder->place, &seen, field);
        switch (field) {
        case BYTES(1): record->input_id = text(decoder, &p, end); break;
        case FIXED64(2): record->content_hash = hy_place_fixed64(&decoder->place, &p, end); break;
        case BYTES(3): record->member_id = text(decoder, &p, end); break;
        case VARINT(4): record->event_time_ms = (int64_t)number(decoder, &p, end); break;
        case VARINT(5): record->outcome = (Huiyuan__V1__Outcome)(int32_t)number(decoder, &p, end); break;
        case BYTES(6): record->code = text(decoder, &p, end); break;
        case BYTES(7): record->field = text(decoder, &p, end); break;
        case VARINT(8): record->source = (uint32_t)number(decoder, &p, end); break;
        case VARINT(9): record->offset = (int64_t)number(decoder, &p, end); break;
        case VARINT(10): record->program_version = (uint32_t)number(decoder, &p, end); break;
        case VARINT(11): record->entry = number(decoder, &p, end); break;
        case BYTES(12):
            after = hy_place_sized(&decoder->place, &p, end);
            record->original = decode_name(decoder, p, after);
            p = after;
            break;
        case BYTES(13): record->body = bytes(decoder, &p, end); break;
        case BYTES(14): record->note = bytes(decoder, &p, end); break;
        case BYTES(16): record->command_id = text(decoder, &p, end); break;
        case BYTES(17): record->reply_to = text(decoder, &p, end); break;
        case BYTES(18):
            after = hy_place_sized(&decoder->place, &p, end);
            record->taken = decode_mark(decoder, p, after);
            p = after;
            break;
        case VARINT(19): record->input_class = (uint32_t)number(decoder, &p, end); break;
        case BYTES(20): record->answer = bytes(decoder, &p, end); break;
        case VARINT(21): record->source_index = (uint32_t)number(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
}

static Position *decode_position(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Position *position = hy_arena_alloc(decoder->arena, sizeof *position);
    *position = (Position)HUIYUAN__V1__POSITION__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        switch (next_field(decoder, &p, end, &seen)) {
        case BYTES(1): position->topic = text(decoder, &p, end); break;
        case VARINT(2): position->next_offset = (int64_t)number(decoder, &p, end); break;
        case FIXED64(3): position->claim = hy_place_fixed64(&decoder->place, &p, end); break;
        case VARINT(4): position->seq = number(decoder, &p, end); break;
        case VARINT(5): position->taken = (uint32_t)number(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
    return position;
}

static void make_lists(struct decoder *decoder, const uint8_t *p, const uint8_t *end, Block *block,
                       Record **ret_records) {
    size_t positions;
    size_t records;
    hy_place_count(&decoder->place, p, end, BYTES(4), &positions, BYTES(7), &records);
    block->positions = hy_arena_alloc(decoder->arena, (positions + 1) * sizeof(Position *));
    block->records = hy_arena_alloc(decoder->arena, (records + 1) * sizeof(Record *));
    *ret_records = hy_arena_alloc(decoder->arena, records * sizeof(Record));
}

static Block *decode_block(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Block *block = hy_arena_alloc(decoder->arena, sizeof *block);
    *block = (Block)HUIYUAN__V1__BLOCK__INIT;
    Record *record;
    make_lists(decoder, p, end, block, &record);
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        uint32_t field = hy_place_tag(&decoder->place, &p, end);
        if (field == BYTES(7)) {
            uint8_t *after = hy_place_sized(&decoder->place, &p, end);
            decode_record(decoder, p, after, record);
            block->records[block->n_records++] = record++;
            p = after;
            continue;
        }
        if (field == BYTES(4)) {
            uint8_t *after = hy_place_sized(&decoder->place, &p, end);
            block->positions[block->n_positions++] = decode_position(decoder, p, after);
            p = after;
            continue;
        }
        hy_place_once(&decoder->place, &seen, field);
        switch (field) {
        case FIXED64(1): block->claim = hy_place_fixed64(&decoder->place, &p, end); break;
        case VARINT(2): block->seq = number(decoder, &p, end); break;
        case VARINT(3): block->recorded_at_ms = (int64_t)number(decoder, &p, end); break;
        case VARINT(5): block->emitted_through = number(decoder, &p, end); break;
        case BYTES(6): block->previous_hash = bytes(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
    return block;
}

static Claim *decode_claim(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Claim *claim = hy_arena_alloc(decoder->arena, sizeof *claim);
    *claim = (Claim)HUIYUAN__V1__CLAIM__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->place.unusual) {
        switch (next_field(decoder, &p, end, &seen)) {
        case FIXED64(1): claim->claim = hy_place_fixed64(&decoder->place, &p, end); break;
        case BYTES(2): claim->instance = text(decoder, &p, end); break;
        case VARINT(3): claim->recorded_at_ms = (int64_t)number(decoder, &p, end); break;
        default: decoder->place.unusual = true;
        }
    }
    return claim;
}

// One of the two, and nothing behind it.
static Message *decode(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Message *message = hy_arena_alloc(decoder->arena, sizeof *message);
    *message = (Message)HUIYUAN__V1__LOG_MESSAGE__INIT;
    uint32_t field = hy_place_tag(&decoder->place, &p, end);
    uint8_t *after = hy_place_sized(&decoder->place, &p, end);
    if (after != end || (field != BYTES(1) && field != BYTES(2))) {
        decoder->place.unusual = true;
    } else if (field == BYTES(1)) {
        message->kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
        message->claim = decode_claim(decoder, p, after);
    } else {
        message->kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK;
        message->block = decode_block(decoder, p, after);
    }
    hy_place_terminate(&decoder->place);
    return message;
}

const Message *hy_decode_log_message(struct hy_bytes message, struct hy_arena *arena) {
    uint8_t *copy = hy_arena_alloc(arena, message.length + 1);
    if (message.length > 0) memcpy(copy, message.data, message.length);
    struct decoder decoder = {.arena = arena};
    const Message *decoded = decode(&decoder, copy, copy + message.length);
    if (!decoder.place.unusual) return decoded;
    return huiyuan__v1__log_message__unpack(&arena->protobuf, message.length, message.data);
}

ProtobufCMessage *hy_brain_body(const struct hy_brain *brain, const Record *record, struct hy_arena *arena) {
    if (brain->decode != NULL) return brain->decode(hy_bytes(record->body.data, record->body.len), arena);
    return protobuf_c_message_unpack(brain->body, &arena->protobuf, record->body.len, record->body.data);
}
