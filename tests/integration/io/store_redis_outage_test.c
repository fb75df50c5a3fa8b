// The store when its Redis refuses, hangs, dies and comes back: a server of the test's own.
#include "tests/integration/io/redis_probe.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/clock.h"

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

static void start_own(void) {
    cr_assert(mkdtemp(folder) != NULL);
    find_port();
    snprintf(url, sizeof url, "redis://:open%%20sesame@127.0.0.1:%s/1", port);
    snprintf(tag, sizeof tag, "{own}");
    start_server();
    store = hy_store_open(url);
    wait_up(store, true);
}

static void stop_own(void) {
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

TestSuite(store_redis_outage, .init = start_own, .fini = stop_own, .timeout = 60);

Test(store_redis_outage, the_database_of_the_url_is_the_one_that_is_used) {
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

Test(store_redis_outage, a_server_that_refuses_us_counts_as_away) {
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

Test(store_redis_outage,
     what_waits_when_the_server_dies_is_answered_as_away_and_all_goes_on_when_it_is_back) {
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

Test(store_redis_outage, projections_that_are_not_sent_yet_are_away_with_the_connection) {
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

Test(store_redis_outage, a_listener_hears_that_it_missed_something) {
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

Test(store_redis_outage, scripts_that_the_server_forgot_are_loaded_again) {
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

Test(store_redis_outage, a_server_that_hangs_is_given_up) {
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

Test(store_redis_outage, a_call_back_may_ask_again_while_the_server_is_away) {
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
