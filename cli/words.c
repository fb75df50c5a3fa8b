#include "cli/words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "common/base/calendar.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "proto/access.pb-c.h"
#include "proto/campaigns.pb-c.h"
#include "proto/commands.pb-c.h"
#include "proto/deliveries.pb-c.h"
#include "proto/members.pb-c.h"
#include "proto/points.pb-c.h"
#include "proto/program.pb-c.h"
#include "proto/purchases.pb-c.h"
#include "proto/tiers.pb-c.h"

const char *words_outcome(Huiyuan__V1__Outcome outcome) {
    switch (outcome) {
    case HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED: return "accepted";
    case HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED: return "declined";
    case HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE: return "duplicate";
    case HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT: return "conflict";
    case HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED: return "rejected";
    case HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED: return "forwarded";
    case HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED: return "repeated";
    default: return "unknown";
    }
}

// What comes from outside must not steer the terminal.
static void add_text(struct hy_buffer *out, const char *text) {
    for (const char *p = text; *p != '\0'; p++)
        hy_buffer_add(out, iscntrl((unsigned char)*p) ? "?" : p, 1);
}

static void add_field(struct hy_buffer *out, const char *name, const char *text) {
    if (text[0] == '\0') return;
    hy_buffer_printf(out, " %s=", name);
    add_text(out, text);
}

static void add_points(struct hy_buffer *out, const Huiyuan__V1__PointsChange *change) {
    char money[24];
    char factor[24];
    if (change->type == HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN) {
        char since[25];
        hy_time_format(change->tier_since_ms, since);
        hy_buffer_printf(out, " tier %s since %s", change->tier, since);
        return;
    }
    hy_hundredths_format(change->money_fen, money);
    hy_buffer_printf(out, " %+" PRId64 " points, balance %" PRId64 ", ¥%s", change->points,
                     change->balance_after, money);
    add_field(out, "store", change->store_id);
    add_field(out, "tier", change->tier);
    add_field(out, "none", change->reason);
    for (size_t i = 0; i < change->n_rules; i++) {
        hy_hundredths_format(change->rules[i]->factor_hundredths, factor);
        hy_buffer_printf(out, "%s", i == 0 ? " rules=" : ",");
        add_text(out, change->rules[i]->rule_id);
        hy_buffer_printf(out, "×%s", factor);
    }
}

