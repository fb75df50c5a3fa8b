// The store on a real Redis: projections, of one owner and of two.
#include "tests/integration/io/redis_probe.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(store_redis_projection, .init = probe_open, .fini = probe_close, .timeout = 60);

Test(store_redis_projection, a_projection_changes_everything_or_nothing) {
    const struct hy_store_set sets[] = {
        {key("a"), text("1"), 0}, {key("b"), text("2"), 60000}, {key("c"), text(""), 0}};
    const struct hy_store_timer timers[] = {{text("m1"), 1000}, {text("m2"), 2000}};
    struct hy_store_projection projection = {
        .watermark_key = key("w"),
        .expected = text("other"),
        .next = text("1"),
        .sets = sets,
        .set_count = 3,
        .timer_key = key("t"),
        .timers = timers,
        .timer_count = 2,
    };
    project(&projection);
    cr_assert(last.status == HY_STORE_STALE && last.count == 1 && last.values[0].data == NULL);
    get("a");
    cr_assert(last.values[0].data == NULL);
    projection.expected = hy_bytes(NULL, 0);
    project(&projection);
    cr_assert(last.status == HY_STORE_OK);
    get("w");
    cr_assert(is(0, "1"));
    get("b");
    cr_assert(is(0, "2"));
    get("c");
    cr_assert(last.values[0].data != NULL && last.values[0].length == 0, "an empty value is a value");
    hy_store_due(store, key("w"), key("t"), 1500, 10, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.count == 2 && is(0, "1") && is(1, "m1"));
    project(&projection);
    cr_assert(last.status == HY_STORE_STALE && is(0, "1"), "the watermark that was found");
}

Test(store_redis_projection, a_projection_without_a_next_leaves_the_watermark) {
    const struct hy_store_set set = {key("a"), text("1"), 0};
    const struct hy_store_projection projection = {.watermark_key = key("w"), .sets = &set, .set_count = 1};
    project(&projection);
    cr_assert(last.status == HY_STORE_OK);
    get("w");
    cr_assert(last.values[0].data == NULL);
    get("a");
    cr_assert(is(0, "1"));
}

Test(store_redis_projection, keys_and_timers_can_be_taken_away) {
    struct hy_store_set set = {key("a"), text("1"), 0};
    struct hy_store_timer timer = {text("m"), 5};
    const struct hy_store_projection projection = {
        .watermark_key = key("w"),
        .sets = &set,
        .set_count = 1,
        .timer_key = key("t"),
        .timers = &timer,
        .timer_count = 1,
    };
    project(&projection);
    set.value = hy_bytes(NULL, 0);
    timer.due_ms = 0;
    project(&projection);
    cr_assert(last.status == HY_STORE_OK);
    get("a");
    cr_assert(last.values[0].data == NULL);
    hy_store_due(store, key("w"), key("t"), 1000, 10, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.count == 1 && last.values[0].data == NULL, "no watermark, no members");
}

Test(store_redis_projection, what_expires_is_gone_in_time) {
    const struct hy_store_set set = {key("a"), text("1"), 100};
    const struct hy_store_projection projection = {.watermark_key = key("w"), .sets = &set, .set_count = 1};
    project(&projection);
    get("a");
    cr_assert(is(0, "1"));
    usleep(200000);
    get("a");
    cr_assert(last.values[0].data == NULL);
}

Test(store_redis_projection, a_projection_of_many_members_fits) {
    const size_t many = 20000;
    struct hy_store_set *sets = calloc(2 * many, sizeof *sets);
    struct hy_store_timer *timers = calloc(many, sizeof *timers);
    char(*names)[96] = calloc(2 * many, sizeof *names);
    for (size_t i = 0; i < 2 * many; i++) {
        snprintf(names[i], sizeof names[i], "%s:m%zu", tag, i);
        // The second half goes away again.
        sets[i] =
            (struct hy_store_set){hy_bytes_of(names[i]), i < many ? text("value") : hy_bytes(NULL, 0), 0};
        if (i < many) timers[i] = (struct hy_store_timer){hy_bytes_of(names[i]), i % 2 == 0 ? 7 : 0};
    }
    const struct hy_store_projection projection = {
        .watermark_key = key("w"),
        .next = text("1"),
        .sets = sets,
        .set_count = 2 * many,
        .timer_key = key("t"),
        .timers = timers,
        .timer_count = many,
    };
    project(&projection);
    cr_assert(last.status == HY_STORE_OK);
    struct hy_bytes *keys = calloc(many, sizeof *keys);
    for (size_t i = 0; i < many; i++) {
        keys[i] = sets[i].key;
    }
    hy_store_get(store, keys, many, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.count == many && is(0, "value"));
    hy_store_due(store, key("w"), key("t"), 10, many, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.count == 1 + many / 2);
    free(sets);
    free(timers);
    free(names);
    free(keys);
}

