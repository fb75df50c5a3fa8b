#include "common/io/http.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/http_daemon.h"
#include "common/io/http_listen.h"
#include "common/io/log.h"

enum {
    DOZE_TURNS = 4,        // see doze
    DISCARD_FACTOR = 4,    // of a chunked body that is too large, read so much before hanging up
    LAST_ANSWERS_MS = 500, // for the 503s at the end of a drain to leave
};

struct hy_http_server {
    struct MHD_Daemon *daemon;
    bool turned;   // by hy_http_poll; otherwise by threads of the daemon
    bool woken;    // turned: an exchange has its answer, and libmicrohttpd was not turned since
    size_t dozing; // turned: exchanges that are asked in each turn whether they have their answer
    int listen_fd;
    unsigned port;
    size_t body_limit;
    hy_http_handler handler;
    void *context;

    atomic_bool draining; // answers say `Connection: close`
    atomic_bool ending;   // nothing waits any more: what has no answer gets a 503
    pthread_mutex_t lock; // the list
    pthread_cond_t idle;
    struct hy_http_exchange *open; // all that libmicrohttpd has not completed
};

// Two sides hold an exchange: libmicrohttpd until it has completed the request, and from the call of the
// handler on whoever owes the answer. The last to let go frees it, so an answer that comes too late (the
// drain gave up) finds it still there.
struct hy_http_exchange {
    struct hy_http_server *server; // libmicrohttpd's side only, or while it waits for the answer
    struct hy_http_exchange *previous, *next;

    // Written by the server thread before the handler is called.
    struct MHD_Connection *connection;
    char method[16]; // longer ones are cut, and so remain unknown
    char *path;
    struct hy_buffer body;
    size_t received;
    bool handed; // the handler was called

    void *state;
    void (*release)(void *state);

    atomic_uint holders;
    pthread_mutex_t lock; // what follows
    bool answered;
    bool suspended;
    bool dozing;
    unsigned dozed; // turns
    unsigned status;
    struct MHD_Response *response; // answered, not yet queued
};

// ---- answers that the door gives by itself

static struct MHD_Response *make_response(struct hy_bytes body, const char *content_type) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.length, (void *)body.data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        fputs("huiyuan: out of memory\n", stderr);
        abort();
    }
    if (content_type != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    return response;
}

// RFC 9457. The texts of the table need no escaping.
static struct MHD_Response *make_problem(enum hy_code code) {
    const char *name = hy_code_name(code);
    char text[512];
    int length =
        snprintf(text, sizeof text,
                 "{\"type\":\"urn:huiyuan:problem:%s\",\"title\":\"%s\",\"title_zh\":\"%s\","
                 "\"status\":%d,\"code\":\"%s\"}",
                 name, hy_code_english(code), hy_code_chinese(code), hy_code_http_status(code), name);
    return make_response(hy_bytes(text, (size_t)length), "application/problem+json");
}

static enum MHD_Result queue_response(struct hy_http_exchange *exchange, struct MHD_Response *response,
                                      unsigned status) {
    if (atomic_load(&exchange->server->draining)) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    enum MHD_Result result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct hy_http_exchange *exchange, enum hy_code code) {
    return queue_response(exchange, make_problem(code), (unsigned)hy_code_http_status(code));
}

// ---- the life of an exchange

static struct hy_http_exchange *open_exchange(struct hy_http_server *server,
                                              struct MHD_Connection *connection, const char *method,
                                              const char *path) {
    struct hy_http_exchange *exchange = hy_calloc(1, sizeof *exchange);
    exchange->server = server;
    exchange->connection = connection;
    snprintf(exchange->method, sizeof exchange->method, "%s", method);
    exchange->path = hy_strdup(path);
    hy_buffer_init(&exchange->body, server->body_limit);
    atomic_init(&exchange->holders, 1);
    pthread_mutex_init(&exchange->lock, NULL);

    pthread_mutex_lock(&server->lock);
    exchange->next = server->open;
    if (server->open != NULL) server->open->previous = exchange;
    server->open = exchange;
    pthread_mutex_unlock(&server->lock);
    return exchange;
}

static void unlink_exchange(struct hy_http_exchange *exchange) {
    struct hy_http_server *server = exchange->server;
    pthread_mutex_lock(&server->lock);
    if (exchange->next != NULL) exchange->next->previous = exchange->previous;
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        server->open = exchange->next;
    }
    if (server->open == NULL) pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->lock);
}

