// What is in Redis, against the fold of each log up to its watermark; what has arrived in the topics that
// emissions go to; what callers were told.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"
#include "tests/sim/sim.h"

enum { ANSWER_SURE_MS = 6 * 24 * 3600 * 1000 }; // kept for seven days, by clocks that differ

// One look at one partition of one log.
struct look {
    struct judge *judge;
    int log;
    uint32_t partition;
    const struct judge_track *track;
    struct hy_key_space space;
    struct hy_arena arena;
    const Huiyuan__V1__Watermark *watermark; // NULL: none
    uint64_t seq;
};

static bool fail(const struct look *look, const char *what, const char *whose) {
    return judge_fail(look->judge, "Redis, %s/%u at seq %" PRIu64 ": %s %s", judge_services[look->log].log,
                      look->partition, look->seq, what, whose);
}

// --- members

static const struct judge_state *state_at(const struct judge_entity *entity, uint64_t seq) {
    for (size_t i = entity->history_count; i-- > 0;) {
        if (entity->history[i].seq <= seq) return &entity->history[i];
    }
    return NULL;
}

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return hy_bytes_equal(hy_bytes(a.data, a.len), hy_bytes(b.data, b.len));
}

static bool check_receipt(const struct look *look, const struct judge_entity *entity, uint64_t entry,
                          const Huiyuan__V1__Receipt *receipt) {
    const struct judge_record *judged = entity->entries[entry - 1];
    bool right = judge_receipt_is_of(receipt, entry, judged->record, judged->seq, judged->index);
    return right || fail(look, "a wrong receipt of", entity->id);
}

static bool check_page(struct look *look, const struct judge_entity *entity, uint64_t number) {
    struct hy_key key = hy_key_page(&look->space, entity->id, number);
    struct hy_bytes bytes = hy_mem_table_get(look->judge->table, hy_key_bytes(&key));
    const Huiyuan__V1__ReceiptPage *page =
        bytes.data == NULL
            ? NULL
            : huiyuan__v1__receipt_page__unpack(&look->arena.protobuf, bytes.length, bytes.data);
    if (page == NULL || page->n_receipts != JUDGE_PAGE_RECEIPTS)
        return fail(look, "a page is missing of", entity->id);
    for (uint64_t i = 0; i < JUDGE_PAGE_RECEIPTS; i++) {
        if (!check_receipt(look, entity, number * JUDGE_PAGE_RECEIPTS + i + 1, page->receipts[i]))
            return false;
    }
    return true;
}

static bool check_receipts(struct look *look, const struct judge_entity *entity,
                           const Huiyuan__V1__MemberState *saved) {
    uint64_t pages = saved->entries / JUDGE_PAGE_RECEIPTS;
    if (saved->n_tail != saved->entries % JUDGE_PAGE_RECEIPTS)
        return fail(look, "a wrong tail of", entity->id);
    for (uint64_t page = 0; page < pages; page++) {
        if (!check_page(look, entity, page)) return false;
    }
    for (size_t i = 0; i < saved->n_tail; i++) {
        if (!check_receipt(look, entity, pages * JUDGE_PAGE_RECEIPTS + i + 1, saved->tail[i])) return false;
    }
    return true;
}

static bool same_state(const struct look *look, const Huiyuan__V1__MemberState *saved,
                       const struct judge_state *state) {
    int64_t newest_ms = saved->n_newest_ms > 0 ? saved->newest_ms[0] : 0;
    // Due times of campaigns depend on the documents that were known: looked at when all is at rest.
    bool due = look->log == LOG_CAMPAIGNS || saved->due_ms == state->due_ms;
    return saved->seq == state->seq && saved->entries == state->entries && due &&
           newest_ms == state->newest_ms && saved->first_page == state->first_page &&
           hy_bytes_equal(hy_bytes(saved->state.data, saved->state.len), state->bytes);
}

static int64_t due_in_redis(const struct look *look, const char *id) {
    struct hy_key timers = hy_key_timers(&look->space);
    return hy_mem_table_due(look->judge->table, hy_key_bytes(&timers), hy_bytes_of(id));
}

