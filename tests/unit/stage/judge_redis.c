// What is in Redis, against the fold of the log up to its watermark; and what has arrived in the topics that
// emissions go to.
#include <inttypes.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"
#include "tests/unit/stage/judge.h"

// One look at one partition.
struct look {
    struct judge *judge;
    uint32_t partition;
    struct hy_key_space space;
    struct hy_arena arena;
    const Huiyuan__V1__Watermark *watermark; // NULL: none
    uint64_t seq;
};

static bool fail(const struct look *look, const char *what, const char *whose) {
    return judge_fail(look->judge, "Redis, partition %u at seq %" PRIu64 ": %s %s", look->partition,
                      look->seq, what, whose);
}

static const struct judge_state *state_at(const struct judge_member *member, uint64_t seq) {
    const struct judge_state *found = NULL;
    for (size_t i = 0; i < member->history_count && member->history[i].seq <= seq; i++)
        found = &member->history[i];
    return found;
}

static bool check_receipt(const struct look *look, const struct judge_member *member, uint64_t entry,
                          const Huiyuan__V1__Receipt *receipt) {
    const struct judge_record *judged = &look->judge->records[member->entries[entry - 1]];
    bool right = judge_receipt_is_of(receipt, entry, judged->record, judged->seq, judged->index);
    return right || fail(look, "a wrong receipt of", member->id);
}

static bool check_page(struct look *look, const struct judge_member *member, uint64_t number) {
    struct hy_key key = hy_key_page(&look->space, member->id, number);
    struct hy_bytes bytes = hy_mem_table_get(look->judge->table, hy_key_bytes(&key));
    const Huiyuan__V1__ReceiptPage *page =
        bytes.data == NULL
            ? NULL
            : huiyuan__v1__receipt_page__unpack(&look->arena.protobuf, bytes.length, bytes.data);
    if (page == NULL || page->n_receipts != JUDGE_PAGE_RECEIPTS)
        return fail(look, "a page is missing of", member->id);
    for (uint64_t i = 0; i < JUDGE_PAGE_RECEIPTS; i++) {
        if (!check_receipt(look, member, number * JUDGE_PAGE_RECEIPTS + i + 1, page->receipts[i]))
            return false;
    }
    return true;
}

static bool check_receipts(struct look *look, const struct judge_member *member,
                           const Huiyuan__V1__MemberState *saved) {
    uint64_t pages = saved->entries / JUDGE_PAGE_RECEIPTS;
    if (saved->n_tail != saved->entries % JUDGE_PAGE_RECEIPTS)
        return fail(look, "the tail is not what pages leave over of", member->id);
    for (uint64_t page = 0; page < pages; page++) {
        if (!check_page(look, member, page)) return false;
    }
    for (size_t i = 0; i < saved->n_tail; i++) {
        if (!check_receipt(look, member, pages * JUDGE_PAGE_RECEIPTS + i + 1, saved->tail[i])) return false;
    }
    return true;
}

static bool same_state(const Huiyuan__V1__MemberState *saved, const struct judge_state *state) {
    struct toy_state toy;
    if (saved->state.len != sizeof toy) return false;
    memcpy(&toy, saved->state.data, sizeof toy);
    int64_t newest_ms = saved->n_newest_ms > 0 ? saved->newest_ms[0] : 0;
    return saved->seq == state->seq && toy.sum == state->sum && toy.due_ms == state->due_ms &&
           saved->due_ms == state->due_ms && saved->entries == state->entries &&
           newest_ms == state->newest_ms && saved->first_page == state->first_page;
}

// A projection may be on its way: single members may be ahead of the watermark, never behind.
static bool check_member(struct look *look, const struct judge_member *member) {
    struct hy_key key = hy_key_member(&look->space, member->id);
    struct hy_bytes bytes = hy_mem_table_get(look->judge->table, hy_key_bytes(&key));
    const struct judge_state *least = state_at(member, look->seq);
    if (bytes.data == NULL) return least == NULL || fail(look, "no state of", member->id);
    const Huiyuan__V1__MemberState *saved =
        huiyuan__v1__member_state__unpack(&look->arena.protobuf, bytes.length, bytes.data);
    const struct judge_state *state = saved == NULL ? NULL : state_at(member, saved->seq);
    if (state == NULL || (least != NULL && state->seq < least->seq))
        return fail(look, "an old state of", member->id);
    if (!same_state(saved, state)) return fail(look, "a wrong state of", member->id);
    struct hy_key timers = hy_key_timers(&look->space);
    if (hy_mem_table_due(look->judge->table, hy_key_bytes(&timers), hy_bytes_of(member->id)) != state->due_ms)
        return fail(look, "a wrong timer of", member->id);
    return check_receipts(look, member, saved);
}

