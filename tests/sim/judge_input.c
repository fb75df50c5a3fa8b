// One message → what its record must say before any service is asked: readable or not, too old, repeated,
// of another partition. Written apart from common/stage, common/contract and the services.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { MESSAGE_LIMIT = 256 * 1024, FUTURE_MS = 24 * 3600 * 1000 };

const Huiyuan__V1__Command *input_command(struct judge *judge, struct hy_bytes bytes) {
    return huiyuan__v1__command__unpack(&judge->arena.protobuf, bytes.length, bytes.data);
}

static struct hy_bytes packed(struct judge *judge, const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = hy_arena_alloc(&judge->arena, size + 1);
    protobuf_c_message_pack(message, bytes);
    return hy_bytes(bytes, size);
}

// --- purchases

static enum hy_code purchase_fault(const Huiyuan__V1__Purchase *purchase) {
    int64_t lines = 0, payments = 0;
    if (purchase->purchase_id[0] == '\0' || purchase->member_id[0] == '\0' || purchase->n_lines == 0)
        return HY_MISSING_FIELD;
    for (size_t i = 0; i < purchase->n_lines; i++)
        lines += purchase->lines[i]->paid_fen;
    for (size_t i = 0; i < purchase->n_payments; i++)
        payments += purchase->payments[i]->amount_fen;
    return purchase->n_payments > 0 && payments != lines ? HY_AMOUNT_MISMATCH : HY_OK;
}

static void read_purchase(struct judge *judge, struct hy_bytes bytes, struct judge_reading *reading) {
    const Huiyuan__V1__StoreEvent *event =
        huiyuan__v1__store_event__unpack(&judge->arena.protobuf, bytes.length, bytes.data);
    if (event == NULL) {
        reading->fault = HY_MALFORMED;
        return;
    }
    if (event->event_case != HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE) {
        reading->fault = HY_MISSING_FIELD;
        return;
    }
    const Huiyuan__V1__Purchase *purchase = event->purchase;
    reading->fault = purchase_fault(purchase);
    reading->purchase = purchase;
    reading->member = purchase->member_id;
    reading->id = purchase->purchase_id;
    reading->time_ms = purchase->occurred_at_ms;
    reading->windowed = true;
    reading->meaning = packed(judge, &purchase->base);
    reading->command_id = event->command_id;
}

// --- commands

// What a retry may have anew is left out: the drawn member id, the sealing, the version, the time.
static struct hy_bytes command_meaning(struct judge *judge, const Huiyuan__V1__Command *command) {
    Huiyuan__V1__Consent *const *consents = NULL;
    size_t count = 0;
    int language = 0;
    unsigned birthday = 0;
    bool personal = false;
    const char *text = "";
    const Huiyuan__V1__OpenMember *open = NULL;
    if (command->body_case == HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER) open = command->enrol_member->profile;
    if (command->body_case == HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON)
        text = hy_arena_printf(&judge->arena, "%s %s %s", command->redeem_coupon->redemption_id,
                               command->redeem_coupon->store_id, command->redeem_coupon->purchase_id);
    if (open != NULL) {
        consents = open->consents, count = open->n_consents, language = (int)open->language;
        birthday = open->birthday, personal = open->personal != NULL;
    } else if (command->body_case == HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER) {
        const Huiyuan__V1__UpdateMember *update = command->update_member;
        consents = update->consents, count = update->n_consents, language = (int)update->language;
        birthday = update->birthday, personal = update->personal != NULL;
    }
    for (size_t i = 0; i < count; i++)
        text =
            hy_arena_printf(&judge->arena, "%s %d%d", text, (int)consents[i]->channel, consents[i]->granted);
    return hy_bytes_of(hy_arena_printf(&judge->arena, "%d %d %u %d%s", (int)command->body_case, language,
                                       birthday, personal, text));
}

// Commands that services alone may send.
static bool is_step(const Huiyuan__V1__Command *command) {
    switch (command->body_case) {
    case HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER:
    case HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY:
    case HUIYUAN__V1__COMMAND__BODY_RESERVE_COUPON:
    case HUIYUAN__V1__COMMAND__BODY_SETTLE_COUPON:
    case HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON:
    case HUIYUAN__V1__COMMAND__BODY_COUPON_REDEEMED: return true;
    default: return false;
    }
}

static bool takes(int log, const Huiyuan__V1__Command *command) {
    int body = (int)command->body_case;
    switch (log) {
    case LOG_MEMBERS: return body >= 11 && body <= 15;
    case LOG_CAMPAIGNS: return body >= 20 && body <= 24;
    case LOG_DELIVERIES: return body == 30;
    default: return false; // points and tiers take none
    }
}

static void read_proper(struct judge *judge, int log, struct hy_bytes bytes, struct judge_reading *reading) {
    const Huiyuan__V1__Command *command = input_command(judge, bytes);
    if (command == NULL) {
        // Accrual and tier refuse every command unread.
        reading->fault = log == LOG_POINTS || log == LOG_TIERS ? HY_INVALID_FIELD : HY_MALFORMED;
        return;
    }
    reading->command = command;
    reading->member = command->member_id;
    reading->id = command->command_id;
    reading->time_ms = command->issued_at_ms;
    reading->windowed = command->origin == NULL && log != LOG_DELIVERIES;
    reading->meaning = command_meaning(judge, command);
    reading->command_id = log == LOG_DELIVERIES ? "" : command->command_id;
    if (!takes(log, command))
        reading->fault = HY_INVALID_FIELD;
    else if (is_step(command) && command->origin == NULL)
        reading->fault = HY_MISSING_FIELD;
}

