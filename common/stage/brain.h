// What makes one service different from another: reading its inputs, two pure functions, and a state.
// The stage (stage.h) does the rest and knows nothing of what a brain decides about.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "proto/common.pb-c.h"

enum {
    HY_SOURCES_LIMIT = 8,
    HY_CLASSES_LIMIT = 4,
    HY_TALLIES_LIMIT = 16,
    HY_SINGLE_CLASS = HY_CLASSES_LIMIT, // of inputs that come once by their nature, timers and records of
                                        // other logs: they need no window to be recognised
};

// One input as the stage sees it. Everything lives in the batch's arena or in the fetched message.
struct hy_input {
    uint32_t input_class; // which duplicate window; index into hy_brain.window_ms
    int kind;             // the brain's own
    const char *id;       // unique for the member within the class's window
    const char *member_id;
    uint64_t content_hash; // of the meaning
    int64_t event_time_ms;
    const char *time_field; // where the event time stands in the message, for people; NULL: nowhere
    const void *message;    // the brain's: what decide looks at; NULL for timers
    const char *command_id; // "" when nobody asks
    const char *reply_to;   // "" when nobody waits
    bool skip;              // nothing for this service: passed over, leaves no record
};

// Something to be sent to another member's owner (or service) once the record is durable.
struct hy_command_out {
    const char *to;        // log of the service that takes it
    const char *member_id; // whose owner gets it
    const void *command;   // Huiyuan__V1__Command, without origin, to and id: the stage fills those
};

// A message for a topic that this service alone writes besides its log, once the record is durable. At least
// once, in order for each key.
struct hy_publish_out {
    const char *topic;     // of proto/topics.c; the partition is the member's, or 0
    const char *key;       // a member id where the topic is keyed by member
    struct hy_bytes value; // length 0: a tombstone
};

// What decide says. Lives in the arena that decide was given: until the record is encoded.
struct hy_decision {
    Huiyuan__V1__Outcome outcome; // ACCEPTED; DECLINED (remembered: the answer stands); REJECTED (to
                                  // dead-letters, not remembered)
    enum hy_code code;            // unless accepted: why
    const char *field;            // or NULL
    uint32_t program_version;
    const ProtobufCMessage *body; // hy_brain.body: what evolve is given; NULL when declined
    struct hy_bytes body_bytes;   // all of it, encoded: `body` need hold only what evolve and tally look at
    struct hy_bytes note;         // what the answer is made from, encoded: small
    const struct hy_command_out *commands;
    size_t command_count;
    const struct hy_publish_out *publishes;
    size_t publish_count;
    struct hy_bytes effect; // for hy_brain.effect; length 0: none
};

// Kinds of the stage's own. A timer is an input with id "timer:<due>" and the due time as event time; a
// review only asks for the due time again, and never comes to decide.
enum { HY_KIND_TIMER = -1, HY_KIND_REVIEW = -2 };

// A message as bytes in the arena, by protobuf-c; for what is not worth encoding by hand.
struct hy_bytes hy_brain_pack(struct hy_arena *arena, const ProtobufCMessage *message);

struct hy_brain {
    void *context;              // given to every function
    const char *log;            // the topic that this service alone writes
    const char *const *sources; // topics, in the order in which records number them
    size_t source_count;
    int64_t window_ms[HY_CLASSES_LIMIT]; // how long inputs of a class are recognised, in event time
    const char *const *tallies;          // names, for metrics and verify
    size_t tally_count;
    const ProtobufCMessageDescriptor *body;
    // The same as protobuf-c makes of it, faster: in the arena, borrowing nothing; NULL: it is not one. A
    // brain without it leaves its bodies to protobuf-c.
    ProtobufCMessage *(*decode)(struct hy_bytes body, struct hy_arena *arena);
    // As far as `evolve` and `tally` read it, which is all that a fold needs: the rest is passed over. NULL:
    // `decode`.
    ProtobufCMessage *(*decode_folded)(struct hy_bytes body, struct hy_arena *arena);
    size_t message_limit;    // bytes of one input; larger ones are rejected unread
    int64_t future_limit_ms; // how far an event time may lie ahead
    size_t state_bytes;      // of the state in memory; all zero is a member to whom nothing has happened

