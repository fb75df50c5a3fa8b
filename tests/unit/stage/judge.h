// The second opinion: reads every log and Redis beside the stage, with code of its own, and says what the
// stage should have done.
//
//   judge.c        the reader rule, dense seq, the chain, positions; what each record must say
//   judge_input.c  one input → the record that it deserves (knows the toy's inputs)
//   judge_follower.c  a log that is made of another log
//   judge_redis.c  Redis against the fold, up to its watermark
//   judge_kafka.c  emissions and committed offsets: none before its record
//
// It never looks into an instance: it knows what was published, what is in the topics, and what is in Redis.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "common/io/bus_mem.h"
#include "common/io/store_mem.h"
#include "proto/commands.pb-c.h"
#include "proto/common.pb-c.h"
#include "tests/sim/judge_parts.h"
#include "tests/unit/stage/toy.h"

enum { JUDGE_PARTITIONS = 8, JUDGE_SOURCES = 2, JUDGE_FAULT_BYTES = 512 };

// One record that counts. Everything in it lives as long as the judge.
struct judge_record {
    uint32_t partition;
    uint64_t seq;
    uint32_t index;
    int64_t recorded_at_ms;
    const Huiyuan__V1__Record *record;
    bool arrived; // all that it emits has been seen in Kafka
};

// A member after a block in which it changed.
struct judge_state {
    uint64_t seq;
    int64_t sum, due_ms, newest_ms;
    uint64_t entries;
    uint64_t first_page;
};

struct judge_member {
    char id[64];
    uint32_t partition;
    struct judge_state now;
    struct judge_state *history;
    size_t history_count, history_capacity;
    size_t *entries; // index into judge.records, by entry - 1
    size_t entries_capacity;
    int64_t followed; // what the follower has added up
    int64_t followed_due_ms;
    size_t *known; // records that are recognised again: from `known_first` on
    size_t known_first, known_count, known_capacity;
};

// A partition after a block.
struct judge_block {
    int64_t offset;
    uint64_t claim;
    int64_t tally;
    uint64_t members;
    struct judge_marks emitted, taken;
    size_t records_end; // index into judge.records of its partition's next block's first (of all partitions)
};

struct judge_log {
    int64_t next_offset; // of the log, to read next
    uint64_t claim;
    uint64_t seq;
    uint8_t hash[HY_CHAIN_HASH_BYTES];
    int64_t recorded_at_ms;
    uint64_t emitted_through;
    int64_t positions[JUDGE_SOURCES];
    struct judge_block *blocks; // [seq]; [0]: before the first
    size_t blocks_capacity;
    size_t claims, dropped; // messages of the log
    // What of this partition's emissions has reached its topics.
    int64_t commands_read;                          // of partition p of `commands`
    int64_t dead_letters_read;                      // of partition p of `dead-letters`
    int64_t commands_checked, dead_letters_checked; // by judge_kafka
    struct judge_marks arrived;                     // here, in `commands`: without gaps, by source partition
    char (*dead_letters)[64];                       // keys, as found; once each
    size_t dead_letter_count, dead_letter_capacity, dead_letter_messages;
    struct hy_bytes watermark; // in Redis, when it was looked at last
    // The follower's log of this partition.
    struct {
        int64_t next_offset;
        uint64_t claim, seq;
        size_t next_record; // index into judge.records: all before it is followed, or not to be
    } follower;
};

struct judge {
    struct hy_mem_broker *broker;
    struct hy_mem_table *table;
    const char *redis_prefix;
    uint32_t partitions;
    struct hy_arena arena;
    struct judge_log logs[JUDGE_PARTITIONS];
    struct judge_record *records;
    size_t record_count, record_capacity;
    struct judge_member *members;
    size_t member_count, member_capacity;
    bool followed;         // there are followers
    size_t follower_count; // records of theirs
    struct judge_followed {
        const Huiyuan__V1__Record *record;
        bool done; // its effect
    } * follower_records;
    size_t follower_capacity;
    char fault[JUDGE_FAULT_BYTES]; // the first; empty: none
};

extern const char *const judge_sources[JUDGE_SOURCES];

void judge_init(struct judge *judge, struct hy_mem_broker *broker, struct hy_mem_table *table,
                const char *redis_prefix, uint32_t partitions);
void judge_free(struct judge *judge);
// Notes the first fault; always false.
bool judge_fail(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));

// All that is new in the logs. False, with judge->fault, when something is wrong with it.
bool judge_logs(struct judge *judge);
// Redis against the fold: partitions whose watermark changed since the last look, or all.
bool judge_redis(struct judge *judge, bool all);
// Something published to a caller: it must be durable.
bool judge_answer(struct judge *judge, struct hy_bytes answer);
// After everything came to rest: every input has its record, every emission was taken, Redis is at the end of
// each log.
bool judge_rest(struct judge *judge);

struct judge_member *judge_member(struct judge *judge, const char *id); // NULL: nothing happened to it yet
// The n-th record (from 0) of that input id, over all partitions; NULL: there is none.
const struct judge_record *judge_find(const struct judge *judge, const char *input_id, size_t n);
size_t judge_count(const struct judge *judge, Huiyuan__V1__Outcome outcome);

// judge_kafka.c. After the logs: nothing was sent or committed that no durable record accounts for.
bool judge_kafka(struct judge *judge);

// judge_follower.c. The follower's log against the log that it follows: each record that interests it, once,
// in order.
bool judge_followers(struct judge *judge);
bool judge_followers_rest(struct judge *judge); // … and all of them
// The follower's effect of that input was done: once, and its record is durable.
bool judge_effect(struct judge *judge, const char *member_id, const char *input_id);

// judge_input.c, for judge.c. What a record of this place must say; then the model goes on by it.
bool judge_verdict(struct judge *judge, const struct judge_record *judged);
// True when the input at that place is a command for another service, which leaves no record.
bool judge_skips(struct judge *judge, uint32_t partition, size_t source, int64_t offset);
// The emission and dead letters that have reached their topics.
void judge_arrivals(struct judge *judge);
bool judge_arrived(const struct judge *judge, struct judge_record *judged);
