#include "services/gateway/render.h"

#include <inttypes.h>

#include "services/gateway/request.h"

// A record's name: partition of its log, block, place in the block.
static json_t *entry_name(uint32_t partition, uint64_t seq, uint32_t index) {
    return json_sprintf("%" PRIu32 "-%" PRIu64 "-%" PRIu32, partition, seq, index);
}

static json_t *outcome_lines(const Huiyuan__V1__PointsAnswer *points) {
    json_t *lines = json_array();
    for (size_t i = 0; i < points->n_lines; i++) {
        json_t *line = json_object();
        json_object_set_new(line, "line_id", json_string(points->lines[i]->line_id));
        json_object_set_new(line, "points", json_integer(points->lines[i]->points));
        json_array_append_new(lines, line);
    }
    return lines;
}

// Nothing in it tells a first answer from a repeated one: a retry gets the same bytes.
json_t *render_outcome(const Huiyuan__V1__PointsAnswer *points, const Huiyuan__V1__RecordName *record) {
    json_t *json = json_object();
    json_object_set_new(json, "purchase_id", json_string(points->purchase_id));
    json_object_set_new(json, "member_id", json_string(points->member_id));
    json_object_set_new(json, "entry", entry_name(record->partition, record->seq, record->index));
    json_object_set_new(json, "points", json_integer(points->points));
    json_object_set_new(json, "balance", json_integer(points->balance));
    json_object_set_new(json, "lines", outcome_lines(points));
    return json;
}

json_t *render_member(const char *member_id, const Huiyuan__V1__PointsState *points) {
    json_t *balances = json_object();
    json_object_set_new(balances, "balance", json_integer(points->balance));
    json_object_set_new(balances, "earned", json_integer(points->earned));
    json_t *json = json_object();
    json_object_set_new(json, "member_id", json_string(member_id));
    json_object_set_new(json, "points", balances);
    json_object_set_new(json, "spend_fen", json_integer(points->spend_fen));
    json_object_set_new(json, "purchases", json_integer((json_int_t)points->purchases));
    if (points->last_purchase_at_ms > 0)
        json_object_set_new(json, "last_purchase_at", json_time(points->last_purchase_at_ms));
    return json;
}

static json_t *entry_lines(const Huiyuan__V1__PointsNote *note) {
    json_t *lines = json_array();
    for (size_t i = 0; i < note->n_line_points; i++)
        json_array_append_new(lines, json_integer(note->line_points[i]));
    return lines;
}

static const char *type_name(Huiyuan__V1__EntryType type) {
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&huiyuan__v1__entry_type__descriptor, (int)type);
    return value == NULL ? "UNKNOWN" : value->name;
}

// The tier that the member has had since then; NULL: that is too long ago to be kept.
static const char *tier_from(const Huiyuan__V1__PointsState *points, int64_t since_ms) {
    for (size_t i = 0; points != NULL && i < points->n_tiers; i++) {
        if (points->tiers[i]->since_ms == since_ms) return points->tiers[i]->tier;
    }
    return NULL;
}

json_t *render_entry(uint32_t partition, const Huiyuan__V1__Receipt *receipt,
                     const Huiyuan__V1__PointsState *points) {
    Huiyuan__V1__PointsNote *note =
        huiyuan__v1__points_note__unpack(NULL, receipt->note.len, receipt->note.data);
    if (note == NULL) return NULL;
    json_t *json = json_object();
    json_object_set_new(json, "entry", entry_name(partition, receipt->seq, receipt->index));
    json_object_set_new(json, "type", json_string(type_name(note->type)));
    json_object_set_new(json, "points", json_integer(note->points));
    json_object_set_new(json, "balance_after", json_integer(note->balance_after));
    json_object_set_new(json, "occurred_at", json_time(receipt->event_time_ms));
    if (note->type == HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN) {
        const char *tier = tier_from(points, receipt->event_time_ms);
        if (tier != NULL) json_object_set_new(json, "tier", json_string(tier));
    } else {
        json_object_set_new(json, "purchase_id", json_string(receipt->input_id));
        json_object_set_new(json, "line_points", entry_lines(note));
    }
    huiyuan__v1__points_note__free_unpacked(note, NULL);
    return json;
}
