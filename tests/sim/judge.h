// The second opinion on five logs and Redis, with code of its own (design.md §6):
//
//   judge.c            reader rule, dense seq, chain, time; records in their place; emissions; entries and
//   states judge_source.c     which input comes next in each source, and what may be passed over
//   judge_input.c      messages of purchases and commands, read by the judge: what their records must say
//   judge_redis.c      Redis against the fold of the log, up to its watermark
//   judge_points.c, judge_members.c, judge_campaigns.c, judge_deliveries.c
//                      what a record of that log may say, and what is true when all is at rest
//
// It never looks into an instance. Of the services it uses the brains' evolve, save and due, by which a log
// is folded to the states that Redis must have; nothing of what decides.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/hash.h"
#include "common/io/bus_mem.h"
#include "common/io/store_mem.h"
#include "common/stage/brain.h"
#include "proto/campaigns.pb-c.h"
#include "proto/commands.pb-c.h"
#include "proto/common.pb-c.h"
#include "proto/deliveries.pb-c.h"
#include "proto/members.pb-c.h"
#include "proto/points.pb-c.h"
#include "proto/purchases.pb-c.h"
#include "proto/tiers.pb-c.h"
#include "tests/sim/documents.h"
#include "tests/sim/judge_parts.h"

enum judge_log_id { LOG_MEMBERS, LOG_POINTS, LOG_TIERS, LOG_CAMPAIGNS, LOG_DELIVERIES, LOGS };
// Sources that are no logs.
enum judge_topic_id { TOPIC_PURCHASES, TOPIC_COMMANDS, TOPICS };

enum {
    JUDGE_PARTITIONS = 4,
    JUDGE_SOURCES = 4,
    JUDGE_TALLIES = 4,
    JUDGE_INSTANCES = 4000, // in one history
    JUDGE_FAULT_BYTES = 512,
};

// Who reads what, as docs/architecture.md says; not taken from the brains.
struct judge_service {
    const char *log;
    struct judge_source {
        const char *topic;
        int log, in; // one of them; the other is -1
    } sources[JUDGE_SOURCES];
    size_t source_count, tally_count;
    int64_t window_ms;
};
extern const struct judge_service judge_services[LOGS];

// What the judge makes of one message, once for all who read it.
struct judge_message {
    struct hy_bytes bytes;
    int64_t published_at_ms;
    const Huiyuan__V1__Purchase *purchase; // or
    const Huiyuan__V1__Command *command;   // NULL: cannot be read
    const Huiyuan__V1__StoreEvent *event;
};

// What an input says, forwarded or not.
struct judge_reading {
    enum hy_code fault; // HY_OK: readable
    const char *member, *id;
    int64_t time_ms;
    bool windowed;                         // recognised again by its id
    struct hy_bytes meaning;               // the same for repetitions
    const char *command_id;                // "" when nobody asks
    const Huiyuan__V1__Purchase *purchase; // one of them
    const Huiyuan__V1__Command *command;
};

// One record that counts. Everything lives as long as the judge.
struct judge_record {
    int log;
    uint32_t partition;
    uint64_t seq;
    uint32_t index;
    int64_t offset, recorded_at_ms;
    const Huiyuan__V1__Record *record;
    const ProtobufCMessage *body;        // when accepted
    struct judge_entity *entity;         // when it has an entry
    struct judge_reading reading;        // of a message
    const struct judge_record *followed; // of another log
    bool is_timer;
};

// A member (or identity, budget, coupon) after a block in which it changed.
struct judge_state {
    uint64_t seq, entries, first_page;
    int64_t newest_ms, due_ms;
    struct hy_bytes bytes;
};

struct judge_entity {
    char id[112];
    void *state; // the brain's
    struct judge_state now;
    struct judge_state *history;
    size_t history_count, history_capacity;
    const struct judge_record **entries; // by entry - 1
    size_t entries_capacity;
    size_t *known; // places in `entries` that are recognised again: from known_first on
    size_t known_first, known_count, known_capacity;
    struct hy_bytes seen; // in Redis, when it was last found right
    void *own;            // of the log's own file
};

struct judge_block {
    int64_t offset;
    uint64_t claim;
    int64_t tallies[JUDGE_TALLIES];
    uint64_t members;
    struct judge_marks emitted, taken;
    size_t first_record; // of the next block
};

// A reader's place before a message of a log.
struct judge_place {
    uint64_t claim, seq;
};

struct judge_track { // one partition of one log
    int64_t next_offset;
    uint64_t claim, seq;
    uint8_t hash[HY_CHAIN_HASH_BYTES];
    int64_t recorded_at_ms;
    uint64_t emitted_through;
    size_t known_documents;           // at least, by the owner since its CLAIM
    int64_t positions[JUDGE_SOURCES]; // of a topic: next offset; of a log: next of its wanted records
    struct judge_block *blocks;       // [seq]; [0]: before the first
    size_t blocks_capacity;
    struct judge_place *places; // by offset, one more than there are messages
    size_t places_capacity;
    struct judge_record **records;
    size_t record_count, record_capacity;
    struct judge_record **emitting; // those with emissions
    size_t emitting_count, emitting_capacity, arrived;
    struct judge_entity **entities;
    size_t entity_count, entity_capacity;
    struct hy_bytes watermark; // in Redis, when it was looked at last
};

// What was published in one partition of a topic.
struct judge_inbox {
    struct judge_message *messages;
    size_t count, capacity;
};

