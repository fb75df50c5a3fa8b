// What the tests of the HTTP server share: a raw client, so that what goes over the wire stands in the test,
// and handlers.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/io/http.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

struct reply {
    int status; // 0: the connection ended without one
    char text[16 << 10];
};

int try_dial(unsigned port); // -1: nobody listens there
int dial(const struct hy_http_server *server);
void say(int fd, const char *text);
struct reply hear(int fd);
bool hung_up(int fd);
struct reply ask(const struct hy_http_server *server, const char *request); // dial, say, hear

void should_contain(const struct reply *reply, const char *part);
void should_be_problem(const struct reply *reply, int status, const char *code);

void sleep_ms(long ms);

extern const struct hy_http_options USUAL;

struct hy_http_server *start(hy_http_handler handler, void *context); // with the usual options
struct hy_http_server *start_with(struct hy_http_options options, hy_http_handler handler, void *context);
void answer_text(struct hy_http_exchange *exchange, unsigned status, const char *text);

// A handler that says what it was asked. The context counts the calls, or is NULL.
void echo(void *context, struct hy_http_exchange *exchange);

// Takes exchanges away; the test answers them when it likes.
struct shelf {
    pthread_mutex_t lock;
    struct hy_http_exchange *exchanges[600];
    size_t count;
    atomic_int released;
};

extern struct shelf shelf;

void shelve(void *context, struct hy_http_exchange *exchange); // the handler; its context is the shelf
void note_release(void *released);                             // of what an exchange has attached
void wait_for_shelved(size_t count);
void wait_for_released(int count);
