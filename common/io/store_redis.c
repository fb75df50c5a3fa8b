// The store on Redis: one connection, requests pipelined, answers in the order of the requests, but that
// those for reads overtake projections that were not sent yet. Everything that goes wrong ends the connection
// (model: requests-in-order): what waits is answered as away, and a new connection is tried with growing
// pauses. That also covers a server that is loading, full or read-only, and scripts that it has forgotten.
#include "common/io/store_redis.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/log.h"

#define NS_A_MS UINT64_C(1000000)

enum {
    INBOX_BYTES = 64 << 10,
    FIRST_CAPACITY = 64,
};

static const uint64_t BACKOFF_FIRST_NS = 100 * NS_A_MS;
static const uint64_t BACKOFF_LAST_NS = 2000 * NS_A_MS;
static const uint64_t CONNECT_LIMIT_NS = 2000 * NS_A_MS;
static const uint64_t SILENCE_LIMIT_NS = 10000 * NS_A_MS; // of a server that owes an answer

static void end_connection(struct hy_store *store, const char *why);

static size_t waiting(const struct hy_store *store) {
    return store->request_tail - store->request_head;
}

static struct redis_request *request_at(struct hy_store *store, size_t number) {
    return &store->requests[number & (store->request_capacity - 1)];
}

static void grow(struct hy_store *store) {
    size_t capacity = store->request_capacity == 0 ? FIRST_CAPACITY : store->request_capacity * 2;
    struct redis_request *requests = hy_malloc(capacity * sizeof *requests);
    for (size_t i = store->request_head; i < store->request_tail; i++) {
        requests[i & (capacity - 1)] = *request_at(store, i);
    }
    hy_free(store->requests);
    store->requests = requests;
    store->request_capacity = capacity;
}

bool redis_request_push(struct hy_store *store, enum redis_kind kind, hy_store_done done, void *context) {
    if (waiting(store) == store->request_capacity) grow(store);
    bool sent = store->redis != NULL;
    store->projecting += sent && kind == REQUEST_PROJECT;
    if (sent && waiting(store) == 0) store->heard_ns = hy_clock_monotonic_ns();
    *request_at(store, store->request_tail++) = (struct redis_request){
        .kind = kind,
        .unsent = !sent,
        .script = -1,
        .done = done,
        .context = context,
    };
    return sent;
}

struct redis_request *redis_request_last(struct hy_store *store) {
    return request_at(store, store->request_tail - 1);
}

static struct redis_request pop(struct hy_store *store) {
    struct redis_request request = *request_at(store, store->request_head++);
    if (request.kind == REQUEST_SETUP) store->setup_left--;
    if (request.kind == REQUEST_PROJECT && !request.unsent) store->projecting--;
    return request;
}

struct redis_held *redis_hold(struct hy_store *store, hy_store_done done, void *context) {
    struct redis_held *held = hy_calloc(1, sizeof *held);
    held->done = done;
    held->context = context;
    hy_buffer_init(&held->bytes, REDIS_OUT_LIMIT_BYTES);
    *store->held_end = held;
    store->held_end = &held->next;
    store->held_count++;
    return held;
}

static struct redis_held *take_held(struct hy_store *store) {
    struct redis_held *held = store->held;
    store->held = held->next;
    if (store->held == NULL) store->held_end = &store->held;
    store->held_count--;
    return held;
}

static void free_held(struct redis_held *held) {
    hy_buffer_free(&held->bytes);
    hy_free(held);
}

static void send_held(struct hy_store *store) {
    while (store->held != NULL && store->redis != NULL && store->projecting < REDIS_PROJECTIONS_AT_ONCE) {
        struct redis_held *held = take_held(store);
        redis_request_push(store, REQUEST_PROJECT, held->done, held->context);
        redis_request_last(store)->steps = held->steps;
        hy_buffer_add(&store->out, held->bytes.data, held->bytes.length);
        store->out.failed |= held->bytes.failed;
        free_held(held);
    }
}

static void call(struct hy_store *store, hy_store_done done, void *context, enum hy_store_status status) {
    const struct hy_store_answer answer = {
        .status = status,
        .values = store->values,
        .count = status == HY_STORE_AWAY ? 0 : store->value_count,
    };
    store->called++;
    if (done != NULL) done(context, &answer);
}

