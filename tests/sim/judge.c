#include "tests/sim/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/sim/sim.h"

#define TOPIC(name, id) \
    { name, -1, id }
#define FOLLOWS(name, id) \
    { name, id, -1 }

const struct judge_service judge_services[LOGS] = {
    [LOG_MEMBERS] = {"members", {TOPIC("commands", TOPIC_COMMANDS)}, 1, 3, SIM_COMMAND_WINDOW_MS},
    [LOG_POINTS] = {"points",
                    {TOPIC("purchases", TOPIC_PURCHASES), TOPIC("commands", TOPIC_COMMANDS),
                     FOLLOWS("tiers", LOG_TIERS)},
                    3,
                    4,
                    SIM_PURCHASE_WINDOW_MS},
    [LOG_TIERS] = {"tiers", {FOLLOWS("points", LOG_POINTS), TOPIC("commands", TOPIC_COMMANDS)}, 2, 3, 0},
    [LOG_CAMPAIGNS] = {"campaigns",
                       {FOLLOWS("members", LOG_MEMBERS), FOLLOWS("tiers", LOG_TIERS),
                        TOPIC("commands", TOPIC_COMMANDS)},
                       3,
                       4,
                       SIM_COMMAND_WINDOW_MS},
    [LOG_DELIVERIES] = {"deliveries",
                        {FOLLOWS("members", LOG_MEMBERS), FOLLOWS("campaigns", LOG_CAMPAIGNS),
                         FOLLOWS("tiers", LOG_TIERS), TOPIC("commands", TOPIC_COMMANDS)},
                        4,
                        4,
                        0},
};

void judge_open(struct judge *judge) {
    hy_arena_init(&judge->arena);
    for (int log = 0; log < LOGS; log++) {
        judge->brains[log] = hy_calloc(1, sizeof(struct sim_brain));
        sim_brain_open(judge->brains[log], (enum sim_service)log);
        for (uint32_t p = 0; p < judge->partitions; p++) {
            struct judge_track *track = &judge->tracks[log][p];
            track->blocks_capacity = track->places_capacity = 64;
            track->blocks = hy_calloc(64, sizeof *track->blocks);
            track->places = hy_calloc(64, sizeof *track->places);
        }
    }
}

static void free_entity(const struct hy_brain *brain, struct judge_entity *entity) {
    if (brain->release != NULL) brain->release(brain->context, entity->state);
    hy_free(entity->state);
    hy_free(entity->history);
    hy_free(entity->entries);
    hy_free(entity->known);
}

static void free_track(const struct hy_brain *brain, struct judge_track *track) {
    for (size_t i = 0; i < track->entity_count; i++)
        free_entity(brain, track->entities[i]);
    hy_free(track->entities);
    hy_free(track->blocks);
    hy_free(track->places);
    hy_free(track->records);
    hy_free(track->emitting);
}

void judge_close(struct judge *judge) {
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < judge->partitions; p++)
            free_track(&judge->brains[log]->brain, &judge->tracks[log][p]);
        sim_brain_close(judge->brains[log], (enum sim_service)log);
        hy_free(judge->brains[log]);
    }
    for (int topic = 0; topic < TOPICS; topic++) {
        for (uint32_t p = 0; p < judge->partitions; p++)
            hy_free(judge->inboxes[topic][p].messages);
    }
    hy_free(judge->dead_letters);
    hy_arena_free(&judge->arena);
}

bool judge_fail(struct judge *judge, const char *format, ...) {
    if (judge->fault[0] != '\0') return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(judge->fault, sizeof judge->fault, format, arguments);
    va_end(arguments);
    return false;
}

