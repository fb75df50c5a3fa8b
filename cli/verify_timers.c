// Timers: what stands in the sorted set of a partition is when its members' states are due. State and timer
// are changed by one call, but read by two: what differs is looked at again, until it is the same or nothing
// moves any more.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/memory.h"
#include "proto/projection.pb-c.h"

enum { LOOKS = 20, PAUSE_MS = 50, CURSOR_BYTES = 32 };

// A member whose timer differed, or that the fold does not know.
struct suspect {
    struct suspect *next;
    uint32_t partition;
    bool stray;
    bool read; // state and timer of this look
    int64_t due_ms, timer_ms;
    char member[];
};

static struct suspect *suspects;

static void suspect(uint32_t partition, const char *member, size_t length, bool stray) {
    struct suspect *found = hy_calloc(1, sizeof *found + length + 1);
    found->partition = partition;
    found->stray = stray;
    memcpy(found->member, member, length);
    found->next = suspects;
    suspects = found;
}

// 0: there is none.
static int64_t score_of(struct hy_bytes text) {
    char number[32] = "";
    if (text.data == NULL || text.length >= sizeof number) return 0;
    memcpy(number, text.data, text.length);
    return (int64_t)strtod(number, NULL);
}

void verify_timer(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                  int64_t due_ms, struct hy_bytes score) {
    verify_count(verify, CHECK_TIMERS, 1);
    if (score_of(score) != due_ms)
        suspect(part->partition, member->member->id, strlen(member->member->id), false);
}

// --- looking again ---

static void take_due(void *context, const struct hy_store_answer *answer) {
    struct suspect *suspect = context;
    struct hy_bytes found = answer->values[0];
    Huiyuan__V1__MemberState *state =
        found.data == NULL ? NULL : huiyuan__v1__member_state__unpack(NULL, found.length, found.data);
    suspect->due_ms = state == NULL ? 0 : state->due_ms;
    if (state != NULL) huiyuan__v1__member_state__free_unpacked(state, NULL);
}

static void take_timer(void *context, const struct hy_store_answer *answer) {
    struct suspect *suspect = context;
    suspect->read = answer->status == HY_STORE_OK;
    if (suspect->read) suspect->timer_ms = score_of(answer->values[0]);
}

static bool look(const struct verify *verify, struct hy_store *store, struct suspect *suspect) {
    const struct hy_key_space *space = &verify->parts[suspect->partition].space;
    struct hy_key name = hy_key_member(space, suspect->member);
    struct hy_key timers = hy_key_timers(space);
    struct hy_bytes key = hy_key_bytes(&name);
    struct hy_bytes member = hy_bytes_of(suspect->member);
    if (!redis_get(verify->cli, store, &key, 1, take_due, suspect)) return false;
    hy_store_scores(store, hy_key_bytes(&timers), &member, 1, take_timer, suspect);
    redis_wait(store, 0);
    if (!suspect->read) redis_say_away(verify->cli);
    return suspect->read;
}

static bool settle(struct verify *verify, struct hy_store *store, struct suspect *suspect) {
    for (int i = 0; i < LOOKS; i++) {
        if (!look(verify, store, suspect)) return false;
        if (suspect->due_ms == suspect->timer_ms) return true;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    verify_fault(verify, CHECK_TIMERS, NULL,
                 "member %s (partition %" PRIu32 "): due at %" PRId64 ", its timer says %" PRId64
                 " / 到期时间为 %" PRId64 "，定时为 %" PRId64,
                 suspect->member, suspect->partition, suspect->due_ms, suspect->timer_ms, suspect->due_ms,
                 suspect->timer_ms);
    return true;
}

static bool settle_all(struct verify *verify, struct hy_store *store) {
    bool good = true;
    while (suspects != NULL) {
        struct suspect *first = suspects;
        suspects = first->next;
        if (good) good = settle(verify, store, first);
        hy_free(first);
    }
    return good;
}

// --- timers of nobody ---

struct walk {
    struct verify *verify;
    const struct verify_part *part;
    char cursor[CURSOR_BYTES];
    bool away;
};

static void take_step(void *context, const struct hy_store_answer *answer) {
    struct walk *walk = context;
    walk->away = answer->status == HY_STORE_AWAY || answer->values[1].length >= CURSOR_BYTES;
    if (walk->away) return;
    memcpy(walk->cursor, answer->values[1].data, answer->values[1].length);
    walk->cursor[answer->values[1].length] = '\0';
    for (size_t i = 2; i < answer->count; i++) {
        char id[HY_KEY_LIMIT_BYTES];
        struct hy_bytes member = answer->values[i];
        if (!verify_is_ours(walk->verify, hy_hash64(member))) continue;
        snprintf(id, sizeof id, "%.*s", (int)member.length, (const char *)member.data);
        if (verify_member_find(walk->part, id) == NULL) suspect(walk->part->partition, id, strlen(id), true);
    }
}

static bool walk_timers(struct verify *verify, struct hy_store *store, const struct verify_part *part) {
    struct walk walk = {.verify = verify, .part = part, .cursor = "0"};
    struct hy_key watermark = hy_key_watermark(&part->space);
    struct hy_key timers = hy_key_timers(&part->space);
    do {
        char cursor[CURSOR_BYTES];
        memcpy(cursor, walk.cursor, sizeof cursor);
        hy_store_walk(store, hy_key_bytes(&watermark), hy_key_bytes(&timers), hy_bytes_of(cursor), take_step,
                      &walk);
        redis_wait(store, 0);
    } while (!walk.away && strcmp(walk.cursor, "0") != 0);
    if (walk.away) redis_say_away(verify->cli);
    return !walk.away;
}

bool verify_timers(struct verify *verify, struct hy_store *store) {
    if (verify->brain->due == NULL) return true;
    for (size_t i = 0; i < verify->count; i++) {
        if (!verify->parts[i].broken && !walk_timers(verify, store, &verify->parts[i])) return false;
    }
    return settle_all(verify, store);
}
