// One record of a log: in its place, with the right outcome and emissions; then the state follows it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/sim/sim.h"

static const judge_domain domains[LOGS] = {members_record, points_record, tiers_record, campaigns_record,
                                           deliveries_record};

// --- the state follows

static void keep_known(struct judge_entity *entity, size_t place, int64_t window_ms) {
    const Huiyuan__V1__Record *record = entity->entries[place]->record;
    if (record->event_time_ms > entity->now.newest_ms) {
        entity->now.newest_ms = record->event_time_ms;
        while (entity->known_first < entity->known_count &&
               entity->entries[entity->known[entity->known_first]]->record->event_time_ms <
                   entity->now.newest_ms - window_ms)
            entity->known_first++;
    }
    entity->known = judge_room(entity->known, entity->known_count, &entity->known_capacity, sizeof(size_t));
    entity->known[entity->known_count++] = place;
}

static void note_state(struct judge *judge, int log, struct judge_entity *entity) {
    const struct hy_brain *brain = &judge->brains[log]->brain;
    size_t oldest =
        entity->known_first == entity->known_count ? entity->now.entries : entity->known[entity->known_first];
    struct hy_buffer saved;
    hy_buffer_init(&saved, 64 * 1024);
    brain->save(brain->context, entity->state, &saved);
    entity->now.first_page = oldest / JUDGE_PAGE_RECEIPTS;
    entity->now.bytes = hy_arena_bytes(&judge->arena, hy_buffer_bytes(&saved));
    entity->now.due_ms = brain->due == NULL ? 0 : brain->due(brain->context, entity->state);
    hy_buffer_free(&saved);
    if (entity->history_count > 0 && entity->history[entity->history_count - 1].seq == entity->now.seq)
        entity->history_count--;
    entity->history = judge_room(entity->history, entity->history_count, &entity->history_capacity,
                                 sizeof *entity->history);
    entity->history[entity->history_count++] = entity->now;
}

static bool follow(struct judge *judge, struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    const struct hy_brain *brain = &judge->brains[judged->log]->brain;
    struct judge_entity *entity = judged->entity;
    if (record->entry != entity->now.entries + 1)
        return judge_fail_at(judge, judged, "entry %" PRIu64 " after %" PRIu64, record->entry,
                             entity->now.entries);
    size_t place = entity->now.entries++;
    entity->entries =
        judge_room(entity->entries, place, &entity->entries_capacity, sizeof(struct judge_record *));
    entity->entries[place] = judged;
    entity->now.seq = judged->seq;
    if (judged->body != NULL) brain->evolve(brain->context, entity->state, record, judged->body);
    judge_track(judge, judged->log, judged->partition)->blocks[judged->seq].members += place == 0;
    if (!judged->is_timer && judged->reading.windowed)
        keep_known(entity, place, judge_services[judged->log].window_ms);
    note_state(judge, judged->log, entity);
    const char *reason = "";
    if (!brain->check(brain->context, entity->state, &reason))
        return judge_fail_at(judge, judged, "%s", reason);
    return true;
}

// --- emissions

static bool check_command(struct judge *judge, const struct judge_record *judged,
                          const Huiyuan__V1__Emission *emission) {
    const char *log = judge_services[judged->log].log;
    const Huiyuan__V1__Command *command =
        input_command(judge, hy_bytes(emission->payload.data, emission->payload.len));
    if (command == NULL || command->origin == NULL || strcmp(command->to, emission->to) != 0 ||
        strcmp(command->origin->log, log) != 0 || command->origin->partition != judged->partition ||
        command->origin->number != emission->number ||
        judge_home(judge, command->member_id) != emission->partition)
        return judge_fail_at(judge, judged, "its emission does not carry what it should");
    if (command->body_case != HUIYUAN__V1__COMMAND__BODY_FORWARDED) return true;
    if (judged->record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED ||
        strcmp(command->member_id, judged->record->member_id) != 0)
        return judge_fail_at(judge, judged, "forwards what is not to be forwarded");
    return true;
}

static bool check_emission(struct judge *judge, const struct judge_record *judged,
                           const Huiyuan__V1__Emission *emission) {
    struct judge_block *block = &judge_track(judge, judged->log, judged->partition)->blocks[judged->seq];
    uint64_t number = judge_marks_get(&block->emitted, emission->to, emission->partition) + 1;
    if (emission->number != number)
        return judge_fail_at(judge, judged, "emission %" PRIu64 " to %s/%u instead of %" PRIu64,
                             emission->number, emission->to, emission->partition, number);
    judge_marks_set(&block->emitted, emission->to, emission->partition, number);
    if (strcmp(emission->to, "dead-letters") == 0) return emission->partition == judged->partition;
    if (strcmp(emission->to, "member-keys") == 0)
        return (judge_home(judge, emission->key) == emission->partition && emission->payload.len == 0) ||
               judge_fail_at(judge, judged, "a wrong message for member-keys");
    return check_command(judge, judged, emission);
}

static bool check_emissions(struct judge *judge, struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    struct judge_track *track = judge_track(judge, judged->log, judged->partition);
    if (record->n_emissions == 0) return true;
    track->emitting = judge_room(track->emitting, track->emitting_count, &track->emitting_capacity,
                                 sizeof(struct judge_record *));
    track->emitting[track->emitting_count++] = judged;
    for (size_t i = 0; i < record->n_emissions; i++) {
        if (!check_emission(judge, judged, record->emissions[i])) return false;
    }
    return true;
}

