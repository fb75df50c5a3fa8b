#include "tests/integration/io/redis_probe.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"

struct last last;
struct hy_store *store;
char tag[64];

void heard(void *context, const struct hy_store_answer *answer) {
    cr_assert(context == &last);
    last.calls++;
    last.aways += answer->status == HY_STORE_AWAY;
    last.status = answer->status;
    last.count = answer->count;
    for (size_t i = 0; i < answer->count && i < VALUES_LIMIT; i++) {
        size_t length = answer->values[i].length < TEXT_LIMIT ? answer->values[i].length : TEXT_LIMIT;
        if (length > 0) memcpy(last.texts[i], answer->values[i].data, length);
        last.values[i] =
            hy_bytes(answer->values[i].data != NULL ? last.texts[i] : NULL, answer->values[i].length);
    }
}

void poll_until(struct hy_store *of, size_t calls) {
    uint64_t end = hy_clock_monotonic_ns() + UINT64_C(20000000000);
    while (last.calls < calls) {
        hy_store_poll(of, 100);
        cr_assert(hy_clock_monotonic_ns() < end, "no answer");
    }
}

void wait_up(struct hy_store *of, bool up) {
    for (int i = 0; i < 400 && hy_store_connected(of) != up; i++) {
        hy_store_poll(of, 50);
    }
    cr_assert(hy_store_connected(of) == up);
}

struct hy_bytes key(const char *name) {
    static char texts[VALUES_LIMIT][96];
    static int next;
    char *text = texts[next++ % VALUES_LIMIT];
    snprintf(text, sizeof texts[0], "%s:%s", tag, name);
    return hy_bytes_of(text);
}

struct hy_bytes text(const char *value) {
    return hy_bytes_of(value);
}

void get(const char *name) {
    struct hy_bytes one = key(name);
    hy_store_get(store, &one, 1, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.status == HY_STORE_OK && last.count == 1);
}

void project(const struct hy_store_projection *projection) {
    hy_store_project(store, projection, heard, &last);
    poll_until(store, last.calls + 1);
}

bool is(size_t index, const char *value) {
    return index < last.count && hy_bytes_equal(last.values[index], hy_bytes_of(value));
}

void probe_open(void) {
    const char *url = getenv("HY_REDIS_URL");
    cr_assert(url != NULL, "HY_REDIS_URL must name a Redis for these tests");
    snprintf(tag, sizeof tag, "test:{%llx-%x}", (unsigned long long)hy_clock_monotonic_ns(),
             (unsigned)getpid());
    store = hy_store_open(url);
    cr_assert(store != NULL);
}

void probe_close(void) {
    hy_store_close(store);
}
