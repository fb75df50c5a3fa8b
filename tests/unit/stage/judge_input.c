// One input → the record that it deserves. Written apart from common/stage and from the toy's own reading.
#include <inttypes.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "proto/points.pb-c.h"
#include "tests/unit/stage/judge.h"

// What the judge makes of the bytes of an input.
struct reading {
    bool readable;
    enum hy_code fault; // when it is not
    char member[64];
    char id[64];
    int64_t time_ms;
    int64_t amount;
    char to[32];
    struct hy_bytes text; // without the caller
    bool called;          // somebody waits
};

// What the record must say.
struct verdict {
    Huiyuan__V1__Outcome outcome;
    enum hy_code code;
    bool changes; // the member gets an entry
    int64_t points;
    const struct judge_record *original;
    const char *emits_to; // NULL: nothing
    uint32_t emits_partition;
    struct hy_bytes emits_text; // of a command
};

static void read_text(struct hy_bytes bytes, struct reading *reading) {
    *reading = (struct reading){.fault = HY_MALFORMED};
    if (bytes.length > TOY_MESSAGE_LIMIT) {
        reading->fault = HY_TOO_LARGE;
        return;
    }
    char text[TOY_MESSAGE_LIMIT + 1];
    if (bytes.length > 0) memcpy(text, bytes.data, bytes.length);
    text[bytes.length] = '\0';
    char *caller = strrchr(text, '@');
    reading->called = caller != NULL && caller > text;
    if (reading->called) caller[-1] = '\0';
    reading->text = hy_bytes(bytes.data, reading->called ? (size_t)(caller - 1 - text) : bytes.length);
    int fields = sscanf(text, "%63s %63s %" SCNd64 " %" SCNd64 " %31s", reading->member, reading->id,
                        &reading->time_ms, &reading->amount, reading->to);
    reading->readable = fields >= 4;
    reading->called = reading->called && reading->readable;
}

static const Huiyuan__V1__Command *command_of(struct judge *judge, struct hy_bytes bytes) {
    return huiyuan__v1__command__unpack(&judge->arena.protobuf, bytes.length, bytes.data);
}

bool judge_skips(struct judge *judge, uint32_t partition, size_t source, int64_t offset) {
    struct hy_message message;
    if (source != 1 || !hy_mem_broker_read(judge->broker, "commands", partition, offset, &message))
        return false;
    const Huiyuan__V1__Command *command = command_of(judge, message.value);
    return command != NULL && strcmp(command->to, "points") != 0;
}

static struct judge_member *member_of(struct judge *judge, const char *id, uint32_t partition) {
    struct judge_member *member = judge_member(judge, id);
    if (member != NULL) return member;
    if (judge->member_count == judge->member_capacity) {
        judge->member_capacity = judge->member_capacity == 0 ? 16 : judge->member_capacity * 2;
        judge->members = hy_realloc(judge->members, judge->member_capacity * sizeof *judge->members);
    }
    member = &judge->members[judge->member_count++];
    *member = (struct judge_member){.partition = partition};
    snprintf(member->id, sizeof member->id, "%s", id);
    return member;
}

static const struct judge_record *known_as(const struct judge *judge, const struct judge_member *member,
                                           const char *id) {
    for (size_t i = member->known_first; i < member->known_count; i++) {
        const struct judge_record *judged = &judge->records[member->known[i]];
        if (strcmp(judged->record->input_id, id) == 0) return judged;
    }
    return NULL;
}

static void judge_member_input(struct judge *judge, const struct reading *reading, struct verdict *verdict) {
    const struct judge_member *member = judge_member(judge, reading->member);
    if (member != NULL && member->now.newest_ms != 0 &&
        reading->time_ms < member->now.newest_ms - TOY_WINDOW_MS) {
        verdict->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED;
        verdict->code = HY_TOO_OLD;
        return;
    }
    verdict->original = member == NULL ? NULL : known_as(judge, member, reading->id);
    if (verdict->original != NULL) {
        const Huiyuan__V1__Record *first = verdict->original->record;
        bool same = first->content_hash == hy_hash64(reading->text);
        verdict->outcome =
            same ? HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE : HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT;
        verdict->code = same ? HY_OK : HY_ID_REUSED;
        if (same) hy_code_by_name(first->code, &verdict->code);
        return;
    }
    verdict->changes = true;
    if (reading->amount < 0) {
        verdict->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
        verdict->code = HY_INVALID_FIELD;
        return;
    }
    verdict->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    verdict->points = reading->amount;
    if (reading->to[0] == '\0') return;
    verdict->emits_to = "points";
    verdict->emits_partition = hy_partition_of(hy_bytes_of(reading->to), judge->partitions);
    verdict->emits_text =
        hy_bytes_of(hy_arena_printf(&judge->arena, "%s half-%s %" PRId64 " %" PRId64, reading->to,
                                    reading->id, reading->time_ms, reading->amount / 2));
}