// A projection may be on its way: single members may be ahead of the watermark, never behind.
static bool check_entity(struct look *look, struct judge_entity *entity, bool all) {
    struct hy_key key = hy_key_member(&look->space, entity->id);
    struct hy_bytes bytes = hy_mem_table_get(look->judge->table, hy_key_bytes(&key));
    const struct judge_state *least = state_at(entity, look->seq);
    if (bytes.data == NULL) return least == NULL || fail(look, "no state of", entity->id);
    if (!all && least == &entity->history[entity->history_count - 1] && hy_bytes_equal(bytes, entity->seen))
        return true; // nothing has happened to it since
    const Huiyuan__V1__MemberState *saved =
        huiyuan__v1__member_state__unpack(&look->arena.protobuf, bytes.length, bytes.data);
    const struct judge_state *state = saved == NULL ? NULL : state_at(entity, saved->seq);
    if (state == NULL || (least != NULL && state->seq < least->seq))
        return fail(look, "an old state of", entity->id);
    if (!same_state(look, saved, state)) return fail(look, "a wrong state of", entity->id);
    if (due_in_redis(look, entity->id) != saved->due_ms) return fail(look, "a wrong timer of", entity->id);
    look->judge->coverage.checked++;
    if (!check_receipts(look, entity, saved)) return false;
    if (least == &entity->history[entity->history_count - 1])
        entity->seen = hy_arena_bytes(&look->judge->arena, bytes);
    return true;
}

static bool check_due(struct look *look, const struct judge_entity *entity) {
    if (look->judge->brains[look->log]->brain.due == NULL) return true;
    int64_t found = due_in_redis(look, entity->id);
    return found == entity->now.due_ms || fail(look, "a timer that is out of date of", entity->id);
}

// --- the watermark

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
    for (size_t i = look->track->arrived; i < look->track->emitting_count; i++) {
        const struct judge_record *judged = look->track->emitting[i];
        if (judged->seq > through) break;
        if (!emission_arrived(look->judge, judged))
            return fail(look, "says that emissions are sent, but not those of", judged->record->input_id);
    }
    return true;
}

static bool check_watermark(const struct look *look) {
    const Huiyuan__V1__Watermark *watermark = look->watermark;
    size_t tallies = judge_services[look->log].tally_count;
    if (look->seq == 0 && watermark->opening != 0) return true; // the first projection was cut off
    if (look->seq == 0 || look->seq > look->track->seq)
        return fail(look, "the watermark is beyond", "the log");
    const struct judge_block *block = &look->track->blocks[look->seq];
    if (watermark->offset != block->offset || watermark->claim != block->claim)
        return fail(look, "the watermark names another", "block");
    if (watermark->n_tallies != tallies || watermark->members != block->members ||
        memcmp(watermark->tallies, block->tallies, tallies * sizeof(int64_t)) != 0)
        return fail(look, "wrong", "tallies");
    return check_marks(look, &block->emitted, watermark->emitted, watermark->n_emitted) &&
           check_marks(look, &block->taken, watermark->taken, watermark->n_taken) && check_unsent(look);
}

// --- answers

static bool answers(const Huiyuan__V1__Record *record) {
    return record->command_id[0] != '\0' && record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED &&
           record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED;
}

// The answers of young records are kept under their command ids.
static bool check_answers(struct look *look) {
    for (size_t i = look->track->record_count; i-- > 0;) {
        const struct judge_record *judged = look->track->records[i];
        if (!answers(judged->record) || judged->seq > look->seq) continue;
        if (judged->recorded_at_ms < *look->judge->now_ms - ANSWER_SURE_MS) continue;
        struct hy_key key = hy_key_answer(&look->space, judged->record->command_id);
        struct hy_bytes bytes = hy_mem_table_get(look->judge->table, hy_key_bytes(&key));
        if (bytes.data == NULL) return fail(look, "no answer to", judged->record->input_id);
        if (!judge_answer(look->judge, bytes)) return false;
    }
    return true;
}