struct judge_coverage {
    size_t records[LOGS][8]; // by outcome
    size_t kinds[LOGS][20];  // of accepted ones
    size_t timers[LOGS];
    size_t claims, dropped, answers, effects, checked;
};

struct judge {
    struct hy_mem_broker *broker;
    struct hy_mem_table *table;
    const char *redis_prefix;
    uint32_t partitions;
    const struct sim_documents *documents;
    const int64_t *now_ms;
    struct hy_arena arena;
    struct sim_brain *brains[LOGS];
    size_t documents_read; // by the brains
    struct judge_track tracks[LOGS][JUDGE_PARTITIONS];
    struct judge_inbox inboxes[TOPICS][JUDGE_PARTITIONS];
    struct judge_marks arrived[JUDGE_PARTITIONS][LOGS]; // of `commands`, to that log: without gaps, by source
    size_t arrivals[JUDGE_PARTITIONS];                  // commands looked at for that
    int64_t dead_letters_read[JUDGE_PARTITIONS];
    const char **dead_letters; // "<log> <key>"; once each
    size_t dead_letter_count, dead_letter_capacity;
    size_t known_documents[JUDGE_INSTANCES]; // when that instance began
    unsigned instances;
    struct judge_delivery *deliveries;
    struct judge_coverage coverage;
    char fault[JUDGE_FAULT_BYTES]; // the first; empty: none
};

void judge_open(struct judge *judge);
void judge_close(struct judge *judge);
// Notes the first fault; always false.
bool judge_fail(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A new instance's number, by which its CLAIMs are known.
unsigned judge_instance(struct judge *judge, size_t known_documents);

// All that is new in the logs. False, with judge->fault, when something is wrong with it.
bool judge_logs(struct judge *judge);
// Redis against the fold: partitions whose watermark changed since the last look, or all.
bool judge_redis(struct judge *judge, bool all);
// Something published to a caller: it must be durable.
bool judge_answer(struct judge *judge, struct hy_bytes answer);
// Something is handed to a sender: its attempt must be durable, and its first time.
bool judge_effect(struct judge *judge, const char *member_id, const Huiyuan__V1__DeliveryChange *order);
// After everything came to rest: nothing is left to do, and all of it is right.
bool judge_rest(struct judge *judge);
// The earliest time at which a message waits to be sent, or its result is missed; 0: none does.
int64_t judge_next_delivery(struct judge *judge);
// How that message ended, as a DeliveryChangeKind; 0: it did not, or never was.
int judge_delivery_end(const struct judge *judge, const char *delivery_id);
void judge_digest(const struct judge *judge, uint8_t ret_digest[HY_CHAIN_HASH_BYTES]); // of all five logs

int judge_kind(const struct judge_record *judged); // of an accepted one; 0: it is none

// --- between its files

struct judge_track *judge_track(struct judge *judge, int log, uint32_t partition);
int judge_log_named(const char *log); // -1: none
// Reads one partition of a log up to and with that offset; beyond its end: as far as it goes.
bool judge_read(struct judge *judge, int log, uint32_t partition, int64_t through);
struct judge_entity *judge_entity(struct judge *judge, int log, uint32_t partition, const char *id,
                                  bool make);
uint32_t judge_home(const struct judge *judge, const char *id);
bool judge_fail_at(struct judge *judge, const struct judge_record *judged, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// A list that grows by doubling.
void *judge_room(void *items, size_t count, size_t *capacity, size_t size);

// judge_record.c
bool judge_take(struct judge *judge, int log, uint32_t partition, const Huiyuan__V1__Block *block,
                uint32_t index);

// judge_source.c
bool source_take(struct judge *judge, struct judge_record *judged); // its input is the next one
bool source_positions(struct judge *judge, int log, uint32_t partition, const Huiyuan__V1__Block *block);
bool source_rest(struct judge *judge, int log, uint32_t partition);
const struct judge_message *source_message(struct judge *judge, int topic, uint32_t partition,
                                           int64_t offset);

// judge_input.c. What the record of this message must say.
struct judge_verdict {
    Huiyuan__V1__Outcome outcome; // UNSPECIFIED: the service decides
    enum hy_code code;
    const struct judge_record *original;
    const Huiyuan__V1__Origin *taken;
};
bool input_verdict(struct judge *judge, struct judge_record *judged, struct judge_verdict *ret_verdict);
const Huiyuan__V1__Command *input_command(struct judge *judge, struct hy_bytes bytes);

// judge_redis.c
bool redis_rest(struct judge *judge);
void emission_arrivals(struct judge *judge);
bool emission_arrived(struct judge *judge, const struct judge_record *judged);

// What the services decide: called before the state follows, with the entity as it was.
typedef bool (*judge_domain)(struct judge *judge, struct judge_record *judged);
bool members_record(struct judge *judge, struct judge_record *judged);
bool points_record(struct judge *judge, struct judge_record *judged);
bool tiers_record(struct judge *judge, struct judge_record *judged);
bool campaigns_record(struct judge *judge, struct judge_record *judged);
bool deliveries_record(struct judge *judge, struct judge_record *judged);
bool members_rest(struct judge *judge);
bool points_rest(struct judge *judge);
bool tiers_rest(struct judge *judge);
bool campaigns_rest(struct judge *judge);
bool deliveries_rest(struct judge *judge);
