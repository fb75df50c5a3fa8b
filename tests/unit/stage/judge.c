#include "tests/unit/stage/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/memory.h"

const char *const judge_sources[JUDGE_SOURCES] = {"purchases", "commands"};

void judge_init(struct judge *judge, struct hy_mem_broker *broker, struct hy_mem_table *table,
                const char *redis_prefix, uint32_t partitions) {
    *judge = (struct judge){
        .broker = broker, .table = table, .redis_prefix = redis_prefix, .partitions = partitions};
    hy_arena_init(&judge->arena);
    for (uint32_t p = 0; p < partitions; p++) {
        judge->logs[p].blocks_capacity = 16;
        judge->logs[p].blocks = hy_calloc(16, sizeof(struct judge_block));
    }
}

void judge_free(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        hy_free(judge->logs[p].blocks);
        hy_free(judge->logs[p].dead_letters);
    }
    for (size_t i = 0; i < judge->member_count; i++) {
        hy_free(judge->members[i].history);
        hy_free(judge->members[i].entries);
        hy_free(judge->members[i].known);
    }
    hy_free(judge->members);
    hy_free(judge->records);
    hy_free(judge->follower_records);
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

struct judge_member *judge_member(struct judge *judge, const char *id) {
    for (size_t i = 0; i < judge->member_count; i++) {
        if (strcmp(judge->members[i].id, id) == 0) return &judge->members[i];
    }
    return NULL;
}

const struct judge_record *judge_find(const struct judge *judge, const char *input_id, size_t n) {
    for (size_t i = 0; i < judge->record_count; i++) {
        if (strcmp(judge->records[i].record->input_id, input_id) == 0 && n-- == 0) return &judge->records[i];
    }
    return NULL;
}

size_t judge_count(const struct judge *judge, Huiyuan__V1__Outcome outcome) {
    size_t count = 0;
    for (size_t i = 0; i < judge->record_count; i++)
        count += judge->records[i].record->outcome == outcome;
    return count;
}

// The record's input is the next one of its source; what lies between is for other services.
static bool take_place(struct judge *judge, uint32_t partition, const Huiyuan__V1__Record *record) {
    if (record->source == 0) return true;
    struct judge_log *log = &judge->logs[partition];
    size_t source = record->source - 1;
    if (source >= JUDGE_SOURCES) return judge_fail(judge, "source %u does not exist", record->source);
    int64_t *next = &log->positions[source];
    if (record->offset < *next)
        return judge_fail(judge, "%s/%u offset %" PRId64 " (%s) has a second record", judge_sources[source],
                          partition, record->offset, record->input_id);
    for (; *next < record->offset; ++*next) {
        if (!judge_skips(judge, partition, source, *next))
            return judge_fail(judge, "%s/%u offset %" PRId64 " has no record", judge_sources[source],
                              partition, *next);
    }
    ++*next;
    return true;
}

static bool take_record(struct judge *judge, uint32_t partition, const Huiyuan__V1__Block *block,
                        uint32_t index) {
    if (judge->record_count == judge->record_capacity) {
        judge->record_capacity = judge->record_capacity == 0 ? 64 : judge->record_capacity * 2;
        judge->records = hy_realloc(judge->records, judge->record_capacity * sizeof *judge->records);
    }
    struct judge_record *judged = &judge->records[judge->record_count++];
    *judged = (struct judge_record){.partition = partition,
                                    .seq = block->seq,
                                    .index = index,
                                    .recorded_at_ms = block->recorded_at_ms,
                                    .record = block->records[index]};
    return take_place(judge, partition, judged->record) && judge_verdict(judge, judged);
}

static bool check_positions(struct judge *judge, uint32_t partition, const Huiyuan__V1__Block *block) {
    struct judge_log *log = &judge->logs[partition];
    if (block->n_positions != JUDGE_SOURCES) return judge_fail(judge, "a block without all positions");
    for (size_t s = 0; s < JUDGE_SOURCES; s++) {
        int64_t position = block->positions[s]->next_offset;
        if (strcmp(block->positions[s]->topic, judge_sources[s]) != 0)
            return judge_fail(judge, "position of topic %s", block->positions[s]->topic);
        for (; log->positions[s] < position; log->positions[s]++) {
            if (!judge_skips(judge, partition, s, log->positions[s]))
                return judge_fail(judge,
                                  "%s/%u offset %" PRId64 " has no record, but the position is %" PRId64,
                                  judge_sources[s], partition, log->positions[s], position);
        }
        if (log->positions[s] > position)
            return judge_fail(judge,
                              "%s/%u: position %" PRId64 " is before offset %" PRId64 ", which has a record",
                              judge_sources[s], partition, position, log->positions[s]);
    }
    return true;
}

static bool check_emitted_through(struct judge *judge, uint32_t partition, const Huiyuan__V1__Block *block) {
    struct judge_log *log = &judge->logs[partition];
    if (block->emitted_through < log->emitted_through || block->emitted_through >= block->seq)
        return judge_fail(judge, "partition %u seq %" PRIu64 ": emitted_through %" PRIu64 " after %" PRIu64,
                          partition, block->seq, block->emitted_through, log->emitted_through);
    judge_arrivals(judge);
    for (size_t i = 0; i < judge->record_count; i++) {
        struct judge_record *judged = &judge->records[i];
        if (judged->partition != partition || judged->seq > block->emitted_through) continue;
        if (!judge_arrived(judge, judged))
            return judge_fail(judge,
                              "partition %u seq %" PRIu64 " says that emissions of seq %" PRIu64 " are sent",
                              partition, block->seq, judged->seq);
    }
    log->emitted_through = block->emitted_through;
    return true;
}

