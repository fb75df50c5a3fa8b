#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/memory.h"
#include "common/io/log.h"
#include "common/io/store_mem_table.h"

enum { SCAN_STEP = 10, KEY_LIMIT = 512 };

enum kind { GET, PROJECT, DUE, WALK, PUT_NEW, SCAN, DELETE, PUBLISHED };

// A request with everything it needs, in an arena of its own; or something published to a listener.
struct request {
    struct request *next;
    enum kind kind;
    hy_store_done done;
    void *context;
    struct hy_arena arena;
    struct hy_bytes *keys; // GET, DELETE
    size_t count;
    struct hy_bytes key, value, timer_key; // also cursor and pattern
    int64_t number;                        // ms
    size_t limit;
    struct hy_store_projection projection;
};

struct hy_store {
    struct hy_mem_table *table;
    struct request *first;
    struct request **last;
    size_t pending, called;
    struct hy_bytes *values; // of the answer that is being given
    size_t value_count, value_capacity;
    struct hy_bytes channel; // data NULL: no listener
    hy_store_done heard;
    void *heard_context;
    bool heard_up; // what the listener was told last
};

struct hy_store *hy_store_open(const char *url) {
    (void)url;
    if (mem_table_current() == NULL) {
        hy_log(HY_LOG_ERROR, "mem_store", "hy_store_mem_use comes first");
        return NULL;
    }
    struct hy_store *store = hy_calloc(1, sizeof *store);
    store->table = mem_table_current();
    store->last = &store->first;
    mem_table_enter(store->table, store);
    return store;
}

static struct request *push(struct hy_store *store, enum kind kind, hy_store_done done, void *context) {
    struct request *request = hy_calloc(1, sizeof *request);
    hy_arena_init(&request->arena);
    request->kind = kind;
    request->done = done;
    request->context = context;
    *store->last = request;
    store->last = &request->next;
    store->pending += kind != PUBLISHED;
    return request;
}

static void request_free(struct request *request) {
    hy_arena_free(&request->arena);
    hy_free(request);
}

static struct request *take(struct hy_store *store) {
    struct request *request = store->first;
    if (request == NULL) return NULL;
    store->first = request->next;
    if (store->first == NULL) store->last = &store->first;
    store->pending -= request->kind != PUBLISHED;
    return request;
}

// Keeps apart what is empty and what is not there.
static struct hy_bytes keep(struct request *request, struct hy_bytes bytes) {
    if (bytes.data == NULL) return bytes;
    uint8_t *data = hy_arena_alloc(&request->arena, bytes.length + 1);
    if (bytes.length > 0) memcpy(data, bytes.data, bytes.length);
    return hy_bytes(data, bytes.length);
}

static void keep_keys(struct request *request, const struct hy_bytes *keys, size_t count) {
    request->keys = hy_arena_alloc(&request->arena, count * sizeof *keys);
    request->count = count;
    for (size_t i = 0; i < count; i++) {
        request->keys[i] = keep(request, keys[i]);
    }
}

void hy_store_get(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                  void *context) {
    keep_keys(push(store, GET, done, context), keys, count);
}

void hy_store_delete(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                     void *context) {
    keep_keys(push(store, DELETE, done, context), keys, count);
}

static const struct hy_store_set *keep_sets(struct request *request, const struct hy_store_projection *from) {
    struct hy_store_set *sets = hy_arena_alloc(&request->arena, from->set_count * sizeof *sets);
    for (size_t i = 0; i < from->set_count; i++) {
        const struct hy_store_set *set = &from->sets[i];
        sets[i] = (struct hy_store_set){keep(request, set->key), keep(request, set->value), set->expire_ms};
    }
    return sets;
}

static const struct hy_store_timer *keep_timers(struct request *request,
                                                const struct hy_store_projection *from) {
    struct hy_store_timer *timers = hy_arena_alloc(&request->arena, from->timer_count * sizeof *timers);
    for (size_t i = 0; i < from->timer_count; i++) {
        timers[i] = (struct hy_store_timer){keep(request, from->timers[i].member), from->timers[i].due_ms};
    }
    return timers;
}