// Requests of the moments without a connection stand before all that were sent on the next one.
static void answer_unsent(struct hy_store *store) {
    size_t end = store->request_tail; // a call-back may ask again: that is for the next poll
    while (store->request_head < end && request_at(store, store->request_head)->unsent) {
        struct redis_request request = pop(store);
        call(store, request.done, request.context, HY_STORE_AWAY);
    }
}

static void answer_all_away(struct hy_store *store) {
    size_t end = store->request_tail;
    while (store->request_head < end) {
        struct redis_request request = pop(store);
        if (request.kind != REQUEST_SETUP) call(store, request.done, request.context, HY_STORE_AWAY);
    }
    for (size_t left = store->held_count; left > 0; left--) {
        struct redis_held *held = take_held(store);
        call(store, held->done, held->context, HY_STORE_AWAY);
        free_held(held);
    }
}

static void tell_away(struct hy_store *store, const char *why) {
    hy_log(store->told_away ? HY_LOG_DEBUG : HY_LOG_WARN, "redis_away", "%s: %s", store->address.host, why);
    store->told_away = true;
}

static void retry_later(struct hy_store *store) {
    store->retry_ns = hy_clock_monotonic_ns() + store->backoff_ns;
    store->backoff_ns = store->backoff_ns * 2 < BACKOFF_LAST_NS ? store->backoff_ns * 2 : BACKOFF_LAST_NS;
}

static void end_connection(struct hy_store *store, const char *why) {
    tell_away(store, why);
    bool was_up = store->up;
    if (store->redis != NULL) redisFree(store->redis);
    store->redis = NULL;
    store->connecting = false;
    store->up = false;
    hy_buffer_clear(&store->out);
    store->out_sent = 0;
    retry_later(store);
    answer_all_away(store);
    if (was_up && store->channel != NULL) call(store, store->heard, store->heard_context, HY_STORE_AWAY);
}

static void connect_now(struct hy_store *store) {
    const struct redis_address *address = &store->address;
    redisContext *redis = address->local ? redisConnectUnixNonBlock(address->host)
                                         : redisConnectNonBlock(address->host, address->port);
    if (redis == NULL || redis->err != 0) {
        tell_away(store, redis != NULL ? redis->errstr : "out of memory");
        if (redis != NULL) redisFree(redis);
        retry_later(store);
        return;
    }
    redis->reader->maxbuf = 0; // keep the buffer: answers are large all the time
    store->redis = redis;
    store->connecting = true;
    store->heard_ns = hy_clock_monotonic_ns();
    redis_request_setup(store);
}

static void finish_connecting(struct hy_store *store) {
    struct pollfd wait = {.fd = store->redis->fd, .events = POLLOUT};
    if (poll(&wait, 1, 0) == 0) return;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(store->redis->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) {
        end_connection(store, strerror(error));
        return;
    }
    store->connecting = false;
    if (store->address.local) return;
    int on = 1;
    (void)setsockopt(store->redis->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)redisEnableKeepAlive(store->redis); // a listener has no other way to notice a dead peer
}

static void send_out(struct hy_store *store) {
    if (store->out.failed) {
        end_connection(store, "more waits to be sent than there may");
        return;
    }
    while (store->out_sent < store->out.length) {
        ssize_t sent = send(store->redis->fd, store->out.data + store->out_sent,
                            store->out.length - store->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (sent < 0 && errno != EINTR) {
            end_connection(store, strerror(errno));
            return;
        }
        if (sent > 0) store->out_sent += (size_t)sent;
    }
    hy_buffer_clear(&store->out);
    store->out_sent = 0;
}

static void add_value(struct hy_store *store, struct hy_bytes value) {
    if (store->value_count == store->value_capacity) {
        store->value_capacity = store->value_capacity == 0 ? FIRST_CAPACITY : store->value_capacity * 2;
        store->values = hy_realloc(store->values, store->value_capacity * sizeof *store->values);
    }
    store->values[store->value_count++] = value;
}

// All texts in a reply, in their order, whatever its nesting; numbers are left out.
static void add_values(struct hy_store *store, const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_ARRAY:
        for (size_t i = 0; i < reply->elements; i++) {
            add_values(store, reply->element[i]);
        }
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: add_value(store, hy_bytes(reply->str, reply->len)); break;
    case REDIS_REPLY_NIL: add_value(store, hy_bytes(NULL, 0)); break;
    default: break;
    }
}

