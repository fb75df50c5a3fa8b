// `import purchases`: a file of purchases → topic `purchases`. Can be broken off at any moment and goes on
// where it was; what is sent twice counts once.
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/import_item.h"
#include "cli/import_rejects.h"
#include "cli/import_send.h"
#include "cli/import_state.h"
#include "cli/progress.h"
#include "common/base/memory.h"

enum { PATH_BYTES = 4096, LOOK_EVERY = 256 };

static const char *format, *rejects_path;
static bool restart, check_only, ignore_columns;

static const struct cli_option options[] = {
    {"format", 0, CLI_TEXT, "csv|ndjson", "default: by the file's name 默认按扩展名判断", 0, 0, &format},
    {"rejects", 0, CLI_TEXT, "PATH", "default: FILE.rejects.csv; - is stderr 被拒数据写到此文件", 0, 0,
     &rejects_path},
    {"restart", 0, CLI_SWITCH, NULL, "from the beginning, whatever was sent before 从头开始", 0, 0, &restart},
    {"check", 0, CLI_SWITCH, NULL, "only check, send nothing 只检查，不发送", 0, 0, &check_only},
    {"ignore-columns", 0, CLI_SWITCH, NULL, "leave columns out that are not known 忽略未知的列", 0, 0,
     &ignore_columns},
};

struct import {
    const struct cli *cli;
    const char *path;
    char rejects_path[PATH_BYTES], state_path[PATH_BYTES]; // state_path "": none is kept
    struct source source;
    struct import_reader *reader;
    struct import_sender *sender; // NULL: --check
    struct import_rejects rejects;
    struct import_state state;
    struct import_place here;  // behind what was read
    struct import_place began; // where this run began
    struct progress progress;
    struct hy_arena arena;
    uint8_t *message;
    size_t message_capacity;
    uint32_t partitions;
    bool finished_before;
};

// --- where to begin ---

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool find_format(const char *path) {
    if (format == NULL && ends_with(path, ".csv")) format = "csv";
    if (format == NULL &&
        (ends_with(path, ".ndjson") || ends_with(path, ".jsonl") || ends_with(path, ".json")))
        format = "ndjson";
    if (format != NULL && (strcmp(format, "csv") == 0 || strcmp(format, "ndjson") == 0)) return true;
    say_error("%s: say which format it is: --format csv or --format ndjson / 请用 --format 指定格式", path);
    return false;
}

static void name_files(struct import *import) {
    bool is_stdin = strcmp(import->path, "-") == 0;
    snprintf(import->rejects_path, PATH_BYTES, "%s%s", import->path, is_stdin ? "" : ".rejects.csv");
    if (rejects_path != NULL) snprintf(import->rejects_path, PATH_BYTES, "%s", rejects_path);
    import->rejects.path = import->rejects_path;
    if (!is_stdin && !check_only)
        snprintf(import->state_path, PATH_BYTES, "%s.huiyuan-progress", import->path);
}

// A place is good for the Kafka that acknowledged it, as long as that has what it acknowledged.
static bool still_there(struct import *import, struct hy_admin *admin, const struct import_state *found) {
    int64_t low;
    int64_t high;
    if (strcmp(found->cluster, import->state.cluster) != 0 || strcmp(found->topic, import->state.topic) != 0)
        return false;
    if (found->offset < 0) return true;
    return found->partition < import->partitions &&
           hy_admin_range(admin, found->topic, found->partition, &low, &high) == HY_ADMIN_OK &&
           high > found->offset;
}

static void find_place(struct import *import, struct hy_admin *admin) {
    struct import_state found;
    hy_admin_cluster(admin, import->state.cluster, sizeof import->state.cluster);
    kafka_topic_name(import->cli, "purchases", import->state.topic);
    if (restart || import->state_path[0] == '\0' || !import_state_load(import->state_path, &found)) return;
    if (!import_state_same_file(&found, &import->state) || !still_there(import, admin, &found)) return;
    import->state = found;
    import->finished_before = found.finished;
}