static const struct hy_store_publish *keep_publishes(struct request *request,
                                                     const struct hy_store_projection *from) {
    struct hy_store_publish *publishes =
        hy_arena_alloc(&request->arena, from->publish_count * sizeof *publishes);
    for (size_t i = 0; i < from->publish_count; i++) {
        const struct hy_store_publish *publish = &from->publishes[i];
        publishes[i] =
            (struct hy_store_publish){keep(request, publish->channel), keep(request, publish->value)};
    }
    return publishes;
}

void hy_store_project(struct hy_store *store, const struct hy_store_projection *projection,
                      hy_store_done done, void *context) {
    struct request *request = push(store, PROJECT, done, context);
    request->projection = *projection;
    request->projection.watermark_key = keep(request, projection->watermark_key);
    request->projection.expected = keep(request, projection->expected);
    request->projection.next = keep(request, projection->next);
    request->projection.timer_key = keep(request, projection->timer_key);
    request->projection.sets = keep_sets(request, projection);
    request->projection.timers = keep_timers(request, projection);
    request->projection.publishes = keep_publishes(request, projection);
}

void hy_store_due(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                  int64_t now_ms, size_t limit, hy_store_done done, void *context) {
    struct request *request = push(store, DUE, done, context);
    request->key = keep(request, watermark_key);
    request->timer_key = keep(request, timer_key);
    request->number = now_ms;
    request->limit = limit;
}

void hy_store_walk(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                   struct hy_bytes cursor, hy_store_done done, void *context) {
    (void)cursor; // one step is enough
    struct request *request = push(store, WALK, done, context);
    request->key = keep(request, watermark_key);
    request->timer_key = keep(request, timer_key);
}

void hy_store_put_new(struct hy_store *store, struct hy_bytes key, struct hy_bytes value, int64_t expire_ms,
                      hy_store_done done, void *context) {
    struct request *request = push(store, PUT_NEW, done, context);
    request->key = keep(request, key);
    request->value = keep(request, value);
    request->number = expire_ms;
}

void hy_store_scan(struct hy_store *store, struct hy_bytes cursor, struct hy_bytes pattern,
                   hy_store_done done, void *context) {
    struct request *request = push(store, SCAN, done, context);
    request->key = keep(request, cursor);
    request->value = keep(request, pattern);
}

void hy_store_subscribe(struct hy_store *store, struct hy_bytes channel, hy_store_done done, void *context) {
    uint8_t *data = hy_malloc(channel.length);
    memcpy(data, channel.data, channel.length);
    store->channel = hy_bytes(data, channel.length);
    store->heard = done;
    store->heard_context = context;
}

static void add_value(struct hy_store *store, struct hy_bytes value) {
    if (store->value_count == store->value_capacity) {
        store->value_capacity = store->value_capacity == 0 ? 16 : store->value_capacity * 2;
        store->values = hy_realloc(store->values, store->value_capacity * sizeof *store->values);
    }
    store->values[store->value_count++] = value;
}

static void publish(struct hy_store *store, const struct hy_store_publish *publish) {
    struct hy_store **stores = NULL;
    size_t count = mem_table_stores(store->table, &stores);
    for (size_t i = 0; i < count; i++) {
        struct hy_store *listener = stores[i];
        if (listener->channel.data == NULL || !listener->heard_up) continue;
        if (!hy_bytes_equal(listener->channel, publish->channel)) continue;
        struct request *message = push(listener, PUBLISHED, listener->heard, listener->heard_context);
        message->value = keep(message, publish->value);
    }
}