static bool refuse(struct verdict *verdict, enum hy_code code) {
    verdict->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED;
    verdict->code = code;
    return true;
}

// What is said of an input before anybody looks at the member.
static bool judge_form(struct judge *judge, const struct judge_record *judged, const struct reading *reading,
                       bool forwarded, struct hy_bytes bytes, struct verdict *verdict) {
    if (!reading->readable) return refuse(verdict, reading->fault);
    if (reading->time_ms > judged->recorded_at_ms + 86400000) return refuse(verdict, HY_IN_FUTURE);
    uint32_t home = hy_partition_of(hy_bytes_of(reading->member), judge->partitions);
    if (home == judged->partition) return false;
    if (forwarded) return refuse(verdict, HY_INVALID_FIELD);
    verdict->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED;
    verdict->emits_to = "points";
    verdict->emits_partition = home;
    verdict->emits_text = bytes;
    return true;
}

// True when the emission's number settles it.
static bool judge_origin(struct judge *judge, const struct judge_record *judged,
                         const Huiyuan__V1__Command *command, struct verdict *verdict) {
    struct judge_log *log = &judge->logs[judged->partition];
    const Huiyuan__V1__Origin *origin = command->origin;
    struct judge_marks *taken = &log->blocks[judged->seq].taken;
    uint64_t through = judge_marks_get(taken, origin->log, origin->partition);
    if (origin->number <= through) {
        verdict->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED;
        return true;
    }
    if (origin->number > through + 1) return refuse(verdict, HY_EMISSION_GAP);
    judge_marks_set(taken, origin->log, origin->partition, origin->number);
    return false;
}

static bool judge_command(struct judge *judge, const struct judge_record *judged, struct hy_bytes *bytes,
                          bool *ret_forwarded, struct verdict *verdict) {
    if (bytes->length > TOY_MESSAGE_LIMIT + 4096) return refuse(verdict, HY_TOO_LARGE);
    const Huiyuan__V1__Command *command = command_of(judge, *bytes);
    if (command == NULL) return refuse(verdict, HY_MALFORMED);
    if (command->origin != NULL && strlen(command->origin->log) > 31)
        return refuse(verdict, HY_INVALID_FIELD);
    bool carries = command->body_case == HUIYUAN__V1__COMMAND__BODY_FORWARDED;
    bool known = carries && (strcmp(command->forwarded->topic, "purchases") == 0 ||
                             strcmp(command->forwarded->topic, "commands") == 0);
    *ret_forwarded = known;
    if (known) *bytes = hy_bytes(command->forwarded->message.data, command->forwarded->message.len);
    if (command->origin != NULL && judge_origin(judge, judged, command, verdict)) return true;
    return carries && !known && refuse(verdict, HY_INVALID_FIELD);
}