static void let_go(struct hy_http_exchange *exchange) {
    if (atomic_fetch_sub(&exchange->holders, 1) > 1) return;
    if (exchange->release != NULL) exchange->release(exchange->state);
    pthread_mutex_destroy(&exchange->lock);
    hy_buffer_free(&exchange->body);
    hy_free(exchange->path);
    hy_free(exchange);
}

static void end_doze(struct hy_http_exchange *exchange) {
    if (exchange->dozing) exchange->server->dozing--;
    exchange->dozing = false;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code) {
    (void)context;
    (void)connection;
    (void)code;
    struct hy_http_exchange *exchange = *slot;
    if (exchange == NULL) return;
    *slot = NULL;
    end_doze(exchange);
    unlink_exchange(exchange);
    pthread_mutex_lock(&exchange->lock);
    exchange->answered = true; // an answer from now on goes nowhere
    exchange->connection = NULL;
    struct MHD_Response *unused = exchange->response;
    exchange->response = NULL;
    pthread_mutex_unlock(&exchange->lock);
    if (unused != NULL) MHD_destroy_response(unused);
    let_go(exchange);
}

// libmicrohttpd's own threads hear of it by its own means; a server that is turned is turned by its owner.
static void wake(struct hy_http_exchange *exchange) {
    if (!exchange->suspended && !exchange->dozing) return;
    if (exchange->suspended) MHD_resume_connection(exchange->connection);
    if (exchange->server->turned) exchange->server->woken = true;
    exchange->suspended = false;
}

// Keeps the answer, and wakes the exchange if it sleeps. False: it has one already; `response` stays the
// caller's.
static bool give_answer(struct hy_http_exchange *exchange, struct MHD_Response *response, unsigned status) {
    pthread_mutex_lock(&exchange->lock);
    bool first = !exchange->answered;
    if (first) {
        exchange->answered = true;
        exchange->response = response;
        exchange->status = status;
        wake(exchange);
    }
    pthread_mutex_unlock(&exchange->lock);
    return first;
}

static void give_unavailable(struct hy_http_exchange *exchange) {
    struct MHD_Response *response = make_problem(HY_UNAVAILABLE);
    if (!give_answer(exchange, response, (unsigned)hy_code_http_status(HY_UNAVAILABLE))) {
        MHD_destroy_response(response);
    }
}

// ---- requests

struct framing {
    unsigned content_lengths;
    unsigned transfer_encodings;
    bool not_chunked;
    bool bad_length;
    uint64_t content_length;
};

static bool parse_length(const char *text, uint64_t *ret_length) {
    uint64_t length = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') return false;
        if (__builtin_mul_overflow(length, UINT64_C(10), &length)) return false;
        if (__builtin_add_overflow(length, (uint64_t)(*at - '0'), &length)) return false;
    }
    *ret_length = length;
    return *text != '\0';
}

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
    (void)kind;
    struct framing *framing = context;
    const char *text = value != NULL ? value : "";
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->content_lengths++;
        if (!parse_length(text, &framing->content_length)) framing->bad_length = true;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->transfer_encodings++;
        if (strcasecmp(text, "chunked") != 0) framing->not_chunked = true;
    }
    return MHD_YES;
}

// Two readings of where a request ends (RFC 9112, 6.3) let a second request hide in the first behind a proxy:
// refuse all that can be read twice.
static enum hy_code check_framing(const struct hy_http_exchange *exchange) {
    struct framing framing = {0};
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, note_header, &framing);
    if (framing.content_lengths + framing.transfer_encodings > 1 || framing.not_chunked ||
        framing.bad_length) {
        return HY_MALFORMED;
    }
    return framing.content_length > exchange->body.ceiling ? HY_TOO_LARGE : HY_OK;
}

static enum MHD_Result begin(struct hy_http_exchange *exchange) {
    enum hy_code code = check_framing(exchange);
    // An answer before the body was read makes libmicrohttpd close the connection after it.
    return code == HY_OK ? MHD_YES : refuse(exchange, code);
}

static enum MHD_Result take_body(struct hy_http_exchange *exchange, const char *data, size_t *size) {
    hy_buffer_add(&exchange->body, data, *size);
    exchange->received += *size;
    *size = 0;
    // libmicrohttpd takes no answer in the middle of a body; hang up on those who do not end it.
    return exchange->received / DISCARD_FACTOR > exchange->body.ceiling ? MHD_NO : MHD_YES;
}

