// `rebuild`: what the services keep in Redis, made again from the logs. Safe beside running services: every
// write is made on condition of the watermark, and gives it another opening, so that nobody else's write
// fits in between, and owners load anew what was written here.
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/brains.h"
#include "cli/progress.h"
#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/memory.h"
#include "common/io/crypto.h"

enum {
    MEMBERS_A_CALL = 400,
    PAGES_A_CALL = 800,
    TRIES = 200,
    CEILING_BYTES = 256 << 20,
};

static const char *log_name; // NULL: all
static int64_t only = -1;
static bool yes;

static const struct cli_option options[] = {
    {"log", 0, CLI_TEXT, "LOG", "this one alone; default: all 只重建该日志，默认全部", 0, 0, &log_name},
    {"partition", 'p', CLI_NUMBER, "N", "only this one 只重建该分区", 0, 1023, &only},
    {"yes", 'y', CLI_SWITCH, NULL, "do not ask 不询问", 0, 0, &yes},
};

// Writing one partition.
struct writer {
    struct verify *verify;
    struct verify_part *part;
    struct hy_store *store;
    struct hy_buffer found; // the watermark that Redis has, byte for byte; empty: none
    struct hy_place place;  // what it says
    struct verify_member **dirty;
    size_t dirty_count;
    struct hy_arena arena;
    struct hy_buffer values;
    enum hy_store_status status;
    bool changed; // the watermark was another one
};

struct rebuild {
    struct verify verify;
    struct hy_store *store;
    struct progress progress;
    uint64_t written, total;
};

// --- one call ---

static void keep_found(struct writer *writer, struct hy_bytes found) {
    hy_buffer_clear(&writer->found);
    hy_buffer_add(&writer->found, found.data, found.length);
    writer->place = (struct hy_place){0};
    if (found.length > 0) hy_watermark_load(found, &writer->place, NULL, NULL);
}

static void projected(void *context, const struct hy_store_answer *answer) {
    struct writer *writer = context;
    writer->status = answer->status;
    if (answer->status == HY_STORE_STALE) keep_found(writer, answer->values[0]);
}

static bool project(struct writer *writer, const struct hy_store_projection *projection) {
    const struct cli *cli = writer->verify->cli;
    writer->status = HY_STORE_AWAY;
    hy_store_project(writer->store, projection, projected, writer);
    while (hy_store_pending(writer->store) > 0)
        hy_store_poll(writer->store, 100);
    if (writer->status == HY_STORE_AWAY) say_away("Redis", strrchr(cli->redis_url, '/'));
    writer->changed = writer->status == HY_STORE_STALE;
    return writer->status != HY_STORE_AWAY;
}

// The watermark as it becomes: always with an opening, so that it differs from every earlier one.
static void make_next(const struct writer *writer, bool last, struct hy_buffer *next) {
    const struct verify_part *part = writer->part;
    struct hy_place unsent = part->unsent_count > 0 ? part->unsent[0] : (struct hy_place){0};
    struct hy_buffer bare;
    hy_buffer_init(&bare, CEILING_BYTES);
    if (last) {
        hy_watermark_save(&part->last, &unsent, &part->totals, writer->verify->brain->tally_count, &bare);
    } else {
        struct hy_bytes found = hy_buffer_bytes(&writer->found);
        if (found.length > 0 && hy_watermark_is_open(found)) found.length -= HY_OPENING_BYTES;
        hy_buffer_add(&bare, found.data, found.length);
    }
    hy_watermark_open(hy_buffer_bytes(&bare), hy_random64() | 1, next);
    hy_buffer_free(&bare);
}

// All changes of one call, and the watermark with it. False: Redis is away.
static bool send(struct writer *writer, const struct hy_store_projection *changes, bool last) {
    struct hy_key watermark = hy_key_watermark(&writer->part->space);
    struct hy_key timers = hy_key_timers(&writer->part->space);
    struct hy_buffer next;
    hy_buffer_init(&next, CEILING_BYTES);
    make_next(writer, last, &next);
    struct hy_store_projection projection = *changes;
    projection.watermark_key = hy_key_bytes(&watermark);
    projection.expected = hy_buffer_bytes(&writer->found);
    projection.next = hy_buffer_bytes(&next);
    projection.timer_key = hy_key_bytes(&timers);
    bool good = project(writer, &projection);
    if (good && !writer->changed) keep_found(writer, hy_buffer_bytes(&next));
    hy_buffer_free(&next);
    return good;
}

// --- members ---

static struct hy_bytes key_copy(struct writer *writer, struct hy_key key) {
    return hy_arena_bytes(&writer->arena, hy_key_bytes(&key));
}

static size_t count_pages(const struct hy_member *member) {
    size_t count = 0;
    for (const struct hy_member_page *page = member->pages; page != NULL; page = page->next)
        count++;
    return count;
}