bool judge_fail_at(struct judge *judge, const struct judge_record *judged, const char *format, ...) {
    char text[JUDGE_FAULT_BYTES / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return judge_fail(judge, "%s-%u-%" PRIu64 "-%u (%s of %s): %s", judge_services[judged->log].log,
                      judged->partition, judged->seq, judged->index, judged->record->input_id,
                      judged->record->member_id, text);
}

unsigned judge_instance(struct judge *judge, size_t known_documents) {
    if (judge->instances == JUDGE_INSTANCES) abort();
    judge->known_documents[judge->instances] = known_documents;
    return judge->instances++;
}

void *judge_room(void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return items;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    return hy_realloc(items, *capacity * size);
}

struct judge_track *judge_track(struct judge *judge, int log, uint32_t partition) {
    return &judge->tracks[log][partition];
}

int judge_log_named(const char *log) {
    for (int i = 0; i < LOGS; i++) {
        if (strcmp(judge_services[i].log, log) == 0) return i;
    }
    return -1;
}

uint32_t judge_home(const struct judge *judge, const char *id) {
    return hy_partition_of(hy_bytes_of(id), judge->partitions);
}

struct judge_entity *judge_entity(struct judge *judge, int log, uint32_t partition, const char *id,
                                  bool make) {
    struct judge_track *track = judge_track(judge, log, partition);
    for (size_t i = 0; i < track->entity_count; i++) {
        if (strcmp(track->entities[i]->id, id) == 0) return track->entities[i];
    }
    if (!make) return NULL;
    struct judge_entity *entity = hy_arena_zero(&judge->arena, sizeof *entity);
    snprintf(entity->id, sizeof entity->id, "%s", id);
    entity->state = hy_calloc(1, judge->brains[log]->brain.state_bytes);
    track->entities = judge_room(track->entities, track->entity_count, &track->entity_capacity,
                                 sizeof(struct judge_entity *));
    return track->entities[track->entity_count++] = entity;
}

// --- one block

static bool check_emitted_through(struct judge *judge, int log, uint32_t partition,
                                  const Huiyuan__V1__Block *block) {
    struct judge_track *track = judge_track(judge, log, partition);
    if (block->emitted_through < track->emitted_through || block->emitted_through >= block->seq)
        return judge_fail(judge, "%s/%u seq %" PRIu64 ": emitted_through %" PRIu64 " after %" PRIu64,
                          judge_services[log].log, partition, block->seq, block->emitted_through,
                          track->emitted_through);
    track->emitted_through = block->emitted_through;
    while (track->arrived < track->emitting_count &&
           track->emitting[track->arrived]->seq <= block->emitted_through) {
        if (!emission_arrived(judge, track->emitting[track->arrived]))
            return judge_fail_at(judge, track->emitting[track->arrived],
                                 "seq %" PRIu64 " says that its emissions are sent", block->seq);
        track->arrived++;
    }
    return true;
}

static struct judge_block *next_block(struct judge_track *track) {
    if (track->seq + 1 >= track->blocks_capacity) {
        track->blocks_capacity *= 2;
        track->blocks = hy_realloc(track->blocks, track->blocks_capacity * sizeof *track->blocks);
    }
    track->blocks[track->seq + 1] = track->blocks[track->seq];
    return &track->blocks[track->seq + 1];
}

static bool check_head(struct judge *judge, int log, uint32_t partition, const Huiyuan__V1__Block *block) {
    const struct judge_track *track = judge_track(judge, log, partition);
    const char *wrong = NULL;
    struct hy_bytes chain = hy_bytes(track->hash, track->seq == 0 ? 0 : sizeof track->hash);
    if (block->seq != track->seq + 1)
        wrong = "seq is not dense";
    else if (!hy_bytes_equal(hy_bytes(block->previous_hash.data, block->previous_hash.len), chain))
        wrong = "the chain is broken";
    else if (block->recorded_at_ms < track->recorded_at_ms)
        wrong = "recorded time runs backwards";
    else if (block->n_records == 0)
        wrong = "an empty block";
    else
        return true;
    return judge_fail(judge, "%s/%u seq %" PRIu64 " after %" PRIu64 ": %s", judge_services[log].log,
                      partition, block->seq, track->seq, wrong);
}

static bool take_block(struct judge *judge, int log, uint32_t partition, const struct hy_message *message,
                       const Huiyuan__V1__Block *block) {
    struct judge_track *track = judge_track(judge, log, partition);
    if (block->claim != track->claim || block->seq <= track->seq) {
        judge->coverage.dropped++;
        return true;
    }
    if (!check_head(judge, log, partition, block)) return false;
    struct judge_block *taken = next_block(track);
    taken->offset = message->offset;
    taken->claim = block->claim;
    track->seq = block->seq;
    track->recorded_at_ms = block->recorded_at_ms;
    hy_chain_hash(message->value, track->hash);
    for (uint32_t i = 0; i < block->n_records; i++) {
        if (!judge_take(judge, log, partition, block, i)) return false;
    }
    track->blocks[block->seq].first_record = track->record_count;
    return source_positions(judge, log, partition, block) &&
           check_emitted_through(judge, log, partition, block);
}

static bool take_message(struct judge *judge, int log, uint32_t partition, const struct hy_message *message) {
    struct judge_track *track = judge_track(judge, log, partition);
    const Huiyuan__V1__LogMessage *decoded =
        huiyuan__v1__log_message__unpack(&judge->arena.protobuf, message->value.length, message->value.data);
    bool right = true;
    if (decoded == NULL || decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND__NOT_SET)
        return judge_fail(judge, "%s/%u offset %" PRId64 ": not a message of a log", judge_services[log].log,
                          partition, message->offset);
    if (decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK) {
        right = take_block(judge, log, partition, message, decoded->block);
    } else {
        unsigned instance = (unsigned)strtoul(decoded->claim->instance, NULL, 10);
        track->claim = decoded->claim->claim;
        track->known_documents = judge->known_documents[instance % JUDGE_INSTANCES];
        judge->coverage.claims++;
    }
    track = judge_track(judge, log, partition);
    track->places = judge_room(track->places, (size_t)message->offset + 1, &track->places_capacity,
                               sizeof *track->places);
    track->places[message->offset + 1] = (struct judge_place){track->claim, track->seq};
    return right;
}

bool judge_read(struct judge *judge, int log, uint32_t partition, int64_t through) {
    struct judge_track *track = judge_track(judge, log, partition);
    struct hy_message message;
    while (track->next_offset <= through && hy_mem_broker_read(judge->broker, judge_services[log].log,
                                                               partition, track->next_offset, &message)) {
        track->next_offset++;
        if (!take_message(judge, log, partition, &message)) return false;
    }
    return true;
}

static void read_documents(struct judge *judge) {
    struct hy_message message;
    while (hy_mem_broker_read(judge->broker, "program", 0, (int64_t)judge->documents_read, &message)) {
        judge->documents_read++;
        for (int log = 0; log < LOGS; log++) {
            const struct hy_brain *brain = &judge->brains[log]->brain;
            if (brain->refer != NULL) brain->refer(brain->context, 0, message.key, message.value);
        }
    }
}

bool judge_logs(struct judge *judge) {
    if (judge->fault[0] != '\0') return false;
    read_documents(judge);
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < judge->partitions; p++) {
            if (!judge_read(judge, log, p, INT64_MAX - 1)) return false;
        }
    }
    return judge->fault[0] == '\0';
}