static bool check_marks(const struct look *look, const struct judge_marks *marks,
                        Huiyuan__V1__EmissionMark **saved, size_t count) {
    if (count != marks->count) return fail(look, "wrong emission", "marks");
    for (size_t i = 0; i < count; i++) {
        if (saved[i]->number != judge_marks_get(marks, saved[i]->log, saved[i]->partition))
            return fail(look, "a wrong emission mark of", saved[i]->log);
    }
    return true;
}

// Blocks that the watermark does not name as unsent have all their emissions in Kafka.
static bool check_unsent(const struct look *look) {
    uint64_t through = look->watermark->unsent_seq == 0 ? look->seq : look->watermark->unsent_seq - 1;
    for (size_t i = 0; i < look->judge->record_count; i++) {
        struct judge_record *judged = &look->judge->records[i];
        if (judged->partition != look->partition || judged->seq > through) continue;
        if (!judge_arrived(look->judge, judged))
            return fail(look, "says that emissions are sent, but not so", judged->record->input_id);
    }
    return true;
}

static bool check_watermark(const struct look *look) {
    const Huiyuan__V1__Watermark *watermark = look->watermark;
    const struct judge_log *log = &look->judge->logs[look->partition];
    if (look->seq == 0 && watermark->opening != 0) return true; // the first projection was cut off
    if (look->seq == 0 || look->seq > log->seq) return fail(look, "the watermark is beyond", "the log");
    const struct judge_block *block = &log->blocks[look->seq];
    if (watermark->offset != block->offset || watermark->claim != block->claim)
        return fail(look, "the watermark names another", "block");
    if (watermark->n_tallies != 1 || watermark->tallies[0] != block->tally ||
        watermark->members != block->members)
        return fail(look, "wrong", "tallies");
    return check_marks(look, &block->emitted, watermark->emitted, watermark->n_emitted) &&
           check_marks(look, &block->taken, watermark->taken, watermark->n_taken) && check_unsent(look);
}

// The last answer under each command id.
static bool check_answers(struct look *look) {
    struct judge *judge = look->judge;
    for (size_t i = judge->record_count; i-- > 0;) {
        const struct judge_record *judged = &judge->records[i];
        const Huiyuan__V1__Record *record = judged->record;
        bool answers = record->command_id[0] != '\0' &&
                       record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED &&
                       record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED;
        if (!answers || judged->partition != look->partition || judged->seq > look->seq) continue;
        struct hy_key key = hy_key_answer(&look->space, record->command_id);
        struct hy_bytes bytes = hy_mem_table_get(judge->table, hy_key_bytes(&key));
        if (bytes.data == NULL) return fail(look, "no answer to", record->input_id);
        if (!judge_answer(judge, bytes)) return false;
    }
    return true;
}

static bool look_at(struct judge *judge, uint32_t partition, bool all) {
    struct look look = {
        .judge = judge, .partition = partition, .space = {judge->redis_prefix, "points", partition}};
    struct judge_log *log = &judge->logs[partition];
    struct hy_key key = hy_key_watermark(&look.space);
    struct hy_bytes bytes = hy_mem_table_get(judge->table, hy_key_bytes(&key));
    if (!all && hy_bytes_equal(bytes, log->watermark)) return true;
    log->watermark = hy_arena_bytes(&judge->arena, bytes);
    hy_arena_init(&look.arena);
    if (bytes.data != NULL)
        look.watermark = huiyuan__v1__watermark__unpack(&look.arena.protobuf, bytes.length, bytes.data);
    look.seq = look.watermark == NULL ? 0 : look.watermark->seq;
    judge_arrivals(judge);
    bool right = bytes.data == NULL || (look.watermark != NULL && check_watermark(&look));
    for (size_t i = 0; right && i < judge->member_count; i++)
        right = judge->members[i].partition != partition || check_member(&look, &judge->members[i]);
    right = right && (!all || check_answers(&look));
    hy_arena_free(&look.arena);
    return right || judge_fail(judge, "the watermark of partition %u cannot be read", partition);
}

