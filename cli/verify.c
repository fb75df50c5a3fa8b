// `verify`: each log against itself, Redis against the log, sums against both. Works while the services run:
//   1 the watermarks in Redis, then the log up to them
//   2 members, pages and keys in Redis; what is newer than the fold waits
//   3 the log up to its end, comparing what waits when the fold comes by
#include <inttypes.h>
#include <string.h>

#include "cli/brains.h"
#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/memory.h"

static const char *log_name; // NULL: all
static bool as_json, deep;

static const struct cli_option options[] = {
    {"log", 0, CLI_TEXT, "LOG", "this one alone; default: all 只校验该日志，默认全部", 0, 0, &log_name},
    {"deep", 0, CLI_SWITCH, NULL, "every input kept in Kafka against the records 与 Kafka 中的输入逐笔核对",
     0, 0, &deep},
    {"json", 0, CLI_SWITCH, NULL, "the result as one JSON object 输出 JSON", 0, 0, &as_json},
};

// Up to the watermark; a watermark that lies beyond the end is a fault.
static void bound_spans(struct verify *verify) {
    for (size_t i = 0; i < verify->count; i++) {
        struct verify_part *part = &verify->parts[i];
        struct kafka_span *span = &verify->spans[i];
        if (span->from > 0) {
            verify_fault(verify, CHECK_CHAIN,
                         "partition %" PRIu32 " begins at offset %" PRId64 ": messages were removed",
                         part->partition, span->from);
            part->broken = true;
        }
        if (!part->has_watermark || part->watermark.seq == 0) {
            span->to = span->from;
        } else if (part->watermark.offset >= span->to) {
            verify_fault(verify, CHECK_WATERMARK,
                         "partition %" PRIu32 ": Redis is at offset %" PRId64 ", the log ends at %" PRId64,
                         part->partition, part->watermark.offset, span->to);
            part->broken = true;
        } else {
            span->to = part->watermark.offset + 1;
        }
        if (part->broken) span->to = span->from;
    }
}

// Of a log without a sum of its own: what its brain says must hold.
static void check_states(struct verify *verify, const struct verify_part *part) {
    size_t cursor = 0;
    struct verify_member *member;
    while (verify->brain->check != NULL && (member = hy_map_next(&part->members, &cursor)) != NULL) {
        const char *why = "";
        verify_count(verify, CHECK_SUMS, 1);
        if (!verify->brain->check(verify->brain->context, hy_member_state(member->member), &why))
            verify_fault(verify, CHECK_SUMS, "member %s: %s", member->member->id, why);
    }
}

static void finish_part(struct verify *verify, struct verify_part *part) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        if (member->waiting.data != NULL) verify_waiting(verify, part, member);
    }
    if (part->watermark.seq == 0 && part->reader.seq > 0)
        verify_fault(verify, CHECK_WATERMARK,
                     "partition %" PRIu32 ": nothing in Redis, but %" PRIu64
                     " blocks in the log; `huiyuanctl rebuild` makes it",
                     part->partition, part->reader.seq);
    const struct verify_ledger *ledger = verify_ledger_of(verify->brain->log);
    if (part->broken) return;
    if (ledger != NULL && ledger->part != NULL)
        ledger->part(verify, part);
    else
        check_states(verify, part);
}

static bool check_all(struct verify *verify, struct hy_store *store) {
    if (!verify_watermarks(verify, store)) return false;
    verify->spans = kafka_spans(verify->cli, verify->brain->log, -1, &verify->count);
    if (verify->spans == NULL) return false;
    bound_spans(verify);
    if (!verify_read(verify, verify->spans) || !verify_states(verify, store) ||
        !verify_pages(verify, store) || !verify_keys(verify, store) || !verify_read_on(verify))
        return false;
    verify_keys_end(verify);
    for (size_t i = 0; i < verify->count; i++)
        finish_part(verify, &verify->parts[i]);
    return !deep || verify_inputs(verify);
}

// --- all logs ---

// What was found, over all logs.
struct sum {
    struct verify_result results[CHECK_COUNT];
    struct hy_buffer json;
    size_t logs;
};

