// `clock`: where the development clock of the running system stands, and moving it.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/brains.h"
#include "cli/kafka.h"
#include "cli/redis.h"
#include "common/base/calendar.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/clock_follow.h"

enum {
    NAMES_LIMIT = 256,
    NAME_BYTES = 128,
    FOLLOW_TIMES = 50, // looks until everybody follows
    FOLLOW_PAUSE_NS = 100000000,
};
#define SHIFT_LIMIT_MS (INT64_C(3660) * 24 * 3600 * 1000)

struct names {
    char items[NAMES_LIMIT][NAME_BYTES];
    size_t count;
};

struct clock {
    const struct cli *cli;
    struct hy_store *store;
    struct names followers;
    int64_t shift_ms; // as it stands in Redis
};

static void add_name(struct names *names, const char *text, size_t length) {
    if (names->count == NAMES_LIMIT) return;
    snprintf(names->items[names->count++], NAME_BYTES, "%.*s", (int)length, text);
}

static bool has_name(const struct names *names, const char *name) {
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0) return true;
    }
    return false;
}

static void key_name(const struct clock *clock, const char *rest, char ret_key[512]) {
    snprintf(ret_key, 512, "%s%s", clock->cli->redis_prefix, rest);
}

// --- what Redis says ---

static bool parse(struct hy_bytes value, int64_t *ret_ms) {
    char text[24];
    if (value.data == NULL || value.length >= sizeof text) return false;
    memcpy(text, value.data, value.length);
    text[value.length] = '\0';
    *ret_ms = strtoll(text, NULL, 10);
    return true;
}

static void take_shift(void *context, const struct hy_store_answer *answer) {
    struct clock *clock = context;
    if (!parse(answer->values[0], &clock->shift_ms)) clock->shift_ms = 0;
}

static void take_mark(void *context, struct hy_bytes key) {
    struct clock *clock = context;
    size_t before = strlen(clock->cli->redis_prefix) + strlen(HY_CLOCK_MARK);
    if (key.length > before)
        add_name(&clock->followers, (const char *)key.data + before, key.length - before);
}

static bool look(struct clock *clock) {
    char key[512];
    char pattern[512];
    key_name(clock, HY_CLOCK_KEY, key);
    key_name(clock, HY_CLOCK_MARK "*", pattern);
    struct hy_bytes name = hy_bytes_of(key);
    clock->followers.count = 0;
    return redis_get(clock->cli, clock->store, &name, 1, take_shift, clock) &&
           redis_scan(clock->cli, clock->store, pattern, take_mark, clock);
}

// --- who runs, by the groups in Kafka ---

static void take_member(void *context, const struct hy_admin_member *member, const char *topic,
                        uint32_t partition) {
    (void)topic;
    (void)partition;
    if (!has_name(context, member->client_id))
        add_name(context, member->client_id, strlen(member->client_id));
}

static bool find_running(const struct cli *cli, struct names *running) {
    struct hy_admin *admin = kafka_admin(cli);
    if (admin == NULL) return false;
    enum hy_admin_result result = HY_ADMIN_OK;
    for (size_t i = 0; i < hy_topic_count && result == HY_ADMIN_OK; i++) {
        char group[TOPIC_NAME_BYTES];
        char state[32];
        if (brain_of(hy_topics[i].name) == NULL) continue;
        kafka_topic_name(cli, brain_service(hy_topics[i].name), group);
        result = hy_admin_group(admin, group, take_member, running, state);
    }
    if (result != HY_ADMIN_OK) kafka_complain(cli, admin, result);
    hy_admin_close(admin);
    return result == HY_ADMIN_OK;
}

// A system that was started for real members must not be moved, nor a part of a system.
static bool all_follow(const struct clock *clock) {
    struct names *running = hy_calloc(1, sizeof *running);
    bool good = find_running(clock->cli, running);
    for (size_t i = 0; good && i < running->count; i++) {
        if (has_name(&clock->followers, running->items[i])) continue;
        say_error("%s runs without HY_DEVELOPMENT_CLOCK=true: the clock stays as it is / "
                  "实例 %s 启动时未设置 HY_DEVELOPMENT_CLOCK=true，时钟未改变",
                  running->items[i], running->items[i]);
        good = false;
    }
    hy_free(running);
    if (good && clock->followers.count == 0) {
        say_error("nothing runs that was started with HY_DEVELOPMENT_CLOCK=true / "
                  "没有以 HY_DEVELOPMENT_CLOCK=true 启动的服务在运行");
        good = false;
    }
    return good;
}

// --- moving ---

// "+30d", "-1h", "reset". False: neither.
static bool read_shift(const char *text, int64_t now_ms, int64_t *ret_ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
    if (strcmp(text, "reset") == 0) {
        *ret_ms = 0;
        return true;
    }
    if ((text[0] != '+' && text[0] != '-') || strlen(text) > 12) return false;
    char *end;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end == text + 1 || strcmp(end, units[i].unit) != 0) continue;
        *ret_ms = now_ms + number * units[i].ms;
        return *ret_ms <= SHIFT_LIMIT_MS && *ret_ms >= -SHIFT_LIMIT_MS;
    }
    return false;
}

struct marks {
    size_t following, count;
    int64_t shift_ms;
};

