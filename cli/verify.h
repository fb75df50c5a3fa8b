// What `verify` is made of: the log is folded in memory and checked by itself, then Redis against the fold.
//
// Memory is bounded: when the members of a log do not fit, they are split by the hash of their ids into
// shares, and the log is read once for each (verify_pass.c). What is checked of the log as a whole is checked
// in the first pass that comes to its end.
#pragma once

#include "cli/kafka.h"
#include "cli/seen.h"
#include "common/base/map.h"
#include "common/stage/keys.h"
#include "common/stage/member.h"
#include "common/stage/reader.h"
#include "common/stage/totals.h"

struct hy_store;

enum verify_check {
    CHECK_CHAIN,
    CHECK_TIME,
    CHECK_POSITIONS,
    CHECK_HOME,
    CHECK_ENTRIES,
    CHECK_ONCE,
    CHECK_EMISSIONS,
    CHECK_SETTLED,
    CHECK_LINES,
    CHECK_RULES,
    CHECK_BALANCE,
    CHECK_SUMS,
    CHECK_TIERS,
    CHECK_IDENTITIES,
    CHECK_BUDGETS,
    CHECK_COUPONS,
    CHECK_TURNS,
    CHECK_DELIVERIES,
    CHECK_INPUTS,
    CHECK_WATERMARK,
    CHECK_TALLIES,
    CHECK_STATES,
    CHECK_PAGES,
    CHECK_TIMERS,
    CHECK_ANSWERS,
    CHECK_KEYS,
    CHECK_COUNT,
};

// Where in the log a fault lies.
struct verify_where {
    uint32_t partition;
    uint64_t seq;
    uint32_t index; // VERIFY_WHOLE_BLOCK: the block itself
    int64_t offset; // of the block's message
};
#define VERIFY_WHOLE_BLOCK UINT32_MAX

struct verify_result {
    uint64_t checked, faults;
    char first[480]; // the first that is wrong, in words
    bool has_where;  // in the log; others come after them
    struct verify_where where;
};

// A member as the log says, beside what the stage keeps of it.
struct verify_member {
    struct hy_member *member;
    int64_t sum; // the ledger's own: of the postings, of the units of a budget
    uint64_t *page_hashes;
    size_t page_count, page_capacity;
    struct hy_bytes waiting; // a MemberState from Redis, later than the fold: compared when the fold is there
    uint64_t waiting_seq;
};

// Inputs of a source that left records, as stretches without a gap.
struct verify_stretch {
    int64_t first, last; // verify_input
};
struct verify_inputs_seen {
    struct verify_stretch *items;
    size_t count, capacity;
    int64_t last; // -1: none yet
};

struct verify_part {
    uint32_t partition;
    struct hy_reader reader;
    struct hy_key_space space;
    struct hy_map members; // struct verify_member by hash of the id
    struct seen accepted;  // member, class, id and content of what counted
    struct seen answers;   // command id and Answer of every record that somebody asked for
    struct hy_totals totals;
    int64_t recorded_at_ms;
    int64_t positions[HY_SOURCES_LIMIT];
    struct verify_inputs_seen inputs[HY_SOURCES_LIMIT];
    uint64_t records;        // all that were read
    uint64_t folded;         // into the members that are here
    struct hy_place *unsent; // blocks whose emissions may not all be sent; the first is the one that counts
    size_t unsent_count, unsent_capacity;
    struct hy_place last; // the last block
    bool broken;          // the log cannot be read beyond a point: nothing more is said of it
    bool lost_end;        // Redis is beyond it
    bool has_watermark;
    struct hy_place watermark; // when it began
    struct hy_totals projected;
    bool missing; // the log has blocks, and Redis still has no watermark at the end
};