static enum hy_store_status project(struct hy_store *store, const struct hy_store_projection *projection) {
    struct hy_mem_table *table = store->table;
    struct hy_bytes found = hy_mem_table_get(table, projection->watermark_key);
    if (!hy_bytes_equal(found, projection->expected)) {
        add_value(store, found);
        return HY_STORE_STALE;
    }
    add_value(store, projection->expected.length > 0 ? projection->expected : hy_bytes(NULL, 0));
    for (size_t i = 0; i < projection->set_count; i++) {
        mem_table_put(table, projection->sets[i].key, projection->sets[i].value,
                      projection->sets[i].expire_ms);
    }
    for (size_t i = 0; i < projection->timer_count; i++) {
        mem_table_set_due(table, projection->timer_key, projection->timers[i].member,
                          projection->timers[i].due_ms);
    }
    if (projection->next.data != NULL) mem_table_put(table, projection->watermark_key, projection->next, 0);
    for (size_t i = 0; i < projection->publish_count; i++) {
        publish(store, &projection->publishes[i]);
    }
    return HY_STORE_OK;
}

// As Redis orders a sorted set: by score, then by the member's bytes.
static int compare_dues(const void *left, const void *right) {
    const struct mem_due *a = left;
    const struct mem_due *b = right;
    if (a->due_ms != b->due_ms) return a->due_ms < b->due_ms ? -1 : 1;
    size_t shorter = a->member.length < b->member.length ? a->member.length : b->member.length;
    int order = memcmp(a->member.data, b->member.data, shorter);
    if (order != 0) return order;
    return (a->member.length > b->member.length) - (a->member.length < b->member.length);
}

static void due(struct hy_store *store, const struct request *request) {
    add_value(store, hy_mem_table_get(store->table, request->key));
    struct mem_entry *entry = mem_table_find(store->table, request->timer_key);
    if (entry == NULL) return;
    qsort(entry->dues, entry->due_count, sizeof *entry->dues, compare_dues);
    for (size_t i = 0; i < entry->due_count && i < request->limit; i++) {
        if (entry->dues[i].due_ms > request->number) break;
        add_value(store, entry->dues[i].member);
    }
}

static void walk(struct hy_store *store, const struct request *request) {
    add_value(store, hy_mem_table_get(store->table, request->key));
    add_value(store, hy_bytes_of("0"));
    const struct mem_entry *entry = mem_table_find(store->table, request->timer_key);
    for (size_t i = 0; entry != NULL && i < entry->due_count; i++)
        add_value(store, entry->dues[i].member);
}

static void put_new(struct hy_store *store, const struct request *request) {
    struct hy_bytes found = hy_mem_table_get(store->table, request->key);
    if (found.data == NULL) mem_table_put(store->table, request->key, request->value, request->number);
    add_value(store, found.data != NULL ? found : request->value);
}

static bool matches(struct hy_bytes pattern, struct hy_bytes key) {
    char pattern_text[KEY_LIMIT];
    char key_text[KEY_LIMIT];
    snprintf(pattern_text, sizeof pattern_text, "%.*s", (int)pattern.length, (const char *)pattern.data);
    snprintf(key_text, sizeof key_text, "%.*s", (int)key.length, (const char *)key.data);
    return fnmatch(pattern_text, key_text, 0) == 0;
}

// The cursor is the serial number of the last key that was looked at. `cursor` must live until the answer is
// given.
static void scan(struct hy_store *store, const struct request *request, char cursor[24]) {
    snprintf(cursor, 24, "%.*s", (int)request->key.length, (const char *)request->key.data);
    uint64_t serial = strtoull(cursor, NULL, 10);
    add_value(store, hy_bytes(cursor, 0));
    const struct mem_entry *entry = mem_table_after(store->table, serial);
    for (int i = 0; i < SCAN_STEP && entry != NULL; i++) {
        if (matches(request->value, entry->key)) add_value(store, entry->key);
        serial = entry->serial;
        entry = mem_table_after(store->table, serial);
    }
    int length = snprintf(cursor, 24, "%llu", entry != NULL ? (unsigned long long)serial : 0);
    store->values[0] = hy_bytes(cursor, (size_t)length);
}

