// Questions follow each other at WATCH_INTERVAL_NS, all members that are waited for in one. The measured time
// is an upper bound: it ends when the answer that shows the purchase is here.
#include <stdlib.h>
#include <string.h>

#include "bench/member_reading.h"
#include "bench/watch.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/store.h"

enum { WAITING_LIMIT = 2000 };

struct redis_watch {
    const struct schedule *schedule;
    struct latencies *visible;
    struct hy_store *store;
    struct hy_arena arena;
    struct sample waiting[WAITING_LIMIT];
    size_t waiting_count;
    size_t asked_count; // of them in the question that is on its way
    uint64_t asked_ns;
    uint64_t questions;
};

static bool shows(struct redis_watch *watch, struct hy_bytes saved, const struct sample *sample) {
    struct member_reading found;
    if (watch->schedule->options->show == SHOW_PEER)
        return peer_reading_parse(saved, &found) && found.balance >= sample->balance;
    return member_reading_parse(saved, &watch->arena, &found) && found.purchases >= sample->purchases;
}

static void answered(void *context, const struct hy_store_answer *answer) {
    struct redis_watch *watch = context;
    uint64_t now_ns = hy_clock_monotonic_ns();
    struct sample *waiting = watch->waiting;
    size_t asked = watch->asked_count;
    size_t kept = 0;
    watch->asked_count = 0;
    if (answer->status != HY_STORE_OK) return;
    hy_arena_reset(&watch->arena);
    for (size_t i = 0; i < asked; i++) {
        if (shows(watch, answer->values[i], &waiting[i]))
            latencies_add(watch->visible, now_ns - schedule_due_ns(watch->schedule, waiting[i].place));
        else
            waiting[kept++] = waiting[i];
    }
    memmove(waiting + kept, waiting + asked, (watch->waiting_count - asked) * sizeof *waiting);
    watch->waiting_count -= asked - kept;
}

static struct hy_key key_of(const struct bench_options *options, uint32_t member) {
    char id[BASKET_TEXT_BYTES];
    shopping_member_id(options->shopping.member_base + member, id);
    return options->show == SHOW_PEER
               ? peer_reading_key(options->redis_prefix, options->shopping.partitions, id)
               : member_reading_key(options->redis_prefix, options->shopping.partitions, id);
}

static void ask(struct redis_watch *watch, uint64_t now_ns) {
    static struct hy_key keys[WAITING_LIMIT];
    static struct hy_bytes bytes[WAITING_LIMIT];
    for (size_t i = 0; i < watch->waiting_count; i++) {
        keys[i] = key_of(watch->schedule->options, watch->waiting[i].member);
        bytes[i] = hy_key_bytes(&keys[i]);
    }
    watch->asked_count = watch->waiting_count;
    watch->asked_ns = now_ns;
    watch->questions++;
    hy_store_get(watch->store, bytes, watch->waiting_count, answered, watch);
}

static bool add(void *self, const struct sample *sample) {
    struct redis_watch *watch = self;
    if (watch->waiting_count == WAITING_LIMIT) return false;
    watch->waiting[watch->waiting_count++] = *sample;
    return true;
}

static bool turn(void *self, uint64_t now_ns) {
    struct redis_watch *watch = self;
    if (watch->asked_count == 0 && watch->waiting_count > 0 && now_ns - watch->asked_ns >= WATCH_INTERVAL_NS)
        ask(watch, now_ns);
    return hy_store_poll(watch->store, 0) > 0;
}

static size_t waiting(const void *self) {
    return ((const struct redis_watch *)self)->waiting_count;
}

static uint64_t questions(const void *self) {
    return ((const struct redis_watch *)self)->questions;
}

static void close_watch(void *self) {
    struct redis_watch *watch = self;
    hy_store_close(watch->store);
    hy_arena_free(&watch->arena);
    hy_free(watch);
}

struct watch watch_redis_open(const struct schedule *schedule, struct latencies *visible) {
    struct redis_watch *watch = hy_calloc(1, sizeof *watch);
    watch->schedule = schedule;
    watch->visible = visible;
    hy_arena_init(&watch->arena);
    watch->store = hy_store_open(schedule->options->redis_url);
    if (watch->store == NULL) exit(EXIT_FAILURE); // said why
    while (!hy_store_connected(watch->store))
        hy_store_poll(watch->store, 10);
    return (struct watch){watch, add, turn, waiting, questions, close_watch};
}
