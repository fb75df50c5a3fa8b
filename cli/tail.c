// `tail`: what stands in a log or another topic, line by line. A log is read by the reader rule.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/brains.h"
#include "cli/json.h"
#include "cli/kafka.h"
#include "cli/lines.h"
#include "cli/words.h"
#include "common/base/calendar.h"
#include "common/base/memory.h"
#include "common/stage/reader.h"

enum {
    DEFAULT_LINES = 10,
    FIRST_WINDOW = 8, // messages back from the end of a log, at first
    WINDOW_GROWTH = 8,
    TEXT_CEILING_BYTES = 64 * 1024 * 1024,
};

static int64_t partition = -1, line_count = -1, from = -1;
static bool follow, as_json, show_all;

static const struct cli_option options[] = {
    {"partition", 'p', CLI_NUMBER, "N", "only this one 只看该分区", 0, 1023, &partition},
    {"lines", 'n', CLI_NUMBER, "N", "the last N lines (10) 最后 N 行", 1, 1000000, &line_count},
    {"follow", 'f', CLI_SWITCH, NULL, "go on with what comes 持续输出", 0, 0, &follow},
    {"from", 0, CLI_NUMBER, "OFFSET", "everything from this offset on 从该位点开始", 0, INT64_MAX - 1, &from},
    {"json", 0, CLI_SWITCH, NULL, "one JSON object a line 每行一个 JSON 对象", 0, 0, &as_json},
    {"all", 0, CLI_SWITCH, NULL, "also claims and dropped blocks 包括接管声明和作废的区块", 0, 0, &show_all},
};

// One partition of what is shown.
struct part {
    struct hy_reader reader;
    bool placed;     // the reader knows the seq that comes next
    bool claim_seen; // in what was read
    bool ambiguous;  // blocks of several claims, and nobody said which one is current
};

struct tail {
    const struct hy_brain *brain; // NULL: not a log
    const struct hy_topic *topic;
    struct kafka_span *spans;
    struct part *parts;
    struct lines *lines;
    size_t count;
    size_t keep; // lines; 0: printed at once
    struct hy_arena arena;
    struct hy_buffer text;
    bool corrupt;
};

static size_t place_of(const struct tail *tail, uint32_t wanted) {
    size_t i = 0;
    while (tail->spans[i].partition != wanted)
        i++;
    return i;
}

static void put(struct tail *tail, size_t part, int64_t at_ms) {
    lines_add(&tail->lines[part], at_ms, hy_buffer_bytes(&tail->text));
    hy_buffer_clear(&tail->text);
    if (tail->keep == 0) fflush(stdout);
}

// --- logs ---

static void show_claim(struct tail *tail, size_t part, int64_t offset, const Huiyuan__V1__Claim *claim) {
    uint32_t of = tail->spans[part].partition;
    char at[25];
    hy_time_format(claim->recorded_at_ms, at);
    if (as_json) {
        hy_buffer_printf(&tail->text, "{\"kind\":\"claim\",\"partition\":%" PRIu32 ",\"log_offset\":%" PRId64,
                         of, offset);
        json_fields(&tail->text, &claim->base, NULL, NULL, false);
        hy_buffer_printf(&tail->text, "}");
    } else {
        hy_buffer_printf(&tail->text, "%s %" PRIu32 " claim %016" PRIx64 " by %s (offset %" PRId64 ") 接管",
                         at, of, claim->claim, claim->instance, offset);
    }
    put(tail, part, claim->recorded_at_ms);
}

static void show_dropped(struct tail *tail, size_t part, int64_t offset, const struct hy_read *read) {
    uint32_t of = tail->spans[part].partition;
    const Huiyuan__V1__Block *block = read->block;
    if (block == NULL) return;
    char at[25];
    hy_time_format(block->recorded_at_ms, at);
    if (as_json)
        hy_buffer_printf(&tail->text,
                         "{\"kind\":\"dropped\",\"partition\":%" PRIu32 ",\"log_offset\":%" PRId64
                         ",\"seq\":%" PRIu64 ",\"claim\":\"%016" PRIx64
                         "\",\"records\":%zu,\"reason\":\"%s\"}",
                         of, offset, block->seq, block->claim, block->n_records, read->reason);
    else
        hy_buffer_printf(&tail->text,
                         "%s %" PRIu32 " dropped block %" PRIu64 " of claim %016" PRIx64
                         ", %zu records: %s (offset %" PRId64 ") 作废",
                         at, of, block->seq, block->claim, block->n_records, read->reason, offset);
    put(tail, part, block->recorded_at_ms);
}