void judge_digest(const struct judge *judge, uint8_t ret_digest[HY_CHAIN_HASH_BYTES]) {
    struct hy_buffer all;
    hy_buffer_init(&all, 1 << 20);
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < judge->partitions; p++) {
            const struct judge_track *track = &judge->tracks[log][p];
            hy_buffer_add(&all, track->hash, sizeof track->hash);
            hy_buffer_add(&all, &track->next_offset, sizeof track->next_offset);
        }
    }
    hy_chain_hash(hy_buffer_bytes(&all), ret_digest);
    hy_buffer_free(&all);
}

// --- at rest

static bool emissions_rest(struct judge *judge, int log, uint32_t partition) {
    const struct judge_track *track = judge_track(judge, log, partition);
    const struct judge_marks *emitted = &track->blocks[track->seq].emitted;
    for (size_t i = 0; i < track->emitting_count; i++) {
        if (!emission_arrived(judge, track->emitting[i]))
            return judge_fail_at(judge, track->emitting[i], "its emissions never arrived");
    }
    for (size_t i = 0; i < emitted->count; i++) {
        const struct judge_mark *mark = &emitted->items[i];
        int to = judge_log_named(mark->log);
        if (to < 0) continue;
        const struct judge_track *target = judge_track(judge, to, mark->partition);
        uint64_t taken =
            judge_marks_get(&target->blocks[target->seq].taken, judge_services[log].log, partition);
        if (taken != mark->number)
            return judge_fail(judge, "%s/%u emitted %" PRIu64 " to %s/%u, of which %" PRIu64 " were taken",
                              judge_services[log].log, partition, mark->number, mark->log, mark->partition,
                              taken);
    }
    return true;
}

// Nobody was forgotten whose time has come.
static bool timers_rest(struct judge *judge, int log, uint32_t partition) {
    const struct hy_brain *brain = &judge->brains[log]->brain;
    const struct judge_track *track = judge_track(judge, log, partition);
    for (size_t i = 0; i < track->entity_count && brain->due != NULL; i++) {
        struct judge_entity *entity = track->entities[i];
        int64_t due_ms = brain->due(brain->context, entity->state);
        entity->now.due_ms = due_ms;
        entity->history[entity->history_count - 1].due_ms = due_ms;
        if (due_ms != 0 && due_ms < *judge->now_ms - 60000)
            return judge_fail(judge, "%s: the timer of %s was due at %" PRId64 ", now it is %" PRId64,
                              judge_services[log].log, entity->id, due_ms, *judge->now_ms);
    }
    return true;
}

bool judge_rest(struct judge *judge) {
    if (!judge_logs(judge)) return false;
    emission_arrivals(judge);
    for (int log = 0; log < LOGS; log++) {
        for (uint32_t p = 0; p < judge->partitions; p++) {
            if (!source_rest(judge, log, p) || !emissions_rest(judge, log, p) || !timers_rest(judge, log, p))
                return false;
        }
    }
    return judge_redis(judge, true) && redis_rest(judge) && members_rest(judge) && points_rest(judge) &&
           tiers_rest(judge) && campaigns_rest(judge) && deliveries_rest(judge);
}
