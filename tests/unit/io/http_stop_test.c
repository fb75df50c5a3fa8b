// The HTTP server: stopping it.
#include "tests/unit/io/http_fixture.h"

#include <criterion/criterion.h>

#include <unistd.h>

TestSuite(http_stop, .timeout = 30);

static void *stop_slowly(void *server) {
    hy_http_stop(server, 5000);
    return NULL;
}

static void *stop_soon(void *server) {
    hy_http_stop(server, 100);
    return NULL;
}

Test(http_stop, a_stop_waits_for_answers_and_then_closes_the_connection) {
    struct hy_http_server *server = start(shelve, &shelf);
    int fd = dial(server);
    say(fd, GET("/"));
    wait_for_shelved(1);
    pthread_t stopper;
    pthread_create(&stopper, NULL, stop_slowly, server);
    sleep_ms(200);
    answer_text(shelf.exchanges[0], 200, "done");
    struct reply reply = hear(fd);
    cr_assert_eq(reply.status, 200);
    should_contain(&reply, "Connection: close\r\n");
    cr_assert(hung_up(fd));
    close(fd);
    pthread_join(stopper, NULL);
    cr_assert_eq(atomic_load(&shelf.released), 1);
}

Test(http_stop, a_stopping_server_takes_no_new_connections) {
    struct hy_http_server *server = start(shelve, &shelf);
    int fd = dial(server);
    say(fd, GET("/"));
    wait_for_shelved(1);
    unsigned port = hy_http_port(server);
    pthread_t stopper;
    pthread_create(&stopper, NULL, stop_slowly, server);
    sleep_ms(200);
    cr_assert_eq(try_dial(port), -1);
    answer_text(shelf.exchanges[0], 200, "done");
    pthread_join(stopper, NULL);
    close(fd);
}

Test(http_stop, a_stop_does_not_wait_for_ever_and_a_late_answer_is_harmless) {
    enum { COUNT = 20 };
    struct hy_http_server *server = start(shelve, &shelf);
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++) {
        fds[i] = dial(server);
        say(fds[i], GET("/"));
    }
    wait_for_shelved(COUNT);
    pthread_t stopper;
    pthread_create(&stopper, NULL, stop_soon, server);
    for (int i = 0; i < COUNT; i++) {
        struct reply reply = hear(fds[i]);
        should_be_problem(&reply, 503, "unavailable");
        close(fds[i]);
    }
    pthread_join(stopper, NULL);
    cr_assert_eq(atomic_load(&shelf.released), 0, "the state is in use until the answer");
    for (int i = 0; i < COUNT; i++) {
        cr_assert_null(hy_http_header(shelf.exchanges[i], "Host"), "the request is gone");
        answer_text(shelf.exchanges[i], 200, "too late");
    }
    cr_assert_eq(atomic_load(&shelf.released), COUNT);
}

static void *stop_at_once(void *server) {
    hy_http_stop(server, 0);
    return NULL;
}

Test(http_stop, a_request_after_the_drain_is_refused_and_not_begun) {
    atomic_int calls = 0;
    struct hy_http_server *server = start(echo, &calls);
    int fd = dial(server);
    say(fd, GET("/"));
    cr_assert_eq(hear(fd).status, 200);
    int slow = dial(server); // an open exchange keeps the server up for a moment
    say(slow, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhalf");
    sleep_ms(50);
    pthread_t stopper;
    pthread_create(&stopper, NULL, stop_at_once, server);
    sleep_ms(100);
    say(fd, GET("/"));
    struct reply reply = hear(fd);
    should_be_problem(&reply, 503, "unavailable");
    pthread_join(stopper, NULL);
    cr_assert(hung_up(slow));
    cr_assert_eq(atomic_load(&calls), 1);
    close(fd);
    close(slow);
}

static atomic_bool hammering;

static void *hammer(void *port) {
    while (atomic_load(&hammering)) {
        int fd = try_dial((unsigned)(uintptr_t)port);
        if (fd < 0) continue;
        say(fd, GET("/"));
        hear(fd);
        close(fd);
    }
    return NULL;
}

static void *answer_after_a_while(void *exchange) {
    sleep_ms(3);
    answer_text(exchange, 200, "soon");
    return NULL;
}

static void answer_soon(void *context, struct hy_http_exchange *exchange) {
    hy_http_attach(exchange, context, note_release);
    pthread_t thread;
    pthread_create(&thread, NULL, answer_after_a_while, exchange);
    pthread_detach(thread);
}

Test(http_stop, stopping_under_load_ends_cleanly_every_time) {
    enum { CLIENTS = 8, TIMES = 20 };
    for (int round = 0; round < TIMES; round++) {
        struct hy_http_server *server = start(answer_soon, &shelf.released);
        pthread_t clients[CLIENTS];
        atomic_store(&hammering, true);
        for (int i = 0; i < CLIENTS; i++) {
            pthread_create(&clients[i], NULL, hammer, (void *)(uintptr_t)hy_http_port(server));
        }
        sleep_ms(20);
        hy_http_stop(server, round % 2 == 0 ? 0 : 50);
        atomic_store(&hammering, false);
        for (int i = 0; i < CLIENTS; i++) {
            pthread_join(clients[i], NULL);
        }
    }
    sleep_ms(100);
    cr_assert_gt(atomic_load(&shelf.released), TIMES);
}