static bool prepare_kafka(struct import *import) {
    struct hy_admin *admin = kafka_admin(import->cli);
    if (admin == NULL) return false;
    bool good = kafka_partitions(import->cli, admin, "purchases", &import->partitions);
    if (good) find_place(import, admin);
    hy_admin_close(admin);
    return good;
}

static bool open_reader(struct import *import) {
    struct import_place *place = &import->state.place;
    if (!source_open(&import->source, import->path)) return false;
    import->reader = strcmp(format, "csv") == 0 ? import_rows_open(&import->source, ignore_columns)
                                                : import_lines_open(&import->source);
    if (import->reader == NULL) return false;
    import->here = import->began = *place;
    import->rejects.bytes = place->rejects_bytes;
    return place->offset == 0 || import_reader_go_on(import->reader, place->offset, place->line);
}

// --- while it goes ---

static void show(struct import *import) {
    char detail[160];
    double seconds = progress_seconds(&import->progress);
    uint64_t rows = import->here.rows - import->began.rows;
    snprintf(detail, sizeof detail,
             "%" PRIu64 " purchases 笔, %" PRIu64 " rows 行, %.0f rows/s, %" PRIu64 " rejected 被拒",
             import->here.purchases, import->here.rows, (double)rows / seconds, import->here.rejected);
    progress_show(&import->progress, import->here.offset, import->state.file_bytes, detail);
}

// Only what is settled, and only when the rejects before it are on the disk.
static bool save_place(struct import *import, bool finished) {
    struct import_state *state = &import->state;
    if (import->sender == NULL || import->state_path[0] == '\0') return true;
    if (!import_sender_settled(import->sender, &state->place, &state->partition, &state->offset)) return true;
    state->finished = finished;
    if (!import_rejects_flush(&import->rejects)) return false;
    if (import_state_save(import->state_path, state)) return true;
    say_error("%s: %s; the import goes on, but could not be resumed / 无法写入断点文件，导入继续，但不能续传",
              import->state_path, strerror(errno));
    import->state_path[0] = '\0';
    return true;
}

static struct hy_bytes pack(struct import *import, Huiyuan__V1__Purchase *purchase) {
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event.purchase = purchase;
    size_t size = huiyuan__v1__store_event__get_packed_size(&event);
    if (size > import->message_capacity) {
        import->message_capacity = size * 2;
        import->message = hy_realloc(import->message, import->message_capacity);
    }
    huiyuan__v1__store_event__pack(&event, import->message);
    return hy_bytes(import->message, size);
}

static bool deliver(struct import *import, const struct import_item *item) {
    struct import_place *here = &import->here;
    here->offset = item->end;
    here->line = item->next_line;
    here->rows += item->rows;
    if (item->error.code != HY_OK) {
        here->rejected++;
        if (!import_rejects_add(&import->rejects, item)) return false;
        here->rejects_bytes = import->rejects.bytes;
        return import->sender == NULL || import_sender_skip(import->sender, here);
    }
    here->purchases++;
    if (import->sender == NULL) return true;
    return import_sender_send(import->sender, item->purchase->member_id, pack(import, item->purchase), here);
}

static void check_size(struct import_item *item, struct import *import) {
    if (item->error.code == HY_OK && pack(import, item->purchase).length > HY_MESSAGE_LIMIT_BYTES)
        item->error = (struct hy_error){HY_TOO_LARGE, NULL, NULL};
}

static bool read_all(struct import *import) {
    struct import_item item;
    for (uint64_t n = 1; import_reader_next(import->reader, &import->arena, &item); n++) {
        check_size(&item, import);
        if (!deliver(import, &item)) return false;
        hy_arena_reset(&import->arena);
        if (n % LOOK_EVERY != 0 || !progress_due(&import->progress)) continue;
        show(import);
        if (!save_place(import, false)) return false;
    }
    return !import->source.failed;
}

// --- the whole ---

