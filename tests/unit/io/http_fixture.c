#include "tests/unit/io/http_fixture.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/io/log.h"

// ---- client

int try_dial(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

int dial(const struct hy_http_server *server) {
    int fd = try_dial(hy_http_port(server));
    cr_assert_geq(fd, 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

void say(int fd, const char *text) {
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0) return; // the server may hang up in the middle of a body
        text += sent;
        length -= (size_t)sent;
    }
}

static bool is_whole(const struct reply *reply) {
    const char *body = strstr(reply->text, "\r\n\r\n");
    const char *length = strcasestr(reply->text, "\r\nContent-Length:");
    if (body == NULL || length == NULL) return false;
    return strlen(body + 4) >= strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

struct reply hear(int fd) {
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

bool hung_up(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET); // not: nothing came for ten seconds
}

struct reply ask(const struct hy_http_server *server, const char *request) {
    int fd = dial(server);
    say(fd, request);
    struct reply reply = hear(fd);
    close(fd);
    return reply;
}

void should_contain(const struct reply *reply, const char *part) {
    cr_assert_not_null(strstr(reply->text, part), "%s is not in:\n%s", part, reply->text);
}

void should_be_problem(const struct reply *reply, int status, const char *code) {
    char part[64];
    snprintf(part, sizeof part, "\"status\":%d,\"code\":\"%s\"", status, code);
    cr_assert_eq(reply->status, status, "%s", reply->text);
    should_contain(reply, "Content-Type: application/problem+json\r\n");
    should_contain(reply, part);
}

void sleep_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// ---- servers

const struct hy_http_options USUAL = {
    .listen = "127.0.0.1:0",
    .threads = 4,
    .connection_limit = 1000,
    .timeout_seconds = 20,
    .body_limit = 1000,
};

struct shelf shelf = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct hy_http_server *start_with(struct hy_http_options options, hy_http_handler handler, void *context) {
    hy_log_init("test", "", "error");
    struct hy_http_server *server = hy_http_start(&options, handler, context);
    cr_assert_not_null(server);
    return server;
}

struct hy_http_server *start(hy_http_handler handler, void *context) {
    return start_with(USUAL, handler, context);
}

void answer_text(struct hy_http_exchange *exchange, unsigned status, const char *text) {
    hy_http_answer(exchange, status, "text/plain", hy_bytes_of(text), NULL, 0);
}

static const char *or_none(const char *text) {
    return text != NULL ? text : "(none)";
}

// Says what it was asked.
void echo(void *context, struct hy_http_exchange *exchange) {
    atomic_int *calls = context;
    if (calls != NULL) atomic_fetch_add(calls, 1);
    struct hy_bytes body = hy_http_body(exchange);
    char text[4096];
    snprintf(text, sizeof text, "%s %s|a=%s|x-key=%s|%.*s|", hy_http_method(exchange), hy_http_path(exchange),
             or_none(hy_http_query(exchange, "a")), or_none(hy_http_header(exchange, "x-key")),
             (int)body.length, (const char *)body.data);
    answer_text(exchange, 200, text);
}

void note_release(void *state) {
    atomic_int *released = state;
    atomic_fetch_add(released, 1);
}

void shelve(void *context, struct hy_http_exchange *exchange) {
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

void wait_for_shelved(size_t count) {
    for (int i = 0; i < 1000 && shelved() < count; i++) {
        sleep_ms(10);
    }
    cr_assert_eq(shelved(), count);
}

void wait_for_released(int count) {
    for (int i = 0; i < 1000 && atomic_load(&shelf.released) < count; i++) {
        sleep_ms(10);
    }
    sleep_ms(20); // one too many would show now
    cr_assert_eq(atomic_load(&shelf.released), count);
}