static void take_marks(void *context, const struct hy_store_answer *answer) {
    struct marks *marks = context;
    for (size_t i = 0; i < marks->count; i++) {
        int64_t shift_ms;
        bool gone = !parse(answer->values[i], &shift_ms);
        marks->following += gone || shift_ms == marks->shift_ms;
    }
}

// Until every process says that it follows.
static bool await(struct clock *clock, int64_t shift_ms) {
    struct marks marks = {.count = clock->followers.count, .shift_ms = shift_ms};
    char(*keys)[512] = hy_calloc(marks.count + 1, sizeof *keys);
    struct hy_bytes *names = hy_calloc(marks.count + 1, sizeof *names);
    bool good = true;
    for (size_t i = 0; i < marks.count; i++) {
        snprintf(keys[i], sizeof keys[i], "%s" HY_CLOCK_MARK "%s", clock->cli->redis_prefix,
                 clock->followers.items[i]);
        names[i] = hy_bytes_of(keys[i]);
    }
    for (int i = 0; good && i < FOLLOW_TIMES && marks.following < marks.count; i++) {
        if (i > 0) nanosleep(&(struct timespec){.tv_nsec = FOLLOW_PAUSE_NS}, NULL);
        marks.following = 0;
        good = redis_get(clock->cli, clock->store, names, marks.count, take_marks, &marks);
    }
    hy_free(keys);
    hy_free(names);
    if (good && marks.following < marks.count)
        say_error("some processes do not follow yet / 部分进程尚未跟随");
    return good && marks.following == marks.count;
}

static void written(void *context, const struct hy_store_answer *answer) {
    *(bool *)context = answer->status == HY_STORE_OK;
}

static bool write_shift(const struct clock *clock, int64_t shift_ms) {
    char key[512];
    char none[512]; // a key that nobody makes: the write always happens
    char value[24];
    bool good = false;
    key_name(clock, HY_CLOCK_KEY, key);
    key_name(clock, HY_CLOCK_KEY ":none", none);
    snprintf(value, sizeof value, "%" PRId64, shift_ms);
    const struct hy_store_set set = {.key = hy_bytes_of(key), .value = hy_bytes_of(value)};
    const struct hy_store_projection projection = {
        .watermark_key = hy_bytes_of(none), .sets = &set, .set_count = 1};
    hy_store_project(clock->store, &projection, written, &good);
    while (hy_store_pending(clock->store) > 0)
        hy_store_poll(clock->store, 100);
    if (!good) say_away("Redis", "HY_REDIS_URL");
    return good;
}

// --- the command ---

static void show(const struct clock *clock) {
    char now[25];
    char real[25];
    int64_t real_ms = hy_clock_now_ms();
    hy_time_format(real_ms + clock->shift_ms, now);
    hy_time_format(real_ms, real);
    printf("%s  shifted by 偏移 %+.2f h (real 实际 %s), %zu processes follow 个进程跟随\n", now,
           (double)clock->shift_ms / 3600000.0, real, clock->followers.count);
}

static int move(struct clock *clock, const char *text) {
    int64_t shift_ms;
    if (!read_shift(text, clock->shift_ms, &shift_ms)) {
        say_error(
            "%s: +30d, -2h, +15m, +10s or reset is wanted, within ten years / 应为 +30d、-2h、+15m、+10s "
            "或 reset，不超过十年",
            text);
        return CLI_USAGE;
    }
    if (!all_follow(clock) || !write_shift(clock, shift_ms) || !await(clock, shift_ms)) return CLI_FAULT;
    clock->shift_ms = shift_ms;
    return CLI_OK;
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    const char *setting = getenv("HY_DEVELOPMENT_CLOCK");
    bool allowed = setting != NULL && (strcmp(setting, "true") == 0 || strcmp(setting, "1") == 0);
    if (count > 0 && !allowed) {
        say_error(
            "only a development system has a clock that can be moved: HY_DEVELOPMENT_CLOCK=true says that "
            "this is one / 仅开发环境可调整时钟，须设置 HY_DEVELOPMENT_CLOCK=true");
        return CLI_USAGE;
    }
    struct clock *clock = hy_calloc(1, sizeof *clock);
    clock->cli = cli;
    clock->store = redis_open(cli);
    int status = clock->store != NULL && look(clock) ? CLI_OK : CLI_FAULT;
    if (status == CLI_OK && count > 0) status = move(clock, arguments[0]);
    if (status == CLI_OK) show(clock);
    if (clock->store != NULL) hy_store_close(clock->store);
    hy_free(clock);
    return status;
}

const struct cli_command command_clock = {
    .name = "clock",
    .arguments = "[SHIFT]",
    .english = "development only: the system's clock, and moving it",
    .chinese = "仅限开发环境：查看或调整系统时钟",
    .more =
        "SHIFT is +30d, +2h, -1h, +15m, +10s from where the clock is now, or reset. Refused unless "
        "HY_DEVELOPMENT_CLOCK=true\nhere and in every running process. Returns when all of them follow. What "
        "was recorded stays: after going back,\nrecorded time stands still until it is reached again.\n"
        "SHIFT 为相对当前时钟的偏移，或 reset；本命令与所有运行中的进程都须设置 HY_DEVELOPMENT_CLOCK=true。",
    .argument_max = 1,
    .run = run,
};
