#include "common/io/http.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/io/log.h"

TestSuite(http, .timeout = 30);

// ---- a raw client: what goes over the wire stands in the test

static int dial(const struct hy_http_server *server) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hy_http_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

static void say(int fd, const char *text) {
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0) return; // the server may hang up in the middle of a body
        text += sent;
        length -= (size_t)sent;
    }
}

struct reply {
    int status; // 0: the connection ended without one
    char text[16 << 10];
};

static bool is_whole(const struct reply *reply) {
    const char *body = strstr(reply->text, "\r\n\r\n");
    const char *length = strcasestr(reply->text, "\r\nContent-Length:");
    if (body == NULL || length == NULL) return false;
    return strlen(body + 4) >= strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

static struct reply hear(int fd) {
    struct reply reply = {0};
    size_t length = 0;
    while (length < sizeof reply.text - 1 && !is_whole(&reply)) {
        ssize_t got = recv(fd, reply.text + length, sizeof reply.text - 1 - length, 0);
        if (got <= 0) break;
        length += (size_t)got;
    }
    if (length > 0) reply.status = (int)strtol(reply.text + strlen("HTTP/1.1 "), NULL, 10);
    return reply;
}

static bool hung_up(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET); // not: nothing came for ten seconds
}

static struct reply ask(const struct hy_http_server *server, const char *request) {
    int fd = dial(server);
    say(fd, request);
    struct reply reply = hear(fd);
    close(fd);
    return reply;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

static void should_contain(const struct reply *reply, const char *part) {
    cr_assert_not_null(strstr(reply->text, part), "%s is not in:\n%s", part, reply->text);
}

static void sleep_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// ---- servers

static const struct hy_http_options USUAL = {
    .listen = "127.0.0.1:0",
    .threads = 4,
    .connection_limit = 1000,
    .timeout_seconds = 20,
    .body_limit = 1000,
};

static struct hy_http_server *start_with(struct hy_http_options options, hy_http_handler handler,
                                         void *context) {
    hy_log_init("test", "", "error");
    struct hy_http_server *server = hy_http_start(&options, handler, context);
    cr_assert_not_null(server);
    return server;
}

static struct hy_http_server *start(hy_http_handler handler, void *context) {
    return start_with(USUAL, handler, context);
}

static void answer_text(struct hy_http_exchange *exchange, unsigned status, const char *text) {
    hy_http_answer(exchange, status, "text/plain", hy_bytes_of(text), NULL, 0);
}

static const char *or_none(const char *text) {
    return text != NULL ? text : "(none)";
}

// Says what it was asked.
static void echo(void *context, struct hy_http_exchange *exchange) {
    atomic_int *calls = context;
    if (calls != NULL) atomic_fetch_add(calls, 1);
    struct hy_bytes body = hy_http_body(exchange);
    char text[4096];
    snprintf(text, sizeof text, "%s %s|a=%s|x-key=%s|%.*s|", hy_http_method(exchange), hy_http_path(exchange),
             or_none(hy_http_query(exchange, "a")), or_none(hy_http_header(exchange, "x-key")),
             (int)body.length, (const char *)body.data);
    answer_text(exchange, 200, text);
}

// Takes exchanges away; the test answers them when it likes.
struct shelf {
    pthread_mutex_t lock;
    struct hy_http_exchange *exchanges[600];
    size_t count;
    atomic_int released;
};

static struct shelf shelf = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note_release(void *state) {
    atomic_int *released = state;
    atomic_fetch_add(released, 1);
}

static void shelve(void *context, struct hy_http_exchange *exchange) {
    struct shelf *to = context;
    hy_http_attach(exchange, &to->released, note_release);
    pthread_mutex_lock(&to->lock);
    to->exchanges[to->count++] = exchange;
    pthread_mutex_unlock(&to->lock);
}

static size_t shelved(void) {
    pthread_mutex_lock(&shelf.lock);
    size_t count = shelf.count;
    pthread_mutex_unlock(&shelf.lock);
    return count;
}

static void wait_for_shelved(size_t count) {
    for (int i = 0; i < 1000 && shelved() < count; i++) {
        sleep_ms(10);
    }
    cr_assert_eq(shelved(), count);
}

static void wait_for_released(int count) {
    for (int i = 0; i < 1000 && atomic_load(&shelf.released) < count; i++) {
        sleep_ms(10);
    }
    sleep_ms(20); // one too many would show now
    cr_assert_eq(atomic_load(&shelf.released), count);
}

// ---- requests

Test(http, the_handler_sees_the_whole_request) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply =
        ask(server, "POST /v1/a%20b/%e4%bc%9a?a=1%262+3&b HTTP/1.1\r\nHost: t\r\nX-Key: k 1\r\n"
                    "Content-Length: 11\r\n\r\nhello world");
    cr_assert_eq(reply.status, 200);
    should_contain(&reply, "POST /v1/a b/会|a=1&2 3|x-key=k 1|hello world|");
    should_contain(&reply, "Content-Type: text/plain\r\n");
    hy_http_stop(server, 1000);
}