static void hand_over(struct hy_http_exchange *exchange) {
    exchange->handed = true;
    atomic_fetch_add(&exchange->holders, 1); // given back by hy_http_answer
    exchange->server->handler(exchange->server->context, exchange);
}

// What is not suspended is asked again in each turn. A GET has its answer within a few; to suspend and resume
// it would be three system calls, a sixth of all that a page costs here. False: it dozed long enough.
static bool doze(struct hy_http_exchange *exchange) {
    bool quick = exchange->server->turned && strcmp(exchange->method, MHD_HTTP_METHOD_GET) == 0;
    if (!quick || exchange->dozed++ == DOZE_TURNS) {
        end_doze(exchange);
        return false;
    }
    exchange->server->dozing += !exchange->dozing;
    exchange->dozing = true;
    return true;
}

// Called with the whole request, and again when it was woken. The answer may have come, or come, at any
// point.
static enum MHD_Result serve(struct hy_http_exchange *exchange) {
    if (!exchange->handed) {
        if (exchange->body.failed) return refuse(exchange, HY_TOO_LARGE);
        if (atomic_load(&exchange->server->ending)) return refuse(exchange, HY_UNAVAILABLE);
        hand_over(exchange);
    }
    pthread_mutex_lock(&exchange->lock);
    struct MHD_Response *response = exchange->response;
    unsigned status = exchange->status;
    exchange->response = NULL;
    if (response != NULL) {
        end_doze(exchange);
    } else if (!doze(exchange)) {
        exchange->suspended = true;
        MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&exchange->lock);
    return response == NULL ? MHD_YES : queue_response(exchange, response, status);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **slot) {
    (void)version;
    if (*slot == NULL) {
        *slot = open_exchange(context, connection, method, url);
        return begin(*slot);
    }
    if (*upload_data_size > 0) return take_body(*slot, upload_data, upload_data_size);
    return serve(*slot);
}

// ---- start and stop

static void free_server(struct hy_http_server *server) {
    close(server->listen_fd);
    pthread_cond_destroy(&server->idle);
    pthread_mutex_destroy(&server->lock);
    hy_free(server);
}

static struct hy_http_server *start_on(int fd, const struct hy_http_options *options, hy_http_handler handler,
                                       void *context) {
    if (fd < 0) return NULL;
    struct hy_http_server *server = hy_calloc(1, sizeof *server);
    server->turned = options->threads == 0;
    server->listen_fd = fd;
    server->port = hy_http_listen_port(fd);
    server->body_limit = options->body_limit;
    server->handler = handler;
    server->context = context;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    server->daemon = http_daemon_start(options, fd, on_request, on_completed, server);
    if (server->daemon == NULL) {
        hy_log(HY_LOG_ERROR, "http_start_failed", "the HTTP server on %s cannot start", options->listen);
        free_server(server);
        return NULL;
    }
    return server;
}

struct hy_http_server *hy_http_start(const struct hy_http_options *options, hy_http_handler handler,
                                     void *context) {
    return start_on(hy_http_listen(options->listen), options, handler, context);
}

struct hy_http_server *hy_http_start_beside(const struct hy_http_server *other,
                                            const struct hy_http_options *options, hy_http_handler handler,
                                            void *context) {
    return start_on(dup(other->listen_fd), options, handler, context);
}

// ---- a server that is turned by its owner

void hy_http_poll(struct hy_http_server *server) {
    server->woken = false;
    MHD_run(server->daemon);
}