bool judge_redis(struct judge *judge, bool all) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        if (!look_at(judge, p, all)) return false;
    }
    return true;
}

static const struct judge_record *named(const struct judge *judge, const Huiyuan__V1__RecordName *name) {
    for (size_t i = 0; name != NULL && i < judge->record_count; i++) {
        const struct judge_record *judged = &judge->records[i];
        if (judged->partition == name->partition && judged->seq == name->seq && judged->index == name->index)
            return judged;
    }
    return NULL;
}

bool judge_answer(struct judge *judge, struct hy_bytes bytes) {
    const Huiyuan__V1__Answer *answer =
        huiyuan__v1__answer__unpack(&judge->arena.protobuf, bytes.length, bytes.data);
    if (answer == NULL) return judge_fail(judge, "an answer cannot be read");
    const struct judge_record *judged = named(judge, answer->record);
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED ||
        answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED)
        return judge_fail(judge, "%s was answered by one who only passes it on", answer->command_id);
    if (judged == NULL) return judge_fail(judge, "%s was answered before it was durable", answer->command_id);
    bool again = answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE ||
                 answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT;
    const Huiyuan__V1__Record *record = judged->record;
    if (!again && (answer->outcome != record->outcome || strcmp(answer->command_id, record->command_id) != 0))
        return judge_fail(judge, "%s was answered with %d", record->input_id, (int)answer->outcome);
    bool body = answer->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT && record->command_id[0] != '\0';
    if (body && !hy_bytes_equal(hy_bytes(answer->body.data, answer->body.len),
                                hy_bytes(record->answer.data, record->answer.len)))
        return judge_fail(judge, "%s was answered with other bytes than at first", record->input_id);
    return true;
}

static void take_command(struct judge *judge, uint32_t partition, const struct hy_message *message) {
    struct judge_log *log = &judge->logs[partition];
    const Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&judge->arena.protobuf, message->value.length, message->value.data);
    if (command == NULL || command->origin == NULL || strcmp(command->to, "points") != 0) return;
    uint64_t through = judge_marks_get(&log->arrived, command->origin->log, command->origin->partition);
    if (command->origin->number == through + 1)
        judge_marks_set(&log->arrived, command->origin->log, command->origin->partition, through + 1);
}

static bool has_dead_letter(const struct judge_log *log, const char *key) {
    for (size_t i = 0; i < log->dead_letter_count; i++) {
        if (strcmp(log->dead_letters[i], key) == 0) return true;
    }
    return false;
}

static void take_dead_letter(struct judge_log *log, const struct hy_message *message) {
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)message->key.length, (const char *)message->key.data);
    log->dead_letter_messages++;
    if (has_dead_letter(log, key)) return;
    if (log->dead_letter_count == log->dead_letter_capacity) {
        log->dead_letter_capacity = log->dead_letter_capacity == 0 ? 16 : log->dead_letter_capacity * 2;
        log->dead_letters = hy_realloc(log->dead_letters, log->dead_letter_capacity * sizeof key);
    }
    memcpy(log->dead_letters[log->dead_letter_count++], key, sizeof key);
}

void judge_arrivals(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        struct judge_log *log = &judge->logs[p];
        struct hy_message message;
        for (; hy_mem_broker_read(judge->broker, "commands", p, log->commands_read, &message);
             log->commands_read++)
            take_command(judge, p, &message);
        for (; hy_mem_broker_read(judge->broker, "dead-letters", p, log->dead_letters_read, &message);
             log->dead_letters_read++)
            take_dead_letter(log, &message);
    }
}

static bool arrived(const struct judge *judge, const struct judge_record *judged,
                    const Huiyuan__V1__Emission *emission) {
    const struct judge_log *log = &judge->logs[emission->partition];
    if (strcmp(emission->to, "points") == 0)
        return judge_marks_get(&log->arrived, "points", judged->partition) >= emission->number;
    char key[64];
    snprintf(key, sizeof key, "%s/%" PRIu32 "/%" PRId64, judge_sources[judged->record->source - 1],
             judged->partition, judged->record->offset);
    return has_dead_letter(log, key);
}

bool judge_arrived(const struct judge *judge, struct judge_record *judged) {
    for (size_t e = 0; !judged->arrived && e < judged->record->n_emissions; e++) {
        if (!arrived(judge, judged, judged->record->emissions[e])) return false;
    }
    judged->arrived = true;
    return true;
}
