// One ownership of one partition, from the claim that begins it until it is lost. Private to common/stage:
// the struct that its files share, each of which does one part of the work.
//
//   takeover.c   CLAIM → watermark → fold up to the CLAIM
//   loader.c     members from Redis, for a whole batch at once
//   intake.c     fetched inputs → read, routed, their members loaded
//   sources.c    messages of another log → inputs
//   decide.c     input + state → record
//   commit.c     records → block → log → durable, or a hole
//   projector.c  durable state → Redis
//   outbox.c     durable emissions → Kafka
//   timers.c     due times in Redis → inputs; reviews of due times
#pragma once

#include "common/io/bus.h"
#include "common/io/store.h"
#include "common/stage/cache.h"
#include "common/stage/keys.h"
#include "common/stage/reader.h"
#include "common/stage/reply.h"
#include "common/stage/ring.h"
#include "common/stage/stage.h"
#include "common/stage/totals.h"

enum tenure_phase {
    TENURE_CLAIMING, // the CLAIM is on its way
    TENURE_LOCATING, // asking Redis for the watermark
    TENURE_FOLDING,  // reading the log from there to the CLAIM
    TENURE_STARTING, // finding out where the sources begin
    TENURE_RUNNING,  // taking inputs
    TENURE_ENDED,    // see `end`
};

// Why a tenure ended.
enum tenure_end {
    TENURE_NOT_ENDED,
    TENURE_AGAIN,  // memory can't be trusted or the world hiccuped: claim again
    TENURE_FENCED, // somebody claimed later
    TENURE_STOPPED // corruption: an operator must look
};

// What the tokens of deliveries mean.
enum tenure_token { TOKEN_CLAIM = 1, TOKEN_BLOCK = 2, TOKEN_EMISSION = 3 };

// How far a source is taken. A source that is a log is read by the reader rule: its reader's place stands
// here too, and a block may be taken in parts.
struct hy_source_place {
    int64_t next_offset; // -1: not known yet
    uint64_t claim, seq; // of a log, before the message at next_offset
    uint32_t taken;      // records of the block at next_offset
};

// One fetched input on its way to a record.
struct hy_intake {
    struct hy_message message;           // owner NULL: released, a timer, or a record of another log
    const struct hy_source_place *after; // its source's, once it is taken; NULL: the message's next offset
    uint32_t source_index;               // of a record of another log
    uint32_t source;                     // index into brain->sources
    uint32_t home;                       // partition of the member
    bool skip;                           // a command for another service
    bool forwarded;                      // came by a forwarding emission
    struct hy_error error;
    struct hy_input input;
    const Huiyuan__V1__EmissionMark *origin; // NULL: not an emission
    const char *topic;                       // of the message proper (a forwarded one keeps its own)
    struct hy_bytes bytes;                   // of the message proper
    bool ours;                               // decided here
    uint64_t member_hash, id_hash;           // of the ids, when it is
    struct hy_member *member;                // likewise
};

struct hy_batch {
    struct hy_arena arena;
    struct hy_intake *inputs;
    size_t count;
    size_t capacity;
    size_t next; // first input without a record
};

struct hy_loader {
    struct hy_arena arena;
    struct hy_load *loads; // members to load, and how far they are
    size_t count;
    size_t capacity;
    size_t open; // requests without an answer
    enum { LOADER_IDLE, LOADER_STATES, LOADER_PAGES, LOADER_AWAY } phase;
};

// What the brain wants done in the world outside, once the record is durable.
struct hy_effect {
    struct hy_effect *next;
    char *member_id; // behind the bytes
    size_t length;
    uint8_t bytes[];
};

struct hy_projector {
    struct hy_place projected; // what Redis has, as far as known
    struct hy_buffer expected; // the Watermark's bytes in Redis; empty: none
    bool expected_open;        // they end with an opening
    struct hy_buffer
        opening;            // after the last call but one of the projection in flight; empty: it has only one
    struct hy_buffer next;  // after the projection in flight
    uint64_t first_opening; // of the projection in flight
    uint64_t openings;      // so far: numbers above the claim
    struct hy_place next_place;
    struct hy_member
        *dirty; // changed by durable blocks (or by the block in flight) since the last projection
    size_t dirty_count;
    struct hy_member **sending;
    size_t sending_count, sending_capacity;
    struct hy_reply *replies, **replies_end; // of durable blocks
    struct hy_reply *replies_sending;
    size_t reply_count; // of both
    int64_t waiting_since_ms,
        sending_since_ms;  // when the oldest block that is not visible was appended; 0: none
    struct hy_arena arena; // what a call is made of
    size_t open;           // calls without an answer
    enum { PROJECTOR_IDLE, PROJECTOR_SENDING, PROJECTOR_AWAY, PROJECTOR_ASKING } phase;
};

enum { OUTBOX_KEY_BYTES = 96 }; // a member id, or the place of a dead letter

