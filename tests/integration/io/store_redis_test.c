// The store on a real Redis: requests, walks, what is published.
#include "tests/integration/io/redis_probe.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(store_redis, .init = probe_open, .fini = probe_close, .timeout = 60);

Test(store_redis, the_first_request_need_not_wait_for_the_connection) {
    const struct hy_store_projection first = {.watermark_key = key("w"), .next = text("1")};
    hy_store_project(store, &first, heard, &last);
    struct hy_bytes keys[] = {key("w"), key("none")};
    hy_store_get(store, keys, 2, heard, &last);
    cr_assert(hy_store_pending(store) == 2);
    poll_until(store, 2);
    cr_assert(last.status == HY_STORE_OK && last.count == 2 && is(0, "1") && last.values[1].data == NULL);
    cr_assert(hy_store_pending(store) == 0 && hy_store_connected(store));
}

Test(store_redis, due_members_come_earliest_first_and_no_more_than_asked_for) {
    const struct hy_store_timer timers[] = {
        {text("late"), 3000}, {text("early"), 1000}, {text("middle"), 2000}};
    const struct hy_store_projection projection = {
        .watermark_key = key("w"),
        .next = text("9"),
        .timer_key = key("t"),
        .timers = timers,
        .timer_count = 3,
    };
    project(&projection);
    hy_store_due(store, key("w"), key("t"), 5000, 2, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.count == 3 && is(0, "9") && is(1, "early") && is(2, "middle"));
}

enum { MEMBERS = 3000 };

static struct {
    bool met[MEMBERS];
    char cursor[24];
    int steps;
} walk;

static void walked(void *context, const struct hy_store_answer *answer) {
    heard(context, answer);
    for (size_t i = 2; i < answer->count; i++)
        walk.met[strtoul((const char *)answer->values[i].data + 1, NULL, 10) % MEMBERS] = true;
    snprintf(walk.cursor, sizeof walk.cursor, "%.*s", (int)answer->values[1].length,
             (const char *)answer->values[1].data);
    walk.steps++;
}

Test(store_redis, a_walk_meets_everybody_with_a_timer) {
    static char names[MEMBERS][16];
    static struct hy_store_timer timers[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        timers[i] = (struct hy_store_timer){text(names[i]), 1000 + i};
    }
    const struct hy_store_projection projection = {.watermark_key = key("w"),
                                                   .next = text("9"),
                                                   .timer_key = key("t"),
                                                   .timers = timers,
                                                   .timer_count = MEMBERS};
    project(&projection);
    strcpy(walk.cursor, "0");
    do {
        char cursor[sizeof walk.cursor];
        memcpy(cursor, walk.cursor, sizeof cursor);
        hy_store_walk(store, key("w"), key("t"), text(cursor), walked, &last);
        poll_until(store, last.calls + 1);
        cr_assert(last.status == HY_STORE_OK && last.count >= 2 && is(0, "9"));
    } while (strcmp(walk.cursor, "0") != 0);
    cr_assert(walk.steps > 1);
    for (int i = 0; i < MEMBERS; i++)
        cr_assert(walk.met[i]);
}

Test(store_redis, values_are_binary) {
    const uint8_t bytes[] = {0, '\r', '\n', 255, 0};
    const struct hy_store_set set = {key("a"), hy_bytes(bytes, sizeof bytes), 0};
    const struct hy_store_projection projection = {
        .watermark_key = key("w"),
        .next = hy_bytes(bytes, sizeof bytes),
        .sets = &set,
        .set_count = 1,
    };
    project(&projection);
    struct hy_store_projection again = projection;
    again.expected = hy_bytes(bytes, sizeof bytes);
    project(&again);
    cr_assert(last.status == HY_STORE_OK && hy_bytes_equal(last.values[0], again.expected));
    get("a");
    cr_assert(hy_bytes_equal(last.values[0], set.value));
}

Test(store_redis, who_writes_first_is_kept) {
    hy_store_put_new(store, key("a"), text("mine"), 60000, heard, &last);
    poll_until(store, 1);
    cr_assert(is(0, "mine"));
    hy_store_put_new(store, key("a"), text("other"), 0, heard, &last);
    poll_until(store, 2);
    cr_assert(is(0, "mine"));
}

static size_t scanned;
static char cursor[32];

static void note_scanned(void *context, const struct hy_store_answer *answer) {
    (void)context;
    cr_assert(answer->status == HY_STORE_OK && answer->count >= 1);
    scanned += answer->count - 1;
    snprintf(cursor, sizeof cursor, "%.*s", (int)answer->values[0].length,
             (const char *)answer->values[0].data);
}

Test(store_redis, a_walk_finds_every_key_of_a_pattern_and_deletion_removes_them) {
    const struct hy_store_set sets[] = {
        {key("s1"), text("1"), 0}, {key("s2"), text("2"), 0}, {key("x"), text("3"), 0}};
    const struct hy_store_projection projection = {.watermark_key = key("w"), .sets = sets, .set_count = 3};
    project(&projection);
    snprintf(cursor, sizeof cursor, "0");
    struct hy_bytes pattern = key("s*");
    do {
        hy_store_scan(store, text(cursor), pattern, note_scanned, NULL);
        while (hy_store_pending(store) > 0) {
            hy_store_poll(store, 100);
        }
    } while (strcmp(cursor, "0") != 0);
    cr_assert(scanned == 2, "%zu", scanned);
    const struct hy_bytes gone[] = {sets[0].key, sets[1].key};
    hy_store_delete(store, gone, 2, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.status == HY_STORE_OK && last.count == 0);
    get("s1");
    cr_assert(last.values[0].data == NULL);
}

Test(store_redis, no_keys_is_a_question_with_an_empty_answer) {
    hy_store_get(store, NULL, 0, heard, &last);
    hy_store_delete(store, NULL, 0, heard, &last);
    poll_until(store, 2);
    cr_assert(last.aways == 0 && last.count == 0 && last.status == HY_STORE_OK);
}

Test(store_redis, a_listener_hears_what_projections_publish) {
    struct hy_store *listener = hy_store_open(getenv("HY_REDIS_URL"));
    hy_store_subscribe(listener, key("news"), heard, &last);
    poll_until(listener, 1);
    cr_assert(last.status == HY_STORE_OK && last.count == 0, "subscribed");
    const struct hy_store_publish publishes[] = {{key("news"), text("hello")},
                                                 {key("other"), text("nothing")}};
    const struct hy_store_projection projection = {
        .watermark_key = key("w"),
        .next = text("1"),
        .publishes = publishes,
        .publish_count = 2,
    };
    hy_store_project(store, &projection, heard, &last);
    poll_until(store, 2);
    cr_assert(last.status == HY_STORE_OK);
    poll_until(listener, 3);
    cr_assert(is(0, "hello"));
    struct hy_store_projection stale = projection;
    hy_store_project(store, &stale, heard, &last);
    poll_until(store, 4);
    cr_assert(last.status == HY_STORE_STALE);
    hy_store_poll(listener, 200);
    cr_assert(last.calls == 4, "what is stale is not published");
    hy_store_close(listener);
}

Test(store_redis_url, what_is_no_url_of_redis_is_not_understood) {
    const char *bad[] = {"",
                         "localhost",
                         "http://localhost",
                         "redis://",
                         "redis://host:port",
                         "redis://host:70000",
                         "redis://host/x",
                         "redis://password@host",
                         "redis://[::1",
                         "unix://relative",
                         "unix:///",
                         "unix:///s?x=1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(hy_store_open(bad[i]) == NULL, "%s", bad[i]);
    }
}
