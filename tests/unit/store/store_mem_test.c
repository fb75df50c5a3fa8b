#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>

#include "common/io/store_mem.h"

enum { VALUES_LIMIT = 16, TEXT_LIMIT = 32 };

static struct hy_mem_table *table;
static struct hy_store *store;
static enum hy_mem_request_fate fate;

// The last answer, copied.
static struct {
    size_t calls;
    enum hy_store_status status;
    size_t count;
    bool there[VALUES_LIMIT];
    char texts[VALUES_LIMIT][TEXT_LIMIT];
} last;

static void heard(void *context, const struct hy_store_answer *answer) {
    (void)context;
    last.calls++;
    last.status = answer->status;
    last.count = answer->count;
    for (size_t i = 0; i < answer->count && i < VALUES_LIMIT; i++) {
        last.there[i] = answer->values[i].data != NULL;
        snprintf(last.texts[i], TEXT_LIMIT, "%.*s", (int)answer->values[i].length,
                 last.there[i] ? (const char *)answer->values[i].data : "");
    }
}

static enum hy_mem_request_fate chosen(void *context, struct hy_store *of) {
    cr_assert(context == &fate && of == store);
    return fate;
}

static void setup(void) {
    table = hy_mem_table_new();
    hy_store_mem_use(table);
    store = hy_store_open("");
    cr_assert(store != NULL);
    hy_mem_table_choose(table, chosen, &fate);
}

static void teardown(void) {
    hy_store_close(store);
    hy_mem_table_free(table);
}

static struct hy_bytes text(const char *value) {
    return hy_bytes_of(value);
}

static bool is(size_t index, const char *value) {
    return index < last.count && last.there[index] && hy_bytes_equal(text(last.texts[index]), text(value));
}

static void get(const char *key) {
    struct hy_bytes one = text(key);
    hy_store_get(store, &one, 1, heard, NULL);
    hy_store_poll(store, 0);
}

static const struct hy_store_set SETS[] = {
    {{(const uint8_t *)"a", 1}, {(const uint8_t *)"1", 1}, 0},
    {{(const uint8_t *)"b", 1}, {(const uint8_t *)"2", 1}, 100},
};

static const struct hy_store_timer TIMERS[] = {
    {{(const uint8_t *)"late", 4}, 3000},
    {{(const uint8_t *)"early", 5}, 1000},
    {{(const uint8_t *)"middle", 6}, 2000},
};

static struct hy_store_projection projection(const char *expected, const char *next) {
    return (struct hy_store_projection){
        .watermark_key = text("w"),
        .expected = text(expected),
        .next = text(next),
        .sets = SETS,
        .set_count = 2,
        .timer_key = text("t"),
        .timers = TIMERS,
        .timer_count = 3,
    };
}

static void project(const char *expected, const char *next) {
    const struct hy_store_projection one = projection(expected, next);
    hy_store_project(store, &one, heard, NULL);
    hy_store_poll(store, 0);
}

TestSuite(store_mem, .init = setup, .fini = teardown);

Test(store_mem, answers_come_out_of_a_poll_in_the_order_of_the_requests) {
    const struct hy_store_projection one = projection("", "1");
    hy_store_project(store, &one, heard, NULL);
    struct hy_bytes keys[] = {text("w"), text("none"), text("a")};
    hy_store_get(store, keys, 3, heard, NULL);
    cr_assert(last.calls == 0 && hy_store_pending(store) == 2);
    cr_assert(hy_store_poll(store, 0) == 2 && hy_store_pending(store) == 0);
    cr_assert(last.count == 3 && is(0, "1") && !last.there[1] && is(2, "1"));
}

Test(store_mem, a_projection_changes_everything_or_nothing) {
    project("other", "1");
    cr_assert(last.status == HY_STORE_STALE && last.count == 1 && !last.there[0]);
    cr_assert(hy_mem_table_count(table) == 0);
    project("", "1");
    cr_assert(last.status == HY_STORE_OK && hy_mem_table_count(table) == 4);
    project("", "2");
    cr_assert(last.status == HY_STORE_STALE && is(0, "1"));
    project("1", "2");
    cr_assert(last.status == HY_STORE_OK && is(0, "1"));
    get("w");
    cr_assert(is(0, "2"));
}