// Where an input stands in its source: the offset; in a source that is a log the place in the block, too.
enum { INPUT_INDEX_BITS = 20 };
static inline int64_t verify_input(int64_t offset, uint32_t index) {
    return (int64_t)((uint64_t)offset << INPUT_INDEX_BITS | (index & ((1U << INPUT_INDEX_BITS) - 1)));
}

// Members whose hash has these high bits.
struct verify_share {
    uint32_t bits, value;
};

// What the first pass says of a partition: the sums over the members of all shares are compared with it.
struct verify_end {
    bool good;
    int64_t offset; // of the first message that it did not read
    int64_t tallies[HY_TALLIES_LIMIT];
    int64_t sums[HY_TALLIES_LIMIT];  // over members, as far as the shares are through
    int64_t share[HY_TALLIES_LIMIT]; // over the members of this pass, which may still be given up
};

struct verify {
    const struct cli *cli;
    const struct hy_brain *brain;
    const struct verify_ledger *ledger; // never NULL
    bool deep;
    bool fold_only; // `rebuild`: nothing is asked that it does not need
    bool first;     // no pass has come to its end yet
    struct verify_share share;
    uint64_t memory_bytes;                                         // that the process may have; 0: no bound
    uint64_t weight_limit, weighed, resident_before, memory_first; // verify_memory.c
    uint64_t heaviest; // records of the one member who has the most of them in this pass
    bool too_big;      // the share did not fit
    struct verify_part *parts;
    struct verify_end *ends;          // by partition
    struct kafka_span *spans;         // what is to be read of each
    size_t at_once;                   // partitions that are read at the same time; 0: all
    void (*meanwhile)(void *context); // after each message; NULL: nothing
    // A page of this member became full, the first of its pages; NULL: its hash is all that is kept.
    void (*page_full)(void *context, const struct verify_part *part, struct hy_member *member);
    void *context; // of these two
    size_t count;
    struct hy_arena arena, scratch; // of a message; of a record
    struct hy_buffer saved;         // a MemberState being compared
    struct verify_result results[CHECK_COUNT];
};

static inline bool verify_is_ours(const struct verify *verify, uint64_t member_hash) {
    return (member_hash >> 48 & ((UINT64_C(1) << verify->share.bits) - 1)) == verify->share.value;
}

// The record that is being looked at.
struct verify_at {
    struct verify *verify;
    struct verify_part *part;
    const Huiyuan__V1__Block *block;
    const Huiyuan__V1__Record *record;
    uint32_t index;
    uint64_t member_hash, id_hash, once_hash;
    struct verify_member *member; // as it was before the record
};

// --- verify_report.c ---