static int report(struct import *import, bool good) {
    const struct import_place *here = &import->here;
    double seconds = progress_seconds(&import->progress);
    if (!good) {
        say_error("broken off; the same command goes on where it was / 导入中断，重新执行同一命令即可续传");
        return CLI_FAULT;
    }
    printf("%s: %" PRIu64 " purchases 笔消费 (%" PRIu64 " rows 行) %s, %.1f s, %.0f rows/s\n", import->path,
           here->purchases, here->rows, import->sender == NULL ? "good 检查通过" : "sent 已发送", seconds,
           (double)(here->rows - import->began.rows) / seconds);
    if (here->rejected == 0) return CLI_OK;
    say_error("%" PRIu64 " purchases were not %s; the reasons are in %s / %" PRIu64
              " 笔未通过检查，原因见 %s",
              here->rejected, import->sender == NULL ? "good" : "sent", import->rejects_path, here->rejected,
              import->rejects_path);
    return CLI_PARTLY;
}

static int finished_before(const struct import *import) {
    const struct import_place *place = &import->state.place;
    printf("%s: was sent already, %" PRIu64 " purchases, %" PRIu64
           " rejected; --restart sends it again / 此前已全部导入，--restart 可重新发送\n",
           import->path, place->purchases, place->rejected);
    return place->rejected == 0 ? CLI_OK : CLI_PARTLY;
}

static int transfer(struct import *import) {
    if (!check_only) import->sender = import_sender_open(import->cli, import->partitions);
    if (!check_only && import->sender == NULL) return CLI_USAGE;
    hy_arena_init(&import->arena);
    if (import->began.offset > 0)
        fprintf(stderr, "going on at line %" PRIu64 " of %s / 从第 %" PRIu64 " 行续传\n", import->began.line,
                import->path, import->began.line);
    progress_begin(&import->progress, check_only ? "checking 检查" : "importing 导入", import->began.offset);
    bool read = read_all(import);
    bool sent = import->sender == NULL || import_sender_finish(import->sender);
    progress_end(&import->progress);
    if (!sent) say_away("Kafka", import->cli->brokers);
    bool saved = save_place(import, read && sent);
    hy_arena_free(&import->arena);
    hy_free(import->message);
    return report(import, read && sent && saved);
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    static struct import import;
    import.cli = cli;
    import.path = arguments[0];
    bool is_stdin = strcmp(import.path, "-") == 0;
    if (!find_format(import.path)) return CLI_USAGE;
    if (!is_stdin && !import_state_of(import.path, &import.state)) return CLI_FAULT;
    if (is_stdin) import.state.offset = -1;
    name_files(&import);
    if (!check_only && !prepare_kafka(&import)) return CLI_FAULT;
    if (import.finished_before) return finished_before(&import);
    int status = open_reader(&import) ? transfer(&import) : CLI_FAULT;
    if (import.sender != NULL) import_sender_close(import.sender);
    if (import.reader != NULL) import_reader_close(import.reader);
    if (import.source.data != NULL) source_close(&import.source);
    import_rejects_close(&import.rejects);
    return status;
}

const struct cli_command command_import_purchases = {
    .name = "import purchases",
    .arguments = "FILE",
    .english = "send a file of purchases, CSV or NDJSON",
    .chinese = "导入消费数据（CSV 或 NDJSON）",
    .more =
        "CSV (UTF-8, with a header), one row a line of a purchase; the rows of a purchase stand together:\n"
        "  purchase_id, member_id, store_id, channel (STORE, ONLINE, APP, MINI_PROGRAM, PARTNER),\n"
        "  occurred_at (2026-11-22T14:03:00+08:00) or occurred_at_ms, line_id,\n"
        "  paid (yuan, two decimals) or paid_fen; optional: sku, category, brand, quantity, currency,\n"
        "  payment_method (CASH, CARD, WECHAT, ALIPAY, OTHER_MONEY, GIFT_CARD, POINTS_PAID, STORED_VALUE)\n"
        "NDJSON: one purchase a line, as in POST /v1/purchases. FILE - is stdin.\n\n"
        "Broken off, the same command goes on where it was (FILE.huiyuan-progress). A purchase with a fault "
        "is\n"
        "not sent as a whole; FILE.rejects.csv says why. Exit status 3: some were rejected.\n\n"
        "CSV（UTF-8，含表头），每行一个商品，同一笔消费的各行须相邻；NDJSON 每行一笔消费。\n"
        "中断后重新执行同一命令即可续传。有错误的消费整笔不发送，原因写入 FILE.rejects.csv，退出码为 3。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