static const struct judge_record *named(const struct judge_track *track,
                                        const Huiyuan__V1__RecordName *name) {
    if (name->seq == 0 || name->seq > track->seq) return NULL;
    size_t first = track->blocks[name->seq - 1].first_record + name->index;
    return first < track->blocks[name->seq].first_record ? track->records[first] : NULL;
}

static bool fits(const Huiyuan__V1__Answer *answer, const struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    bool again = answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE ||
                 answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT;
    if (!again && (answer->outcome != record->outcome || strcmp(answer->command_id, record->command_id) != 0))
        return false;
    bool body = answer->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT && record->command_id[0] != '\0';
    return !body || same_bytes(answer->body, record->answer);
}

bool judge_answer(struct judge *judge, struct hy_bytes bytes) {
    const Huiyuan__V1__Answer *answer =
        huiyuan__v1__answer__unpack(&judge->arena.protobuf, bytes.length, bytes.data);
    if (answer == NULL || answer->record == NULL) return judge_fail(judge, "an answer cannot be read");
    if (answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED ||
        answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED)
        return judge_fail(judge, "%s was answered by one who only passes it on", answer->command_id);
    judge->coverage.answers++;
    bool durable = false;
    for (int log = 0; log < LOGS && answer->record->partition < judge->partitions; log++) {
        const struct judge_record *judged =
            named(judge_track(judge, log, answer->record->partition), answer->record);
        durable |= judged != NULL;
        if (judged != NULL && fits(answer, judged)) return true;
    }
    return judge_fail(
        judge, durable ? "%s was answered with what no record says" : "%s was answered before it was durable",
        answer->command_id);
}

// --- one look

static bool look_at(struct judge *judge, int log, uint32_t partition, bool all) {
    struct judge_track *track = judge_track(judge, log, partition);
    struct look look = {.judge = judge,
                        .log = log,
                        .partition = partition,
                        .track = track,
                        .space = {judge->redis_prefix, judge_services[log].log, partition}};
    struct hy_key key = hy_key_watermark(&look.space);
    struct hy_bytes bytes = hy_mem_table_get(judge->table, hy_key_bytes(&key));
    if (!all && hy_bytes_equal(bytes, track->watermark)) return true;
    track->watermark = hy_arena_bytes(&judge->arena, bytes);
    hy_arena_init(&look.arena);
    if (bytes.data != NULL)
        look.watermark = huiyuan__v1__watermark__unpack(&look.arena.protobuf, bytes.length, bytes.data);
    look.seq = look.watermark == NULL ? 0 : look.watermark->seq;
    emission_arrivals(judge);
    bool right = bytes.data == NULL || (look.watermark != NULL && check_watermark(&look));
    for (size_t i = 0; right && i < track->entity_count; i++)
        right = check_entity(&look, track->entities[i], all);
    right = right && (!all || check_answers(&look));
    hy_arena_free(&look.arena);
    return right ||
           judge_fail(judge, "the watermark of %s/%u cannot be read", judge_services[log].log, partition);
}

bool judge_redis(struct judge *judge, bool all) {
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < judge->partitions; p++) {
            if (!look_at(judge, log, p, all)) return false;
        }
    }
    return true;
}

// At rest Redis is at the end of every log, and every timer is the newest.
bool redis_rest(struct judge *judge) {
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < judge->partitions; p++) {
            const struct judge_track *track = judge_track(judge, log, p);
            struct look look = {.judge = judge,
                                .log = log,
                                .partition = p,
                                .track = track,
                                .space = {judge->redis_prefix, judge_services[log].log, p},
                                .seq = track->seq};
            struct hy_key key = hy_key_watermark(&look.space);
            struct hy_bytes bytes = hy_mem_table_get(judge->table, hy_key_bytes(&key));
            Huiyuan__V1__Watermark *watermark =
                bytes.data == NULL ? NULL : huiyuan__v1__watermark__unpack(NULL, bytes.length, bytes.data);
            uint64_t seq = watermark == NULL ? 0 : watermark->seq;
            huiyuan__v1__watermark__free_unpacked(watermark, NULL);
            if (seq != track->seq) return fail(&look, "it is behind", "the log");
            for (size_t i = 0; i < track->entity_count; i++) {
                if (!check_due(&look, track->entities[i])) return false;
            }
        }
    }
    return true;
}

