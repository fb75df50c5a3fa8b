// What stands in Kafka beside the logs: nothing may be there before the record that accounts for it is
// durable.
#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/stage/judge.h"

// Committed offsets are a hint for people; one that is too high would tell them that inputs are safe.
static bool check_committed(struct judge *judge, uint32_t partition, size_t source) {
    int64_t committed = hy_mem_broker_committed(judge->broker, judge_sources[source], partition);
    for (int64_t offset = judge->logs[partition].positions[source]; offset < committed; offset++) {
        if (!judge_skips(judge, partition, source, offset))
            return judge_fail(judge, "%s/%u offset %" PRId64 " was committed before it has a record",
                              judge_sources[source], partition, offset);
    }
    return true;
}

static bool same_payload(const Huiyuan__V1__Emission *emission, struct hy_bytes value) {
    return hy_bytes_equal(hy_bytes(emission->payload.data, emission->payload.len), value);
}

static bool emitted(const struct judge *judge, const Huiyuan__V1__Origin *origin, uint32_t partition,
                    struct hy_bytes value) {
    for (size_t i = judge->record_count; i-- > 0;) {
        const Huiyuan__V1__Record *record = judge->records[i].record;
        for (size_t e = 0; judge->records[i].partition == origin->partition && e < record->n_emissions; e++) {
            const Huiyuan__V1__Emission *emission = record->emissions[e];
            if (emission->number == origin->number && emission->partition == partition &&
                strcmp(emission->to, "points") == 0)
                return same_payload(emission, value);
        }
    }
    return false;
}

static bool check_command(struct judge *judge, uint32_t partition, const struct hy_message *message) {
    const Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&judge->arena.protobuf, message->value.length, message->value.data);
    if (command == NULL || command->origin == NULL || strcmp(command->origin->log, "points") != 0 ||
        strcmp(command->to, "points") != 0 || command->origin->partition >= judge->partitions)
        return true; // none of the logs that are judged
    if (emitted(judge, command->origin, partition, message->value)) return true;
    return judge_fail(judge,
                      "emission %" PRIu64 " of partition %u to %u was sent, but no durable record says so",
                      command->origin->number, command->origin->partition, partition);
}

static bool refused(const struct judge *judge, const char *key, uint32_t partition, struct hy_bytes value) {
    for (size_t i = judge->record_count; i-- > 0;) {
        const struct judge_record *judged = &judge->records[i];
        const Huiyuan__V1__Record *record = judged->record;
        char place[64];
        if (judged->partition != partition || record->source == 0 || record->n_emissions == 0 ||
            strcmp(record->emissions[0]->to, "dead-letters") != 0)
            continue;
        snprintf(place, sizeof place, "%s/%" PRIu32 "/%" PRId64, judge_sources[record->source - 1], partition,
                 record->offset);
        if (strcmp(place, key) == 0) return same_payload(record->emissions[0], value);
    }
    return false;
}

static bool check_dead_letter(struct judge *judge, uint32_t partition, const struct hy_message *message) {
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)message->key.length, (const char *)message->key.data);
    if (refused(judge, key, partition, message->value)) return true;
    return judge_fail(judge, "dead letter %s was sent, but no durable record says so", key);
}

static bool check_topic(struct judge *judge, const char *topic, uint32_t partition, int64_t *next,
                        bool (*check)(struct judge *, uint32_t, const struct hy_message *)) {
    struct hy_message message;
    for (; hy_mem_broker_read(judge->broker, topic, partition, *next, &message); ++*next) {
        if (!check(judge, partition, &message)) return false;
    }
    return true;
}

bool judge_kafka(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        struct judge_log *log = &judge->logs[p];
        for (size_t s = 0; s < JUDGE_SOURCES; s++) {
            if (!check_committed(judge, p, s)) return false;
        }
        if (!check_topic(judge, "commands", p, &log->commands_checked, check_command) ||
            !check_topic(judge, "dead-letters", p, &log->dead_letters_checked, check_dead_letter))
            return false;
    }
    return true;
}
