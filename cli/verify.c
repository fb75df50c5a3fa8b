// `verify`: each log against itself, Redis against the log, sums against both, one log against the other. How
// one log is gone through: verify_pass.c.
#include <inttypes.h>
#include <string.h>

#include "cli/brains.h"
#include "cli/progress.h"
#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/memory.h"

enum { FETCH_SHARE = 8 }; // of the memory, for what is fetched ahead

static const char *log_name; // NULL: all
static bool as_json, deep;
static int64_t memory_mib = 1024;

static const struct cli_option options[] = {
    {"log", 0, CLI_TEXT, "LOG", "this one alone; default: all 只校验该日志，默认全部", 0, 0, &log_name},
    {"deep", 0, CLI_SWITCH, NULL, "every input kept in Kafka against the records 与 Kafka 中的输入逐笔核对",
     0, 0, &deep},
    {"memory", 0, CLI_NUMBER, "MIB",
     "what it may take; members that do not fit cost further passes; default: 1024 "
     "可用内存，会员过多时分多遍校验",
     64, 1 << 20, &memory_mib},
    {"json", 0, CLI_SWITCH, NULL, "the result as one JSON object 输出 JSON", 0, 0, &as_json},
};

// --- all logs ---

// What was found, over all logs.
struct sum {
    struct verify_result results[CHECK_COUNT];
    struct hy_buffer json;
    size_t logs;
};

static void say_log(struct sum *sum, const struct verify *verify, const struct verify_summary *summary,
                    double seconds) {
    double rate = seconds > 0 ? (double)summary->records / seconds : 0;
    hy_buffer_printf(&sum->json,
                     "%s{\"log\":\"%s\",\"records\":%" PRIu64 ",\"members\":%" PRIu64 ",\"passes\":%" PRIu64
                     ",\"seconds\":%.3f,\"records_per_s\":%.0f,",
                     sum->logs++ == 0 ? "" : ",", verify->brain->log, summary->records, summary->members,
                     summary->passes, seconds, rate);
    verify_print_json(verify->results, &sum->json);
    hy_buffer_printf(&sum->json, "}");
    if (as_json) return;
    printf("%-12s %10" PRIu64 " records 条流水, %" PRIu64 " members 会员, %zu partitions 分区, %" PRIu64
           " passes 遍, %.1f s, %.0f records/s: %s\n",
           verify->brain->log, summary->records, summary->members, verify->count, summary->passes, seconds,
           rate, verify_good(verify->results) ? "good 通过" : "FAULTS 有误");
}

static bool verify_log(const struct cli *cli, struct hy_store *store, const char *log, struct sum *sum) {
    struct verify verify = {.cli = cli,
                            .brain = brain_of(log),
                            .ledger = verify_ledger_of(log),
                            .deep = deep,
                            .memory_bytes = (uint64_t)memory_mib << 20};
    struct verify_summary summary;
    struct progress clock;
    uint32_t partitions;
    if (!kafka_topic_partitions(cli, log, &partitions)) return false;
    kafka_queue_limit(memory_mib * 1024 / FETCH_SHARE);
    progress_begin(&clock, "", 0);
    verify.count = partitions;
    verify_open(&verify);
    bool done = verify_passes(&verify, store, &summary);
    if (done) {
        verify_results_add(sum->results, verify.results, false);
        say_log(sum, &verify, &summary, progress_seconds(&clock));
    }
    verify_close(&verify);
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

// What one log took, another has sent.
static bool compare_logs(const struct cli *cli, struct sum *sum) {
    struct verify verify = {.cli = cli, .first = true};
    bool done = verify_settled(&verify);
    verify_results_add(sum->results, verify.results, false);
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
    bool done = verify_all(cli, store, &sum) && compare_logs(cli, &sum);
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