// --- arrivals

static void take_command(struct judge *judge, uint32_t partition, const struct judge_message *message) {
    const Huiyuan__V1__Command *command = message->command;
    int log = command == NULL || command->origin == NULL ? -1 : judge_log_named(command->to);
    if (log < 0) return;
    struct judge_marks *arrived = &judge->arrived[partition][log];
    const Huiyuan__V1__Origin *origin = command->origin;
    if (origin->number == judge_marks_get(arrived, origin->log, origin->partition) + 1)
        judge_marks_set(arrived, origin->log, origin->partition, origin->number);
}

static bool has_dead_letter(const struct judge *judge, const char *key) {
    for (size_t i = judge->dead_letter_count; i-- > 0;) {
        if (strcmp(judge->dead_letters[i], key) == 0) return true;
    }
    return false;
}

static void take_dead_letter(struct judge *judge, const struct hy_message *message) {
    const Huiyuan__V1__DeadLetter *letter =
        huiyuan__v1__dead_letter__unpack(&judge->arena.protobuf, message->value.length, message->value.data);
    if (letter == NULL) {
        judge_fail(judge, "a dead letter cannot be read");
        return;
    }
    const char *key = hy_arena_printf(&judge->arena, "%s %.*s", letter->log, (int)message->key.length,
                                      (const char *)message->key.data);
    if (has_dead_letter(judge, key)) return;
    judge->dead_letters = judge_room(judge->dead_letters, judge->dead_letter_count,
                                     &judge->dead_letter_capacity, sizeof(char *));
    judge->dead_letters[judge->dead_letter_count++] = key;
}

void emission_arrivals(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        const struct judge_message *message;
        while ((message = source_message(judge, TOPIC_COMMANDS, p, (int64_t)judge->arrivals[p])) != NULL) {
            take_command(judge, p, message);
            judge->arrivals[p]++;
        }
        struct hy_message letter;
        for (; hy_mem_broker_read(judge->broker, "dead-letters", p, judge->dead_letters_read[p], &letter);
             judge->dead_letters_read[p]++)
            take_dead_letter(judge, &letter);
    }
}

// A tombstone for that member.
static bool key_is_dropped(const struct judge *judge, uint32_t partition, const char *member_id) {
    struct hy_message message;
    for (int64_t at = hy_mem_broker_end(judge->broker, "member-keys", partition); at-- > 0;) {
        if (hy_mem_broker_read(judge->broker, "member-keys", partition, at, &message) &&
            message.value.length == 0 && hy_bytes_equal(message.key, hy_bytes_of(member_id)))
            return true;
    }
    return false;
}

static bool arrived(struct judge *judge, const struct judge_record *judged,
                    const Huiyuan__V1__Emission *emission) {
    int to = judge_log_named(emission->to);
    const char *log = judge_services[judged->log].log;
    if (to >= 0)
        return judge_marks_get(&judge->arrived[emission->partition][to], log, judged->partition) >=
               emission->number;
    if (strcmp(emission->to, "member-keys") == 0)
        return key_is_dropped(judge, emission->partition, emission->key);
    char key[128];
    snprintf(key, sizeof key, "%s %s/%" PRIu32 "/%" PRId64, log,
             judge_services[judged->log].sources[judged->record->source - 1].topic, judged->partition,
             judged->record->offset);
    return has_dead_letter(judge, key);
}

bool emission_arrived(struct judge *judge, const struct judge_record *judged) {
    emission_arrivals(judge);
    for (size_t e = 0; e < judged->record->n_emissions; e++) {
        if (!arrived(judge, judged, judged->record->emissions[e])) return false;
    }
    return true;
}
