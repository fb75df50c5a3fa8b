// `rebuild`: what the services keep in Redis, made again from the logs. Safe beside running services: every
// write is made on condition of the watermark, and gives it another opening, so that nobody else's write
// fits in between, and owners load anew what was written here.
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/brains.h"
#include "cli/progress.h"
#include "cli/rebuild.h"
#include "cli/redis.h"
#include "common/base/memory.h"
#include "common/io/heap.h"

enum {
    TRIES = 200,
    PARTITIONS_AT_ONCE = 4,
    LOGS_LIMIT = 16,
};

static const char *log_name; // NULL: all
static int64_t only = -1;
static bool yes;

static const struct cli_option options[] = {
    {"log", 0, CLI_TEXT, "LOG", "this one alone; default: all 只重建该日志，默认全部", 0, 0, &log_name},
    {"partition", 'p', CLI_NUMBER, "N", "only this one 只重建该分区", 0, 1023, &only},
    {"yes", 'y', CLI_SWITCH, NULL, "do not ask 不询问", 0, 0, &yes},
};

struct rebuild {
    struct verify verify;
    struct hy_store *store;
    struct progress progress;
    struct writer *writers; // by partition
    uint64_t written, total;
    bool again; // somebody moved a watermark, and pages that may be needed are gone
};

// --- strays ---

struct strays {
    struct writer *writers; // by partition
    size_t count;
    bool away;
    uint64_t deleted;
};

static void delete_stray(void *context, uint32_t partition, const char *key) {
    struct strays *strays = context;
    if (partition >= strays->count || strays->writers[partition].part == NULL || strays->away) return;
    strays->away = !writer_delete(&strays->writers[partition], key);
    strays->deleted++;
}

// --- one partition ---

static void show(struct rebuild *rebuild, size_t count) {
    char detail[96];
    rebuild->written += count;
    if (count == 0 || !progress_due(&rebuild->progress)) return;
    snprintf(detail, sizeof detail, "%" PRIu64 " members 会员", rebuild->written);
    progress_show(&rebuild->progress, rebuild->written, rebuild->total, detail);
}

static bool write_part(struct rebuild *rebuild, struct writer *writer) {
    for (int tries = 0; tries < TRIES; tries++) {
        while (!writer_done(writer) && !writer->changed && !writer->away) {
            show(rebuild, writer_step(writer));
            redis_wait(rebuild->store, REBUILD_CALLS_AT_ONCE - 1);
            if (writer->last_sent) redis_wait(rebuild->store, 0);
        }
        show(rebuild, writer_step(writer));
        if (writer_done(writer)) return true;
        rebuild->again = writer->pages_gone && !writer->away;
        if (rebuild->again) return false;
        if (!writer_catch_up(writer) || writer->part->broken) return false;
    }
    say_error("partition %" PRIu32
              ": a service changes it all the time; stop it first / 服务持续写入，请先停止服务",
              writer->part->partition);
    return false;
}

// --- the whole ---

static const char *log_fault(const struct verify *verify) {
    static const enum verify_check needed[] = {CHECK_CHAIN, CHECK_ENTRIES, CHECK_HOME};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (verify->results[needed[i]].faults > 0) return verify->results[needed[i]].first;
    }
    return NULL;
}

static bool log_is_good(const struct verify *verify) {
    const char *fault = log_fault(verify);
    if (fault == NULL) return true;
    say_error("the log is not good, so it is not written on: %s / 日志有误，已停止写入", fault);
    return false;
}

// While the other partitions are read, those that are read to their end are written.
static void write_meanwhile(void *context) {
    struct rebuild *rebuild = context;
    const struct verify *verify = &rebuild->verify;
    hy_store_poll(rebuild->store, 0);
    if (log_fault(verify) != NULL) return;
    for (size_t i = 0; i < verify->count; i++) {
        struct writer *writer = &rebuild->writers[i];
        if (writer->part == NULL || verify->spans[i].next < verify->spans[i].to || writer->changed ||
            writer_done(writer))
            continue;
        rebuild->written += writer_step(writer);
        return; // one at a time, so that few calls are on their way
    }
}

static void take_page(void *context, const struct verify_part *part, struct hy_member *member) {
    const struct rebuild *rebuild = context;
    writer_take_page(&rebuild->writers[part->partition], member);
}

static bool write_all(struct rebuild *rebuild) {
    struct verify *verify = &rebuild->verify;
    bool good = true;
    for (size_t i = 0; i < verify->count; i++)
        rebuild->total += verify->parts[i].members.count;
    progress_begin(&rebuild->progress, "writing to Redis 写入 Redis", 0);
    for (size_t i = 0; i < verify->count && good; i++) {
        if (rebuild->writers[i].part != NULL) good = write_part(rebuild, &rebuild->writers[i]);
    }
    progress_end(&rebuild->progress);
    return good;
}

static bool delete_strays(struct rebuild *rebuild, uint64_t *ret_deleted) {
    struct strays strays = {.writers = rebuild->writers, .count = rebuild->verify.count};
    if (!verify_keys(&rebuild->verify, rebuild->store) || !verify_read_on(&rebuild->verify)) return false;
    verify_keys_unknown(&rebuild->verify, delete_stray, &strays);
    *ret_deleted = strays.deleted;
    return !strays.away;
}

static bool look_at_all(struct rebuild *rebuild, bool stream) {
    struct verify *verify = &rebuild->verify;
    for (size_t i = 0; i < verify->count; i++) {
        struct writer *writer = &rebuild->writers[i];
        writer_init(writer, verify, rebuild->store);
        verify->parts[i].broken = only >= 0 && only != (int64_t)i;
        if (verify->parts[i].broken) continue;
        writer->part = &verify->parts[i];
        if (!writer_look(writer)) return false;
        writer->streams &= stream;
    }
    return true;
}

