#include "services/member/mirror.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/memory.h"
#include "common/contract/limits.h"
#include "common/io/bus.h"
#include "common/io/log.h"
#include "common/io/store.h"
#include "common/stage/keys.h"

enum {
    BATCH_MESSAGES = 200, // copied in one call to Redis
    HELD_MESSAGES = 4000, // of all partitions
    CHECK_MS = 1000,      // between two looks at an idle partition's watermark
    RETRY_MS = 200,       // after Redis did not answer
    HALT_MS = 10000,      // before what cannot be is looked at again
    OFFSET_BYTES = 24,    // in decimal, with the terminator
    QUEUE_KBYTES = 16 * 1024,
    RANGE_TIMEOUT_MS = 100,
    CLOSE_TIMEOUT_MS = 1000,
};

enum phase {
    ASKING,  // where Redis stands is not known
    READING, // `watermark` is where it stood when we looked last
    BUSY,    // a request is on its way
    HALTED,  // Redis is ahead of the topic: nothing can be said about its keys
};

struct held {
    struct held *next;
    struct hy_message message;
};

struct copy {
    struct mirror *mirror;
    uint32_t partition;
    enum phase phase;
    bool reads;                   // the bus was told to, from where Redis stood or before
    int64_t paused_at_ms;         // since when nothing was asked
    char watermark[OFFSET_BYTES]; // as it stands in Redis; "": no such key
    char next[OFFSET_BYTES];      // as it will, after the step on its way
    struct held *first, **end;    // fetched, not copied yet
};

struct mirror {
    struct hy_bus *bus;
    struct hy_store *store;
    char *prefix;
    uint32_t topic, partitions;
    struct copy *copies;
    size_t held;
    int64_t now_ms;
    struct hy_arena arena;
};

static int64_t offset_of(const char *watermark) {
    return strtoll(watermark, NULL, 10); // "": the beginning
}

static void drop_below(struct copy *copy, int64_t offset) {
    while (copy->first != NULL && copy->first->message.offset < offset) {
        struct held *held = copy->first;
        copy->first = held->next;
        hy_bus_release(copy->mirror->bus, &held->message);
        hy_free(held);
        copy->mirror->held--;
    }
    if (copy->first == NULL) copy->end = &copy->first;
}

static void rest(struct copy *copy, enum phase phase) {
    copy->phase = phase;
    copy->paused_at_ms = copy->mirror->now_ms;
}

static void read_from(struct copy *copy, int64_t offset) {
    drop_below(copy, INT64_MAX);
    copy->reads = true;
    hy_bus_read(copy->mirror->bus, copy->mirror->topic, copy->partition, offset);
}

// Redis stands at `found`. Ahead of us: another instance was there first, what it copied needs no copying.
// Behind: Redis lost what it had, it begins again from there.
static void stand_at(struct copy *copy, struct hy_bytes found) {
    int64_t before = offset_of(copy->watermark);
    size_t length = found.length < OFFSET_BYTES ? found.length : 0;
    if (length > 0) memcpy(copy->watermark, found.data, length);
    copy->watermark[length] = '\0';
    int64_t offset = offset_of(copy->watermark);
    bool lost = copy->reads && offset < before;
    if (lost)
        hy_log(HY_LOG_WARN, "keys_again",
               "partition %" PRIu32 ": Redis lost member keys, copied again from %" PRId64, copy->partition,
               offset);
    rest(copy, READING);
    if (lost || !copy->reads)
        read_from(copy, offset);
    else
        drop_below(copy, offset);
}

static void asked(void *context, const struct hy_store_answer *answer) {
    struct copy *copy = context;
    if (answer->status == HY_STORE_OK)
        stand_at(copy, answer->values[0]);
    else
        rest(copy, ASKING);
}

static void ask(struct copy *copy) {
    struct hy_key key = hy_key_member_keys_watermark(copy->mirror->prefix, copy->partition);
    struct hy_bytes name = hy_key_bytes(&key);
    copy->phase = BUSY;
    hy_store_get(copy->mirror->store, &name, 1, asked, copy);
}

static void copied(void *context, const struct hy_store_answer *answer) {
    struct copy *copy = context;
    if (answer->status == HY_STORE_AWAY)
        rest(copy, ASKING); // it may have happened or not
    else
        stand_at(copy, answer->status == HY_STORE_OK ? hy_bytes_of(copy->next) : answer->values[0]);
}

// What is no member id is nobody's key: it is passed over.
static bool is_member_key(const struct hy_message *message) {
    return message->key.data != NULL && message->key.length > 0 && message->key.length <= HY_ID_LIMIT_BYTES &&
           hy_text_has_form(HY_FORM_ID, (const char *)message->key.data, message->key.length);
}

static void add_set(const struct copy *copy, const struct hy_message *message, struct hy_store_set *sets,
                    size_t *count) {
    if (!is_member_key(message)) return;
    struct hy_arena *arena = &copy->mirror->arena;
    const char *member_id = hy_arena_string(arena, (const char *)message->key.data, message->key.length);
    struct hy_key *key = hy_arena_alloc(arena, sizeof *key);
    *key = hy_key_member_key(copy->mirror->prefix, copy->partition, member_id);
    bool erased = message->value.length == 0;
    sets[(*count)++] = (struct hy_store_set){
        .key = hy_key_bytes(key),
        .value = erased ? (struct hy_bytes){NULL, 0} : message->value,
    };
}