static bool check_emission(struct judge *judge, const struct judge_record *judged,
                           const struct verdict *verdict) {
    const Huiyuan__V1__Record *record = judged->record;
    struct judge_log *log = &judge->logs[judged->partition];
    if (record->n_emissions != (verdict->emits_to == NULL ? 0 : 1))
        return judge_fail(judge, "%s has %zu emissions", record->input_id, record->n_emissions);
    if (verdict->emits_to == NULL) return true;
    const Huiyuan__V1__Emission *emission = record->emissions[0];
    struct judge_marks *emitted = &log->blocks[judged->seq].emitted;
    uint64_t number = judge_marks_get(emitted, verdict->emits_to, verdict->emits_partition) + 1;
    if (strcmp(emission->to, verdict->emits_to) != 0 || emission->partition != verdict->emits_partition ||
        emission->number != number)
        return judge_fail(judge, "%s: emission %" PRIu64 " to %s/%u instead of %" PRIu64 " to %s/%u",
                          record->input_id, emission->number, emission->to, emission->partition, number,
                          verdict->emits_to, verdict->emits_partition);
    judge_marks_set(emitted, verdict->emits_to, verdict->emits_partition, number);
    if (strcmp(emission->to, "points") != 0) return true;
    const Huiyuan__V1__Command *command =
        command_of(judge, hy_bytes(emission->payload.data, emission->payload.len));
    if (command == NULL || command->origin == NULL ||
        command->body_case != HUIYUAN__V1__COMMAND__BODY_FORWARDED || command->origin->number != number ||
        command->origin->partition != judged->partition || strcmp(command->origin->log, "points") != 0 ||
        strcmp(command->to, "points") != 0 ||
        !hy_bytes_equal(verdict->emits_text,
                        hy_bytes(command->forwarded->message.data, command->forwarded->message.len)))
        return judge_fail(judge, "%s: its emission does not carry what it should", record->input_id);
    return true;
}

static bool check_body(struct judge *judge, const struct judge_record *judged,
                       const struct judge_member *member, const struct verdict *verdict) {
    const Huiyuan__V1__Record *record = judged->record;
    const Huiyuan__V1__PointsChange *change =
        huiyuan__v1__points_change__unpack(&judge->arena.protobuf, record->body.len, record->body.data);
    if (change == NULL || change->points != verdict->points ||
        change->balance_after != member->now.sum + verdict->points)
        return judge_fail(
            judge, "%s: %" PRId64 " points, balance %" PRId64 "; should be %" PRId64 ", %" PRId64,
            record->input_id, change == NULL ? -1 : change->points,
            change == NULL ? -1 : change->balance_after, verdict->points, member->now.sum + verdict->points);
    return true;
}

static void keep_known(struct judge *judge, struct judge_member *member, size_t index) {
    const Huiyuan__V1__Record *record = judge->records[index].record;
    if (record->event_time_ms > member->now.newest_ms) {
        member->now.newest_ms = record->event_time_ms;
        while (member->known_first < member->known_count &&
               judge->records[member->known[member->known_first]].record->event_time_ms <
                   member->now.newest_ms - TOY_WINDOW_MS)
            member->known_first++;
    }
    if (member->known_count == member->known_capacity) {
        member->known_capacity = member->known_capacity == 0 ? 16 : member->known_capacity * 2;
        member->known = hy_realloc(member->known, member->known_capacity * sizeof *member->known);
    }
    member->known[member->known_count++] = index;
}

static void note_state(struct judge *judge, struct judge_member *member) {
    uint64_t oldest = member->known_first == member->known_count
                          ? member->now.entries
                          : judge->records[member->known[member->known_first]].record->entry - 1;
    member->now.first_page = oldest / JUDGE_PAGE_RECEIPTS;
    if (member->history_count > 0 && member->history[member->history_count - 1].seq == member->now.seq)
        member->history_count--;
    if (member->history_count == member->history_capacity) {
        member->history_capacity = member->history_capacity == 0 ? 16 : member->history_capacity * 2;
        member->history = hy_realloc(member->history, member->history_capacity * sizeof *member->history);
    }
    member->history[member->history_count++] = member->now;
}

static bool change(struct judge *judge, const struct judge_record *judged, const char *member_id,
                   const struct verdict *verdict) {
    const Huiyuan__V1__Record *record = judged->record;
    struct judge_member *member = member_of(judge, member_id, judged->partition);
    struct judge_block *block = &judge->logs[judged->partition].blocks[judged->seq];
    if (record->entry != member->now.entries + 1)
        return judge_fail(judge, "%s: entry %" PRIu64 " of %s after %" PRIu64, record->input_id,
                          record->entry, member_id, member->now.entries);
    bool accepted = verdict->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    if (accepted && !check_body(judge, judged, member, verdict)) return false;
    size_t index = judge->record_count - 1;
    if (member->now.entries == member->entries_capacity) {
        member->entries_capacity = member->entries_capacity == 0 ? 16 : member->entries_capacity * 2;
        member->entries = hy_realloc(member->entries, member->entries_capacity * sizeof *member->entries);
    }
    member->entries[member->now.entries++] = index;
    member->now.seq = judged->seq;
    member->now.sum += verdict->points;
    block->tally += verdict->points;
    block->members += member->now.entries == 1;
    if (record->source == 0) {
        member->now.due_ms = 0;
    } else {
        if (accepted && verdict->points == 7) member->now.due_ms = record->event_time_ms + 1000;
        keep_known(judge, member, index);
    }
    note_state(judge, member);
    return true;
}