static struct judge_block *next_block(struct judge_log *log) {
    if (log->seq + 1 >= log->blocks_capacity) {
        log->blocks_capacity *= 2;
        log->blocks = hy_realloc(log->blocks, log->blocks_capacity * sizeof *log->blocks);
    }
    log->blocks[log->seq + 1] = log->blocks[log->seq];
    return &log->blocks[log->seq + 1];
}

static bool take_block(struct judge *judge, uint32_t partition, const struct hy_message *message,
                       const Huiyuan__V1__Block *block) {
    struct judge_log *log = &judge->logs[partition];
    if (block->claim != log->claim || block->seq <= log->seq) {
        log->dropped++;
        return true;
    }
    if (block->seq != log->seq + 1)
        return judge_fail(judge, "partition %u: seq %" PRIu64 " after %" PRIu64, partition, block->seq,
                          log->seq);
    struct hy_bytes chain = hy_bytes(log->hash, log->seq == 0 ? 0 : sizeof log->hash);
    if (!hy_bytes_equal(hy_bytes(block->previous_hash.data, block->previous_hash.len), chain))
        return judge_fail(judge, "partition %u seq %" PRIu64 ": the chain is broken", partition, block->seq);
    if (block->recorded_at_ms < log->recorded_at_ms)
        return judge_fail(judge, "partition %u seq %" PRIu64 ": recorded time runs backwards", partition,
                          block->seq);
    if (block->n_records == 0)
        return judge_fail(judge, "partition %u seq %" PRIu64 " is empty", partition, block->seq);
    struct judge_block *taken = next_block(log);
    taken->offset = message->offset;
    taken->claim = block->claim;
    log->seq = block->seq;
    log->recorded_at_ms = block->recorded_at_ms;
    hy_chain_hash(message->value, log->hash);
    for (uint32_t i = 0; i < block->n_records; i++) {
        if (!take_record(judge, partition, block, i)) return false;
    }
    taken->records_end = judge->record_count;
    return check_positions(judge, partition, block) && check_emitted_through(judge, partition, block);
}

static bool take_message(struct judge *judge, uint32_t partition, const struct hy_message *message) {
    struct judge_log *log = &judge->logs[partition];
    const Huiyuan__V1__LogMessage *decoded =
        huiyuan__v1__log_message__unpack(&judge->arena.protobuf, message->value.length, message->value.data);
    if (decoded == NULL || decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND__NOT_SET)
        return judge_fail(judge, "partition %u offset %" PRId64 ": not a message of a log", partition,
                          message->offset);
    if (decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK)
        return take_block(judge, partition, message, decoded->block);
    log->claim = decoded->claim->claim;
    log->claims++;
    return true;
}

bool judge_logs(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        struct hy_message message;
        while (hy_mem_broker_read(judge->broker, "points", p, judge->logs[p].next_offset, &message)) {
            judge->logs[p].next_offset++;
            if (!take_message(judge, p, &message)) return false;
        }
    }
    if (judge->followed && !judge_followers(judge)) return false;
    return judge_kafka(judge) && judge->fault[0] == '\0';
}

static bool inputs_at_rest(struct judge *judge, uint32_t partition) {
    for (size_t s = 0; s < JUDGE_SOURCES; s++) {
        int64_t end = hy_mem_broker_end(judge->broker, judge_sources[s], partition);
        for (int64_t offset = judge->logs[partition].positions[s]; offset < end; offset++) {
            if (!judge_skips(judge, partition, s, offset))
                return judge_fail(judge, "%s/%u offset %" PRId64 " was never taken", judge_sources[s],
                                  partition, offset);
        }
    }
    return true;
}

static bool emissions_at_rest(struct judge *judge, uint32_t partition) {
    const struct judge_log *log = &judge->logs[partition];
    const struct judge_marks *emitted = &log->blocks[log->seq].emitted;
    for (size_t i = 0; i < emitted->count; i++) {
        const struct judge_mark *mark = &emitted->items[i];
        bool dead = strcmp(mark->log, "dead-letters") == 0;
        const struct judge_log *target = &judge->logs[mark->partition];
        uint64_t taken = dead ? log->dead_letter_count
                              : judge_marks_get(&target->blocks[target->seq].taken, "points", partition);
        if (taken != mark->number)
            return judge_fail(judge,
                              "partition %u emitted %" PRIu64 " to %s/%u, of which %" PRIu64 " were taken",
                              partition, mark->number, mark->log, mark->partition, taken);
    }
    return true;
}

bool judge_rest(struct judge *judge) {
    if (!judge_logs(judge) || !judge_redis(judge, true)) return false;
    judge_arrivals(judge);
    for (uint32_t p = 0; p < judge->partitions; p++) {
        if (!inputs_at_rest(judge, p) || !emissions_at_rest(judge, p)) return false;
    }
    return true;
}