// Dead letters and forwards are the stage's own, the same for every service; what else is emitted is the
// services' affair, and only when something was accepted.
static bool expected_emissions(struct judge *judge, const struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    bool dead = record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED ||
                record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT;
    bool forward = record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED;
    if (record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return true;
    if (record->n_emissions != (dead || forward))
        return judge_fail_at(judge, judged, "%zu emissions", record->n_emissions);
    const char *to = dead ? "dead-letters" : judge_services[judged->log].log;
    if ((dead || forward) && strcmp(record->emissions[0]->to, to) != 0)
        return judge_fail_at(judge, judged, "emits to %s", record->emissions[0]->to);
    return true;
}

// --- one record

static bool check_timer(struct judge *judge, struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    char id[32];
    snprintf(id, sizeof id, "timer:%" PRId64, record->event_time_ms);
    judge->coverage.timers[judged->log]++;
    if (record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED || strcmp(record->input_id, id) != 0 ||
        record->event_time_ms > judged->recorded_at_ms || judged->entity == NULL ||
        judged->entity->now.entries == 0)
        return judge_fail_at(judge, judged, "was not due at %" PRId64, judged->recorded_at_ms);
    // What a campaign is due for depends on the documents that its owner knew.
    if (judged->log != LOG_CAMPAIGNS && judged->entity->now.due_ms != record->event_time_ms)
        return judge_fail_at(judge, judged, "is due at %" PRId64, judged->entity->now.due_ms);
    return true;
}

static bool check_verdict(struct judge *judge, struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    struct judge_verdict verdict = {0};
    if (!input_verdict(judge, judged, &verdict)) return false;
    if (verdict.outcome != 0 &&
        (record->outcome != verdict.outcome ||
         strcmp(record->code, verdict.code == HY_OK ? "" : hy_code_name(verdict.code)) != 0))
        return judge_fail_at(judge, judged, "outcome %d %s; should be %d %s", (int)record->outcome,
                             record->code, (int)verdict.outcome, hy_code_name(verdict.code));
    if (verdict.outcome == 0 && record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED &&
        record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED &&
        record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED)
        return judge_fail_at(judge, judged, "outcome %d instead of a decision", (int)record->outcome);
    const Huiyuan__V1__RecordName *original = record->original;
    bool named = verdict.original == NULL
                     ? original == NULL
                     : original != NULL && original->partition == verdict.original->partition &&
                           original->seq == verdict.original->seq &&
                           original->index == verdict.original->index;
    return named || judge_fail_at(judge, judged, "names the wrong original");
}

static bool decided(const Huiyuan__V1__Record *record) {
    return record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED ||
           record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
}

static bool read_body(struct judge *judge, struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    if (record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED)
        return record->body.len == 0 || judge_fail_at(judge, judged, "changes something all the same");
    judged->body = protobuf_c_message_unpack(judge->brains[judged->log]->brain.body, &judge->arena.protobuf,
                                             record->body.len, record->body.data);
    return judged->body != NULL || judge_fail_at(judge, judged, "its body cannot be read");
}

// The kind, or type, is the first field of every body.
int judge_kind(const struct judge_record *judged) {
    if (judged->body == NULL) return 0;
    return judged->log == LOG_POINTS ? (int)((const Huiyuan__V1__PointsChange *)judged->body)->type
                                     : (int)((const Huiyuan__V1__MemberChange *)judged->body)->kind;
}

static void count_record(struct judge *judge, const struct judge_record *judged) {
    int kind = judge_kind(judged);
    judge->coverage.records[judged->log][judged->record->outcome & 7]++;
    if (kind > 0 && kind < 20) judge->coverage.kinds[judged->log][kind]++;
}

bool judge_take(struct judge *judge, int log, uint32_t partition, const Huiyuan__V1__Block *block,
                uint32_t index) {
    struct judge_track *track = judge_track(judge, log, partition);
    const Huiyuan__V1__Record *record = block->records[index];
    struct judge_record *judged = hy_arena_zero(&judge->arena, sizeof *judged);
    *judged = (struct judge_record){.log = log,
                                    .partition = partition,
                                    .seq = block->seq,
                                    .index = index,
                                    .offset = track->next_offset - 1,
                                    .recorded_at_ms = block->recorded_at_ms,
                                    .record = record,
                                    .is_timer = record->source == 0};
    track->records = judge_room(track->records, track->record_count, &track->record_capacity,
                                sizeof(struct judge_record *));
    track->records[track->record_count++] = judged;
    if (decided(record)) {
        if (judge_home(judge, record->member_id) != partition)
            return judge_fail_at(judge, judged, "is decided in a partition that is not its member's");
        judged->entity = judge_entity(judge, log, partition, record->member_id, true);
    }
    if ((record->entry != 0) != decided(record)) return judge_fail_at(judge, judged, "a wrong entry");
    if (!source_take(judge, judged) || !read_body(judge, judged)) return false;
    count_record(judge, judged);
    bool right = judged->is_timer           ? check_timer(judge, judged)
                 : judged->followed != NULL ? record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED ||
                                                  judge_fail_at(judge, judged, "a log cannot be refused")
                                            : check_verdict(judge, judged);
    if (!right || !expected_emissions(judge, judged) || !check_emissions(judge, judged)) return false;
    if (judged->entity == NULL && record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED) return true;
    if (!domains[log](judge, judged)) return false;
    return judged->entity == NULL || follow(judge, judged);
}
