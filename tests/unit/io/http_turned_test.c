// A server that its owner turns: the test is the owner, and the client too, on one thread.
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/http.h"
#include "common/io/log.h"

TestSuite(http_turned, .timeout = 30);

enum { MANY = 400, LONG_MS = 5000 };

static const struct hy_http_options TURNED = {
    .listen = "127.0.0.1:0",
    .threads = 0,
    .connection_limit = 1000,
    .timeout_seconds = 20,
    .body_limit = 1000,
};

static void answer(struct hy_http_exchange *exchange, const char *text) {
    hy_http_answer(exchange, 200, "text/plain", hy_bytes_of(text), NULL, 0);
}

static void greet(void *calls, struct hy_http_exchange *exchange) {
    ++*(int *)calls;
    answer(exchange, "hello");
}

static struct shelf {
    struct hy_http_exchange *exchanges[MANY];
    size_t count;
} shelf;

static void shelve(void *context, struct hy_http_exchange *exchange) {
    (void)context;
    shelf.exchanges[shelf.count++] = exchange;
}

static struct hy_http_server *start(hy_http_handler handler, void *context) {
    hy_log_init("test", "", "error");
    struct hy_http_server *server = hy_http_start(&TURNED, handler, context);
    cr_assert_not_null(server);
    return server;
}

// As an owner does. False: in `limit_ms` it had nothing to do.
static bool turn(struct hy_http_server *server, int limit_ms) {
    struct pollfd door = {.fd = hy_http_wait_fd(server), .events = POLLIN};
    int wait_ms = hy_http_wait_ms(server, limit_ms);
    bool any = poll(&door, 1, wait_ms) > 0 || wait_ms < limit_ms;
    hy_http_poll(server);
    return any;
}

static void turn_while_busy(struct hy_http_server *server) {
    while (turn(server, 50)) {}
}

static int dial(const struct hy_http_server *server) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hy_http_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void ask(int fd) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
    cr_assert_eq(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), (ssize_t)sizeof request - 1);
}

// What is there by now; 0: nothing.
static int status(int fd) {
    char text[4096];
    ssize_t got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (got <= 0) return 0;
    text[got] = '\0';
    return (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
}

Test(http_turned, it_serves_only_when_it_is_turned) {
    int calls = 0;
    struct hy_http_server *server = start(greet, &calls);
    int fd = dial(server);
    for (int request = 1; request <= 3; request++) {
        ask(fd);
        usleep(20000);
        cr_assert_eq(calls, request - 1);
        turn_while_busy(server);
        cr_assert_eq(status(fd), 200);
    }
    close(fd);
    hy_http_stop(server, 0);
}

Test(http_turned, a_late_answer_does_not_wait_for_anything_else_to_happen) {
    struct hy_http_server *server = start(shelve, NULL);
    int fd = dial(server);
    for (size_t request = 1; request <= 3; request++) {
        ask(fd);
        turn_while_busy(server);
        cr_assert_eq(shelf.count, request);
        cr_assert_eq(hy_http_wait_ms(server, LONG_MS), LONG_MS, "it sleeps until there is an answer");
        answer(shelf.exchanges[request - 1], "late");
        cr_assert_eq(hy_http_wait_ms(server, LONG_MS), 0);
        turn(server, LONG_MS);
        cr_assert_eq(status(fd), 200, "one turn is enough");
    }
    close(fd);
    hy_http_stop(server, 0);
}

Test(http_turned, an_answer_leaves_in_the_turn_after_it_however_many_went_before) {
    struct hy_http_server *server = start(shelve, NULL);
    int fd = dial(server);
    for (int turns = 1; turns <= 10; turns++) {
        shelf.count = 0;
        ask(fd);
        while (shelf.count == 0)
            turn(server, LONG_MS);
        for (int i = 1; i < turns; i++)
            hy_http_poll(server);
        cr_assert_eq(status(fd), 0);
        answer(shelf.exchanges[0], "now");
        cr_assert_eq(hy_http_wait_ms(server, LONG_MS), 0);
        turn(server, LONG_MS);
        cr_assert_eq(status(fd), 200, "after %d turns", turns);
        cr_assert_eq(shelf.count, 1, "it is handed over once");
    }
    close(fd);
    hy_http_stop(server, 0);
}

Test(http_turned, who_leaves_while_waiting_disturbs_nobody) {
    struct hy_http_server *server = start(shelve, NULL);
    for (int turns = 0; turns < 10; turns++) {
        shelf.count = 0;
        int fd = dial(server);
        ask(fd);
        while (shelf.count == 0)
            turn(server, LONG_MS);
        close(fd);
        for (int i = 0; i < turns; i++)
            hy_http_poll(server);
        answer(shelf.exchanges[0], "to nobody");
        while (hy_http_busy(server))
            turn(server, LONG_MS);
        turn_while_busy(server);
        cr_assert_eq(hy_http_wait_ms(server, LONG_MS), LONG_MS, "nothing of it is left");
    }
    hy_http_stop(server, 0);
}

Test(http_turned, hundreds_that_are_ready_at_once_are_all_served_without_a_pause) {
    struct hy_http_server *server = start(shelve, NULL);
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = dial(server);
        hy_http_poll(server);
    }
    for (int round = 1; round <= 2; round++) {
        shelf.count = 0;
        for (int i = 0; i < MANY; i++)
            ask(fds[i]);
        uint64_t began_ns = hy_clock_monotonic_ns();
        while (shelf.count < MANY)
            turn(server, LONG_MS);
        for (int i = 0; i < MANY; i++)
            answer(shelf.exchanges[i], "late");
        while (hy_http_busy(server))
            turn(server, LONG_MS);
        cr_assert_lt(hy_clock_monotonic_ns() - began_ns, UINT64_C(4000000000),
                     "nothing waited for a time-out");
        for (int i = 0; i < MANY; i++)
            cr_assert_eq(status(fds[i]), 200);
    }
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    hy_http_stop(server, 0);
}