struct hy_outbox_item {
    struct hy_place block;
    uint32_t topic; // of the bus
    uint32_t partition;
    uint32_t length;
    uint8_t *bytes;
    char key[OUTBOX_KEY_BYTES];
    bool sent, acknowledged;
    int64_t offset; // once it is acknowledged
};

// Where the last acknowledged emission to a partition of a topic stands.
struct hy_outbox_end {
    uint32_t topic, partition;
    int64_t offset;
};

struct hy_outbox {
    struct hy_outbox_item *items; // ring
    size_t first, count, capacity;
    uint32_t base;  // ordinal of the first
    uint32_t epoch; // raised when everything is sent again
    size_t sent;    // from the front: handed to the bus
    struct hy_outbox_end *ends;
    size_t end_count;
};

// The block that is being made or waits for its delivery report.
struct hy_block {
    struct hy_buffer bytes;  // room for the head, then the records, encoded, each with its tag
    struct hy_bytes message; // of them, once the block is closed
    uint32_t count;
    uint64_t seq;
    int64_t recorded_at_ms;
    struct hy_source_place positions[HY_SOURCES_LIMIT]; // after it
    uint8_t hash[HY_CHAIN_HASH_BYTES];
    struct hy_reply *replies, **replies_end;
    struct hy_outbox emissions;
    struct hy_effect *effects, **effects_end;
    size_t inputs; // that were taken for it
    int64_t sent_at_ms;
    bool closed, in_flight;
    bool hole;           // foreign messages came before it: they are being read
    int64_t hole_offset; // of the block itself; -1: not known
};

// Names of members, each allocated.
struct hy_names {
    char **items;
    size_t count;
};

struct hy_tenure {
    struct hy_stage *stage;
    uint32_t partition;
    uint32_t id; // in tokens
    enum tenure_phase phase;
    enum tenure_end end;
    size_t requests; // store requests that will still call back: it lives until there are none
    bool gone;       // given up by the stage

    uint64_t claim;
    int64_t claim_offset; // of one's own CLAIM: the fold ends there; -1: not
                          // known yet
    bool asked;           // the request of this phase is on its way
    int64_t began_ms;
    struct hy_reader reader;
    struct hy_place watermark; // found when taking over
    struct hy_place unsent;    // likewise
    struct hy_key_space space;
    struct hy_key watermark_key;

    struct hy_cache cache;
    struct hy_totals totals;
    struct hy_source_place positions[HY_SOURCES_LIMIT];
    struct hy_reader source_readers[HY_SOURCES_LIMIT]; // of sources that are logs: ahead of the positions
    int64_t recorded_at_ms;
    struct hy_projector projector;
    struct hy_outbox outbox;
    struct hy_loader loader;
    struct hy_batch batch;
    struct hy_block block;
    struct hy_ring inbox; // inputs that wait
    struct hy_ring log;   // messages of the log, when folding or in a hole

    struct hy_arena fold_arena;
    const Huiyuan__V1__Block *folding; // waits for its members
    int64_t folding_offset;
    struct hy_names timers;  // of members from Redis, to be looked at with the next batch
    bool checking;           // a look at timers or watermark is on its way
    int64_t checked_at_ms;   // the last one
    struct hy_names reviews; // likewise: their due times are to be asked for again
    uint64_t reviewed;       // the brain's due_version for which all were
    uint64_t reviewing;      // … of the walk that is under way
    char review_cursor[24];  // of its next step
    bool review_asked;       // a step is on its way
};

// A member on its way from Redis.
struct hy_load {
    struct hy_member *member;
    uint64_t first_page, end_page;
};

// What all tenures of an instance share.
struct hy_stage {
    struct hy_stage_options options;
    const struct hy_brain *brain;
    struct hy_metrics *metrics;
    struct hy_bus *bus;
    struct hy_store *store;
    uint32_t log_topic, commands_topic, dead_letters_topic;
    uint32_t source_topics[HY_SOURCES_LIMIT];
    bool source_is_log[HY_SOURCES_LIMIT];
    struct hy_stage_reference *references;
    struct hy_slot *slots;   // one a partition
    struct hy_arena scratch; // of the input that is being decided: it stays in the nearest cache
    size_t members;          // in memory, over all partitions
    size_t backlog;          // fetched inputs that wait, over all partitions
    uint32_t tenures;        // ever
    uint64_t random;
    int64_t now_ms;    // as given: the clock may be set back
    int64_t passed_ms; // never runs backwards: for pauses and durations; above 0
    bool draining;
};

enum stage_metric {
    METRIC_INPUTS,
    METRIC_ACCEPTED,
    METRIC_DECLINED,
    METRIC_DUPLICATES,
    METRIC_CONFLICTS,
    METRIC_REJECTED,
    METRIC_FORWARDED,
    METRIC_BLOCKS,
    METRIC_BLOCK_BYTES,
    METRIC_CLAIMS,
    METRIC_FENCED,
    METRIC_HOLES,
    METRIC_STOPPED,
    METRIC_FOLDED,
    METRIC_LOADED,
    METRIC_PROJECTED,
    METRIC_EMISSIONS,
    METRIC_OWNED,
    METRIC_MEMBERS,
    METRIC_BACKLOG,
    METRIC_COMMIT_SECONDS,
    METRIC_VISIBLE_SECONDS,
    METRIC_TAKE_OVER_SECONDS,
};