static void show_block(struct tail *tail, size_t part, int64_t offset, const Huiyuan__V1__Block *block) {
    for (uint32_t i = 0; i < block->n_records; i++) {
        const struct words_place place = {tail->spans[part].partition, offset, block->seq, i,
                                          block->recorded_at_ms};
        (as_json ? words_record_json : words_record)(&tail->text, tail->brain, &place, block->records[i]);
        put(tail, part, block->recorded_at_ms);
    }
}

// Reading began somewhere in the middle: the first block of the current claim is taken to be the one that
// comes next. Who is current says a CLAIM; when there was none, all blocks so far must be of one claim.
static void find_place(struct tail *tail, struct part *part, const struct hy_message *message) {
    const Huiyuan__V1__LogMessage *decoded =
        huiyuan__v1__log_message__unpack(&tail->arena.protobuf, message->value.length, message->value.data);
    if (decoded == NULL) return;
    if (decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM) part->claim_seen = true;
    if (decoded->kind_case != HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK) return;
    const Huiyuan__V1__Block *block = decoded->block;
    if (part->reader.claim == 0) part->reader.claim = block->claim;
    if (block->claim != part->reader.claim) {
        part->ambiguous |= !part->claim_seen;
    } else if (!part->placed) {
        part->reader.seq = block->seq - 1;
        part->placed = true;
    }
}

static bool take_log(struct tail *tail, const struct hy_message *message) {
    size_t at = place_of(tail, message->partition);
    struct part *part = &tail->parts[at];
    hy_arena_reset(&tail->arena);
    if (!part->placed || !part->claim_seen) find_place(tail, part, message);
    struct hy_read read = hy_reader_take(&part->reader, message->offset, message->value, &tail->arena);
    switch (read.what) {
    case HY_READ_BLOCK: show_block(tail, at, message->offset, read.block); return true;
    case HY_READ_CLAIM:
        if (show_all) show_claim(tail, at, message->offset, read.claim);
        return true;
    case HY_READ_DROPPED:
        if (show_all) show_dropped(tail, at, message->offset, &read);
        return true;
    case HY_READ_CORRUPT: break;
    }
    if (part->ambiguous) return true; // it is read again, from further back
    say_error("%s partition %" PRIu32 " offset %" PRId64 ": %s / 日志损坏", tail->topic->name,
              message->partition, message->offset, read.reason);
    tail->corrupt = true;
    return false;
}

static bool take(void *context, const struct hy_message *message) {
    struct tail *tail = context;
    if (tail->brain != NULL) return take_log(tail, message);
    words_message(&tail->text, tail->topic->message, message->partition, message->offset, message->key,
                  message->value, as_json);
    put(tail, place_of(tail, message->partition), message->timestamp_ms);
    return true;
}

// --- how much ---

static void restart_part(struct tail *tail, size_t i, int64_t offset) {
    lines_free(&tail->lines[i]);
    lines_init(&tail->lines[i], tail->keep);
    tail->spans[i].from = offset;
    tail->parts[i] = (struct part){0};
    hy_reader_init(&tail->parts[i].reader);
    tail->parts[i].reader.next_offset = offset;
    // From the beginning there is nothing to guess.
    tail->parts[i].placed = tail->parts[i].claim_seen = offset == 0;
}

static bool enough(const struct tail *tail, size_t i, int64_t low) {
    if (tail->spans[i].from <= low || tail->brain == NULL) return true;
    return !tail->parts[i].ambiguous && tail->lines[i].count >= tail->keep;
}