// One step. A key that is set and erased within it is erased: Redis deletes after it sets.
static void copy_some(struct copy *copy) {
    struct mirror *mirror = copy->mirror;
    hy_arena_reset(&mirror->arena);
    struct hy_store_set *sets = hy_arena_alloc(&mirror->arena, BATCH_MESSAGES * sizeof *sets);
    size_t count = 0, taken = 0;
    int64_t last = 0;
    for (struct held *held = copy->first; held != NULL && taken < BATCH_MESSAGES; held = held->next) {
        add_set(copy, &held->message, sets, &count);
        last = held->message.offset;
        taken++;
    }
    snprintf(copy->next, sizeof copy->next, "%" PRId64, last + 1);
    struct hy_key watermark = hy_key_member_keys_watermark(mirror->prefix, copy->partition);
    struct hy_store_projection step = {
        .watermark_key = hy_key_bytes(&watermark),
        .expected = hy_bytes_of(copy->watermark),
        .next = hy_bytes_of(copy->next),
        .sets = sets,
        .set_count = count,
    };
    copy->phase = BUSY;
    hy_store_project(mirror->store, &step, copied, copy);
}

static bool passed(const struct copy *copy, int64_t pause_ms) {
    return llabs(copy->mirror->now_ms - copy->paused_at_ms) >= pause_ms; // a clock may be set back
}

static void step(struct copy *copy) {
    switch (copy->phase) {
    case ASKING:
        if (!copy->reads || passed(copy, RETRY_MS)) ask(copy);
        break;
    case READING:
        if (copy->first != NULL)
            copy_some(copy);
        else if (passed(copy, CHECK_MS))
            ask(copy);
        break;
    case HALTED:
        if (passed(copy, HALT_MS)) ask(copy);
        break;
    case BUSY: break;
    }
}

static void take(void *context, const struct hy_message *message) {
    struct mirror *mirror = context;
    struct copy *copy = &mirror->copies[message->partition];
    if (message->offset < offset_of(copy->watermark)) {
        hy_bus_release(mirror->bus, message);
        return;
    }
    struct held *held = hy_malloc(sizeof *held);
    *held = (struct held){NULL, *message};
    *copy->end = held;
    copy->end = &held->next;
    mirror->held++;
}

// The topic does not have that offset. Before its beginning: what was there is gone for good, the rest goes
// on.
static void out_of_range(void *context, uint32_t topic, uint32_t partition, int64_t offset) {
    struct mirror *mirror = context;
    struct copy *copy = &mirror->copies[partition];
    int64_t low = 0, high = 0;
    if (hy_bus_range(mirror->bus, topic, partition, RANGE_TIMEOUT_MS, &low, &high) && offset < low) {
        read_from(copy, low);
        return;
    }
    hy_log(HY_LOG_ERROR, "keys_halted",
           "partition %" PRIu32 ": Redis has member keys to %" PRId64 ", the topic not", partition, offset);
    copy->reads = false;
    if (copy->phase != BUSY) rest(copy, HALTED);
}

struct mirror *mirror_open(const struct hy_service_world *world) {
    struct mirror *mirror = hy_calloc(1, sizeof *mirror);
    struct hy_bus_events events = {.context = mirror, .message = take, .out_of_range = out_of_range};
    struct hy_bus_options options = {
        .brokers = world->brokers,
        .topic_prefix = world->topic_prefix,
        .instance = world->instance,
        .partitions = world->partitions,
        .queue_kbytes = QUEUE_KBYTES,
    };
    hy_arena_init(&mirror->arena);
    mirror->prefix = hy_strdup(world->redis_prefix);
    mirror->partitions = world->partitions;
    mirror->copies = hy_calloc(world->partitions, sizeof *mirror->copies);
    for (uint32_t p = 0; p < world->partitions; p++) {
        mirror->copies[p].mirror = mirror;
        mirror->copies[p].partition = p;
        mirror->copies[p].end = &mirror->copies[p].first;
    }
    mirror->store = hy_store_open(world->redis_url);
    mirror->bus = hy_bus_open(&options, &events);
    if (mirror->store == NULL || mirror->bus == NULL) {
        hy_log(HY_LOG_ERROR, "keys", "member keys cannot be copied: Kafka or Redis is not configured right");
        mirror_close(mirror);
        return NULL;
    }
    mirror->topic = hy_bus_topic(mirror->bus, "member-keys");
    return mirror;
}

bool mirror_step(struct mirror *mirror, int64_t now_ms) {
    mirror->now_ms = now_ms;
    size_t room = mirror->held < HELD_MESSAGES ? HELD_MESSAGES - mirror->held : 0;
    size_t events = hy_bus_poll(mirror->bus, room, 0);
    events += hy_store_poll(mirror->store, 0);
    if (hy_store_connected(mirror->store)) {
        for (uint32_t p = 0; p < mirror->partitions; p++)
            step(&mirror->copies[p]);
    }
    return events > 0;
}

// Nothing has to be finished: what was not copied is copied by the next one.
void mirror_close(struct mirror *mirror) {
    if (mirror->store != NULL) hy_store_close(mirror->store);
    if (mirror->bus != NULL) {
        for (uint32_t p = 0; p < mirror->partitions; p++)
            drop_below(&mirror->copies[p], INT64_MAX);
        hy_bus_close(mirror->bus, CLOSE_TIMEOUT_MS);
    }
    hy_arena_free(&mirror->arena);
    hy_free(mirror->copies);
    hy_free(mirror->prefix);
    hy_free(mirror);
}
