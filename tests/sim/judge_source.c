// Which input comes next in each source of each log, and what may be passed over: commands for others, and
// records of other logs that say nothing to this service. Nothing else is ever left out.
#include <inttypes.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/sim/judge.h"

static const char *const topics[TOPICS] = {"purchases", "commands"};

static void decode(struct judge *judge, int topic, struct judge_message *message) {
    if (topic == TOPIC_COMMANDS) {
        message->command = input_command(judge, message->bytes);
        return;
    }
    message->event =
        huiyuan__v1__store_event__unpack(&judge->arena.protobuf, message->bytes.length, message->bytes.data);
    if (message->event != NULL && message->event->event_case == HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE)
        message->purchase = message->event->purchase;
}

const struct judge_message *source_message(struct judge *judge, int topic, uint32_t partition,
                                           int64_t offset) {
    struct judge_inbox *inbox = &judge->inboxes[topic][partition];
    struct hy_message found;
    while ((int64_t)inbox->count <= offset) {
        if (!hy_mem_broker_read(judge->broker, topics[topic], partition, (int64_t)inbox->count, &found))
            return NULL;
        inbox->messages =
            judge_room(inbox->messages, inbox->count, &inbox->capacity, sizeof *inbox->messages);
        struct judge_message *message = &inbox->messages[inbox->count++];
        *message = (struct judge_message){.bytes = found.value, .published_at_ms = found.timestamp_ms};
        decode(judge, topic, message);
    }
    return &inbox->messages[offset];
}

// A command for another service leaves no record.
static bool passes_over(struct judge *judge, int log, int topic, uint32_t partition, int64_t offset) {
    const struct judge_message *message = source_message(judge, topic, partition, offset);
    return topic == TOPIC_COMMANDS && message != NULL && message->command != NULL &&
           strcmp(message->command->to, judge_services[log].log) != 0;
}

static bool member_wanted(const struct judge_record *judged) {
    int kind = (int)((const Huiyuan__V1__MemberChange *)judged->body)->kind;
    return kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED ||
           kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED ||
           kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
}

static bool tier_wanted(int log, const struct judge_record *judged) {
    const Huiyuan__V1__TierChange *change = (const Huiyuan__V1__TierChange *)judged->body;
    bool raised = change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    if (log == LOG_DELIVERIES) return raised;
    if (log == LOG_CAMPAIGNS) return strcmp(change->tier, change->tier_before) != 0;
    return raised || change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
}

// Whether `log` has to have a record of this record of another log.
static bool wanted(int log, const struct judge_record *judged) {
    if (judged->body == NULL) return false;
    switch (judged->log) {
    case LOG_MEMBERS: return member_wanted(judged);
    case LOG_POINTS:
        return ((const Huiyuan__V1__PointsChange *)judged->body)->type == HUIYUAN__V1__ENTRY_TYPE__EARN;
    case LOG_TIERS: return tier_wanted(log, judged);
    default: return ((const Huiyuan__V1__CampaignChange *)judged->body)->template_[0] != '\0';
    }
}

// The next record of that source which `log` has to take; NULL: none so far.
static const struct judge_record *next_wanted(struct judge *judge, int log, uint32_t partition,
                                              size_t source) {
    const struct judge_track *from = judge_track(judge, judge_services[log].sources[source].log, partition);
    int64_t *next = &judge_track(judge, log, partition)->positions[source];
    while (*next < (int64_t)from->record_count && !wanted(log, from->records[*next]))
        ++*next;
    return *next < (int64_t)from->record_count ? from->records[*next] : NULL;
}

static bool take_followed(struct judge *judge, struct judge_record *judged, size_t source) {
    const Huiyuan__V1__Record *record = judged->record;
    int from = judge_services[judged->log].sources[source].log;
    if (!judge_read(judge, from, judged->partition, record->offset)) return false;
    const struct judge_record *next = next_wanted(judge, judged->log, judged->partition, source);
    if (next == NULL)
        return judge_fail_at(judge, judged, "is of nothing in log %s", judge_services[from].log);
    const char *name = hy_arena_printf(&judge->arena, "%s-%u-%" PRIu64 "-%u", judge_services[from].log,
                                       next->partition, next->seq, next->index);
    if (next->offset != record->offset || next->index != record->source_index ||
        strcmp(name, record->input_id) != 0 || strcmp(next->record->member_id, record->member_id) != 0 ||
        next->record->event_time_ms != record->event_time_ms)
        return judge_fail_at(judge, judged, "stands where %s of %s should", name, next->record->member_id);
    judge_track(judge, judged->log, judged->partition)->positions[source]++;
    judged->followed = next;
    return true;
}

