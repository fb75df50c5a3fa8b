// A follower's log must say the same as the log it follows, record by record: however blocks are cut, whoever
// crashes.
#include <inttypes.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "proto/points.pb-c.h"
#include "tests/unit/stage/judge.h"

static int64_t points_of(struct judge *judge, const Huiyuan__V1__Record *record) {
    const Huiyuan__V1__PointsChange *change =
        huiyuan__v1__points_change__unpack(&judge->arena.protobuf, record->body.len, record->body.data);
    return change == NULL ? 0 : change->points;
}

// The next record that interests the follower; NULL: none yet.
static const struct judge_record *next_wanted(struct judge *judge, uint32_t partition) {
    size_t *next = &judge->logs[partition].follower.next_record;
    for (; *next < judge->record_count; ++*next) {
        const struct judge_record *judged = &judge->records[*next];
        if (judged->partition == partition &&
            judged->record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED &&
            points_of(judge, judged->record) % 10 != 3)
            return judged;
    }
    return NULL;
}

static void keep(struct judge *judge, const Huiyuan__V1__Record *record) {
    if (judge->follower_count == judge->follower_capacity) {
        judge->follower_capacity = judge->follower_capacity == 0 ? 64 : judge->follower_capacity * 2;
        judge->follower_records =
            hy_realloc(judge->follower_records, judge->follower_capacity * sizeof *judge->follower_records);
    }
    judge->follower_records[judge->follower_count++] = (struct judge_followed){.record = record};
}

static bool follow(struct judge *judge, uint32_t partition, const Huiyuan__V1__Record *record) {
    keep(judge, record);
    if (record->source != 1) return true; // its own timers
    const struct judge_record *wanted = next_wanted(judge, partition);
    if (wanted == NULL)
        return judge_fail(judge, "the follower has %s, which is not in the log", record->input_id);
    char id[64];
    snprintf(id, sizeof id, "points-%u-%" PRIu64 "-%u", partition, wanted->seq, wanted->index);
    if (strcmp(id, record->input_id) != 0 || record->source_index != wanted->index ||
        record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED)
        return judge_fail(judge, "the follower has %s instead of %s", record->input_id, id);
    judge->logs[partition].follower.next_record++;
    return true;
}

static void add_up(struct judge *judge, struct judge_member *member, const Huiyuan__V1__Record *record) {
    const Huiyuan__V1__PointsChange *change =
        huiyuan__v1__points_change__unpack(&judge->arena.protobuf, record->body.len, record->body.data);
    if (change == NULL) return;
    member->followed += change->points;
    if (record->source == 0) member->followed_due_ms = 0;
    if (change->total_fen != 0) member->followed_due_ms = change->total_fen;
}

static bool take_block(struct judge *judge, uint32_t partition, const Huiyuan__V1__Block *block) {
    struct judge_log *log = &judge->logs[partition];
    if (block->claim != log->follower.claim || block->seq <= log->follower.seq) return true;
    if (block->seq != log->follower.seq + 1) return judge_fail(judge, "the follower's seq is not dense");
    log->follower.seq = block->seq;
    for (size_t i = 0; i < block->n_records; i++) {
        if (!follow(judge, partition, block->records[i])) return false;
        struct judge_member *member = judge_member(judge, block->records[i]->member_id);
        if (member != NULL) add_up(judge, member, block->records[i]);
    }
    return true;
}

static bool take_message(struct judge *judge, uint32_t partition, const struct hy_message *message) {
    const Huiyuan__V1__LogMessage *decoded =
        huiyuan__v1__log_message__unpack(&judge->arena.protobuf, message->value.length, message->value.data);
    if (decoded == NULL) return judge_fail(judge, "the follower's log cannot be read");
    if (decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK)
        return take_block(judge, partition, decoded->block);
    judge->logs[partition].follower.claim = decoded->claim->claim;
    return true;
}

bool judge_followers(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        struct hy_message message;
        while (hy_mem_broker_read(judge->broker, "tiers", p, judge->logs[p].follower.next_offset, &message)) {
            judge->logs[p].follower.next_offset++;
            if (!take_message(judge, p, &message)) return false;
        }
    }
    return true;
}

bool judge_effect(struct judge *judge, const char *member_id, const char *input_id) {
    if (!judge_logs(judge) || !judge_followers(judge)) return false;
    for (size_t i = judge->follower_count; i-- > 0;) {
        struct judge_followed *followed = &judge->follower_records[i];
        if (followed->done || strcmp(followed->record->input_id, input_id) != 0 ||
            strcmp(followed->record->member_id, member_id) != 0)
            continue;
        return followed->done = true;
    }
    return judge_fail(judge, "the effect of %s for %s was done again, or before its record is durable",
                      input_id, member_id);
}

bool judge_followers_rest(struct judge *judge) {
    if (!judge_followers(judge)) return false;
    for (uint32_t p = 0; p < judge->partitions; p++) {
        const struct judge_record *missing = next_wanted(judge, p);
        if (missing != NULL)
            return judge_fail(judge, "the follower never took points-%u-%" PRIu64 "-%u", p, missing->seq,
                              missing->index);
    }
    return true;
}