int hy_http_wait_fd(const struct hy_http_server *server) {
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int hy_http_wait_ms(const struct hy_http_server *server, int limit_ms) {
    MHD_UNSIGNED_LONG_LONG due_ms;
    if (server->woken) return 0;
    if (server->dozing > 0) return limit_ms < 1 ? limit_ms : 1; // libmicrohttpd would say 0
    if (MHD_get_timeout(server->daemon, &due_ms) != MHD_YES) return limit_ms;
    return due_ms < (unsigned)limit_ms ? (int)due_ms : limit_ms;
}

bool hy_http_busy(struct hy_http_server *server) {
    pthread_mutex_lock(&server->lock);
    bool busy = server->open != NULL;
    pthread_mutex_unlock(&server->lock);
    return busy;
}

static void turn_until_idle(struct hy_http_server *server, unsigned at_most_ms) {
    uint64_t end_ns = hy_clock_monotonic_ns() + at_most_ms * UINT64_C(1000000);
    while (hy_http_busy(server) && hy_clock_monotonic_ns() < end_ns) {
        struct pollfd door = {.fd = hy_http_wait_fd(server), .events = POLLIN};
        (void)poll(&door, 1, hy_http_wait_ms(server, 10));
        hy_http_poll(server);
    }
}

// ---- the end

static void wait_until_idle(struct hy_http_server *server, unsigned at_most_ms) {
    if (server->turned) {
        turn_until_idle(server, at_most_ms);
        return;
    }
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += at_most_ms / 1000;
    end.tv_nsec += (long)(at_most_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    int result = 0;
    pthread_mutex_lock(&server->lock);
    while (server->open != NULL && result == 0) {
        result = pthread_cond_timedwait(&server->idle, &server->lock, &end);
    }
    pthread_mutex_unlock(&server->lock);
}

static void end_open_exchanges(struct hy_http_server *server) {
    atomic_store(&server->ending, true);
    pthread_mutex_lock(&server->lock);
    for (struct hy_http_exchange *exchange = server->open; exchange != NULL; exchange = exchange->next) {
        give_unavailable(exchange);
    }
    bool any = server->open != NULL;
    pthread_mutex_unlock(&server->lock);
    if (any) wait_until_idle(server, LAST_ANSWERS_MS);
}

void hy_http_quiesce(struct hy_http_server *server) {
    if (atomic_exchange(&server->draining, true)) return;
    MHD_quiesce_daemon(server->daemon);
    shutdown(server->listen_fd, SHUT_RDWR); // who connects now is refused at once, and goes elsewhere
}

void hy_http_stop(struct hy_http_server *server, unsigned drain_ms) {
    if (server == NULL) return;
    hy_http_quiesce(server);
    wait_until_idle(server, drain_ms);
    end_open_exchanges(server);
    MHD_stop_daemon(server->daemon);
    free_server(server);
}

unsigned hy_http_port(const struct hy_http_server *server) {
    return server->port;
}

// ---- the handler's view

const char *hy_http_method(const struct hy_http_exchange *exchange) {
    return exchange->method;
}

const char *hy_http_path(const struct hy_http_exchange *exchange) {
    return exchange->path;
}

static const char *look_up(const struct hy_http_exchange *exchange, enum MHD_ValueKind kind,
                           const char *name) {
    const char *value = NULL;
    size_t length = 0;
    pthread_mutex_t *lock = (pthread_mutex_t *)&exchange->lock;
    pthread_mutex_lock(lock);
    struct MHD_Connection *connection = exchange->connection;
    bool found = connection != NULL && MHD_lookup_connection_value_n(connection, kind, name, strlen(name),
                                                                     &value, &length) == MHD_YES;
    pthread_mutex_unlock(lock);
    if (!found) return NULL;
    return value != NULL ? value : ""; // "?flag"
}

const char *hy_http_query(const struct hy_http_exchange *exchange, const char *name) {
    return look_up(exchange, MHD_GET_ARGUMENT_KIND, name);
}

const char *hy_http_header(const struct hy_http_exchange *exchange, const char *name) {
    return look_up(exchange, MHD_HEADER_KIND, name);
}

struct hy_bytes hy_http_body(const struct hy_http_exchange *exchange) {
    return hy_buffer_bytes(&exchange->body);
}

void hy_http_attach(struct hy_http_exchange *exchange, void *state, void (*release)(void *state)) {
    if (exchange->release != NULL && exchange->state != state) exchange->release(exchange->state);
    exchange->state = state;
    exchange->release = release;
}

void *hy_http_attached(const struct hy_http_exchange *exchange) {
    return exchange->state;
}

void hy_http_answer(struct hy_http_exchange *exchange, unsigned status, const char *content_type,
                    struct hy_bytes body, const struct hy_http_header_pair *headers, size_t header_count) {
    struct MHD_Response *response = make_response(body, content_type);
    for (size_t i = 0; i < header_count; i++) {
        if (MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES) {
            hy_log(HY_LOG_WARN, "http_header_left_out", "the value of %s cannot stand in a header",
                   headers[i].name);
        }
    }
    if (!give_answer(exchange, response, status)) MHD_destroy_response(response);
    let_go(exchange);
}