bool source_take(struct judge *judge, struct judge_record *judged) {
    const Huiyuan__V1__Record *record = judged->record;
    const struct judge_service *service = &judge_services[judged->log];
    if (record->source == 0) return true;
    size_t source = record->source - 1;
    if (source >= service->source_count)
        return judge_fail_at(judge, judged, "source %u does not exist", record->source);
    if (service->sources[source].log >= 0) return take_followed(judge, judged, source);
    int64_t *next = &judge_track(judge, judged->log, judged->partition)->positions[source];
    if (record->offset < *next)
        return judge_fail_at(judge, judged, "offset %" PRId64 " again", record->offset);
    for (; *next < record->offset; ++*next) {
        if (!passes_over(judge, judged->log, service->sources[source].in, judged->partition, *next))
            return judge_fail_at(judge, judged, "%s offset %" PRId64 " before it has no record",
                                 service->sources[source].topic, *next);
    }
    ++*next;
    return true;
}

// --- positions

static bool fail_position(struct judge *judge, int log, uint32_t partition, size_t source, const char *what,
                          int64_t offset) {
    return judge_fail(judge, "%s/%u: position of %s, offset %" PRId64 ": %s", judge_services[log].log,
                      partition, judge_services[log].sources[source].topic, offset, what);
}

static bool topic_position(struct judge *judge, int log, uint32_t partition, size_t source, int64_t next) {
    int64_t *taken = &judge_track(judge, log, partition)->positions[source];
    for (; *taken < next; ++*taken) {
        if (!passes_over(judge, log, judge_services[log].sources[source].in, partition, *taken))
            return fail_position(judge, log, partition, source, "has no record, but is behind it", *taken);
    }
    return *taken == next ||
           fail_position(judge, log, partition, source, "has a record, but lies ahead", *taken);
}

static bool before(const struct judge_record *judged, const Huiyuan__V1__Position *position) {
    return judged->offset < position->next_offset ||
           (judged->offset == position->next_offset && judged->index < position->taken);
}

static bool log_position(struct judge *judge, int log, uint32_t partition, size_t source,
                         const Huiyuan__V1__Position *position) {
    int from = judge_services[log].sources[source].log;
    if (!judge_read(judge, from, partition, position->next_offset - (position->taken == 0))) return false;
    const struct judge_track *track = judge_track(judge, from, partition);
    int64_t taken = judge_track(judge, log, partition)->positions[source];
    if (taken > 0 && !before(track->records[taken - 1], position) && wanted(log, track->records[taken - 1]))
        return fail_position(judge, log, partition, source, "lies before what was taken",
                             position->next_offset);
    const struct judge_record *next = next_wanted(judge, log, partition, source);
    if (next != NULL && before(next, position))
        return fail_position(judge, log, partition, source, "skips a record", next->offset);
    if (position->next_offset > track->next_offset)
        return fail_position(judge, log, partition, source, "is beyond the log", position->next_offset);
    const struct judge_place *place = &track->places[position->next_offset];
    if (place->claim != position->claim || place->seq != position->seq)
        return fail_position(judge, log, partition, source, "another claim or seq", position->next_offset);
    return true;
}

bool source_positions(struct judge *judge, int log, uint32_t partition, const Huiyuan__V1__Block *block) {
    const struct judge_service *service = &judge_services[log];
    if (block->n_positions != service->source_count)
        return judge_fail(judge, "%s/%u: a block without all positions", service->log, partition);
    for (size_t s = 0; s < service->source_count; s++) {
        const Huiyuan__V1__Position *position = block->positions[s];
        if (strcmp(position->topic, service->sources[s].topic) != 0)
            return judge_fail(judge, "%s/%u: position of topic %s", service->log, partition, position->topic);
        if (!(service->sources[s].log >= 0 ? log_position(judge, log, partition, s, position)
                                           : topic_position(judge, log, partition, s, position->next_offset)))
            return false;
    }
    return true;
}

static bool topic_rest(struct judge *judge, int log, uint32_t partition, size_t source) {
    int topic = judge_services[log].sources[source].in;
    int64_t end = hy_mem_broker_end(judge->broker, topics[topic], partition);
    int64_t offset = judge_track(judge, log, partition)->positions[source];
    for (; offset < end; offset++) {
        if (!passes_over(judge, log, topic, partition, offset))
            return fail_position(judge, log, partition, source, "was never taken", offset);
    }
    return true;
}

bool source_rest(struct judge *judge, int log, uint32_t partition) {
    const struct judge_service *service = &judge_services[log];
    for (size_t s = 0; s < service->source_count; s++) {
        const struct judge_record *next =
            service->sources[s].log < 0 ? NULL : next_wanted(judge, log, partition, s);
        if (next != NULL) return fail_position(judge, log, partition, s, "was never taken", next->offset);
        if (service->sources[s].log < 0 && !topic_rest(judge, log, partition, s)) return false;
    }
    return true;
}
