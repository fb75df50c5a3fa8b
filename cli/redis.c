#include "cli/redis.h"

#include <string.h>

#include "common/io/clock.h"

enum { TIMEOUT_MS = 10000 };

// The part of the URL that may be shown: without the password.
static const char *shown(const struct cli *cli) {
    const char *at = strrchr(cli->redis_url, '@');
    return at == NULL ? cli->redis_url : at + 1;
}

static bool wait_for(const struct cli *cli, struct hy_store *store, const bool *done) {
    uint64_t until_ns = hy_clock_monotonic_ns() + TIMEOUT_MS * UINT64_C(1000000);
    while (!*done && hy_clock_monotonic_ns() < until_ns)
        hy_store_poll(store, 100);
    if (!*done) say_away("Redis", shown(cli));
    return *done;
}

struct hy_store *redis_open(const struct cli *cli) {
    struct hy_store *store = hy_store_open(cli->redis_url);
    if (store == NULL) {
        say_error("HY_REDIS_URL cannot be used: redis://[:password@]host:port/db / 无法使用该设置");
        return NULL;
    }
    uint64_t until_ns = hy_clock_monotonic_ns() + TIMEOUT_MS * UINT64_C(1000000);
    while (!hy_store_connected(store) && hy_clock_monotonic_ns() < until_ns)
        hy_store_poll(store, 50);
    if (hy_store_connected(store)) return store;
    say_away("Redis", shown(cli));
    hy_store_close(store);
    return NULL;
}

struct waiting {
    hy_store_done done;
    void *context;
    bool answered, away;
};

static void on_answer(void *context, const struct hy_store_answer *answer) {
    struct waiting *waiting = context;
    waiting->answered = true;
    waiting->away = answer->status == HY_STORE_AWAY;
    if (!waiting->away && waiting->done != NULL) waiting->done(waiting->context, answer);
}

static bool finish(const struct cli *cli, struct hy_store *store, struct waiting *waiting) {
    if (!wait_for(cli, store, &waiting->answered)) return false;
    if (waiting->away) say_away("Redis", shown(cli));
    return !waiting->away;
}

bool redis_get(const struct cli *cli, struct hy_store *store, const struct hy_bytes *keys, size_t count,
               hy_store_done done, void *context) {
    struct waiting waiting = {.done = done, .context = context};
    hy_store_get(store, keys, count, on_answer, &waiting);
    return finish(cli, store, &waiting);
}

bool redis_delete(const struct cli *cli, struct hy_store *store, const struct hy_bytes *keys, size_t count) {
    struct waiting waiting = {0};
    hy_store_delete(store, keys, count, on_answer, &waiting);
    return finish(cli, store, &waiting);
}

// --- walking over keys ---

enum { CURSOR_BYTES = 32 };

struct scan {
    redis_found found; // NULL: whether there is any is all that is asked
    void *context;
    bool any;
    char cursor[CURSOR_BYTES];
};

static void on_keys(void *context, const struct hy_store_answer *answer) {
    struct scan *scan = context;
    size_t length = answer->values[0].length < CURSOR_BYTES - 1 ? answer->values[0].length : CURSOR_BYTES - 1;
    memcpy(scan->cursor, answer->values[0].data, length);
    scan->cursor[length] = '\0';
    scan->any |= answer->count > 1;
    for (size_t i = 1; i < answer->count && scan->found != NULL; i++)
        scan->found(scan->context, answer->values[i]);
}

static bool scan_on(const struct cli *cli, struct hy_store *store, const char *pattern, struct scan *scan) {
    do {
        char cursor[CURSOR_BYTES];
        memcpy(cursor, scan->cursor, sizeof cursor);
        struct waiting waiting = {.done = on_keys, .context = scan};
        hy_store_scan(store, hy_bytes_of(cursor), hy_bytes_of(pattern), on_answer, &waiting);
        if (!finish(cli, store, &waiting)) return false;
    } while (strcmp(scan->cursor, "0") != 0 && (scan->found != NULL || !scan->any));
    return true;
}

bool redis_scan(const struct cli *cli, struct hy_store *store, const char *pattern, redis_found found,
                void *context) {
    struct scan scan = {.found = found, .context = context, .cursor = "0"};
    return scan_on(cli, store, pattern, &scan);
}

bool redis_any(const struct cli *cli, struct hy_store *store, const char *pattern, bool *ret_any) {
    struct scan scan = {.cursor = "0"};
    bool good = scan_on(cli, store, pattern, &scan);
    *ret_any = scan.any;
    return good;
}

// --- without waiting for each ---

void redis_wait(struct hy_store *store, size_t most) {
    while (hy_store_pending(store) > most)
        hy_store_poll(store, 100);
}

void redis_say_away(const struct cli *cli) {
    say_away("Redis", shown(cli));
}
