// What each request looks like on the wire. Commands are written straight into the send buffer.
#include <stdio.h>
#include <string.h>

#include "common/io/store_redis.h"

// All of a partition's keys share a hash tag, and scripts name theirs in KEYS, so this works on Redis Cluster
// too.

// A projection is a transaction, which Redis carries out only if nobody wrote to the watermark since WATCH;
// and this script, right behind WATCH, writes to it when it is not the expected one. So all of it is sent at
// once, and a key costs half of what it costs in a script, where it is copied into Lua and out again.
//
// KEYS: watermark. ARGV: expected.
//
// model: projection-is-atomic
static const char CHECK[] = "local found = redis.call('GET', KEYS[1])\n"
                            "if (found or '') == ARGV[1] then return {1, found} end\n"
                            "redis.call('SET', KEYS[1], found or '')\n"
                            "if not found then redis.call('DEL', KEYS[1]) end\n"
                            "return {0, found}\n";

// KEYS: watermark, timers. ARGV: now, limit.
static const char DUE[] =
    "return {redis.call('GET', KEYS[1]),\n"
    "        redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])}\n";

// KEYS: watermark, timers. ARGV: cursor, count.
static const char WALK[] = "local step = redis.call('ZSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])\n"
                           "local out = {redis.call('GET', KEYS[1]), step[1]}\n"
                           "for i = 1, #step[2], 2 do out[#out + 1] = step[2][i] end\n"
                           "return out\n";

// KEYS: key. ARGV: value, ms (0: for ever).
static const char PUT_NEW[] = "local found = redis.call('GET', KEYS[1])\n"
                              "if found then return found end\n"
                              "if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1])\n"
                              "else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end\n"
                              "return ARGV[1]\n";

static const char *const SCRIPTS[SCRIPT_COUNT] = {
    [SCRIPT_CHECK] = CHECK,
    [SCRIPT_DUE] = DUE,
    [SCRIPT_WALK] = WALK,
    [SCRIPT_PUT_NEW] = PUT_NEW,
};

enum { DIGITS_LIMIT = 24, SCAN_STEP = 1000, WALK_STEP = 500 };