Test(store_mem, a_projection_without_a_next_leaves_the_watermark) {
    struct hy_store_projection one = projection("", "");
    one.next = hy_bytes(NULL, 0);
    hy_store_project(store, &one, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(last.status == HY_STORE_OK && hy_mem_table_get(table, text("w")).data == NULL);
    cr_assert(hy_mem_table_get(table, text("a")).data != NULL);
}

Test(store_mem, keys_and_timers_can_be_taken_away) {
    project("", "1");
    struct hy_store_projection one = projection("1", "2");
    const struct hy_store_set gone = {text("a"), hy_bytes(NULL, 0), 0};
    const struct hy_store_timer never = {text("early"), 0};
    one.sets = &gone;
    one.set_count = 1;
    one.timers = &never;
    one.timer_count = 1;
    hy_store_project(store, &one, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(hy_mem_table_get(table, text("a")).data == NULL);
    cr_assert(hy_mem_table_due(table, text("t"), text("early")) == 0);
    cr_assert(hy_mem_table_due(table, text("t"), text("late")) == 3000);
}

Test(store_mem, due_members_come_earliest_first_with_the_watermark) {
    project("", "1");
    hy_store_due(store, text("w"), text("t"), 2500, 10, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(last.count == 3 && is(0, "1") && is(1, "early") && is(2, "middle"));
    hy_store_due(store, text("w"), text("t"), 2500, 1, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(last.count == 2 && is(1, "early"));
}

Test(store_mem, a_walk_meets_everybody_with_a_timer) {
    project("", "1");
    hy_store_walk(store, text("w"), text("t"), text("0"), heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(last.count == 5 && is(0, "1") && is(1, "0"));
}

Test(store_mem, what_expires_is_gone_in_time) {
    hy_mem_table_set_time(table, 1000);
    project("", "1");
    hy_mem_table_set_time(table, 1099);
    get("b");
    cr_assert(is(0, "2"));
    hy_mem_table_set_time(table, 1100);
    get("b");
    cr_assert(!last.there[0]);
}

Test(store_mem, who_writes_first_is_kept) {
    hy_store_put_new(store, text("k"), text("mine"), 0, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(is(0, "mine"));
    hy_store_put_new(store, text("k"), text("other"), 0, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(is(0, "mine"));
}

Test(store_mem, a_walk_finds_every_key_of_a_pattern) {
    char key[32];
    for (int i = 0; i < 35; i++) {
        snprintf(key, sizeof key, "%s{1}%d", i % 5 == 0 ? "yes" : "no", i);
        hy_mem_table_set(table, text(key), text("v"));
    }
    char cursor[TEXT_LIMIT] = "0";
    size_t found = 0;
    size_t steps = 0;
    do {
        hy_store_scan(store, text(cursor), text("yes{1}*"), heard, NULL);
        hy_store_poll(store, 0);
        found += last.count - 1;
        snprintf(cursor, sizeof cursor, "%s", last.texts[0]);
        steps++;
    } while (!is(0, "0"));
    cr_assert(found == 7 && steps == 4);
}

Test(store_mem, deleted_keys_are_gone) {
    project("", "1");
    const struct hy_bytes keys[] = {text("a"), text("none")};
    hy_store_delete(store, keys, 2, heard, NULL);
    hy_store_poll(store, 0);
    cr_assert(last.status == HY_STORE_OK && last.count == 0 &&
              hy_mem_table_get(table, text("a")).data == NULL);
}

Test(store_mem, an_answer_of_away_may_hide_that_it_was_done) {
    fate = HY_MEM_DONE_AWAY;
    project("", "1");
    cr_assert(last.status == HY_STORE_AWAY && last.count == 0);
    cr_assert(hy_mem_table_get(table, text("w")).data != NULL);
    fate = HY_MEM_LOST_AWAY;
    project("1", "2");
    cr_assert(last.status == HY_STORE_AWAY);
    cr_assert(hy_bytes_equal(hy_mem_table_get(table, text("w")), text("1")));
}

Test(store_mem, what_is_held_keeps_its_turn) {
    fate = HY_MEM_HELD;
    project("", "1");
    project("1", "2");
    cr_assert(last.calls == 0 && hy_store_pending(store) == 2);
    fate = HY_MEM_ANSWERED;
    cr_assert_eq(hy_store_poll(store, 0), 2);
    cr_assert(hy_bytes_equal(hy_mem_table_get(table, text("w")), text("2")));
}

static void see_first(void *context, const struct hy_store_answer *answer) {
    heard(context, answer);
    cr_assert(last.calls == 1 && answer->values[0].data == NULL, "before the projection");
}

Test(store_mem, a_read_overtakes_a_projection_that_is_held) {
    fate = HY_MEM_HELD;
    project("", "1");
    const struct hy_bytes key = text("w");
    hy_store_get(store, &key, 1, see_first, NULL);
    hy_store_poll(store, 0);
    fate = HY_MEM_ANSWERED;
    cr_assert_eq(hy_store_poll(store, 0), 2);
    cr_assert(last.calls == 2 && hy_bytes_equal(hy_mem_table_get(table, text("w")), text("1")));
}

Test(store_mem, nothing_happens_while_it_is_away) {
    hy_mem_table_away(table, true);
    project("", "1");
    cr_assert(last.status == HY_STORE_AWAY && !hy_store_connected(store) && hy_mem_table_count(table) == 0);
    hy_mem_table_away(table, false);
    project("", "1");
    cr_assert(last.status == HY_STORE_OK && hy_store_connected(store));
}

Test(store_mem, it_can_lose_its_tail_or_everything) {
    project("", "1");
    struct hy_mem_snapshot *older = hy_mem_table_snapshot(table);
    const struct hy_store_timer never[] = {{text("early"), 0}, {text("late"), 0}, {text("middle"), 0}};
    struct hy_store_projection one = projection("1", "2");
    one.timers = never;
    hy_store_project(store, &one, heard, NULL);
    hy_store_poll(store, 0);
    hy_mem_table_flush(table);
    cr_assert(hy_mem_table_count(table) == 0);
    for (int i = 0; i < 2; i++) {
        hy_mem_table_restore(table, older);
        cr_assert(hy_bytes_equal(hy_mem_table_get(table, text("w")), text("1")));
        cr_assert(hy_mem_table_due(table, text("t"), text("early")) == 1000);
    }
    hy_mem_snapshot_free(older);
}

static void ask_again(void *context, const struct hy_store_answer *answer) {
    heard(context, answer);
    struct hy_bytes one = text("w");
    if (last.calls < 3) hy_store_get(store, &one, 1, ask_again, NULL);
}

Test(store_mem, what_a_call_back_asks_is_for_the_next_poll) {
    struct hy_bytes one = text("w");
    hy_store_get(store, &one, 1, ask_again, NULL);
    cr_assert(hy_store_poll(store, 0) == 1 && hy_store_poll(store, 0) == 1 && hy_store_poll(store, 0) == 1);
    cr_assert(hy_store_poll(store, 0) == 0);
}

Test(store_mem, a_listener_hears_what_projections_publish) {
    struct hy_store *listener = hy_store_open("");
    hy_store_subscribe(listener, text("news"), heard, NULL);
    cr_assert(hy_store_poll(listener, 0) == 1 && last.status == HY_STORE_OK && last.count == 0);
    const struct hy_store_publish publishes[] = {{text("news"), text("hello")}, {text("other"), text("no")}};
    struct hy_store_projection one = projection("", "1");
    one.publishes = publishes;
    one.publish_count = 2;
    hy_store_project(store, &one, NULL, NULL);
    hy_store_project(store, &one, NULL, NULL); // stale by then: not published
    hy_store_poll(store, 0);
    cr_assert(hy_store_poll(listener, 0) == 1 && is(0, "hello"));
    hy_mem_table_away(table, true);
    cr_assert(hy_store_poll(listener, 0) == 1 && last.status == HY_STORE_AWAY);
    hy_mem_table_away(table, false);
    cr_assert(hy_store_poll(listener, 0) == 1 && last.status == HY_STORE_OK);
    hy_store_close(listener);
}

Test(store_mem, closing_answers_what_waits_as_away_and_a_crash_answers_nothing) {
    struct hy_bytes one = text("w");
    struct hy_store *other = hy_store_open("");
    hy_store_get(other, &one, 1, heard, NULL);
    hy_store_close(other);
    cr_assert(last.calls == 1 && last.status == HY_STORE_AWAY);
    other = hy_store_open("");
    hy_store_get(other, &one, 1, heard, NULL);
    hy_store_mem_crash(other);
    cr_assert(last.calls == 1);
}