Test(http_turned, two_share_one_address) {
    int first_calls = 0, second_calls = 0;
    struct hy_http_server *first = start(greet, &first_calls);
    struct hy_http_server *second = hy_http_start_beside(first, &TURNED, greet, &second_calls);
    cr_assert_eq(hy_http_port(second), hy_http_port(first));
    for (int i = 1; i <= 10; i++) {
        int fd = dial(first);
        ask(fd);
        turn_while_busy(i % 2 == 0 ? first : second); // whoever is turned takes it
        cr_assert_eq(status(fd), 200);
        close(fd);
    }
    cr_assert_eq(first_calls, 5);
    cr_assert_eq(second_calls, 5);
    hy_http_stop(first, 0);
    hy_http_stop(second, 0);
}

Test(http_turned, quiesced_it_finishes_what_is_open_and_takes_nobody_new) {
    struct hy_http_server *server = start(shelve, NULL);
    int fd = dial(server);
    ask(fd);
    turn_while_busy(server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hy_http_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    hy_http_quiesce(server);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_neq(connect(late, (struct sockaddr *)&address, sizeof address), 0);
    close(late);
    cr_assert(hy_http_busy(server));
    answer(shelf.exchanges[0], "done");
    turn_while_busy(server);
    cr_assert_not(hy_http_busy(server));
    cr_assert_eq(status(fd), 200);
    hy_http_stop(server, 0);
    close(fd);
}

Test(http_turned, stopped_with_something_open_it_answers_503_and_a_late_answer_is_harmless) {
    struct hy_http_server *server = start(shelve, NULL);
    int asleep = dial(server), fresh = dial(server);
    ask(asleep);
    turn_while_busy(server);
    ask(fresh);
    while (shelf.count < 2)
        turn(server, LONG_MS);
    hy_http_stop(server, 0);
    cr_assert_eq(status(asleep), 503);
    cr_assert_eq(status(fresh), 503);
    answer(shelf.exchanges[0], "too late");
    answer(shelf.exchanges[1], "too late");
    close(asleep);
    close(fresh);
}