// In English and Chinese, with " / " between them. `where` NULL: not in the log.
void verify_fault(struct verify *verify, enum verify_check check, const struct verify_where *where,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
// The same of the record that is being looked at.
void verify_record_fault(const struct verify_at *at, enum verify_check check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void verify_count(struct verify *verify, enum verify_check check, uint64_t count);
// `same_log`: of two faults the one that comes first in the log is named.
void verify_results_add(struct verify_result *sum, const struct verify_result *more, bool same_log);
bool verify_good(const struct verify_result *results); // no faults
// The table at the end, over all logs that were verified.
void verify_print(const struct verify_result *results, bool deep);
void verify_print_json(const struct verify_result *results, struct hy_buffer *out); // "good":…,"checks":[…]

// --- verify_pass.c ---

struct verify_summary {
    uint64_t records, members, passes;
};
// Everything about one log. The results are in verify->results. False, with a line on stderr: Kafka or Redis
// is away.
bool verify_passes(struct verify *verify, struct hy_store *store, struct verify_summary *ret_summary);
// The fold of a further pass is where the first one ended.
void verify_sum_members(struct verify *verify, const struct verify_part *part);

// --- verify_memory.c ---

void verify_memory_begin(struct verify *verify);
// After some records were folded: true when the members do not fit.
bool verify_memory_exceeded(struct verify *verify);

// --- verify_inputs.c ---

// Every input left exactly one record, by the source topics. False: Kafka is away.
bool verify_inputs(struct verify *verify);
void verify_input_seen(struct verify_inputs_seen *seen, bool is_log, int64_t input);

// --- verify_log.c: a message. verify_record.c: a record ---

void verify_open(
    struct verify *verify); // cli, brain and count are set; `parts` and what else it needs is made
void verify_close(struct verify *verify);
void verify_log_message(struct verify *verify, struct verify_part *part, const struct hy_message *message);
void verify_part_init(struct verify *verify, uint32_t partition);
void verify_part_free(const struct verify *verify, struct verify_part *part);
struct verify_member *verify_member_find(const struct verify_part *part, const char *id);
void verify_record(struct verify_at *at);
// Brings what verify_record will touch towards the cache: first the places, some records later the members,
// then what they point at.
void verify_record_prefetch_place(struct verify_at *at); // makes its hashes, too
void verify_record_prefetch_member(struct verify_at *at);
void verify_record_prefetch_rest(struct verify_at *at);
void verify_record_prefetch_window(struct verify_at *at);

// --- verify_settled.c ---

void verify_settled_keep(const struct verify *verify); // at the end of the first pass
// One log against the other, when all were read. False: Kafka is away.
bool verify_settled(struct verify *verify);

// --- what is special to one log ---

struct verify_ledger {
    const char *log;
    // A record that changes this member, before it is folded. `body` NULL: it was not accepted. NULL: nothing
    // to check.
    void (*record)(const struct verify_at *at, const ProtobufCMessage *body);
    // A member at the end: what it adds to the partition's tallies. NULL: none of them is a sum over members.
    void (*add)(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                int64_t *sums);
    uint32_t summed; // bit i: tally i is such a sum
};
extern const struct verify_ledger verify_members, verify_points, verify_tiers, verify_campaigns,
    verify_deliveries;
const struct verify_ledger *verify_ledger_of(const char *log);

// --- Redis. Each false, with a line on stderr, when it does not answer ---

// verify_redis.c
bool verify_watermarks(struct verify *verify, struct hy_store *store);
// Asks once more for those that were not there, of partitions that have blocks: they may have begun
// meanwhile.
bool verify_missing(struct verify *verify, struct hy_store *store);
void verify_tallies(struct verify *verify,
                    const struct verify_part *part); // when the fold is at the watermark
bool verify_states(struct verify *verify, struct hy_store *store);
bool verify_pages(struct verify *verify, struct hy_store *store);
// Compares what waits: the fold is now where that state is.
void verify_waiting(struct verify *verify, const struct verify_part *part, struct verify_member *member);
// verify_timers.c
void verify_timer(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                  int64_t due_ms, struct hy_bytes score); // beside the state in Redis that says due_ms
bool verify_timers(struct verify *verify, struct hy_store *store);
// verify_answers.c
void verify_answer_found(struct verify *verify, struct hy_store *store, uint32_t partition,
                         struct hy_bytes key, const char *command_id);
bool verify_answers(struct verify *verify, struct hy_store *store); // when all were found
void verify_answers_end(struct verify *verify);                     // when the log has been read on
// verify_keys.c
bool verify_keys_any(const struct verify *verify, struct hy_store *store, bool *ret_any);
bool verify_keys(struct verify *verify, struct hy_store *store);
void verify_keys_end(struct verify *verify); // when the log has been read on
void verify_keys_forget(void);
// Those that verify_keys found and the fold does not know by now; forgets them.
typedef void (*verify_stray)(void *context, uint32_t partition, const char *key);
void verify_keys_unknown(struct verify *verify, verify_stray stray, void *context);

// --- verify_read.c ---

// Reads these spans of the log, one for each partition.
bool verify_read(struct verify *verify, struct kafka_span *spans);
// Reads the log on to its end. False: Kafka is away.
bool verify_read_on(struct verify *verify);