static enum hy_store_status carry_out(struct hy_store *store, struct request *request, char cursor[24]) {
    switch (request->kind) {
    case GET:
        for (size_t i = 0; i < request->count; i++) {
            add_value(store, hy_mem_table_get(store->table, request->keys[i]));
        }
        break;
    case DELETE:
        for (size_t i = 0; i < request->count; i++) {
            mem_table_put(store->table, request->keys[i], hy_bytes(NULL, 0), 0);
        }
        break;
    case PROJECT: return project(store, &request->projection);
    case DUE: due(store, request); break;
    case WALK: walk(store, request); break;
    case PUT_NEW: put_new(store, request); break;
    case SCAN: scan(store, request, cursor); break;
    case PUBLISHED: add_value(store, request->value); break;
    }
    return HY_STORE_OK;
}

static void answer(struct hy_store *store, hy_store_done done, void *context, enum hy_store_status status) {
    const struct hy_store_answer given = {
        .status = status,
        .values = store->values,
        .count = status == HY_STORE_AWAY ? 0 : store->value_count,
    };
    store->called++;
    if (done != NULL) done(context, &given);
}

// What stands behind projections that wait may be served before them.
static void let_overtake(struct hy_store *store) {
    struct request **place = &store->first;
    while (*place != NULL && (*place)->kind == PROJECT)
        place = &(*place)->next;
    struct request *request = *place;
    if (request == NULL || place == &store->first) return;
    *place = request->next;
    if (*place == NULL) store->last = place;
    request->next = store->first;
    store->first = request;
}

// False: it has to wait.
static bool serve_first(struct hy_store *store) {
    enum hy_mem_request_fate fate =
        store->first->kind == PUBLISHED ? HY_MEM_ANSWERED : mem_table_fate(store->table, store);
    if (fate == HY_MEM_HELD) {
        let_overtake(store);
        return false;
    }
    char cursor[24];
    store->value_count = 0;
    struct request *request = take(store);
    enum hy_store_status status = HY_STORE_AWAY;
    if (fate != HY_MEM_LOST_AWAY) status = carry_out(store, request, cursor);
    answer(store, request->done, request->context, fate == HY_MEM_ANSWERED ? status : HY_STORE_AWAY);
    request_free(request);
    return true;
}

static void tell_listener(struct hy_store *store) {
    bool up = hy_store_connected(store);
    if (store->channel.data == NULL || store->heard_up == up) return;
    store->heard_up = up;
    store->value_count = 0;
    answer(store, store->heard, store->heard_context, up ? HY_STORE_OK : HY_STORE_AWAY);
}

size_t hy_store_poll(struct hy_store *store, int timeout_ms) {
    (void)timeout_ms; // what is not here now does not come by waiting
    size_t before = store->called;
    tell_listener(store);
    // What a call-back asks is for the next poll.
    struct request *const *end = store->last;
    while (store->first != NULL) {
        bool last = &store->first->next == end;
        if (!serve_first(store) || last) break;
    }
    return store->called - before;
}

int hy_store_wait_fd(const struct hy_store *store, short *ret_events) {
    (void)store;
    *ret_events = 0;
    return -1;
}

bool hy_store_connected(const struct hy_store *store) {
    return !mem_table_is_away(store->table);
}

size_t hy_store_pending(const struct hy_store *store) {
    return store->pending;
}

void hy_store_mem_crash(struct hy_store *store) {
    mem_table_leave(store->table, store);
    for (struct request *request = take(store); request != NULL; request = take(store)) {
        request_free(request);
    }
    hy_free(store->values);
    hy_free((void *)(uintptr_t)store->channel.data);
    hy_free(store);
}

void hy_store_close(struct hy_store *store) {
    struct request *const *end = store->last;
    bool last = store->first == NULL;
    while (!last) {
        struct request *request = take(store);
        last = &request->next == end;
        if (request->kind != PUBLISHED) answer(store, request->done, request->context, HY_STORE_AWAY);
        request_free(request);
    }
    hy_store_mem_crash(store);
}