// What the body says. A log without words of its own: its fields by their names.
static void add_body(struct hy_buffer *out, const struct hy_brain *brain, const Huiyuan__V1__Record *record) {
    if (record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return;
    ProtobufCMessage *body =
        protobuf_c_message_unpack(brain->body, NULL, record->body.len, record->body.data);
    if (body == NULL) {
        hy_buffer_printf(out, " (unreadable)");
        return;
    }
    if (brain->body == &huiyuan__v1__points_change__descriptor) {
        add_points(out, (const Huiyuan__V1__PointsChange *)body);
    } else {
        json_words(out, body);
    }
    protobuf_c_message_free_unpacked(body, NULL);
}

static void add_reason(struct hy_buffer *out, const Huiyuan__V1__Record *record) {
    enum hy_code code;
    add_field(out, "code", record->code);
    add_field(out, "field", record->field);
    if (hy_code_by_name(record->code, &code))
        hy_buffer_printf(out, " (%s / %s)", hy_code_english(code), hy_code_chinese(code));
    if (record->original != NULL)
        hy_buffer_printf(out, " original=%" PRIu32 "-%" PRIu64 "-%" PRIu32, record->original->partition,
                         record->original->seq, record->original->index);
}

void words_record(struct hy_buffer *out, const struct hy_brain *brain, const struct words_place *place,
                  const Huiyuan__V1__Record *record) {
    char at[25];
    hy_time_format(place->recorded_at_ms, at);
    hy_buffer_printf(out, "%s %" PRIu32 "-%" PRIu64 "-%" PRIu32 " ", at, place->partition, place->seq,
                     place->index);
    add_text(out, record->member_id[0] == '\0' ? "-" : record->member_id);
    hy_buffer_printf(out, " ");
    add_text(out, record->input_id[0] == '\0' ? "-" : record->input_id);
    hy_buffer_printf(out, " %s", words_outcome(record->outcome));
    add_body(out, brain, record);
    add_reason(out, record);
    if (record->program_version != 0) hy_buffer_printf(out, " program=%" PRIu32, record->program_version);
}

// What stands in `note` and `answer` of each log's records.
static const struct inside {
    const ProtobufCMessageDescriptor *body, *note, *answer;
} insides[] = {
    {&huiyuan__v1__points_change__descriptor, &huiyuan__v1__points_note__descriptor,
     &huiyuan__v1__points_answer__descriptor},
    {&huiyuan__v1__member_change__descriptor, &huiyuan__v1__member_note__descriptor,
     &huiyuan__v1__member_answer__descriptor},
    {&huiyuan__v1__tier_change__descriptor, &huiyuan__v1__tier_note__descriptor, NULL},
    {&huiyuan__v1__campaign_change__descriptor, &huiyuan__v1__campaign_note__descriptor,
     &huiyuan__v1__coupon_answer__descriptor},
    {&huiyuan__v1__delivery_change__descriptor, &huiyuan__v1__delivery_note__descriptor, NULL},
};

static const ProtobufCMessageDescriptor *inside_log(const ProtobufCMessageDescriptor *of, const char *field,
                                                    const void *context) {
    const struct hy_brain *brain = context;
    if (of != &huiyuan__v1__record__descriptor) return NULL;
    if (strcmp(field, "body") == 0) return brain->body;
    for (size_t i = 0; i < sizeof insides / sizeof insides[0]; i++) {
        if (insides[i].body != brain->body) continue;
        if (strcmp(field, "note") == 0) return insides[i].note;
        if (strcmp(field, "answer") == 0) return insides[i].answer;
    }
    return NULL;
}

void words_record_json(struct hy_buffer *out, const struct hy_brain *brain, const struct words_place *place,
                       const Huiyuan__V1__Record *record) {
    hy_buffer_printf(out,
                     "{\"kind\":\"record\",\"partition\":%" PRIu32 ",\"seq\":%" PRIu64 ",\"index\":%" PRIu32
                     ",\"log_offset\":%" PRId64 ",\"recorded_at_ms\":%" PRId64,
                     place->partition, place->seq, place->index, place->offset, place->recorded_at_ms);
    json_fields(out, &record->base, inside_log, brain, false);
    hy_buffer_printf(out, "}");
}

// --- other topics ---

static const ProtobufCMessageDescriptor *descriptor_of(const char *name) {
    static const ProtobufCMessageDescriptor *const known[] = {
        &huiyuan__v1__store_event__descriptor,     &huiyuan__v1__command__descriptor,
        &huiyuan__v1__program_version__descriptor, &huiyuan__v1__dead_letter__descriptor,
        &huiyuan__v1__log_message__descriptor,     &huiyuan__v1__access_key__descriptor,
        &huiyuan__v1__wrapped_key__descriptor,
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i]->short_name, name) == 0) return known[i];
    }
    return NULL;
}

static const ProtobufCMessageDescriptor *inside_letter(const ProtobufCMessageDescriptor *of,
                                                       const char *field, const void *context) {
    (void)context;
    bool is_purchase = of == &huiyuan__v1__dead_letter__descriptor && strcmp(field, "payload") == 0;
    return is_purchase ? &huiyuan__v1__store_event__descriptor : NULL;
}