static void add_member(struct writer *writer, struct hy_store_projection *projection,
                       struct hy_store_set *sets, struct hy_store_timer *timers,
                       const struct hy_member *member) {
    const struct hy_brain *brain = writer->verify->brain;
    size_t start = writer->values.length;
    hy_member_save(brain, member, &writer->values);
    struct hy_bytes value = hy_bytes(writer->values.data + start, writer->values.length - start);
    sets[projection->set_count++] =
        (struct hy_store_set){.key = key_copy(writer, hy_key_member(&writer->part->space, member->id)),
                              .value = hy_arena_bytes(&writer->arena, value)};
    for (const struct hy_member_page *page = member->pages; page != NULL; page = page->next)
        sets[projection->set_count++] = (struct hy_store_set){
            .key = key_copy(writer, hy_key_page(&writer->part->space, member->id, page->number)),
            .value = hy_bytes(page->bytes, page->length)};
    if (brain->due != NULL)
        timers[projection->timer_count++] = (struct hy_store_timer){hy_bytes_of(member->id), member->due_ms};
}

// How many of the members that wait go into one call.
static size_t call_size(const struct writer *writer, size_t *ret_sets) {
    size_t sets = 0;
    size_t count = 0;
    while (count < writer->dirty_count && count < MEMBERS_A_CALL && (count == 0 || sets < PAGES_A_CALL))
        sets += 1 + count_pages(writer->dirty[count++]->member);
    *ret_sets = sets;
    return count;
}

static void written(struct writer *writer, size_t count) {
    for (size_t i = 0; i < count; i++)
        writer->dirty[i]->member->dirty = false;
    writer->dirty_count -= count;
    memmove(writer->dirty, writer->dirty + count, writer->dirty_count * sizeof(void *));
}

static bool write_some(struct writer *writer, size_t count, size_t sets_wanted, bool last) {
    hy_arena_reset(&writer->arena);
    hy_buffer_clear(&writer->values);
    struct hy_store_set *sets = hy_arena_alloc(&writer->arena, (sets_wanted + 1) * sizeof *sets);
    struct hy_store_timer *timers = hy_arena_alloc(&writer->arena, (count + 1) * sizeof *timers);
    struct hy_store_projection projection = {.sets = sets, .timers = timers};
    for (size_t i = 0; i < count; i++)
        add_member(writer, &projection, sets, timers, writer->dirty[i]->member);
    if (!send(writer, &projection, last)) return false;
    if (!writer->changed) written(writer, count);
    return true;
}

// Members changed after block `seq` have to be written; those before are as they should be already.
static void collect(struct writer *writer, uint64_t seq) {
    size_t cursor = 0;
    struct verify_member *member;
    writer->dirty = hy_realloc(writer->dirty, (writer->part->members.count + 1) * sizeof(void *));
    while ((member = hy_map_next(&writer->part->members, &cursor)) != NULL) {
        if (member->member->dirty || member->member->seq <= seq || member->member->entries == 0) continue;
        member->member->dirty = true;
        writer->dirty[writer->dirty_count++] = member;
    }
}

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
    struct writer *writer = &strays->writers[partition];
    struct hy_store_set set = {.key = hy_bytes_of(key)};
    struct hy_store_projection projection = {.sets = &set, .set_count = 1};
    if (writer->found.length == 0) {
        struct hy_bytes name = hy_bytes_of(key);
        strays->away = !redis_delete(writer->verify->cli, writer->store, &name, 1);
    } else {
        // Somebody moved the watermark: once more, with the one that is there now.
        strays->away = !send(writer, &projection, false);
        if (!strays->away && writer->changed) strays->away = !send(writer, &projection, false);
    }
    strays->deleted++;
}

// --- one partition ---

static void take_found(void *context, const struct hy_store_answer *answer) {
    keep_found(context, answer->values[0]);
}

static bool look(struct writer *writer) {
    struct hy_key name = hy_key_watermark(&writer->part->space);
    struct hy_bytes key = hy_key_bytes(&name);
    return redis_get(writer->verify->cli, writer->store, &key, 1, take_found, writer);
}

// The watermark is not the one that was expected: an owner has gone on, or Redis was emptied meanwhile.
static bool catch_up(struct writer *writer, uint64_t before) {
    if (writer->place.seq > writer->part->reader.seq && !verify_read_on(writer->verify)) return false;
    bool lost = writer->place.seq < before;
    collect(writer, lost ? 0 : before);
    return true;
}

static void show(struct rebuild *rebuild, size_t count) {
    char detail[96];
    rebuild->written += count;
    if (!progress_due(&rebuild->progress)) return;
    snprintf(detail, sizeof detail, "%" PRIu64 " members 会员", rebuild->written);
    progress_show(&rebuild->progress, rebuild->written, rebuild->total, detail);
}