// --- the verdict

static const struct judge_record *known_as(const struct judge_entity *entity, const char *id) {
    for (size_t i = entity->known_first; i < entity->known_count; i++) {
        const struct judge_record *judged = entity->entries[entity->known[i]];
        if (strcmp(judged->record->input_id, id) == 0) return judged;
    }
    return NULL;
}

static bool say(struct judge_verdict *verdict, Huiyuan__V1__Outcome outcome, enum hy_code code) {
    verdict->outcome = outcome;
    verdict->code = code;
    return true;
}

static bool refuse(struct judge_verdict *verdict, enum hy_code code) {
    return say(verdict, HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED, code);
}

static bool judge_window(struct judge *judge, const struct judge_record *judged,
                         struct judge_verdict *verdict) {
    const struct judge_reading *reading = &judged->reading;
    const struct judge_entity *entity =
        judge_entity(judge, judged->log, judged->partition, reading->member, false);
    if (entity == NULL || !reading->windowed) return true;
    if (entity->now.newest_ms != 0 &&
        reading->time_ms < entity->now.newest_ms - judge_services[judged->log].window_ms)
        return refuse(verdict, HY_TOO_OLD);
    verdict->original = known_as(entity, reading->id);
    if (verdict->original == NULL) return true;
    if (!hy_bytes_equal(verdict->original->reading.meaning, reading->meaning))
        return say(verdict, HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT, HY_ID_REUSED);
    enum hy_code code = HY_OK;
    hy_code_by_name(verdict->original->record->code, &code);
    return say(verdict, HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE, code);
}

// True when the emission's number settles it.
static bool judge_origin(struct judge *judge, const struct judge_record *judged,
                         const Huiyuan__V1__Origin *origin, struct judge_verdict *verdict) {
    struct judge_marks *taken =
        &judge_track(judge, judged->log, judged->partition)->blocks[judged->seq].taken;
    uint64_t through = judge_marks_get(taken, origin->log, origin->partition);
    if (origin->number <= through) return say(verdict, HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED, HY_OK);
    if (origin->number > through + 1) return refuse(verdict, HY_EMISSION_GAP);
    judge_marks_set(taken, origin->log, origin->partition, origin->number);
    return false;
}

static bool names_its_input(struct judge *judge, const struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    const struct judge_reading *reading = &judged->reading;
    if (reading->fault != HY_OK) return true;
    if (strcmp(record->input_id, reading->id) == 0 && strcmp(record->member_id, reading->member) == 0 &&
        record->event_time_ms == reading->time_ms)
        return true;
    return judge_fail_at(judge, judged, "is not the input at its offset (%s of %s)", reading->id,
                         reading->member);
}

static bool in_future(const struct judge_record *judged) {
    return judged->reading.time_ms > judged->recorded_at_ms + FUTURE_MS;
}

static bool judge_read_input(struct judge *judge, const struct judge_record *judged, bool forwarded,
                             struct judge_verdict *verdict) {
    const struct judge_reading *reading = &judged->reading;
    if (reading->fault != HY_OK) return refuse(verdict, reading->fault);
    if (in_future(judged)) return refuse(verdict, HY_IN_FUTURE);
    if (judge_home(judge, reading->member) != judged->partition)
        return forwarded ? refuse(verdict, HY_INVALID_FIELD)
                         : say(verdict, HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED, HY_OK);
    return judge_window(judge, judged, verdict);
}

static bool judge_command(struct judge *judge, struct judge_record *judged,
                          const struct judge_message *message, struct judge_verdict *verdict) {
    const Huiyuan__V1__Command *command = message->command;
    struct judge_reading *reading = &judged->reading;
    if (command == NULL) return refuse(verdict, HY_MALFORMED);
    bool forwarded = command->body_case == HUIYUAN__V1__COMMAND__BODY_FORWARDED;
    if (!forwarded) {
        read_proper(judge, judged->log, message->bytes, reading);
    } else {
        struct hy_bytes inner = hy_bytes(command->forwarded->message.data, command->forwarded->message.len);
        if (strcmp(command->forwarded->topic, "purchases") == 0)
            read_purchase(judge, inner, reading);
        else
            read_proper(judge, judged->log, inner, reading);
    }
    if (command->origin != NULL) verdict->taken = command->origin;
    if (command->origin != NULL && judge_origin(judge, judged, command->origin, verdict))
        return names_its_input(judge, judged);
    return names_its_input(judge, judged) && judge_read_input(judge, judged, forwarded, verdict);
}

bool input_verdict(struct judge *judge, struct judge_record *judged, struct judge_verdict *ret_verdict) {
    const Huiyuan__V1__Record *record = judged->record;
    int topic = judge_services[judged->log].sources[record->source - 1].in;
    const struct judge_message *message = source_message(judge, topic, judged->partition, record->offset);
    if (message == NULL) return judge_fail_at(judge, judged, "was never published at its offset");
    judged->reading = (struct judge_reading){.member = "", .id = "", .command_id = ""};
    if (topic == TOPIC_COMMANDS) return judge_command(judge, judged, message, ret_verdict);
    if (message->bytes.length > MESSAGE_LIMIT) return refuse(ret_verdict, HY_TOO_LARGE);
    read_purchase(judge, message->bytes, &judged->reading);
    return names_its_input(judge, judged) && judge_read_input(judge, judged, false, ret_verdict);
}