static bool judge_timer(struct judge *judge, const struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    const struct judge_member *member = judge_member(judge, record->member_id);
    char id[32];
    snprintf(id, sizeof id, "timer:%" PRId64, record->event_time_ms);
    if (member == NULL || member->now.due_ms == 0 || member->now.due_ms != record->event_time_ms ||
        record->event_time_ms > judged->recorded_at_ms || strcmp(record->input_id, id) != 0 ||
        record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED)
        return judge_fail(judge, "%s of %s at %" PRId64 " was not due", record->input_id, record->member_id,
                          judged->recorded_at_ms);
    const struct verdict verdict = {.outcome = record->outcome, .points = 1000, .changes = true};
    return change(judge, judged, record->member_id, &verdict);
}

static bool check_record(struct judge *judge, const struct judge_record *judged,
                         const struct reading *reading, const struct verdict *verdict) {
    const Huiyuan__V1__Record *record = judged->record;
    if (record->outcome != verdict->outcome ||
        strcmp(record->code, verdict->code == HY_OK ? "" : hy_code_name(verdict->code)) != 0)
        return judge_fail(judge, "%u/%" PRIu64 "/%u %s of %s: outcome %d %s; should be %d %s",
                          judged->partition, judged->seq, judged->index, record->input_id, record->member_id,
                          (int)record->outcome, record->code, (int)verdict->outcome,
                          hy_code_name(verdict->code));
    bool named = reading->readable;
    if (strcmp(record->input_id, named ? reading->id : "") != 0 ||
        strcmp(record->member_id, named ? reading->member : "") != 0 ||
        (named && record->content_hash != hy_hash64(reading->text)))
        return judge_fail(judge, "%s of %s is not the input at its offset (%s of %s)", record->input_id,
                          record->member_id, reading->id, reading->member);
    if ((record->command_id[0] != '\0') != reading->called)
        return judge_fail(judge, "%s: its caller was forgotten or made up", record->input_id);
    const Huiyuan__V1__RecordName *original = record->original;
    bool right = verdict->original == NULL
                     ? original == NULL
                     : original != NULL && original->partition == verdict->original->partition &&
                           original->seq == verdict->original->seq &&
                           original->index == verdict->original->index;
    if (!right) return judge_fail(judge, "%s: names the wrong original", record->input_id);
    if (!verdict->changes && record->entry != 0)
        return judge_fail(judge, "%s has an entry", record->input_id);
    return true;
}

bool judge_verdict(struct judge *judge, const struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    if (record->source == 0) return judge_timer(judge, judged);
    struct hy_message message;
    if (!hy_mem_broker_read(judge->broker, judge_sources[record->source - 1], judged->partition,
                            record->offset, &message))
        return judge_fail(judge, "%s was never published at its offset", record->input_id);
    struct hy_bytes bytes = message.value;
    struct verdict verdict = {0};
    bool forwarded = false;
    bool settled = record->source == 2 && judge_command(judge, judged, &bytes, &forwarded, &verdict);
    struct reading reading;
    read_text(bytes, &reading);
    if (!settled) settled = judge_form(judge, judged, &reading, forwarded, bytes, &verdict);
    if (!settled) judge_member_input(judge, &reading, &verdict);
    bool dead = verdict.outcome == HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED ||
                verdict.outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT;
    if (dead) {
        verdict.emits_to = "dead-letters";
        verdict.emits_partition = judged->partition;
    }
    return check_record(judge, judged, &reading, &verdict) && check_emission(judge, judged, &verdict) &&
           (!verdict.changes || change(judge, judged, reading.member, &verdict));
}