static void setup_answered(struct hy_store *store, const struct redis_request *request,
                           const redisReply *reply) {
    if (request->script >= 0 && reply->type == REDIS_REPLY_STRING) {
        snprintf(store->script_hash[request->script], SCRIPT_HASH_BYTES, "%s", reply->str);
    }
    if (store->setup_left > 0) return;
    store->up = true;
    store->told_away = false;
    store->backoff_ns = BACKOFF_FIRST_NS;
    hy_log(HY_LOG_INFO, "redis_connected", "%s", store->address.host);
    if (store->channel != NULL) call(store, store->heard, store->heard_context, HY_STORE_OK);
}

// Before the transaction's own answer: the only one with parts says which watermark was found.
static void step_answered(struct hy_store *store, struct redis_request *request, const redisReply *reply) {
    request->steps--;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) return;
    const redisReply *found = reply->element[1];
    request->matched = reply->element[0]->integer == 1;
    store->found_none = found->type != REDIS_REPLY_STRING;
    hy_buffer_clear(&store->found);
    if (!store->found_none) hy_buffer_add(&store->found, found->str, found->len);
}

// NULL: every command of the transaction did what it should.
static const char *failure_in(const redisReply *reply) {
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) return reply->element[i]->str;
    }
    return NULL;
}

// A transaction that was not carried out although the watermark was right when it was looked at: somebody
// wrote it a moment later, and what it is now has to be asked.
static void project_answered(struct hy_store *store, const struct redis_request *request,
                             const redisReply *reply) {
    enum hy_store_status status = HY_STORE_OK;
    if (reply->type == REDIS_REPLY_NIL) status = request->matched ? HY_STORE_AWAY : HY_STORE_STALE;
    add_value(store, store->found_none ? hy_bytes(NULL, 0) : hy_buffer_bytes(&store->found));
    call(store, request->done, request->context, status);
}

static void answered(struct hy_store *store, const redisReply *reply) {
    struct redis_request *next = request_at(store, store->request_head);
    if (next->steps > 0) {
        step_answered(store, next, reply);
        return;
    }
    struct redis_request request = pop(store);
    if (request.kind == REQUEST_SETUP) {
        setup_answered(store, &request, reply);
        return;
    }
    if (request.kind == REQUEST_PROJECT) {
        project_answered(store, &request, reply);
    } else {
        if (request.kind == REQUEST_PLAIN) add_values(store, reply);
        call(store, request.done, request.context, HY_STORE_OK);
    }
    send_held(store);
}

static bool is_message(const struct hy_store *store, const redisReply *reply) {
    return store->channel != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
           reply->element[0]->type == REDIS_REPLY_STRING && strcmp(reply->element[0]->str, "message") == 0;
}

static void take(struct hy_store *store, const redisReply *reply) {
    store->value_count = 0;
    const char *failure = reply->type == REDIS_REPLY_ERROR ? reply->str : failure_in(reply);
    if (failure != NULL) {
        // The request that it belongs to may have happened in part: away, like all behind it.
        char why[256];
        snprintf(why, sizeof why, "%s", failure);
        end_connection(store, why);
    } else if (is_message(store, reply)) {
        add_values(store, reply->element[2]);
        call(store, store->heard, store->heard_context, HY_STORE_OK);
    } else if (waiting(store) > 0) {
        answered(store, reply);
    } else {
        end_connection(store, "an answer to nothing");
    }
}

static void take_replies(struct hy_store *store) {
    while (store->redis != NULL) {
        void *reply = NULL;
        if (redisReaderGetReply(store->redis->reader, &reply) != REDIS_OK) {
            end_connection(store, "the answer is not in Redis's protocol");
            return;
        }
        if (reply == NULL) return;
        take(store, reply);
        freeReplyObject(reply);
    }
}

static void receive(struct hy_store *store) {
    char inbox[INBOX_BYTES];
    while (store->redis != NULL) {
        ssize_t got = recv(store->redis->fd, inbox, sizeof inbox, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            end_connection(store, got == 0 ? "the server closed the connection" : strerror(errno));
            return;
        }
        store->heard_ns = hy_clock_monotonic_ns();
        redisReaderFeed(store->redis->reader, inbox, (size_t)got);
        take_replies(store);
        if ((size_t)got < sizeof inbox) return;
    }
}