Test(http, a_flag_without_a_value_is_there_and_empty) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply = ask(server, GET("/?a"));
    should_contain(&reply, "GET /|a=|");
    reply = ask(server, GET("/"));
    should_contain(&reply, "GET /|a=(none)|x-key=(none)||");
    hy_http_stop(server, 1000);
}

Test(http, an_encoded_nul_does_not_cut_the_path_short) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply = ask(server, GET("/members/a%00b%zz%4"));
    should_contain(&reply, "GET /members/a%00b%zz%4|");
    hy_http_stop(server, 1000);
}

Test(http, a_body_in_chunks_arrives_whole) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply = ask(server, "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    should_contain(&reply, "|hello world|");
    hy_http_stop(server, 1000);
}

Test(http, a_connection_serves_many_requests) {
    struct hy_http_server *server = start(echo, NULL);
    int fd = dial(server);
    for (int i = 0; i < 100; i++) {
        say(fd, "POST /again HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi");
        struct reply reply = hear(fd);
        cr_assert_eq(reply.status, 200);
        should_contain(&reply, "POST /again|");
    }
    close(fd);
    hy_http_stop(server, 1000);
}

static void answer_with_headers(void *context, struct hy_http_exchange *exchange) {
    (void)context;
    const struct hy_http_header_pair headers[] = {
        {"Location", "/v1/commands/1"},
        {"X-Bad", "a\r\nSet-Cookie: stolen"},
        {"Retry-After", "1"},
    };
    hy_http_answer(exchange, 202, "application/json", hy_bytes_of("{}"), headers, 3);
}

Test(http, answers_carry_their_headers_and_nobody_can_smuggle_one_in) {
    struct hy_http_server *server = start(answer_with_headers, NULL);
    struct reply reply = ask(server, GET("/"));
    cr_assert_eq(reply.status, 202);
    should_contain(&reply, "Location: /v1/commands/1\r\n");
    should_contain(&reply, "Retry-After: 1\r\n");
    should_contain(&reply, "Content-Type: application/json\r\n");
    cr_assert_null(strstr(reply.text, "stolen"));
    hy_http_stop(server, 1000);
}

// ---- refusals

static void should_be_problem(const struct reply *reply, int status, const char *code) {
    char part[64];
    snprintf(part, sizeof part, "\"status\":%d,\"code\":\"%s\"", status, code);
    cr_assert_eq(reply->status, status, "%s", reply->text);
    should_contain(reply, "Content-Type: application/problem+json\r\n");
    should_contain(reply, part);
}

Test(http, a_body_of_the_limit_is_taken_and_one_byte_more_is_refused_unread) {
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

Test(http, a_chunked_body_that_grows_too_large_is_refused) {
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

Test(http, a_chunked_body_without_end_is_cut_off) {
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

Test(http, framing_that_can_be_read_in_two_ways_is_refused) {
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

Test(http, what_is_not_http_harms_nobody) {
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

Test(http, headers_beyond_the_memory_of_a_connection_are_refused) {
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

Test(http, one_address_gets_no_more_connections_than_its_limit) {
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

Test(http, beyond_the_connection_limit_clients_wait_for_their_turn) {
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

Test(http, idle_and_slow_clients_are_hung_up_on) {
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

Test(http, an_address_that_cannot_be_used_gives_no_server) {
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

// ---- answers that come later

Test(http, an_answer_may_come_later_from_another_thread) {
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

Test(http, waiting_for_an_answer_is_not_idleness) {
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

Test(http, an_answer_may_come_at_any_moment) {
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

Test(http, hundreds_of_exchanges_wait_at_once_and_each_gets_its_own_answer) {
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

Test(http, a_client_that_leaves_while_it_waits_is_released_once) {
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

Test(http, a_client_that_leaves_in_the_middle_of_its_body_never_reaches_the_handler) {
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

// ---- stopping

static void *stop_slowly(void *server) {
    hy_http_stop(server, 5000);
    return NULL;
}

static void *stop_soon(void *server) {
    hy_http_stop(server, 100);
    return NULL;
}

Test(http, a_stop_waits_for_answers_and_then_closes_the_connection) {
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

Test(http, a_stopping_server_takes_no_new_connections) {
    struct hy_http_server *server = start(shelve, &shelf);
    int fd = dial(server);
    say(fd, GET("/"));
    wait_for_shelved(1);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hy_http_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_t stopper;
    pthread_create(&stopper, NULL, stop_slowly, server);
    sleep_ms(200);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_neq(connect(late, (struct sockaddr *)&address, sizeof address), 0);
    close(late);
    answer_text(shelf.exchanges[0], 200, "done");
    pthread_join(stopper, NULL);
    close(fd);
}

Test(http, a_stop_does_not_wait_for_ever_and_a_late_answer_is_harmless) {
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

Test(http, a_request_after_the_drain_is_refused_and_not_begun) {
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

static void *hammer(void *server) {
    while (atomic_load(&hammering)) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(uintptr_t)server)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            say(fd, GET("/"));
            hear(fd);
        }
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

Test(http, stopping_under_load_ends_cleanly_every_time) {
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
