#include "common/io/clock_follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/store.h"

#define MS INT64_C(1000000)

enum { LOOK_MS = 500, MARK_KEPT_MS = 5000, FIRST_WAIT_MS = 3000, LEAVE_MS = 300, NAME_BYTES = 320 };

struct hy_clock_follow {
    struct hy_store *store;
    char key[NAME_BYTES], mark[NAME_BYTES], none[NAME_BYTES];
    bool asked, answered;
    uint64_t next_ns;
};

// "-7200000" and the like; anything else is no shift.
static int64_t parse(struct hy_bytes text) {
    char digits[24];
    if (text.data == NULL || text.length == 0 || text.length >= sizeof digits) return 0;
    memcpy(digits, text.data, text.length);
    digits[text.length] = '\0';
    return strtoll(digits, NULL, 10);
}

// A write on condition of a key that nobody makes: it always happens, and it expires.
static void leave_mark(struct hy_clock_follow *follow) {
    char value[24];
    snprintf(value, sizeof value, "%" PRId64, hy_clock_shift_ms());
    const struct hy_store_set set = {hy_bytes_of(follow->mark), hy_bytes_of(value), MARK_KEPT_MS};
    const struct hy_store_projection projection = {
        .watermark_key = hy_bytes_of(follow->none), .sets = &set, .set_count = 1};
    hy_store_project(follow->store, &projection, NULL, NULL);
}

static void took(void *context, const struct hy_store_answer *answer) {
    struct hy_clock_follow *follow = context;
    follow->asked = false;
    if (answer->status != HY_STORE_OK) return;
    follow->answered = true;
    int64_t shift_ms = parse(answer->values[0]);
    if (shift_ms != hy_clock_shift_ms()) {
        hy_clock_shift_set_ms(shift_ms);
        hy_log(HY_LOG_WARN, "clock_shifted", "development clock: %" PRId64 " ms from the real time",
               shift_ms);
    }
    leave_mark(follow);
}

void hy_clock_follow_step(struct hy_clock_follow *follow) {
    if (follow == NULL) return;
    hy_store_poll(follow->store, 0);
    uint64_t now_ns = hy_clock_monotonic_ns();
    if (follow->asked || now_ns < follow->next_ns || !hy_store_connected(follow->store)) return;
    follow->asked = true;
    follow->next_ns = now_ns + LOOK_MS * MS;
    struct hy_bytes key = hy_bytes_of(follow->key);
    hy_store_get(follow->store, &key, 1, took, follow);
}

struct hy_clock_follow *hy_clock_follow_start(const char *redis_url, const char *redis_prefix,
                                              const char *instance) {
    struct hy_clock_follow *follow = hy_calloc(1, sizeof *follow);
    snprintf(follow->key, NAME_BYTES, "%s" HY_CLOCK_KEY, redis_prefix);
    snprintf(follow->mark, NAME_BYTES, "%s" HY_CLOCK_MARK "%s", redis_prefix, instance);
    snprintf(follow->none, NAME_BYTES, "%s" HY_CLOCK_KEY ":none", redis_prefix);
    follow->store = hy_store_open(redis_url);
    if (follow->store == NULL) {
        hy_free(follow);
        return NULL;
    }
    uint64_t until_ns = hy_clock_monotonic_ns() + FIRST_WAIT_MS * MS;
    while (!follow->answered && hy_clock_monotonic_ns() < until_ns) {
        hy_clock_follow_step(follow);
        hy_store_poll(follow->store, 20);
    }
    return follow;
}

void hy_clock_follow_stop(struct hy_clock_follow *follow) {
    if (follow == NULL) return;
    struct hy_bytes mark = hy_bytes_of(follow->mark);
    uint64_t until_ns = hy_clock_monotonic_ns() + LEAVE_MS * MS;
    if (hy_store_connected(follow->store)) hy_store_delete(follow->store, &mark, 1, NULL, NULL);
    while (hy_store_pending(follow->store) > 0 && hy_clock_monotonic_ns() < until_ns)
        hy_store_poll(follow->store, 20);
    hy_store_close(follow->store);
    hy_free(follow);
}