static void add_result(struct sum *sum, const struct verify *verify, bool named) {
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const struct verify_result *found = &verify->results[i];
        struct verify_result *result = &sum->results[i];
        if (result->faults == 0 && found->faults > 0)
            snprintf(result->first, sizeof result->first, "%s%s%.280s", named ? verify->brain->log : "",
                     named ? ": " : "", found->first);
        result->checked += found->checked;
        result->faults += found->faults;
    }
}

static void say_log(struct sum *sum, const struct verify *verify) {
    uint64_t records = 0;
    size_t members = 0;
    for (size_t i = 0; i < verify->count; i++) {
        records += verify->parts[i].records;
        members += verify->parts[i].members.count;
    }
    hy_buffer_printf(&sum->json, "%s{\"log\":\"%s\",\"records\":%" PRIu64 ",\"members\":%zu,",
                     sum->logs++ == 0 ? "" : ",", verify->brain->log, records, members);
    verify_print_json(verify->results, &sum->json);
    hy_buffer_printf(&sum->json, "}");
    if (!as_json)
        printf("%-12s %10" PRIu64 " records 条流水, %zu members 会员, %zu partitions 分区: %s\n",
               verify->brain->log, records, members, verify->count,
               verify_good(verify->results) ? "good 通过" : "FAULTS 有误");
}

static bool verify_log(const struct cli *cli, struct hy_store *store, const char *log, struct sum *sum) {
    struct verify verify = {.cli = cli, .brain = brain_of(log), .deep = deep};
    uint32_t partitions;
    if (!kafka_topic_partitions(cli, log, &partitions)) return false;
    verify.count = partitions;
    verify.parts = hy_calloc(partitions, sizeof *verify.parts);
    hy_arena_init(&verify.arena);
    hy_buffer_init(&verify.saved, 64 << 20);
    for (uint32_t p = 0; p < partitions; p++)
        verify_part_init(&verify, p);
    bool done = check_all(&verify, store);
    if (done) {
        add_result(sum, &verify, log_name == NULL);
        say_log(sum, &verify);
    }
    for (uint32_t p = 0; p < partitions; p++)
        verify_part_free(&verify, &verify.parts[p]);
    hy_free(verify.parts);
    hy_free(verify.spans);
    hy_arena_free(&verify.arena);
    hy_buffer_free(&verify.saved);
    return done;
}

static bool verify_all(const struct cli *cli, struct hy_store *store, struct sum *sum) {
    bool done = true;
    const char *log;
    for (size_t i = 0; done && (log = brain_log(i)) != NULL; i++) {
        if (log_name == NULL || strcmp(log, log_name) == 0) done = verify_log(cli, store, log, sum);
    }
    return done;
}

static void print(const struct sum *sum) {
    if (!as_json) {
        verify_print(sum->results, deep);
        return;
    }
    struct hy_buffer out;
    hy_buffer_init(&out, 1 << 20);
    verify_print_json(sum->results, &out);
    printf("{%.*s,\"logs\":[%.*s]}\n", (int)out.length, (const char *)out.data, (int)sum->json.length,
           (const char *)sum->json.data);
    hy_buffer_free(&out);
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    uint32_t unused;
    if (log_name != NULL && brain_of(log_name) == NULL) {
        say_error("%s: no such log / 没有该日志", log_name);
        return CLI_USAGE;
    }
    if (!kafka_topic_partitions(cli, log_name == NULL ? brain_log(0) : log_name, &unused)) return CLI_FAULT;
    struct hy_store *store = redis_open(cli);
    if (store == NULL) return CLI_FAULT;
    struct sum sum = {0};
    hy_buffer_init(&sum.json, 1 << 20);
    bool done = verify_all(cli, store, &sum);
    if (done) print(&sum);
    hy_buffer_free(&sum.json);
    hy_store_close(store);
    return done && verify_good(sum.results) ? CLI_OK : CLI_FAULT;
}

const struct cli_command command_verify = {
    .name = "verify",
    .arguments = "",
    .english = "every log against itself, Redis and the sums",
    .chinese = "校验账本日志、Redis 与合计",
    .more =
        "Changes nothing, and may run while the services do. Exit status 1: something is not as it must be.\n"
        "只读，可在服务运行时执行；发现问题时退出码为 1。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run,
};