// What the watermark was when the read was carried out: the first projections may have come before it.
static size_t seen_by_read;

static void see_watermark(void *context, const struct hy_store_answer *answer) {
    heard(context, answer);
    seen_by_read = (size_t)strtoul((const char *)answer->values[0].data, NULL, 10);
}

Test(store_redis_projection, a_read_does_not_wait_for_projections_that_are_not_sent_yet) {
    enum { MANY = 50 };
    const struct hy_bytes watermark = key("w");
    wait_up(store, true);
    for (int i = 0; i < MANY; i++) {
        char before[16] = "";
        char after[16];
        if (i > 0) snprintf(before, sizeof before, "%d", i);
        snprintf(after, sizeof after, "%d", i + 1);
        const struct hy_store_projection next = {
            .watermark_key = watermark, .expected = text(before), .next = text(after)};
        hy_store_project(store, &next, heard, &last);
    }
    hy_store_get(store, &watermark, 1, see_watermark, &last);
    cr_assert_eq(hy_store_pending(store), MANY + 1);
    poll_until(store, MANY + 1);
    cr_assert(seen_by_read > 0 && seen_by_read < 10, "%zu", seen_by_read);
    get("w");
    cr_assert(is(0, "50"), "all projections were made, in their order");
}

static void note_status(void *context, const struct hy_store_answer *answer) {
    *(enum hy_store_status *)context = answer->status;
}

// Both ask for every step; whatever their transactions meet on the way, it is made once.
Test(store_redis_projection, of_two_owners_one_makes_each_step) {
    enum { STEPS = 500 };
    struct hy_store *const owners[] = {store, hy_store_open(getenv("HY_REDIS_URL"))};
    const struct hy_bytes watermark = key("w");
    char now[32] = "";
    wait_up(owners[0], true);
    wait_up(owners[1], true);
    for (int step = 0; step < STEPS; step++) {
        enum hy_store_status statuses[2];
        char next[2][32];
        for (int who = 0; who < 2; who++) {
            snprintf(next[who], sizeof next[who], "%d-%d", step, who);
            const struct hy_store_projection projection = {
                .watermark_key = watermark, .expected = text(now), .next = text(next[who])};
            hy_store_project(owners[who], &projection, note_status, &statuses[who]);
        }
        while (hy_store_pending(owners[0]) + hy_store_pending(owners[1]) > 0) {
            hy_store_poll(owners[0], 0);
            hy_store_poll(owners[1], 0);
        }
        cr_assert((statuses[0] == HY_STORE_OK) != (statuses[1] == HY_STORE_OK));
        get("w");
        snprintf(now, sizeof now, "%.*s", (int)last.values[0].length, (const char *)last.values[0].data);
        cr_assert_str_eq(now, next[statuses[0] == HY_STORE_OK ? 0 : 1]);
    }
    hy_store_close(owners[1]);
}

Test(store_redis_projection, a_projection_that_fails_in_part_is_away) {
    const struct hy_store_set set = {key("t"), text("no sorted set"), 0};
    const struct hy_store_timer timer = {text("m1"), 1000};
    const struct hy_store_projection projection = {.watermark_key = key("w"),
                                                   .next = text("1"),
                                                   .sets = &set,
                                                   .set_count = 1,
                                                   .timer_key = key("t"),
                                                   .timers = &timer,
                                                   .timer_count = 1};
    project(&projection);
    cr_assert(last.status == HY_STORE_AWAY, "who asks for the watermark then learns what has happened");
    wait_up(store, true);
}
