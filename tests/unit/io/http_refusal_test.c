// The HTTP server: what is refused, cut off or made to wait.
#include "tests/unit/io/http_fixture.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(http_refusal, .timeout = 30);

Test(http_refusal, a_body_of_the_limit_is_taken_and_one_byte_more_is_refused_unread) {
    atomic_int calls = 0;
    struct hy_http_server *server = start(echo, &calls);
    char request[2000];
    snprintf(request, sizeof request, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n%01000d", 5);
    struct reply reply = ask(server, request);
    cr_assert_eq(reply.status, 200);
    int fd = dial(server);
    say(fd, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n");
    reply = hear(fd);
    should_be_problem(&reply, 413, "too_large");
    should_contain(&reply, "消息超过约定的大小上限");
    cr_assert(hung_up(fd));
    close(fd);
    cr_assert_eq(atomic_load(&calls), 1);
    hy_http_stop(server, 1000);
}

Test(http_refusal, a_chunked_body_that_grows_too_large_is_refused) {
    atomic_int calls = 0;
    struct hy_http_server *server = start(echo, &calls);
    char request[2000];
    snprintf(request, sizeof request,
             "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n0\r\n\r\n",
             5);
    struct reply reply = ask(server, request);
    should_be_problem(&reply, 413, "too_large");
    cr_assert_eq(atomic_load(&calls), 0);
    hy_http_stop(server, 1000);
}

Test(http_refusal, a_chunked_body_without_end_is_cut_off) {
    atomic_int calls = 0;
    struct hy_http_server *server = start(echo, &calls);
    int fd = dial(server);
    say(fd, "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    char chunk[1100];
    snprintf(chunk, sizeof chunk, "3e8\r\n%01000d\r\n", 5);
    for (int i = 0; i < 20; i++) {
        say(fd, chunk);
    }
    cr_assert(hung_up(fd));
    close(fd);
    cr_assert_eq(atomic_load(&calls), 0);
    hy_http_stop(server, 1000);
}

Test(http_refusal, framing_that_can_be_read_in_two_ways_is_refused) {
    static const char *const headers[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\ncontent-length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
    };
    atomic_int calls = 0;
    struct hy_http_server *server = start(echo, &calls);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char request[500];
        snprintf(request, sizeof request, "POST / HTTP/1.1\r\nHost: t\r\n%s\r\n0\r\n\r\n" GET("/smuggled"),
                 headers[i]);
        int fd = dial(server);
        say(fd, request);
        struct reply reply = hear(fd);
        cr_assert(reply.status >= 400 && reply.status < 500, "%s got\n%s", headers[i], reply.text);
        cr_assert(hung_up(fd), "%s", headers[i]);
        close(fd);
    }
    cr_assert_eq(atomic_load(&calls), 0);
    struct reply reply =
        ask(server, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    should_be_problem(&reply, 400, "malformed");
    hy_http_stop(server, 1000);
}

Test(http_refusal, what_is_not_http_harms_nobody) {
    static const char *const rubbish[] = {
        "\r\n\r\n\r\n",           "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost : t\r\nContent-Length : 5\r\n\r\n",
    };
    struct hy_http_server *server = start(echo, NULL);
    for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++) {
        int fd = dial(server);
        say(fd, rubbish[i]);
        shutdown(fd, SHUT_WR);
        hear(fd);
        close(fd);
    }
    struct reply reply = ask(server, GET("/"));
    cr_assert_eq(reply.status, 200);
    hy_http_stop(server, 1000);
}

Test(http_refusal, headers_beyond_the_memory_of_a_connection_are_refused) {
    struct hy_http_server *server = start(echo, NULL);
    char *request = malloc(200000);
    snprintf(request, 200000, "GET / HTTP/1.1\r\nHost: t\r\nX-Key: %0100000d\r\n\r\n", 5);
    int fd = dial(server);
    say(fd, request);
    struct reply reply = hear(fd);
    cr_assert(reply.status == 0 || (reply.status >= 400 && reply.status < 500), "%s", reply.text);
    close(fd);
    free(request);
    hy_http_stop(server, 1000);
}

Test(http_refusal, one_address_gets_no_more_connections_than_its_limit) {
    struct hy_http_options options = USUAL;
    options.per_ip_limit = 3;
    struct hy_http_server *server = start_with(options, echo, NULL);
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = dial(server);
        say(fds[i], GET("/"));
        cr_assert_eq(hear(fds[i]).status, i < 3 ? 200 : 0);
    }
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
    hy_http_stop(server, 1000);
}

Test(http_refusal, beyond_the_connection_limit_clients_wait_for_their_turn) {
    struct hy_http_options options = USUAL;
    options.threads = 1;
    options.connection_limit = 2;
    struct hy_http_server *server = start_with(options, echo, NULL);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(server);
        say(fds[i], GET("/"));
        if (i < 2) cr_assert_eq(hear(fds[i]).status, 200);
    }
    char byte;
    sleep_ms(100);
    cr_assert_lt(recv(fds[2], &byte, 1, MSG_PEEK | MSG_DONTWAIT), 0, "not served yet");
    close(fds[0]);
    cr_assert_eq(hear(fds[2]).status, 200);
    close(fds[1]);
    close(fds[2]);
    hy_http_stop(server, 1000);
}

Test(http_refusal, idle_and_slow_clients_are_hung_up_on) {
    struct hy_http_options options = USUAL;
    options.timeout_seconds = 1;
    struct hy_http_server *server = start_with(options, echo, NULL);
    int idle = dial(server);
    int slow = dial(server);
    say(slow, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhalf");
    cr_assert(hung_up(idle));
    cr_assert(hear(slow).status != 200);
    close(idle);
    close(slow);
    hy_http_stop(server, 1000);
}

Test(http_refusal, an_address_that_cannot_be_used_gives_no_server) {
    struct hy_http_server *server = start(echo, NULL);
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", hy_http_port(server));
    const char *const bad[] = {taken, "nonsense", "127.0.0.1:http", "256.0.0.1:80", "", "[::1:80"};
    if (freopen("/dev/null", "w", stderr) == NULL) cr_assert_fail();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct hy_http_options options = {.listen = bad[i], .threads = 1, .connection_limit = 10};
        cr_assert_null(hy_http_start(&options, echo, NULL), "%s", bad[i]);
    }
    hy_http_stop(server, 1000);
}