// Further and further back from the ends, until there are enough lines.
static bool read_last(const struct cli *cli, struct tail *tail) {
    int64_t window = tail->brain == NULL ? (int64_t)tail->keep : FIRST_WINDOW;
    int64_t *lows = hy_calloc(tail->count, sizeof *lows);
    bool done = false;
    bool good = true;
    for (size_t i = 0; i < tail->count; i++) {
        lows[i] = tail->spans[i].from;
        tail->spans[i].from = tail->spans[i].to;
        tail->parts[i].ambiguous = true;
    }
    while (good && !done && !tail->corrupt) {
        done = true;
        for (size_t i = 0; i < tail->count; i++) {
            int64_t start = tail->spans[i].to - window > lows[i] ? tail->spans[i].to - window : lows[i];
            restart_part(tail, i, start);
        }
        good = kafka_read(cli, tail->topic->name, tail->spans, tail->count, take, tail);
        for (size_t i = 0; i < tail->count; i++)
            done = done && enough(tail, i, lows[i]);
        window = window > INT64_MAX / WINDOW_GROWTH ? INT64_MAX : window * WINDOW_GROWTH;
    }
    hy_free(lows);
    return good;
}

static bool read_from(const struct cli *cli, struct tail *tail) {
    for (size_t i = 0; i < tail->count; i++) {
        int64_t low = tail->spans[i].from;
        restart_part(tail, i, from > low ? from : low);
        if (follow) tail->spans[i].to = INT64_MAX;
    }
    return kafka_read(cli, tail->topic->name, tail->spans, tail->count, take, tail);
}

static bool read_on(const struct cli *cli, struct tail *tail) {
    for (size_t i = 0; i < tail->count; i++) {
        tail->spans[i].from = tail->spans[i].to;
        tail->spans[i].to = INT64_MAX;
        lines_free(&tail->lines[i]);
        lines_init(&tail->lines[i], 0);
    }
    tail->keep = 0;
    fflush(stdout);
    return kafka_read(cli, tail->topic->name, tail->spans, tail->count, take, tail);
}

static bool show(const struct cli *cli, struct tail *tail) {
    if (from >= 0) return read_from(cli, tail);
    if (!read_last(cli, tail)) return false;
    lines_print(tail->lines, tail->count, tail->keep);
    return !follow || tail->corrupt || read_on(cli, tail);
}

static int run_topic(const struct cli *cli, const char *name) {
    struct tail tail = {.topic = hy_topic_find(name), .brain = brain_of(name)};
    if (tail.topic == NULL) {
        say_error("%s: no such topic; see `huiyuanctl topics list` / 没有该主题", name);
        return CLI_USAGE;
    }
    tail.spans = kafka_spans(cli, name, partition, &tail.count);
    if (tail.spans == NULL) return CLI_FAULT;
    tail.keep = from >= 0 ? 0 : line_count > 0 ? (size_t)line_count : DEFAULT_LINES;
    tail.parts = hy_calloc(tail.count, sizeof *tail.parts);
    tail.lines = hy_calloc(tail.count, sizeof *tail.lines);
    hy_arena_init(&tail.arena);
    hy_buffer_init(&tail.text, TEXT_CEILING_BYTES);
    bool good = show(cli, &tail) && !tail.corrupt;
    for (size_t i = 0; i < tail.count; i++)
        lines_free(&tail.lines[i]);
    hy_arena_free(&tail.arena);
    hy_buffer_free(&tail.text);
    hy_free(tail.parts);
    hy_free(tail.lines);
    hy_free(tail.spans);
    return good ? CLI_OK : CLI_FAULT;
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    return run_topic(cli, arguments[0]);
}

static int run_dead_letters(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    return run_topic(cli, "dead-letters");
}

const struct cli_command command_tail = {
    .name = "tail",
    .arguments = "TOPIC",
    .english = "what stands last in a log or another topic",
    .chinese = "查看日志或其他主题的最新内容",
    .more =
        "TOPIC is a log (members, points, tiers, campaigns, deliveries), or purchases, commands, program,\n"
        "member-keys, access, dead-letters.\n"
        "A line of a log: time, record (partition-block-index), member, input, outcome, what happened.\n"
        "日志的一行：时间、流水号（分区-区块-序号）、会员、输入编号、结果、内容。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};

const struct cli_command command_dead_letters = {
    .name = "dead-letters",
    .arguments = "",
    .english = "inputs that could not be taken, and why",
    .chinese = "查看未能处理的数据及原因",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run_dead_letters,
};
