// What `verify` is made of: the log is folded in memory and checked by itself, then Redis against the fold.
#pragma once

#include "cli/kafka.h"
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
    CHECK_LINES,
    CHECK_RULES,
    CHECK_BALANCE,
    CHECK_SUMS,
    CHECK_BUDGETS,
    CHECK_COUPONS,
    CHECK_TURNS,
    CHECK_INPUTS,
    CHECK_WATERMARK,
    CHECK_TALLIES,
    CHECK_STATES,
    CHECK_PAGES,
    CHECK_KEYS,
    CHECK_COUNT,
};

struct verify_result {
    uint64_t checked, faults;
    char first[320]; // what was wrong first, in words
};

// A member as the log says, beside what the stage keeps of it.
struct verify_member {
    struct hy_member *member;
    int64_t sum; // of its postings
    uint64_t *page_hashes;
    size_t page_count, page_capacity;
    struct hy_bytes waiting; // a MemberState from Redis, later than the fold: compared when the fold is there
    uint64_t waiting_seq;
};

struct verify_part {
    uint32_t partition;
    struct hy_reader reader;
    struct hy_key_space space;
    struct hy_map members;  // struct verify_member by hash of the id
    struct hy_map accepted; // of member, class, id and content; the value is any pointer
    struct hy_totals totals;
    int64_t recorded_at_ms;
    int64_t positions[HY_SOURCES_LIMIT];
    int64_t last_input[HY_SOURCES_LIMIT]; // verify_input of a record of that source; -1: none
    int64_t *inputs[HY_SOURCES_LIMIT];    // all of them, for --deep
    size_t input_count[HY_SOURCES_LIMIT], input_capacity[HY_SOURCES_LIMIT];
    uint64_t records;
    struct hy_place *unsent; // blocks whose emissions may not all be sent; the first is the one that counts
    size_t unsent_count, unsent_capacity;
    struct hy_place last; // the last block
    bool broken;          // the log cannot be read beyond a point: nothing more is said of it
    bool has_watermark;
    struct hy_place watermark; // when it began
    struct hy_totals projected;
};

// Where an input stands in its source: the offset; in a source that is a log the place in the block, too.
enum { INPUT_INDEX_BITS = 20 };
static inline int64_t verify_input(int64_t offset, uint32_t index) {
    return (int64_t)((uint64_t)offset << INPUT_INDEX_BITS | (index & ((1U << INPUT_INDEX_BITS) - 1)));
}

struct verify {
    const struct cli *cli;
    const struct hy_brain *brain;
    bool deep;
    bool keep_pages; // `rebuild` writes them
    struct verify_part *parts;
    struct kafka_span *spans; // what is to be read of each
    size_t count;
    struct hy_arena arena;
    struct hy_buffer saved; // a MemberState being compared
    struct verify_result results[CHECK_COUNT];
};

extern const char *const verify_names[CHECK_COUNT]; // for --json
void verify_fault(struct verify *verify, enum verify_check check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline void verify_count(struct verify *verify, enum verify_check check, uint64_t count) {
    verify->results[check].checked += count;
}
bool verify_good(const struct verify_result *results); // no faults
// The table at the end, over all logs that were verified.
void verify_print(const struct verify_result *results, bool deep);
void verify_print_json(const struct verify_result *results, struct hy_buffer *out); // "good":…,"checks":[…]

// verify_inputs.c. Every input left exactly one record, by the source topics. False: Kafka is away.
bool verify_inputs(struct verify *verify);

// verify_log.c. Takes the next message of the log.
void verify_log_message(struct verify *verify, struct verify_part *part, const struct hy_message *message);
void verify_part_init(struct verify *verify, uint32_t partition);
void verify_part_free(const struct verify *verify, struct verify_part *part);
struct verify_member *verify_member_find(const struct verify_part *part, const char *id);
struct verify_member *verify_member_get(struct verify *verify, struct verify_part *part, const char *id);

// What is special to one log: verify_points.c, verify_campaigns.c. `part` NULL: what the brain checks.
struct verify_ledger {
    const char *log;
    void (*record)(struct verify *verify, struct verify_part *part, struct verify_member *member,
                   const char *name, const Huiyuan__V1__Record *record, const ProtobufCMessage *body);
    void (*part)(struct verify *verify, struct verify_part *part);
};
extern const struct verify_ledger verify_points, verify_campaigns;
const struct verify_ledger *verify_ledger_of(const char *log); // verify_log.c; NULL: none

// verify_redis.c. Each false, with a line on stderr, when Redis does not answer.
bool verify_watermarks(struct verify *verify, struct hy_store *store);
void verify_tallies(struct verify *verify,
                    const struct verify_part *part); // when the fold is at the watermark
bool verify_states(struct verify *verify, struct hy_store *store);
bool verify_pages(struct verify *verify, struct hy_store *store);
bool verify_keys(struct verify *verify, struct hy_store *store);
void verify_keys_end(struct verify *verify); // when the log has been read on
// Those that verify_keys found and the fold does not know by now; forgets them.
typedef void (*verify_stray)(void *context, uint32_t partition, const char *key);
void verify_keys_unknown(struct verify *verify, verify_stray stray, void *context);
// Reads these spans of the log, one for each partition.
bool verify_read(struct verify *verify, struct kafka_span *spans);
// Reads the log on to its end. False: Kafka is away.
bool verify_read_on(struct verify *verify);
// Compares what waits: the fold is now where that state is.
void verify_waiting(struct verify *verify, const struct verify_part *part, struct verify_member *member);