static void check_silence(struct hy_store *store, uint64_t now) {
    uint64_t limit = store->connecting ? CONNECT_LIMIT_NS : SILENCE_LIMIT_NS;
    if (waiting(store) > 0 && now > store->heard_ns + limit) end_connection(store, "no answer in time");
}

static void step(struct hy_store *store) {
    answer_unsent(store);
    if (store->redis == NULL && hy_clock_monotonic_ns() >= store->retry_ns) {
        connect_now(store);
        answer_unsent(store); // the call-backs above may have asked again
    }
    if (store->redis != NULL && store->connecting) finish_connecting(store);
    if (store->redis != NULL && !store->connecting) {
        send_out(store);
        if (store->redis != NULL) receive(store);
        if (store->redis != NULL) send_out(store); // what call-backs asked
    }
    if (store->redis != NULL) check_silence(store, hy_clock_monotonic_ns());
}

static void wait_until(const struct hy_store *store, uint64_t now, uint64_t deadline) {
    short events = 0;
    struct pollfd wait = {.fd = hy_store_wait_fd(store, &events), .events = events};
    if (wait.fd < 0 && store->retry_ns < deadline) deadline = store->retry_ns;
    if (deadline <= now) return;
    uint64_t left_ms = (deadline - now + NS_A_MS - 1) / NS_A_MS;
    (void)poll(&wait, wait.fd >= 0 ? 1 : 0, left_ms < 1000 ? (int)left_ms : 1000);
}

size_t hy_store_poll(struct hy_store *store, int timeout_ms) {
    size_t before = store->called;
    step(store);
    if (store->called > before || timeout_ms <= 0) return store->called - before;
    uint64_t now = hy_clock_monotonic_ns();
    uint64_t deadline = now + (uint64_t)timeout_ms * NS_A_MS;
    while (store->called == before && now < deadline) {
        wait_until(store, now, deadline);
        step(store);
        now = hy_clock_monotonic_ns();
    }
    return store->called - before;
}

int hy_store_wait_fd(const struct hy_store *store, short *ret_events) {
    *ret_events = 0;
    if (store->redis == NULL) return -1;
    bool sending = store->connecting || store->out_sent < store->out.length;
    *ret_events = (short)(POLLIN | (sending ? POLLOUT : 0));
    return store->redis->fd;
}

bool hy_store_connected(const struct hy_store *store) {
    return store->up;
}

size_t hy_store_pending(const struct hy_store *store) {
    return waiting(store) - store->setup_left + store->held_count;
}

struct hy_store *hy_store_open(const char *url) {
    struct redis_address address;
    if (!redis_address_parse(url, &address)) {
        // The URL may hold a password.
        hy_log(HY_LOG_ERROR, "redis_url",
               "not understood; it looks like redis://:password@host:6379/0 or unix:///path?db=0");
        return NULL;
    }
    struct hy_store *store = hy_calloc(1, sizeof *store);
    store->address = address;
    store->backoff_ns = BACKOFF_FIRST_NS;
    hy_buffer_init(&store->out, REDIS_OUT_LIMIT_BYTES);
    hy_buffer_init(&store->found, REDIS_OUT_LIMIT_BYTES);
    store->held_end = &store->held;
    grow(store);
    connect_now(store);
    return store;
}

void hy_store_close(struct hy_store *store) {
    answer_all_away(store);
    if (store->redis != NULL) redisFree(store->redis);
    redis_address_free(&store->address);
    hy_buffer_free(&store->out);
    hy_buffer_free(&store->found);
    hy_free(store->requests);
    hy_free(store->values);
    hy_free(store->channel);
    hy_free(store);
}

void hy_store_subscribe(struct hy_store *store, struct hy_bytes channel, hy_store_done done, void *context) {
    store->channel = hy_malloc(channel.length + 1);
    memcpy(store->channel, channel.data, channel.length);
    store->channel[channel.length] = '\0';
    store->heard = done;
    store->heard_context = context;
    // From the start again, with what a listener needs.
    if (store->redis != NULL) redisFree(store->redis);
    store->redis = NULL;
    store->up = false;
    store->retry_ns = 0;
    hy_buffer_clear(&store->out);
    store->out_sent = 0;
    answer_all_away(store);
}
