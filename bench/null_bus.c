#include "bench/null_bus.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

enum { TOPICS = 16, FETCH = 4096, KEPT_BYTES = 256 };

struct chunk {
    struct chunk *next;
    size_t length;
    uint8_t bytes[1 << 20];
};

struct queue {
    struct hy_bytes *messages;
    size_t count, capacity;
    int64_t next; // to be read
    bool reading;
};

struct topic {
    const char *name;
    struct queue *queues;
};

struct hy_bus {
    struct hy_bus_events events;
    uint32_t partitions;
    struct topic topics[TOPICS];
    uint32_t topic_count;
    struct chunk *chunk;
    struct hy_delivery deliveries[1024];
    size_t delivery_count;
    uint32_t turn;
    bool joined, told;
};

struct hy_bus *hy_bus_open(const struct hy_bus_options *options, const struct hy_bus_events *events) {
    struct hy_bus *bus = hy_calloc(1, sizeof *bus);
    bus->events = *events;
    bus->partitions = options->partitions;
    return bus;
}
void hy_bus_close(struct hy_bus *bus, int timeout_ms) {
    (void)timeout_ms;
    hy_free(bus);
}
uint32_t hy_bus_topic(struct hy_bus *bus, const char *name) {
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        if (strcmp(bus->topics[i].name, name) == 0) return i;
    }
    bus->topics[bus->topic_count] = (struct topic){name, hy_calloc(bus->partitions, sizeof(struct queue))};
    return bus->topic_count++;
}
void hy_bus_topic_unordered(struct hy_bus *bus, uint32_t topic) {
    (void)bus;
    (void)topic;
}
void hy_bus_join(struct hy_bus *bus, const uint32_t *topics, size_t count) {
    (void)topics;
    (void)count;
    bus->joined = true;
}
void hy_bus_leave(struct hy_bus *bus) {
    (void)bus;
}
static struct queue *queue_at(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    return &bus->topics[topic].queues[partition];
}
void hy_bus_read(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t offset) {
    queue_at(bus, topic, partition)->next = offset;
    queue_at(bus, topic, partition)->reading = true;
}
void hy_bus_stop(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    queue_at(bus, topic, partition)->reading = false;
}
void hy_bus_release(struct hy_bus *bus, const struct hy_message *message) {
    (void)bus;
    (void)message;
}
static const uint8_t *keep(struct hy_bus *bus, struct hy_bytes bytes) {
    if (bus->chunk == NULL || sizeof bus->chunk->bytes - bus->chunk->length < bytes.length) {
        struct chunk *chunk = hy_malloc(sizeof *chunk);
        chunk->next = bus->chunk;
        chunk->length = 0;
        bus->chunk = chunk;
    }
    uint8_t *place = bus->chunk->bytes + bus->chunk->length;
    memcpy(place, bytes.data, bytes.length);
    bus->chunk->length += bytes.length;
    return place;
}
static int64_t add(struct hy_bus *bus, uint32_t topic, uint32_t partition, struct hy_bytes message,
                   bool whole) {
    struct queue *queue = queue_at(bus, topic, partition);
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
        queue->messages = hy_realloc(queue->messages, queue->capacity * sizeof *queue->messages);
    }
    queue->messages[queue->count] = whole ? hy_bytes(keep(bus, message), message.length) : hy_bytes(NULL, 0);
    return (int64_t)queue->count++;
}
void null_bus_publish(struct hy_bus *bus, const char *topic, uint32_t partition, struct hy_bytes message) {
    add(bus, hy_bus_topic(bus, topic), partition, message, true);
}
bool hy_bus_append(struct hy_bus *bus, uint32_t topic, uint32_t partition, struct hy_bytes key,
                   struct hy_bytes value, uint64_t token) {
    (void)key;
    if (bus->delivery_count == sizeof bus->deliveries / sizeof bus->deliveries[0]) return false;
    int64_t offset = add(bus, topic, partition, value, value.length < KEPT_BYTES);
    bus->deliveries[bus->delivery_count++] = (struct hy_delivery){token, topic, partition, offset, false};
    return true;
}
void hy_bus_commit(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t next_offset) {
    (void)bus;
    (void)topic;
    (void)partition;
    (void)next_offset;
}
bool hy_bus_range(struct hy_bus *bus, uint32_t topic, uint32_t partition, int timeout_ms, int64_t *ret_low,
                  int64_t *ret_high) {
    (void)timeout_ms;
    *ret_low = 0;
    *ret_high = (int64_t)queue_at(bus, topic, partition)->count;
    return true;
}
static size_t deliver(struct hy_bus *bus) {
    struct hy_delivery now[1024];
    size_t count = bus->delivery_count;
    memcpy(now, bus->deliveries, count * sizeof *now);
    bus->delivery_count = 0;
    for (size_t i = 0; i < count; i++)
        bus->events.delivered(bus->events.context, &now[i]);
    return count;
}
static size_t fetch(struct hy_bus *bus, uint32_t topic, uint32_t partition, size_t limit) {
    struct queue *queue = queue_at(bus, topic, partition);
    size_t count = 0;
    while (queue->reading && queue->next < (int64_t)queue->count && count < limit) {
        struct hy_message message = {.topic = topic,
                                     .partition = partition,
                                     .offset = queue->next,
                                     .value = queue->messages[queue->next],
                                     .owner = queue};
        queue->next++;
        count++;
        bus->events.message(bus->events.context, &message);
    }
    return count;
}
size_t hy_bus_poll(struct hy_bus *bus, size_t limit, int timeout_ms) {
    (void)timeout_ms;
    if (bus->joined && !bus->told) {
        bus->told = true;
        for (uint32_t p = 0; p < bus->partitions; p++)
            bus->events.assigned(bus->events.context, p);
    }
    size_t events = deliver(bus);
    for (uint32_t i = 0; i < bus->topic_count * bus->partitions && limit > 0; i++, bus->turn++) {
        uint32_t at = bus->turn % (bus->topic_count * bus->partitions);
        size_t got = fetch(bus, at / bus->partitions, at % bus->partitions, limit < FETCH ? limit : FETCH);
        events += got;
        limit -= got;
    }
    return events;
}
int hy_bus_wait_fd(struct hy_bus *bus) {
    (void)bus;
    return -1;
}
void hy_bus_wait_fd_clear(struct hy_bus *bus) {
    (void)bus;
}
bool hy_bus_member(const struct hy_bus *bus) {
    return bus->told;
}
bool hy_bus_connected(const struct hy_bus *bus) {
    (void)bus;
    return true;
}