struct hy_tenure *tenure_new(struct hy_stage *stage, uint32_t partition);
// Gives everything up; the memory goes when the last store request has called back.
void tenure_give_up(struct hy_tenure *tenure);
// Lets members go while there are too many in memory; never in the middle of a batch.
void tenure_evict(struct hy_tenure *tenure);
// Reads no more of the log, and forgets what was fetched of it.
void tenure_stop_log(struct hy_tenure *tenure);
void tenure_finish(struct hy_tenure *tenure, enum tenure_end end, const char *why);
// Frees a tenure that is gone when no request is open any more. For the call-backs of store requests, at
// their start: false when the tenure must not be used.
bool tenure_request_done(struct hy_tenure *tenure);
uint64_t tenure_token(const struct hy_tenure *tenure, enum tenure_token kind, uint32_t epoch,
                      uint32_t ordinal);

// Each does what can be done now; true when something was done.
bool takeover_step(struct hy_tenure *tenure);
bool intake_step(struct hy_tenure *tenure);
bool commit_step(struct hy_tenure *tenure);
bool projector_step(struct hy_tenure *tenure);
bool outbox_step(struct hy_tenure *tenure);
void timers_step(struct hy_tenure *tenure);
void review_step(struct hy_tenure *tenure);

void takeover_claimed(struct hy_tenure *tenure, const struct hy_delivery *delivery);
void commit_delivered(struct hy_tenure *tenure, const struct hy_delivery *delivery);
void outbox_delivered(struct hy_tenure *tenure, const struct hy_delivery *delivery, uint32_t epoch,
                      uint32_t ordinal);

// loader.c. Starts loading the members given to loader_want since the last start.
void loader_want(struct hy_tenure *tenure, struct hy_member *member);
void loader_start(struct hy_tenure *tenure);
bool loader_busy(const struct hy_tenure *tenure);
bool loader_waits(const struct hy_tenure *tenure); // for an answer that will come; false: Redis is away
bool loader_step(struct hy_tenure *tenure);        // again after Redis was away
void loader_free(struct hy_loader *loader);
// Compares a watermark that Redis returned with what this owner has projected; ends the tenure when it must
// not go on.
bool watermark_good(struct hy_tenure *tenure, struct hy_bytes found);

// timers.c
void names_keep(struct hy_names *names, const struct hy_bytes *values,
                size_t count); // replaces none: it must be empty
void names_free(struct hy_names *names);

// intake.c
// Takes another batch for the block that is being made, which has `inputs` already; false when there is none
// to be decided now.
bool intake_more(struct hy_tenure *tenure, size_t inputs);
void intake_done(struct hy_tenure *tenure); // the batch is decided
struct hy_intake *intake_add(struct hy_batch *batch);
void intake_route(struct hy_tenure *tenure, struct hy_intake *intake); // whose it is

// sources.c. A source that is a log goes on where the position says.
void sources_resume(struct hy_tenure *tenure, uint32_t source);
// A message of another log: a block that counts has many inputs, everything else none.
void sources_take(struct hy_tenure *tenure, uint32_t source, const struct hy_message *message);

// decide.c. One input → its record in tenure->block; evolves the member.
void decide_input(struct hy_tenure *tenure, struct hy_intake *intake);

// effects.c
void effects_add(struct hy_tenure *tenure, const char *member_id, struct hy_bytes effect);
void effects_do(struct hy_tenure *tenure); // the block is durable
void effects_free(struct hy_block *block);

// projector.c
void projector_init(struct hy_projector *projector);
void projector_free(struct hy_projector *projector);
void projector_dirty(struct hy_tenure *tenure, struct hy_member *member);
void projector_replies(struct hy_tenure *tenure, struct hy_reply *first, struct hy_reply **end);
// Left by a call of the projection in flight that was not its last.
bool projector_is_opening(const struct hy_tenure *tenure, struct hy_bytes found);
bool projector_idle(const struct hy_tenure *tenure);
size_t replies_free(struct hy_reply *first); // the whole list; returns how many

// outbox.c
void outbox_free(struct hy_outbox *outbox);
void outbox_add(struct hy_tenure *tenure, struct hy_outbox *outbox, const Huiyuan__V1__Emission *emission);
void outbox_move(struct hy_outbox *to, struct hy_outbox *from, const struct hy_place *block);
void outbox_sent_through(struct hy_outbox *outbox, uint64_t seq); // forgets what blocks up to seq emitted
struct hy_place outbox_unsent(
    const struct hy_outbox *outbox); // first block with unsent emissions; seq 0: none

// fold.c. Applies one record to member and totals, as replayed; false when the log contradicts the state.
bool fold_record(struct hy_tenure *tenure, struct hy_member *member, const Huiyuan__V1__Record *record,
                 uint64_t seq, uint32_t index);
