// The HTTP server: answers that come later, from another thread.
#include "tests/unit/io/http_fixture.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(http_later, .timeout = 30);

Test(http_later, an_answer_may_come_later_from_another_thread) {
    struct hy_http_server *server = start(shelve, &shelf);
    int fd = dial(server);
    say(fd, "POST /late?a=1 HTTP/1.1\r\nHost: t\r\nX-Key: k\r\nContent-Length: 2\r\n\r\nhi");
    wait_for_shelved(1);
    sleep_ms(50); // asleep by now
    struct hy_http_exchange *exchange = shelf.exchanges[0];
    cr_assert_str_eq(hy_http_path(exchange), "/late");
    cr_assert_str_eq(hy_http_query(exchange, "a"), "1");
    cr_assert_str_eq(hy_http_header(exchange, "X-Key"), "k");
    cr_assert(hy_bytes_equal(hy_http_body(exchange), hy_bytes_of("hi")));
    cr_assert_eq(hy_http_attached(exchange), &shelf.released);
    cr_assert_eq(atomic_load(&shelf.released), 0);
    answer_text(exchange, 201, "late");
    struct reply reply = hear(fd);
    cr_assert_eq(reply.status, 201);
    wait_for_released(1);
    // The connection goes on.
    say(fd, GET("/second"));
    wait_for_shelved(2);
    answer_text(shelf.exchanges[1], 200, "second");
    reply = hear(fd);
    cr_assert_eq(reply.status, 200);
    close(fd);
    hy_http_stop(server, 1000);
    cr_assert_eq(atomic_load(&shelf.released), 2);
}

Test(http_later, waiting_for_an_answer_is_not_idleness) {
    struct hy_http_options options = USUAL;
    options.timeout_seconds = 1;
    struct hy_http_server *server = start_with(options, shelve, &shelf);
    int fd = dial(server);
    say(fd, GET("/"));
    wait_for_shelved(1);
    sleep_ms(3000);
    answer_text(shelf.exchanges[0], 200, "patience");
    cr_assert_eq(hear(fd).status, 200);
    close(fd);
    hy_http_stop(server, 1000);
}

static void *answer_now(void *exchange) {
    answer_text(exchange, 200, "raced");
    return NULL;
}

// Another thread answers while the handler still runs, or just after: every order must do.
static void race(void *context, struct hy_http_exchange *exchange) {
    atomic_int *released = context;
    hy_http_attach(exchange, released, note_release);
    pthread_t thread;
    pthread_create(&thread, NULL, answer_now, exchange);
    unsigned wait = (unsigned)rand() % 3;
    if (wait == 1) sched_yield();
    if (wait == 2) {
        pthread_join(thread, NULL);
    } else {
        pthread_detach(thread);
    }
}

enum { RACERS = 8, RACES_EACH = 300 };

static void *run_races(void *server) {
    int fd = dial(server);
    for (int i = 0; i < RACES_EACH; i++) {
        say(fd, GET("/"));
        struct reply reply = hear(fd);
        cr_assert_eq(reply.status, 200);
    }
    close(fd);
    return NULL;
}

Test(http_later, an_answer_may_come_at_any_moment) {
    struct hy_http_server *server = start(race, &shelf.released);
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++) {
        pthread_create(&threads[i], NULL, run_races, server);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
    }
    hy_http_stop(server, 1000);
    wait_for_released(RACERS * RACES_EACH);
}

Test(http_later, hundreds_of_exchanges_wait_at_once_and_each_gets_its_own_answer) {
    enum { COUNT = 500 };
    struct hy_http_server *server = start(shelve, &shelf);
    static int fds[COUNT];
    for (int i = 0; i < COUNT; i++) {
        fds[i] = dial(server);
        char request[100];
        snprintf(request, sizeof request, GET("/%d"), i);
        say(fds[i], request);
    }
    wait_for_shelved(COUNT);
    for (size_t i = COUNT; i-- > 0;) { // the last first
        answer_text(shelf.exchanges[i], 200, hy_http_path(shelf.exchanges[i]));
    }
    for (int i = 0; i < COUNT; i++) {
        struct reply reply = hear(fds[i]);
        char body[32];
        snprintf(body, sizeof body, "\r\n\r\n/%d", i);
        cr_assert_eq(reply.status, 200);
        should_contain(&reply, body);
        close(fds[i]);
    }
    hy_http_stop(server, 1000);
    wait_for_released(COUNT);
}

Test(http_later, a_client_that_leaves_while_it_waits_is_released_once) {
    enum { COUNT = 50 };
    struct hy_http_server *server = start(shelve, &shelf);
    for (int i = 0; i < COUNT; i++) {
        int fd = dial(server);
        say(fd, GET("/"));
        // Half of them with a reset, half politely.
        struct linger abrupt = {.l_onoff = i % 2, .l_linger = 0};
        wait_for_shelved((size_t)i + 1);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
        close(fd);
    }
    cr_assert_eq(atomic_load(&shelf.released), 0, "the answer is still owed");
    for (int i = 0; i < COUNT; i++) {
        answer_text(shelf.exchanges[i], 200, "nobody hears");
    }
    wait_for_released(COUNT);
    hy_http_stop(server, 1000);
    cr_assert_eq(atomic_load(&shelf.released), COUNT);
}

Test(http_later, a_client_that_leaves_in_the_middle_of_its_body_never_reaches_the_handler) {
    atomic_int calls = 0;
    struct hy_http_server *server = start(echo, &calls);
    for (int i = 0; i < 20; i++) {
        int fd = dial(server);
        say(fd, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhalf");
        sleep_ms(2);
        close(fd);
    }
    struct reply reply = ask(server, GET("/"));
    cr_assert_eq(reply.status, 200);
    hy_http_stop(server, 1000);
    cr_assert_eq(atomic_load(&calls), 1);
}
