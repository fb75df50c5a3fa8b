#include "common/base/wire_place.h"
#include "services/accrual/accrual.h"

typedef Huiyuan__V1__PointsChange Change;
typedef Huiyuan__V1__AppliedRule Rule;
typedef Huiyuan__V1__LinePosting Line;

#define VARINT HY_PLACE_VARINT
#define BYTES  HY_PLACE_BYTES

static void decode_rule(struct hy_place_reader *reader, uint8_t *p, uint8_t *end, Rule *rule) {
    *rule = (Rule)HUIYUAN__V1__APPLIED_RULE__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1): rule->rule_id = hy_place_text(reader, &p, end); break;
        case VARINT(2): rule->rule_version = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(3): rule->factor_hundredths = (uint32_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
}

// Packed; as many numbers as bytes at most.
static void decode_rules_of_line(struct hy_place_reader *reader, uint8_t *p, const uint8_t *end, Line *line) {
    line->rules = hy_arena_alloc(reader->arena, (size_t)(end - p) * sizeof *line->rules);
    while (p < end && !reader->unusual)
        line->rules[line->n_rules++] = (uint32_t)hy_place_number(reader, &p, end);
}

static void decode_line(struct hy_place_reader *reader, uint8_t *p, uint8_t *end, Line *line) {
    *line = (Line)HUIYUAN__V1__LINE_POSTING__INIT;
    uint8_t *after;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1): line->line_id = hy_place_text(reader, &p, end); break;
        case VARINT(2): line->paid_fen = (int64_t)hy_place_number(reader, &p, end); break;
        case VARINT(3): line->points = (int64_t)hy_place_number(reader, &p, end); break;
        case BYTES(4):
            after = hy_place_sized(reader, &p, end);
            decode_rules_of_line(reader, p, after, line);
            p = after;
            break;
        default: reader->unusual = true;
        }
    }
}

// Room for the lists and their elements, in one piece.
static void make_lists(struct hy_place_reader *reader, const uint8_t *p, const uint8_t *end, Change *change,
                       Rule **ret_rules, Line **ret_lines) {
    size_t rules;
    size_t lines;
    hy_place_count(reader, p, end, BYTES(8), &rules, BYTES(9), &lines);
    *ret_rules = hy_arena_alloc(reader->arena, rules * (sizeof(Rule) + sizeof(Rule *)) +
                                                   lines * (sizeof(Line) + sizeof(Line *)));
    *ret_lines = (Line *)(*ret_rules + rules);
    change->rules = (Rule **)(*ret_lines + lines);
    change->lines = (Line **)(change->rules + rules);
}

static Change *decode(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Change *change = hy_arena_alloc(reader->arena, sizeof *change);
    *change = (Change)HUIYUAN__V1__POINTS_CHANGE__INIT;
    Rule *rule;
    Line *line;
    make_lists(reader, p, end, change, &rule, &line);
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        uint32_t field = hy_place_tag(reader, &p, end);
        if (field == BYTES(8) || field == BYTES(9)) {
            uint8_t *after = hy_place_sized(reader, &p, end);
            if (field == BYTES(8)) {
                decode_rule(reader, p, after, rule);
                change->rules[change->n_rules++] = rule++;
            } else {
                decode_line(reader, p, after, line);
                change->lines[change->n_lines++] = line++;
            }
            p = after;
            continue;
        }
        hy_place_once(reader, &seen, field);
        switch (field) {
        case VARINT(1):
            change->type = (Huiyuan__V1__EntryType)(int32_t)hy_place_number(reader, &p, end);
            break;
        case VARINT(2): change->points = (int64_t)hy_place_number(reader, &p, end); break;
        case VARINT(3): change->balance_after = (int64_t)hy_place_number(reader, &p, end); break;
        case BYTES(4): change->store_id = hy_place_text(reader, &p, end); break;
        case BYTES(5): change->tier = hy_place_text(reader, &p, end); break;
        case VARINT(6): change->money_fen = (int64_t)hy_place_number(reader, &p, end); break;
        case VARINT(7): change->total_fen = (int64_t)hy_place_number(reader, &p, end); break;
        case BYTES(10): change->reason = hy_place_text(reader, &p, end); break;
        case VARINT(11): change->discount_hundredths = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(12): change->tier_since_ms = (int64_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    hy_place_terminate(reader);
    return change;
}

ProtobufCMessage *points_change_decode(struct hy_bytes bytes, struct hy_arena *arena) {
    uint8_t *copy = hy_arena_alloc(arena, bytes.length + 1);
    if (bytes.length > 0) memcpy(copy, bytes.data, bytes.length);
    struct hy_place_reader reader = {.arena = arena};
    Change *change = decode(&reader, copy, copy + bytes.length);
    if (!reader.unusual) return &change->base;
    return protobuf_c_message_unpack(&huiyuan__v1__points_change__descriptor, &arena->protobuf, bytes.length,
                                     bytes.data);
}

// --- what a fold needs ---

static char *text(struct hy_bytes bytes, struct hy_arena *arena) {
    return hy_arena_string(arena, (const char *)bytes.data, bytes.length);
}

// Most of a change are its rules and lines.
static Change *decode_folded(struct hy_wire *wire, struct hy_arena *arena) {
    Change *change = hy_arena_alloc(arena, sizeof *change);
    *change = (Change)HUIYUAN__V1__POINTS_CHANGE__INIT;
    while (wire->p < wire->end && !wire->bad) {
        uint64_t tag = hy_wire_get(wire);
        switch (tag) {
        case VARINT(1): change->type = (Huiyuan__V1__EntryType)(int32_t)hy_wire_get(wire); break;
        case VARINT(2): change->points = (int64_t)hy_wire_get(wire); break;
        case VARINT(3): change->balance_after = (int64_t)hy_wire_get(wire); break;
        case BYTES(5): change->tier = text(hy_wire_get_bytes(wire), arena); break;
        case VARINT(6): change->money_fen = (int64_t)hy_wire_get(wire); break;
        case VARINT(12): change->tier_since_ms = (int64_t)hy_wire_get(wire); break;
        case BYTES(4):
        case VARINT(7):
        case BYTES(8):
        case BYTES(9):
        case BYTES(10):
        case VARINT(11): hy_wire_skip(wire, tag); break;
        default: wire->bad = true;
        }
    }
    return change;
}

ProtobufCMessage *points_change_decode_folded(struct hy_bytes bytes, struct hy_arena *arena) {
    struct hy_wire wire = hy_wire_read(bytes);
    Change *change = decode_folded(&wire, arena);
    return wire.bad ? points_change_decode(bytes, arena) : &change->base;
}