static bool write_next(struct rebuild *rebuild, struct writer *writer, bool *ret_done) {
    size_t sets;
    size_t count = call_size(writer, &sets);
    bool last = count == writer->dirty_count;
    if (!write_some(writer, count, sets, last)) return false;
    *ret_done = last && !writer->changed;
    if (!writer->changed) show(rebuild, count);
    return true;
}

static bool write_part(struct rebuild *rebuild, struct writer *writer) {
    bool done = writer->part->reader.seq == 0;
    collect(writer, 0);
    for (int tries = 0; !done && tries < TRIES; tries += writer->changed) {
        uint64_t before = writer->place.seq;
        bool good = write_next(rebuild, writer, &done);
        if (!good || (writer->changed && !catch_up(writer, before)) || writer->part->broken) return false;
    }
    if (!done)
        say_error("partition %" PRIu32
                  ": a service changes it all the time; stop it first / 服务持续写入，请先停止服务",
                  writer->part->partition);
    return done;
}

// --- the whole ---

static bool log_is_good(const struct verify *verify) {
    static const enum verify_check needed[] = {CHECK_CHAIN, CHECK_ENTRIES, CHECK_HOME};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const struct verify_result *result = &verify->results[needed[i]];
        if (result->faults == 0) continue;
        say_error("the log is not good, nothing was written: %s / 日志有误，未写入任何数据", result->first);
        return false;
    }
    return true;
}

static bool write_all(struct rebuild *rebuild, struct writer *writers) {
    struct verify *verify = &rebuild->verify;
    bool good = true;
    for (size_t i = 0; i < verify->count; i++)
        rebuild->total += verify->parts[i].members.count;
    progress_begin(&rebuild->progress, "writing to Redis 写入 Redis", 0);
    for (size_t i = 0; i < verify->count && good; i++) {
        if (writers[i].part != NULL) good = write_part(rebuild, &writers[i]);
    }
    progress_end(&rebuild->progress);
    return good;
}

static bool delete_strays(struct rebuild *rebuild, struct writer *writers, uint64_t *ret_deleted) {
    struct strays strays = {.writers = writers, .count = rebuild->verify.count};
    if (!verify_keys(&rebuild->verify, rebuild->store) || !verify_read_on(&rebuild->verify)) return false;
    verify_keys_unknown(&rebuild->verify, delete_stray, &strays);
    *ret_deleted = strays.deleted;
    return !strays.away;
}

static bool look_at_all(struct rebuild *rebuild, struct writer *writers) {
    struct verify *verify = &rebuild->verify;
    for (size_t i = 0; i < verify->count; i++) {
        struct writer *writer = &writers[i];
        *writer = (struct writer){.verify = verify, .store = rebuild->store};
        hy_arena_init(&writer->arena);
        hy_buffer_init(&writer->found, CEILING_BYTES);
        hy_buffer_init(&writer->values, CEILING_BYTES);
        verify->parts[i].broken = only >= 0 && only != (int64_t)i;
        if (verify->parts[i].broken) continue;
        writer->part = &verify->parts[i];
        if (!look(writer)) return false;
    }
    return true;
}

static int rebuild_all(struct rebuild *rebuild, struct writer *writers) {
    struct verify *verify = &rebuild->verify;
    uint64_t deleted = 0;
    struct progress clock;
    progress_begin(&clock, "", 0);
    if (!look_at_all(rebuild, writers) || !verify_read_on(verify) || !log_is_good(verify)) return CLI_FAULT;
    if (!write_all(rebuild, writers) || !log_is_good(verify)) return CLI_FAULT;
    if (!delete_strays(rebuild, writers, &deleted)) return CLI_FAULT;
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

static int rebuild_log(const struct cli *cli, struct hy_store *store, const char *log) {
    struct rebuild rebuild = {.verify = {.cli = cli, .brain = brain_of(log), .keep_pages = true},
                              .store = store};
    struct verify *verify = &rebuild.verify;
    uint32_t partitions;
    if (!kafka_topic_partitions(cli, log, &partitions)) return CLI_FAULT;
    verify->count = partitions;
    verify->parts = hy_calloc(partitions, sizeof *verify->parts);
    hy_arena_init(&verify->arena);
    for (uint32_t p = 0; p < partitions; p++)
        verify_part_init(verify, p);
    struct writer *writers = hy_calloc(partitions, sizeof *writers);
    // The process ends soon: what it holds of the members goes with it.
    return rebuild_all(&rebuild, writers);
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    if (log_name != NULL && brain_of(log_name) == NULL) {
        say_error("%s: no such log / 没有该日志", log_name);
        return CLI_USAGE;
    }
    if (!confirmed()) return CLI_USAGE;
    struct hy_store *store = redis_open(cli);
    if (store == NULL) return CLI_FAULT;
    int status = CLI_OK;
    const char *log;
    for (size_t i = 0; status == CLI_OK && (log = brain_log(i)) != NULL; i++) {
        if (log_name == NULL || strcmp(log, log_name) == 0) status = rebuild_log(cli, store, log);
    }
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