// Writes the number to the end of `digits`; returns where it starts.
static char *digits_of(uint64_t number, char digits[DIGITS_LIMIT]) {
    char *at = digits + DIGITS_LIMIT;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

static void put_count(struct hy_buffer *out, char mark, uint64_t count) {
    char digits[DIGITS_LIMIT];
    const char *start = digits_of(count, digits);
    size_t length = (size_t)(digits + DIGITS_LIMIT - start);
    uint8_t *to = hy_buffer_extend(out, length + 3);
    if (to == NULL) return;
    to[0] = (uint8_t)mark;
    memcpy(to + 1, start, length);
    to[1 + length] = '\r';
    to[2 + length] = '\n';
}

static void put_command(struct hy_buffer *out, size_t words) {
    put_count(out, '*', words);
}

static void put(struct hy_buffer *out, struct hy_bytes bytes) {
    put_count(out, '$', bytes.length);
    uint8_t *to = hy_buffer_extend(out, bytes.length + 2);
    if (to == NULL) return;
    if (bytes.length > 0) memcpy(to, bytes.data, bytes.length);
    to[bytes.length] = '\r';
    to[bytes.length + 1] = '\n';
}

static void put_text(struct hy_buffer *out, const char *text) {
    put(out, hy_bytes_of(text));
}

static void put_number(struct hy_buffer *out, uint64_t number) {
    char digits[DIGITS_LIMIT];
    const char *start = digits_of(number, digits);
    put(out, hy_bytes(start, (size_t)(digits + DIGITS_LIMIT - start)));
}

// Unix time and durations: what lies before the epoch is as good as the epoch.
static void put_ms(struct hy_buffer *out, int64_t ms) {
    put_number(out, ms > 0 ? (uint64_t)ms : 0);
}

// EVALSHA, or EVAL while the connection is so fresh that the script's hash is not known.
static void put_script(const struct hy_store *store, struct hy_buffer *out, enum redis_script script,
                       size_t keys, size_t arguments) {
    put_command(out, 3 + keys + arguments);
    put_text(out, store->up ? "EVALSHA" : "EVAL");
    put_text(out, store->up ? store->script_hash[script] : SCRIPTS[script]);
    put_number(out, keys);
}

static void setup_step(struct hy_store *store, int script) {
    redis_request_push(store, REQUEST_SETUP, NULL, NULL);
    redis_request_last(store)->script = script;
    store->setup_left++;
}

static void load_script(struct hy_store *store, int script) {
    put_command(&store->out, 3);
    put_text(&store->out, "SCRIPT");
    put_text(&store->out, "LOAD");
    put_text(&store->out, SCRIPTS[script]);
    setup_step(store, script);
}

void redis_request_setup(struct hy_store *store) {
    const struct redis_address *address = &store->address;
    struct hy_buffer *out = &store->out;
    if (address->password != NULL) {
        put_command(out, address->user != NULL ? 3 : 2);
        put_text(out, "AUTH");
        if (address->user != NULL) put_text(out, address->user);
        put_text(out, address->password);
        setup_step(store, -1);
    }
    if (address->database != 0) {
        put_command(out, 2);
        put_text(out, "SELECT");
        put_number(out, (uint64_t)address->database);
        setup_step(store, -1);
    }
    if (store->channel != NULL) {
        put_command(out, 2);
        put_text(out, "SUBSCRIBE");
        put_text(out, store->channel);
        setup_step(store, -1);
        return;
    }
    for (int script = 0; script < SCRIPT_COUNT; script++) {
        load_script(store, script);
    }
}

// A command without keys is an error to Redis; to us it is a question with an empty answer.
static void ask_nothing(struct hy_store *store, hy_store_done done, void *context) {
    if (!redis_request_push(store, REQUEST_EMPTY, done, context)) return;
    put_command(&store->out, 1);
    put_text(&store->out, "PING");
}

void hy_store_get(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                  void *context) {
    if (count == 0) {
        ask_nothing(store, done, context);
        return;
    }
    if (!redis_request_push(store, REQUEST_PLAIN, done, context)) return;
    put_command(&store->out, 1 + count);
    put_text(&store->out, "MGET");
    for (size_t i = 0; i < count; i++) {
        put(&store->out, keys[i]);
    }
}

void hy_store_scores(struct hy_store *store, struct hy_bytes timer_key, const struct hy_bytes *members,
                     size_t count, hy_store_done done, void *context) {
    if (count == 0) {
        ask_nothing(store, done, context);
        return;
    }
    if (!redis_request_push(store, REQUEST_PLAIN, done, context)) return;
    put_command(&store->out, 2 + count);
    put_text(&store->out, "ZMSCORE");
    put(&store->out, timer_key);
    for (size_t i = 0; i < count; i++) {
        put(&store->out, members[i]);
    }
}

// What a projection comes to, counted before it is written.
struct shape {
    size_t sets, expiring, gone;
    size_t timers, untimed;
};

static bool is_gone(const struct hy_store_set *set) {
    return set->value.data == NULL;
}

static bool is_expiring(const struct hy_store_set *set) {
    return set->value.data != NULL && set->expire_ms > 0;
}

static struct shape shape_of(const struct hy_store_projection *projection) {
    struct shape shape = {0};
    for (size_t i = 0; i < projection->set_count; i++) {
        shape.gone += is_gone(&projection->sets[i]);
        shape.expiring += is_expiring(&projection->sets[i]);
    }
    shape.sets = projection->set_count - shape.gone - shape.expiring;
    for (size_t i = 0; i < projection->timer_count; i++)
        shape.untimed += projection->timers[i].due_ms == 0;
    shape.timers = projection->timer_count - shape.untimed;
    return shape;
}

static size_t put_watch(const struct hy_store *store, struct hy_buffer *out,
                        const struct hy_store_projection *projection) {
    put_command(out, 2);
    put_text(out, "WATCH");
    put(out, projection->watermark_key);
    put_script(store, out, SCRIPT_CHECK, 1, 1);
    put(out, projection->watermark_key);
    put(out, projection->expected);
    put_command(out, 1);
    put_text(out, "MULTI");
    return 3;
}

// Each of these writes some commands of the transaction, and returns how many.

static size_t put_sets(struct hy_buffer *out, const struct hy_store_projection *projection, size_t count) {
    if (count == 0) return 0;
    put_command(out, 1 + 2 * count);
    put_text(out, "MSET");
    for (size_t i = 0; i < projection->set_count; i++) {
        const struct hy_store_set *set = &projection->sets[i];
        if (is_gone(set) || is_expiring(set)) continue;
        put(out, set->key);
        put(out, set->value);
    }
    return 1;
}

static size_t put_expiring(struct hy_buffer *out, const struct hy_store_projection *projection,
                           size_t count) {
    for (size_t i = 0; count > 0 && i < projection->set_count; i++) {
        const struct hy_store_set *set = &projection->sets[i];
        if (!is_expiring(set)) continue;
        put_command(out, 5);
        put_text(out, "SET");
        put(out, set->key);
        put(out, set->value);
        put_text(out, "PX");
        put_ms(out, set->expire_ms);
    }
    return count;
}

static size_t put_gone(struct hy_buffer *out, const struct hy_store_projection *projection, size_t count) {
    if (count == 0) return 0;
    put_command(out, 1 + count);
    put_text(out, "UNLINK");
    for (size_t i = 0; i < projection->set_count; i++) {
        if (is_gone(&projection->sets[i])) put(out, projection->sets[i].key);
    }
    return 1;
}

static size_t put_timers(struct hy_buffer *out, const struct hy_store_projection *projection, size_t count) {
    if (count == 0) return 0;
    put_command(out, 2 + 2 * count);
    put_text(out, "ZADD");
    put(out, projection->timer_key);
    for (size_t i = 0; i < projection->timer_count; i++) {
        if (projection->timers[i].due_ms == 0) continue;
        put_ms(out, projection->timers[i].due_ms);
        put(out, projection->timers[i].member);
    }
    return 1;
}

static size_t put_untimed(struct hy_buffer *out, const struct hy_store_projection *projection, size_t count) {
    if (count == 0) return 0;
    put_command(out, 2 + count);
    put_text(out, "ZREM");
    put(out, projection->timer_key);
    for (size_t i = 0; i < projection->timer_count; i++) {
        if (projection->timers[i].due_ms == 0) put(out, projection->timers[i].member);
    }
    return 1;
}

static size_t put_next(struct hy_buffer *out, const struct hy_store_projection *projection) {
    if (projection->next.data == NULL) return 0;
    put_command(out, 3);
    put_text(out, "SET");
    put(out, projection->watermark_key);
    put(out, projection->next);
    return 1;
}

static size_t put_publishes(struct hy_buffer *out, const struct hy_store_projection *projection) {
    for (size_t i = 0; i < projection->publish_count; i++) {
        put_command(out, 3);
        put_text(out, "PUBLISH");
        put(out, projection->publishes[i].channel);
        put(out, projection->publishes[i].value);
    }
    return projection->publish_count;
}

// Returns how many answers come before that of the transaction.
static size_t put_projection(const struct hy_store *store, struct hy_buffer *out,
                             const struct hy_store_projection *projection) {
    struct shape shape = shape_of(projection);
    size_t steps = put_watch(store, out, projection);
    steps += put_sets(out, projection, shape.sets);
    steps += put_expiring(out, projection, shape.expiring);
    steps += put_gone(out, projection, shape.gone);
    steps += put_timers(out, projection, shape.timers);
    steps += put_untimed(out, projection, shape.untimed);
    steps += put_next(out, projection);
    steps += put_publishes(out, projection);
    put_command(out, 1);
    put_text(out, "EXEC");
    return steps;
}

void hy_store_project(struct hy_store *store, const struct hy_store_projection *projection,
                      hy_store_done done, void *context) {
    if (store->projecting >= REDIS_PROJECTIONS_AT_ONCE) {
        struct redis_held *held = redis_hold(store, done, context);
        held->steps = put_projection(store, &held->bytes, projection);
    } else if (redis_request_push(store, REQUEST_PROJECT, done, context)) {
        redis_request_last(store)->steps = put_projection(store, &store->out, projection);
    }
}

void hy_store_due(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                  int64_t now_ms, size_t limit, hy_store_done done, void *context) {
    if (!redis_request_push(store, REQUEST_PLAIN, done, context)) return;
    put_script(store, &store->out, SCRIPT_DUE, 2, 2);
    put(&store->out, watermark_key);
    put(&store->out, timer_key);
    put_ms(&store->out, now_ms);
    put_number(&store->out, limit);
}

void hy_store_walk(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                   struct hy_bytes cursor, hy_store_done done, void *context) {
    if (!redis_request_push(store, REQUEST_PLAIN, done, context)) return;
    put_script(store, &store->out, SCRIPT_WALK, 2, 2);
    put(&store->out, watermark_key);
    put(&store->out, timer_key);
    put(&store->out, cursor);
    put_number(&store->out, WALK_STEP);
}

void hy_store_put_new(struct hy_store *store, struct hy_bytes key, struct hy_bytes value, int64_t expire_ms,
                      hy_store_done done, void *context) {
    if (!redis_request_push(store, REQUEST_PLAIN, done, context)) return;
    put_script(store, &store->out, SCRIPT_PUT_NEW, 1, 2);
    put(&store->out, key);
    put(&store->out, value);
    put_ms(&store->out, expire_ms);
}

void hy_store_put(struct hy_store *store, const struct hy_store_set *sets, size_t count, hy_store_done done,
                  void *context) {
    if (count == 0) {
        ask_nothing(store, done, context);
        return;
    }
    if (!redis_request_push(store, REQUEST_EMPTY, done, context)) return;
    put_command(&store->out, 1 + 2 * count);
    put_text(&store->out, "MSET");
    for (size_t i = 0; i < count; i++) {
        put(&store->out, sets[i].key);
        put(&store->out, sets[i].value);
    }
}

void hy_store_scan(struct hy_store *store, struct hy_bytes cursor, struct hy_bytes pattern,
                   hy_store_done done, void *context) {
    if (!redis_request_push(store, REQUEST_PLAIN, done, context)) return;
    put_command(&store->out, 6);
    put_text(&store->out, "SCAN");
    put(&store->out, cursor);
    put_text(&store->out, "MATCH");
    put(&store->out, pattern);
    put_text(&store->out, "COUNT");
    put_number(&store->out, SCAN_STEP);
}

void hy_store_delete(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                     void *context) {
    if (count == 0) {
        ask_nothing(store, done, context);
        return;
    }
    if (!redis_request_push(store, REQUEST_EMPTY, done, context)) return;
    put_command(&store->out, 1 + count);
    put_text(&store->out, "UNLINK");
    for (size_t i = 0; i < count; i++) {
        put(&store->out, keys[i]);
    }
}
