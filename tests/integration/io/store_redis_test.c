// The store on a real Redis: HY_REDIS_URL, and for its end and return a server of the test's own.
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/store.h"

enum { VALUES_LIMIT = 16, TEXT_LIMIT = 64 };

// The last answer, copied.
static struct {
    size_t calls;
    size_t aways;
    enum hy_store_status status;
    size_t count;
    struct hy_bytes values[VALUES_LIMIT];
    uint8_t texts[VALUES_LIMIT][TEXT_LIMIT];
} last;

static struct hy_store *store;
static char tag[64];

static void heard(void *context, const struct hy_store_answer *answer) {
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

static void poll_until(struct hy_store *of, size_t calls) {
    uint64_t end = hy_clock_monotonic_ns() + UINT64_C(20000000000);
    while (last.calls < calls) {
        hy_store_poll(of, 100);
        cr_assert(hy_clock_monotonic_ns() < end, "no answer");
    }
}

static void wait_up(struct hy_store *of, bool up) {
    for (int i = 0; i < 400 && hy_store_connected(of) != up; i++) {
        hy_store_poll(of, 50);
    }
    cr_assert(hy_store_connected(of) == up);
}

// A key of this test alone.
static struct hy_bytes key(const char *name) {
    static char texts[VALUES_LIMIT][96];
    static int next;
    char *text = texts[next++ % VALUES_LIMIT];
    snprintf(text, sizeof texts[0], "%s:%s", tag, name);
    return hy_bytes_of(text);
}

static struct hy_bytes text(const char *value) {
    return hy_bytes_of(value);
}

static void get(const char *name) {
    struct hy_bytes one = key(name);
    hy_store_get(store, &one, 1, heard, &last);
    poll_until(store, last.calls + 1);
    cr_assert(last.status == HY_STORE_OK && last.count == 1);
}

static void project(const struct hy_store_projection *projection) {
    hy_store_project(store, projection, heard, &last);
    poll_until(store, last.calls + 1);
}

static bool is(size_t index, const char *value) {
    return index < last.count && hy_bytes_equal(last.values[index], hy_bytes_of(value));
}

static void setup(void) {
    const char *url = getenv("HY_REDIS_URL");
    cr_assert(url != NULL, "HY_REDIS_URL must name a Redis for these tests");
    snprintf(tag, sizeof tag, "test:{%llx-%x}", (unsigned long long)hy_clock_monotonic_ns(),
             (unsigned)getpid());
    store = hy_store_open(url);
    cr_assert(store != NULL);
}

static void teardown(void) {
    hy_store_close(store);
}

TestSuite(store_redis, .init = setup, .fini = teardown, .timeout = 60);

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

Test(store_redis, a_projection_changes_everything_or_nothing) {
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

Test(store_redis, a_projection_without_a_next_leaves_the_watermark) {
    const struct hy_store_set set = {key("a"), text("1"), 0};
    const struct hy_store_projection projection = {.watermark_key = key("w"), .sets = &set, .set_count = 1};
    project(&projection);
    cr_assert(last.status == HY_STORE_OK);
    get("w");
    cr_assert(last.values[0].data == NULL);
    get("a");
    cr_assert(is(0, "1"));
}

Test(store_redis, keys_and_timers_can_be_taken_away) {
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

Test(store_redis, what_expires_is_gone_in_time) {
    const struct hy_store_set set = {key("a"), text("1"), 100};
    const struct hy_store_projection projection = {.watermark_key = key("w"), .sets = &set, .set_count = 1};
    project(&projection);
    get("a");
    cr_assert(is(0, "1"));
    usleep(200000);
    get("a");
    cr_assert(last.values[0].data == NULL);
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

Test(store_redis, a_projection_of_many_members_fits) {
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

Test(store_redis, a_read_does_not_wait_for_projections_that_are_not_sent_yet) {
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
Test(store_redis, of_two_owners_one_makes_each_step) {
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

Test(store_redis, a_projection_that_fails_in_part_is_away) {
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

// A server of our own, with a password, that can be killed.
static char folder[] = "/tmp/hy-redis-XXXXXX";
static char port[8];
static char url[96];
static pid_t server;

static void find_port(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof any;
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(probe, (struct sockaddr *)&any, size) == 0);
    cr_assert(getsockname(probe, (struct sockaddr *)&any, &size) == 0);
    close(probe);
    snprintf(port, sizeof port, "%u", ntohs(any.sin_port));
}

static void start_server(void) {
    server = fork();
    if (server == 0) {
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder,
               "--save", "", "--unixsocket", "s", "--requirepass", "open sesame", "--logfile", "log",
               (char *)NULL);
        _exit(127);
    }
}

static void stop_server(void) {
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static void setup_own(void) {
    cr_assert(mkdtemp(folder) != NULL);
    find_port();
    snprintf(url, sizeof url, "redis://:open%%20sesame@127.0.0.1:%s/1", port);
    snprintf(tag, sizeof tag, "{own}");
    start_server();
    store = hy_store_open(url);
    wait_up(store, true);
}

static void teardown_own(void) {
    hy_store_close(store);
    stop_server();
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert(system(command) == 0);
}

static void set_one(const char *name, const char *value) {
    const struct hy_store_set set = {key(name), text(value), 0};
    const struct hy_store_projection projection = {.watermark_key = key("w"), .sets = &set, .set_count = 1};
    project(&projection);
}

TestSuite(store_redis_own, .init = setup_own, .fini = teardown_own, .timeout = 60);

Test(store_redis_own, the_database_of_the_url_is_the_one_that_is_used) {
    set_one("a", "1");
    cr_assert(last.status == HY_STORE_OK);
    struct hy_store *one = store;
    url[strlen(url) - 1] = '0';
    store = hy_store_open(url);
    get("a");
    cr_assert(last.values[0].data == NULL);
    hy_store_close(store);
    store = one;
}

Test(store_redis_own, a_server_that_refuses_us_counts_as_away) {
    char local[64];
    snprintf(local, sizeof local, "unix://%s/s", folder); // no password
    struct hy_store *refused = hy_store_open(local);
    struct hy_bytes one = key("a");
    for (size_t i = 0; i < 5; i++) {
        hy_store_get(refused, &one, 1, heard, &last);
        poll_until(refused, i + 1);
        hy_store_poll(refused, 100);
    }
    cr_assert(last.aways == 5 && !hy_store_connected(refused));
    hy_store_close(refused);
}

Test(store_redis_own, what_waits_when_the_server_dies_is_answered_as_away_and_all_goes_on_when_it_is_back) {
    set_one("a", "1");
    kill(server, SIGSTOP);
    struct hy_bytes one = key("a");
    hy_store_get(store, &one, 1, heard, &last);
    hy_store_get(store, &one, 1, heard, &last);
    hy_store_poll(store, 0);
    stop_server();
    poll_until(store, 3);
    cr_assert(last.aways == 2 && !hy_store_connected(store) && hy_store_pending(store) == 0);
    hy_store_get(store, &one, 1, heard, &last);
    cr_assert(last.calls == 3, "answers come out of a poll alone");
    poll_until(store, 4);
    cr_assert(last.aways == 3);
    start_server();
    wait_up(store, true);
    set_one("a", "2"); // by its script
    cr_assert(last.status == HY_STORE_OK);
    get("a");
    cr_assert(is(0, "2"));
}

Test(store_redis_own, projections_that_are_not_sent_yet_are_away_with_the_connection) {
    enum { MANY = 20 };
    set_one("a", "1");
    size_t before = last.calls;
    kill(server, SIGSTOP);
    for (int i = 0; i < MANY; i++) {
        const struct hy_store_projection next = {.watermark_key = key("w"), .next = text("1")};
        hy_store_project(store, &next, heard, &last);
    }
    cr_assert_eq(hy_store_pending(store), MANY);
    hy_store_poll(store, 0);
    stop_server();
    poll_until(store, before + MANY);
    cr_assert(last.aways == MANY && hy_store_pending(store) == 0);
    start_server();
    wait_up(store, true);
    set_one("a", "2");
    cr_assert(last.status == HY_STORE_OK);
}

Test(store_redis_own, a_listener_hears_that_it_missed_something) {
    struct hy_store *listener = hy_store_open(url);
    hy_store_subscribe(listener, key("news"), heard, &last);
    poll_until(listener, 1);
    stop_server();
    poll_until(listener, 2);
    cr_assert(last.status == HY_STORE_AWAY && last.count == 0);
    start_server();
    poll_until(listener, 3);
    cr_assert(last.status == HY_STORE_OK && last.count == 0);
    hy_store_close(listener);
}

Test(store_redis_own, scripts_that_the_server_forgot_are_loaded_again) {
    char command[128];
    snprintf(command, sizeof command,
             "redis-cli -p %s -a 'open sesame' --no-auth-warning script flush >/dev/null", port);
    cr_assert(system(command) == 0);
    set_one("a", "1");
    cr_assert(last.status == HY_STORE_AWAY);
    wait_up(store, true);
    set_one("a", "1");
    cr_assert(last.status == HY_STORE_OK);
}

Test(store_redis_own, a_server_that_hangs_is_given_up) {
    kill(server, SIGSTOP);
    struct hy_bytes one = key("a");
    uint64_t start = hy_clock_monotonic_ns();
    hy_store_get(store, &one, 1, heard, &last);
    poll_until(store, 1);
    uint64_t took_ms = (hy_clock_monotonic_ns() - start) / 1000000;
    cr_assert(last.aways == 1 && took_ms > 9000 && took_ms < 15000);
    kill(server, SIGCONT);
    wait_up(store, true);
}

static void ask_again(void *context, const struct hy_store_answer *answer) {
    heard(&last, answer);
    if (last.calls < 10) hy_store_get(store, context, 1, ask_again, context);
}

Test(store_redis_own, a_call_back_may_ask_again_while_the_server_is_away) {
    struct hy_bytes one = key("a");
    stop_server();
    hy_store_get(store, &one, 1, ask_again, &one);
    poll_until(store, 10);
    cr_assert(last.aways == 10);
    start_server();
    wait_up(store, true);
    get("a");
    cr_assert(last.count == 1);
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