static void add_purchase(struct hy_buffer *out, const Huiyuan__V1__StoreEvent *event) {
    if (event->event_case != HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE) return;
    const Huiyuan__V1__Purchase *purchase = event->purchase;
    char at[25];
    char money[24];
    int64_t total_fen = 0;
    for (size_t i = 0; i < purchase->n_lines; i++)
        if (__builtin_add_overflow(total_fen, purchase->lines[i]->paid_fen, &total_fen))
            total_fen = 0; // not checked yet
    hy_time_format(purchase->occurred_at_ms, at);
    hy_hundredths_format(total_fen, money);
    add_field(out, "member", purchase->member_id);
    add_field(out, "purchase", purchase->purchase_id);
    add_field(out, "store", purchase->store_id);
    hy_buffer_printf(out, " at=%s lines=%zu ¥%s", at, purchase->n_lines, money);
}

static void add_letter(struct hy_buffer *out, const Huiyuan__V1__DeadLetter *letter) {
    char at[25];
    hy_time_format(letter->recorded_at_ms, at);
    hy_buffer_printf(out, " %s from ", at);
    add_text(out, letter->topic);
    hy_buffer_printf(out, "/%" PRIu32 "/%" PRId64, letter->partition, letter->offset);
    add_field(out, "code", letter->code);
    add_field(out, "field", letter->field);
    add_field(out, "member", letter->member_id);
    add_field(out, "id", letter->input_id);
    hy_buffer_printf(out, " bytes=%" PRIu64 ": ", letter->payload_bytes);
    add_text(out, letter->reason_en);
    hy_buffer_printf(out, " / ");
    add_text(out, letter->reason_zh);
}

static void add_version(struct hy_buffer *out, const Huiyuan__V1__ProgramVersion *version) {
    char from[25];
    hy_time_format(version->effective_from_ms, from);
    hy_buffer_printf(out, " version=%" PRIu32 " from=%s bytes=%zu", version->version, from,
                     version->yaml.len);
}

static void add_words(struct hy_buffer *out, const ProtobufCMessage *message) {
    if (message->descriptor == &huiyuan__v1__store_event__descriptor)
        add_purchase(out, (const Huiyuan__V1__StoreEvent *)message);
    else if (message->descriptor == &huiyuan__v1__dead_letter__descriptor)
        add_letter(out, (const Huiyuan__V1__DeadLetter *)message);
    else if (message->descriptor == &huiyuan__v1__program_version__descriptor)
        add_version(out, (const Huiyuan__V1__ProgramVersion *)message);
    else
        json_message(out, message, NULL, NULL);
}

void words_message(struct hy_buffer *out, const char *name, uint32_t partition, int64_t offset,
                   struct hy_bytes key, struct hy_bytes value, bool json) {
    const ProtobufCMessageDescriptor *descriptor = descriptor_of(name);
    bool is_tombstone = value.data == NULL;
    ProtobufCMessage *message = descriptor == NULL || is_tombstone
                                    ? NULL
                                    : protobuf_c_message_unpack(descriptor, NULL, value.length, value.data);
    char key_text[256];
    snprintf(key_text, sizeof key_text, "%.*s", (int)(key.length > 200 ? 200 : key.length),
             key.length == 0 ? "" : (const char *)key.data);
    if (json) {
        hy_buffer_printf(out,
                         "{\"message_partition\":%" PRIu32 ",\"message_offset\":%" PRId64 ",\"message_key\":",
                         partition, offset);
        json_text(out, key_text);
        if (is_tombstone)
            hy_buffer_printf(out, ",\"tombstone\":true");
        else if (message == NULL)
            hy_buffer_printf(out, ",\"unreadable_bytes\":%zu", value.length);
        else
            json_fields(out, message, inside_letter, NULL, false);
        hy_buffer_printf(out, "}");
    } else {
        hy_buffer_printf(out, "%" PRIu32 "/%" PRId64 " ", partition, offset);
        add_text(out, key_text);
        if (is_tombstone)
            hy_buffer_printf(out, " deleted 已删除");
        else if (message == NULL)
            hy_buffer_printf(out, " (%zu bytes, unreadable / 无法解析)", value.length);
        else
            add_words(out, message);
    }
    if (message != NULL) protobuf_c_message_free_unpacked(message, NULL);
}