// --- Redis ---

enum { MARKS = 1024, MARK_BYTES = 512, ASKED = 4096 };

// A watermark: the only values that are kept.
struct mark {
    uint8_t key[64], value[MARK_BYTES];
    size_t key_length, length;
};

struct request {
    hy_store_done done;
    void *context;
    size_t count; // of values
    struct mark *mark;
};

struct hy_store {
    struct request requests[ASKED];
    size_t count;
    struct mark marks[MARKS];
    size_t mark_count;
};

static uint64_t bytes_projected;

uint64_t null_store_bytes(void) {
    return bytes_projected;
}

struct hy_store *hy_store_open(const char *url) {
    (void)url;
    return hy_calloc(1, sizeof(struct hy_store));
}

void hy_store_close(struct hy_store *store) {
    hy_free(store);
}

static struct mark *mark_of(struct hy_store *store, struct hy_bytes key) {
    for (size_t i = 0; i < store->mark_count; i++) {
        if (hy_bytes_equal(hy_bytes(store->marks[i].key, store->marks[i].key_length), key))
            return &store->marks[i];
    }
    if (store->mark_count == MARKS || key.length > sizeof store->marks->key) abort();
    struct mark *mark = &store->marks[store->mark_count++];
    memcpy(mark->key, key.data, key.length);
    mark->key_length = key.length;
    return mark;
}

static void push(struct hy_store *store, hy_store_done done, void *context, size_t count, struct mark *mark) {
    if (store->count == ASKED) abort();
    store->requests[store->count++] = (struct request){done, context, count, mark};
}

void hy_store_get(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                  void *context) {
    push(store, done, context, count, mark_of(store, keys[0]));
}

void hy_store_project(struct hy_store *store, const struct hy_store_projection *projection,
                      hy_store_done done, void *context) {
    for (size_t i = 0; i < projection->set_count; i++)
        bytes_projected += projection->sets[i].key.length + projection->sets[i].value.length;
    struct mark *mark = mark_of(store, projection->watermark_key);
    if (projection->next.length > MARK_BYTES) abort();
    if (projection->next.data != NULL) {
        memcpy(mark->value, projection->next.data, projection->next.length);
        mark->length = projection->next.length;
    }
    push(store, done, context, 1, mark);
}

void hy_store_due(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                  int64_t now_ms, size_t limit, hy_store_done done, void *context) {
    (void)timer_key;
    (void)now_ms;
    (void)limit;
    push(store, done, context, 1, mark_of(store, watermark_key));
}

void hy_store_walk(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                   struct hy_bytes cursor, hy_store_done done, void *context) {
    (void)store;
    (void)watermark_key;
    (void)timer_key;
    (void)cursor;
    (void)done;
    (void)context;
    abort(); // no brain of the bench has due times
}

size_t hy_store_poll(struct hy_store *store, int timeout_ms) {
    (void)timeout_ms;
    struct hy_bytes values[ASKED] = {0};
    size_t count = store->count;
    struct request *now = hy_malloc((count + 1) * sizeof *now);
    memcpy(now, store->requests, count * sizeof *now);
    store->count = 0;
    for (size_t i = 0; i < count; i++) {
        values[0] =
            now[i].mark->length == 0 ? hy_bytes(NULL, 0) : hy_bytes(now[i].mark->value, now[i].mark->length);
        struct hy_store_answer answer = {HY_STORE_OK, values, now[i].count};
        now[i].done(now[i].context, &answer);
    }
    hy_free(now);
    return count;
}
bool hy_store_connected(const struct hy_store *store) {
    (void)store;
    return true;
}
size_t hy_store_pending(const struct hy_store *store) {
    return store->count;
}
