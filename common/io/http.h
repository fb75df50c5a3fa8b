// The door to libmicrohttpd. A server calls one handler with a whole, size-limited request; the handler
// answers at once, or takes the exchange away and answers later from any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct hy_http_server;
struct hy_http_exchange;

struct hy_http_options {
    const char *listen; // "127.0.0.1:8080"; port 0: any
    unsigned threads;   // 0: none, see hy_http_poll
    unsigned connection_limit;
    unsigned per_ip_limit;    // 0: none
    unsigned timeout_seconds; // idle connections
    size_t body_limit;        // larger: 413
};

// Called on a server thread for each complete request. Must end in hy_http_answer, now or later, also after
// hy_http_stop gave up waiting: only then is `release` called and the exchange freed.
//
// The door answers by itself, with a problem document: a body beyond the limit (413), framing that can be
// read in two ways such as Content-Length with Transfer-Encoding (400), whatever is still open when a drain
// ends (503).
typedef void (*hy_http_handler)(void *context, struct hy_http_exchange *exchange);

// NULL, with a line in the log, when the address cannot be used.
struct hy_http_server *hy_http_start(const struct hy_http_options *options, hy_http_handler handler,
                                     void *context);
// Another one on the same address: its connections are shared out between them.
struct hy_http_server *hy_http_start_beside(const struct hy_http_server *other,
                                            const struct hy_http_options *options, hy_http_handler handler,
                                            void *context);

// A server without threads of its own is turned by its owner: everything about it happens on that one thread,
// answers included, and nobody has to be woken between a request and its answer.
//
// Serves what is ready, without waiting.
void hy_http_poll(struct hy_http_server *server);
// Readable when hy_http_poll has something to do: for waiting on several doors at once.
int hy_http_wait_fd(const struct hy_http_server *server);
// How long it has nothing to do if that does not become readable; at most `limit_ms`.
int hy_http_wait_ms(const struct hy_http_server *server, int limit_ms);
// Requests of which something is still to be read, answered or sent.
bool hy_http_busy(struct hy_http_server *server);

// Stops accepting; what is open goes on, and its connections close after the answer.
void hy_http_quiesce(struct hy_http_server *server);
// Stops accepting, waits for open exchanges (at most `drain_ms`; their connections close after the answer),
// then ends. From then on nothing of a request can be read any more. Not to be called by a handler.
void hy_http_stop(struct hy_http_server *server, unsigned drain_ms);
unsigned hy_http_port(const struct hy_http_server *server);

// The request; all text lives until the answer.
const char *hy_http_method(const struct hy_http_exchange *exchange);
const char *hy_http_path(const struct hy_http_exchange *exchange); // percent-decoded, without the query
const char *hy_http_query(const struct hy_http_exchange *exchange, const char *name);  // NULL: not there
const char *hy_http_header(const struct hy_http_exchange *exchange, const char *name); // NULL: not there
struct hy_bytes hy_http_body(const struct hy_http_exchange *exchange);

// A free slot for the handler that answers later; `release` is called once, when the exchange was answered
// and has ended, whatever happened to the connection; it may be called by any thread.
void hy_http_attach(struct hy_http_exchange *exchange, void *state, void (*release)(void *state));
void *hy_http_attached(const struct hy_http_exchange *exchange);

struct hy_http_header_pair {
    const char *name;
    const char *value;
};

// Answers, once. The body is copied. Thread-safe: may be called from inside the handler or later from any
// thread.
void hy_http_answer(struct hy_http_exchange *exchange, unsigned status, const char *content_type,
                    struct hy_bytes body, const struct hy_http_header_pair *headers, size_t header_count);