static int rebuild_all(struct rebuild *rebuild, bool stream, bool has_keys) {
    struct verify *verify = &rebuild->verify;
    uint64_t deleted = 0;
    struct progress clock;
    progress_begin(&clock, "", 0);
    verify->meanwhile = write_meanwhile;
    bool read = look_at_all(rebuild, stream) && verify_read_on(verify);
    verify->meanwhile = NULL;
    if (!read || !log_is_good(verify)) return CLI_FAULT;
    if (!write_all(rebuild) || !log_is_good(verify)) return CLI_FAULT;
    if (has_keys && !delete_strays(rebuild, &deleted)) return CLI_FAULT;
    uint64_t records = 0;
    for (size_t i = 0; i < verify->count; i++)
        records += verify->parts[i].records;
    double seconds = progress_seconds(&clock);
    printf("%s rebuilt 已重建: %" PRIu64 " records 条流水, %" PRIu64 " members 会员, %" PRIu64
           " stray keys removed 多余的键已删除, %.1f s, %.0f records/s\n",
           verify->brain->log, records, rebuild->written, deleted, seconds, (double)records / seconds);
    return CLI_OK;
}

static bool confirmed(void) {
    if (yes) return true;
    if (isatty(STDIN_FILENO) != 1) {
        say_error("this writes to Redis: say --yes / 此操作会写入 Redis，请加 --yes");
        return false;
    }
    const char *what = log_name == NULL ? "all logs 全部日志" : log_name;
    fprintf(stderr, "Write what Redis holds of %s anew? 重写 Redis 中的数据？ [y/N] ", what);
    return getchar() == 'y';
}

static struct rebuild make(const struct cli *cli, struct hy_store *store, const char *log) {
    return (struct rebuild){
        .verify =
            {
                .cli = cli,
                .brain = brain_of(log),
                .ledger = verify_ledger_of(log),
                .first = true,
                .fold_only = true,
            },
        .store = store,
    };
}

static void free_all(struct rebuild *rebuild) {
    redis_wait(rebuild->store, 0);
    for (size_t i = 0; i < rebuild->verify.count; i++) {
        verify_part_free(&rebuild->verify, &rebuild->verify.parts[i]);
        writer_free(&rebuild->writers[i]);
    }
    verify_close(&rebuild->verify);
    hy_free(rebuild->writers);
}

// `stream`: pages may be written as they become full. `has_keys`: Redis had some of this log when it began.
static int rebuild_log(const struct cli *cli, struct hy_store *store, const char *log, bool stream,
                       bool has_keys) {
    struct rebuild rebuild = make(cli, store, log);
    struct verify *verify = &rebuild.verify;
    uint32_t partitions;
    if (!kafka_topic_partitions(cli, log, &partitions)) return CLI_FAULT;
    verify->count = partitions;
    verify_open(verify);
    for (uint32_t p = 0; p < partitions; p++)
        verify_part_init(verify, p);
    verify->at_once = PARTITIONS_AT_ONCE;
    verify->page_full = take_page;
    verify->context = &rebuild;
    rebuild.writers = hy_calloc(partitions, sizeof *rebuild.writers);
    int status = rebuild_all(&rebuild, stream, has_keys);
    // Else the process ends soon: what it holds of the members goes with it.
    if (!rebuild.again) return status;
    free_all(&rebuild);
    return rebuild_log(cli, store, log, false, has_keys);
}

// Asked before anything is written: what Redis has nothing of has no strays, and looking for them costs a
// walk over all keys.
static bool find_keys(const struct cli *cli, struct hy_store *store, bool ret_has_keys[LOGS_LIMIT]) {
    const char *log;
    for (size_t i = 0; i < LOGS_LIMIT && (log = brain_log(i)) != NULL; i++) {
        const struct rebuild rebuild = make(cli, store, log);
        if (log_name != NULL && strcmp(log, log_name) != 0) continue;
        if (!verify_keys_any(&rebuild.verify, store, &ret_has_keys[i])) return false;
    }
    return true;
}

static int rebuild_wanted(const struct cli *cli, struct hy_store *store) {
    bool has_keys[LOGS_LIMIT] = {false};
    int status = find_keys(cli, store, has_keys) ? CLI_OK : CLI_FAULT;
    const char *log;
    for (size_t i = 0; status == CLI_OK && i < LOGS_LIMIT && (log = brain_log(i)) != NULL; i++) {
        if (log_name == NULL || strcmp(log, log_name) == 0)
            status = rebuild_log(cli, store, log, true, has_keys[i]);
    }
    return status;
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    if (log_name != NULL && brain_of(log_name) == NULL) {
        say_error("%s: no such log / 没有该日志", log_name);
        return CLI_USAGE;
    }
    if (!confirmed()) return CLI_USAGE;
    hy_heap_init(); // not for every command: `verify` is to give back what a pass took
    struct hy_store *store = redis_open(cli);
    if (store == NULL) return CLI_FAULT;
    int status = rebuild_wanted(cli, store);
    hy_store_close(store);
    return status;
}

const struct cli_command command_rebuild = {
    .name = "rebuild",
    .arguments = "",
    .english = "make what Redis holds anew from the logs",
    .chinese = "用日志重建 Redis 中的数据",
    .more = "For a Redis that lost data or holds wrong data. May run while the services do: there is no "
            "moment at which\n"
            "a member is missing. What the log does not know is removed.\n"
            "用于 Redis 丢失数据或数据有误时；可在服务运行时执行，日志中没有的键会被删除。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run,
};