    // Reads and checks one message of sources[source]. Commands arrive here only when they are for this log;
    // forwarded ones arrive as what they forward. Fills *ret_input; also when it fails, as far as id and
    // member are known.
    struct hy_error (*read)(void *context, uint32_t source, struct hy_bytes message, struct hy_arena *arena,
                            struct hy_input *ret_input);
    // The same for sources that are logs (hy_topic.is_log): one accepted record of the source's block. Ids
    // and texts may borrow from the record. The stage sets the id ("<log>-<partition>-<seq>-<index>": the
    // record's name), the content hash, the event time (the record's) and the class (HY_SINGLE_CLASS); the
    // brain sets kind, message and, when it is another than the record's, the member id, or says skip.
    // Records that were not accepted never come here. What it returns as an error stops the partition: a log
    // cannot be refused. NULL: no source is a log.
    struct hy_error (*read_record)(void *context, uint32_t source, const Huiyuan__V1__Record *record,
                                   struct hy_arena *arena, struct hy_input *ret_input);
    // Topics that every instance reads whole before it decides anything (the program), and goes on reading.
    const char *const *references;
    size_t reference_count;
    void (*refer)(void *context, uint32_t reference, struct hy_bytes key, struct hy_bytes value);
    // False with a reason while something is missing without which nothing can be decided. NULL: always
    // ready.
    bool (*ready)(void *context, const char **ret_reason);

    // What happens. Pure: no clock, no I/O, no globals; `state` is not changed.
    void (*decide)(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                   struct hy_arena *arena, struct hy_decision *ret_decision);
    // The only way in which a state changes. Called for accepted records alone, when decided and when
    // replayed.
    void (*evolve)(void *context, void *state, const Huiyuan__V1__Record *record,
                   const ProtobufCMessage *body);
    // Adds what an accepted record means to the partition's totals. Looks at the record alone.
    void (*tally)(void *context, int64_t *tallies, const Huiyuan__V1__Record *record,
                  const ProtobufCMessage *body);
    // When this member needs a timer next (Unix time, ms); 0: never. NULL: this service has no timers.
    int64_t (*due)(void *context, const void *state);
    // Changes when `due` may say something else for the same state, because of what `refer` was told (a
    // campaign was published). Then every member that has a due time is asked again, in the background: so
    // whoever may ever be concerned needs one, however far away. NULL: never.
    uint64_t (*due_version)(void *context);
    // Something in the world outside to be done (a message to be sent), by what a decision said: called once
    // its record is durable, never on replay, and not at all when the instance dies before. Whoever does it
    // reports back by a command; the state's timer notices that no report came. NULL: none.
    void (*effect)(void *context, const char *member_id, struct hy_bytes effect);
    // The answer to a caller, from the input and the stored note: the same at the first time and ever after.
    // NULL when there is none.
    ProtobufCMessage *(*answer)(void *context, const struct hy_input *input, struct hy_bytes note,
                                struct hy_arena *arena);
    // State to and from Redis. load returns false when the bytes are not a state.
    void (*save)(void *context, const void *state, struct hy_buffer *out);
    bool (*load)(void *context, struct hy_bytes saved, void *ret_state);
    void (*release)(void *context, void *state); // frees what the state owns; NULL: nothing
    // What must hold between a member's state and the sum of its records; false with a reason. For verify and
    // the tests.
    bool (*check)(void *context, const void *state, const char **ret_reason);
};

// The body of an accepted record, as evolve is given it; in the arena, borrowing nothing. NULL: it is not
// one.
ProtobufCMessage *hy_brain_body(const struct hy_brain *brain, const Huiyuan__V1__Record *record,
                                struct hy_arena *arena);
// The same for a fold that nobody else looks at.
ProtobufCMessage *hy_brain_folded(const struct hy_brain *brain, const Huiyuan__V1__Record *record,
                                  struct hy_arena *arena);
