// Redis against the fold of the log. The fold stands at the watermark that Redis had when the pass began;
// what Redis has changed since then waits until the fold has been read on to there.
#include <inttypes.h>
#include <string.h>

#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/memory.h"
#include "common/base/wire_place.h"
#include "proto/projection.pb-c.h"

enum { KEYS_A_CALL = 400, CALLS_AT_ONCE = 6 };

// --- the watermarks ---

static void take_watermark(void *context, const struct hy_store_answer *answer) {
    struct verify_part *part = context;
    struct hy_bytes found = answer->values[0];
    part->has_watermark =
        found.data != NULL && hy_watermark_load(found, &part->watermark, NULL, &part->projected);
}

static void take_missing(void *context, const struct hy_store_answer *answer) {
    struct verify_part *part = context;
    struct hy_bytes found = answer->values[0];
    struct hy_place place;
    part->missing = found.data == NULL || !hy_watermark_load(found, &place, NULL, NULL) || place.seq == 0;
}

static bool ask_watermark(struct verify *verify, struct hy_store *store, struct verify_part *part,
                          hy_store_done take) {
    struct hy_key name = hy_key_watermark(&part->space);
    struct hy_bytes key = hy_key_bytes(&name);
    return redis_get(verify->cli, store, &key, 1, take, part);
}

bool verify_watermarks(struct verify *verify, struct hy_store *store) {
    for (size_t i = 0; i < verify->count; i++) {
        if (!ask_watermark(verify, store, &verify->parts[i], take_watermark)) return false;
    }
    return true;
}

bool verify_missing(struct verify *verify, struct hy_store *store) {
    for (size_t i = 0; i < verify->count; i++) {
        struct verify_part *part = &verify->parts[i];
        if (part->watermark.seq > 0 || part->reader.seq == 0) continue;
        if (!ask_watermark(verify, store, part, take_missing)) return false;
    }
    return true;
}

static bool same_marks(const struct hy_marks *a, const struct hy_marks *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        if (hy_marks_get(b, a->items[i].log, a->items[i].partition) != a->items[i].number) return false;
    }
    return true;
}

static void compare_total(struct verify *verify, const struct verify_part *part, const char *name,
                          int64_t theirs, int64_t ours) {
    verify_count(verify, CHECK_TALLIES, 1);
    if (ours == theirs) return;
    verify_fault(verify, CHECK_TALLIES, NULL,
                 "partition %" PRIu32 ": %s is %" PRId64 " in Redis, %" PRId64
                 " by the log / Redis 中为 %" PRId64 "，按日志为 %" PRId64,
                 part->partition, name, theirs, ours, theirs, ours);
}

void verify_tallies(struct verify *verify, const struct verify_part *part) {
    const struct hy_totals *ours = &part->totals;
    const struct hy_totals *theirs = &part->projected;
    if (!verify->first) return;
    for (size_t i = 0; i < verify->brain->tally_count; i++)
        compare_total(verify, part, verify->brain->tallies[i], theirs->tallies[i], ours->tallies[i]);
    compare_total(verify, part, "members", (int64_t)theirs->members, (int64_t)ours->members);
    if (!same_marks(&ours->emitted, &theirs->emitted) || !same_marks(&ours->taken, &theirs->taken))
        verify_fault(
            verify, CHECK_TALLIES, NULL,
            "partition %" PRIu32
            ": the emission numbers in Redis are not those of the log / Redis 中的内部消息编号与日志不符",
            part->partition);
}

// --- a member's state ---

// Due times that follow from what is published besides (due_version) are not in the log.
static const char *difference(const struct hy_brain *brain, const Huiyuan__V1__MemberState *ours,
                              const Huiyuan__V1__MemberState *theirs) {
    if (ours->seq != theirs->seq) return "seq";
    if (ours->entries != theirs->entries) return "entries";
    if (strcmp(ours->member_id, theirs->member_id) != 0) return "member_id";
    if (ours->state.len != theirs->state.len ||
        (ours->state.len > 0 && memcmp(ours->state.data, theirs->state.data, ours->state.len) != 0))
        return "state";
    if (brain->due_version == NULL && ours->due_ms != theirs->due_ms) return "due_ms";
    if (ours->n_newest_ms != theirs->n_newest_ms ||
        (ours->n_newest_ms > 0 &&
         memcmp(ours->newest_ms, theirs->newest_ms, ours->n_newest_ms * sizeof(int64_t)) != 0))
        return "newest_ms";
    if (ours->n_tail != theirs->n_tail) return "tail";
    for (size_t i = 0; i < ours->n_tail; i++) {
        uint8_t a[4096];
        uint8_t b[4096];
        size_t size = huiyuan__v1__receipt__get_packed_size(ours->tail[i]);
        if (size != huiyuan__v1__receipt__get_packed_size(theirs->tail[i]) || size > sizeof a) return "tail";
        huiyuan__v1__receipt__pack(ours->tail[i], a);
        huiyuan__v1__receipt__pack(theirs->tail[i], b);
        if (memcmp(a, b, size) != 0) return "tail";
    }
    return NULL; // first_page follows from the configured window, which may be another here
}

static bool same_bytes(struct verify *verify, const struct verify_member *member, struct hy_bytes found) {
    hy_buffer_clear(&verify->saved);
    hy_member_save(verify->brain, member->member, &verify->saved);
    return hy_bytes_equal(found, hy_buffer_bytes(&verify->saved));
}

static void compare(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                    struct hy_bytes found) {
    verify_count(verify, CHECK_STATES, 1);
    if (same_bytes(verify, member, found)) return;
    Huiyuan__V1__MemberState *theirs = huiyuan__v1__member_state__unpack(NULL, found.length, found.data);
    Huiyuan__V1__MemberState *ours =
        huiyuan__v1__member_state__unpack(NULL, verify->saved.length, verify->saved.data);
    const char *what = theirs == NULL || ours == NULL ? "encoding" : difference(verify->brain, ours, theirs);
    if (what != NULL)
        verify_fault(verify, CHECK_STATES, NULL,
                     "member %s (partition %" PRIu32 "): %s differs; Redis has entry %" PRIu64
                     " of block %" PRIu64 ", the log entry %" PRIu64 " of block %" PRIu64
                     " / Redis 中的会员与日志不符",
                     member->member->id, part->partition, what, theirs == NULL ? 0 : theirs->entries,
                     theirs == NULL ? 0 : theirs->seq, member->member->entries, member->member->seq);
    if (theirs != NULL) huiyuan__v1__member_state__free_unpacked(theirs, NULL);
    if (ours != NULL) huiyuan__v1__member_state__free_unpacked(ours, NULL);
}

void verify_waiting(struct verify *verify, const struct verify_part *part, struct verify_member *member) {
    if (member->waiting_seq > part->reader.seq && !part->broken)
        verify_fault(verify, CHECK_STATES, NULL,
                     "member %s (partition %" PRIu32 "): Redis has block %" PRIu64
                     ", the log ends with %" PRIu64 " / Redis 中的区块超出日志末尾",
                     member->member->id, part->partition, member->waiting_seq, part->reader.seq);
    else if (!part->broken)
        compare(verify, part, member, member->waiting);
    hy_free((void *)(uintptr_t)member->waiting.data);
    member->waiting = hy_bytes(NULL, 0);
}

// Two of its numbers, without reading the rest; 0: not there.
static void read_state(struct hy_bytes state, uint64_t *ret_seq, int64_t *ret_due_ms) {
    struct hy_wire wire = hy_wire_read(state);
    *ret_seq = 0;
    *ret_due_ms = 0;
    while (wire.p < wire.end && !wire.bad) {
        uint64_t tag = hy_wire_get(&wire);
        if (tag == HY_PLACE_VARINT(1))
            *ret_seq = hy_wire_get(&wire);
        else if (tag == HY_PLACE_VARINT(8))
            *ret_due_ms = (int64_t)hy_wire_get(&wire);
        else
            hy_wire_skip(&wire, tag);
    }
}

static void take_state(struct verify *verify, const struct verify_part *part, struct verify_member *member,
                       struct hy_bytes found, uint64_t seq) {
    if (found.data == NULL) {
        verify_count(verify, CHECK_STATES, 1);
        verify_fault(verify, CHECK_STATES, NULL,
                     "member %s (partition %" PRIu32 ") is missing in Redis / Redis 中缺少该会员",
                     member->member->id, part->partition);
        return;
    }
    if (seq <= part->reader.seq) {
        compare(verify, part, member, found);
        return;
    }
    uint8_t *copy = hy_malloc(found.length);
    memcpy(copy, found.data, found.length);
    member->waiting = hy_bytes(copy, found.length);
    member->waiting_seq = seq;
}

// --- asking for many ---

// Some members, or pages of some members, of one partition.
struct call {
    struct calls *calls;
    struct verify_part *part;
    struct hy_key keys[KEYS_A_CALL];
    struct verify_member *members[KEYS_A_CALL];
    size_t pages[KEYS_A_CALL];
    int64_t due_ms[KEYS_A_CALL]; // as the states say that came
    size_t count;
};

// Those on their way: answers come in the order of the requests, so the oldest one is free first.
struct calls {
    struct verify *verify;
    struct hy_store *store;
    void (*send)(struct call *call);
    size_t requests; // that one call makes
    struct call *items;
    size_t next;
    bool away;
};

static bool lost_data(const struct call *call, struct hy_bytes watermark) {
    struct hy_place place = {0};
    if (watermark.data != NULL && hy_watermark_load(watermark, &place, NULL, NULL) &&
        place.seq >= call->part->watermark.seq)
        return false;
    verify_fault(call->calls->verify, CHECK_WATERMARK, NULL,
                 "partition %" PRIu32 ": Redis lost data while it was looked at; verify again / "
                 "校验期间 Redis 丢失了数据，请重新校验",
                 call->part->partition);
    return true;
}

static bool has_come(const struct call *call, const struct hy_store_answer *answer) {
    call->calls->away |= answer->status == HY_STORE_AWAY;
    return answer->status != HY_STORE_AWAY;
}

static void get(struct call *call, hy_store_done done) {
    struct hy_bytes keys[KEYS_A_CALL + 1];
    struct hy_key watermark = hy_key_watermark(&call->part->space);
    keys[0] = hy_key_bytes(&watermark);
    for (size_t i = 0; i < call->count; i++)
        keys[i + 1] = hy_key_bytes(&call->keys[i]);
    hy_store_get(call->calls->store, keys, call->count + 1, done, call);
}

static bool flush(struct calls *calls) {
    struct call *call = &calls->items[calls->next];
    if (call->count == 0) return !calls->away;
    calls->send(call);
    calls->next = (calls->next + 1) % CALLS_AT_ONCE;
    redis_wait(calls->store, (CALLS_AT_ONCE - 1) * calls->requests);
    calls->items[calls->next].count = 0;
    return !calls->away;
}

static bool add(struct calls *calls, struct verify_part *part, struct hy_key key,
                struct verify_member *member, size_t page) {
    struct call *call = &calls->items[calls->next];
    call->calls = calls;
    call->part = part;
    call->keys[call->count] = key;
    call->members[call->count] = member;
    call->pages[call->count++] = page;
    return call->count < KEYS_A_CALL || flush(calls);
}

static bool for_all_parts(struct verify *verify, struct hy_store *store, size_t requests,
                          void (*send)(struct call *call),
                          bool (*part)(struct calls *calls, struct verify_part *part)) {
    struct calls calls = {.verify = verify, .store = store, .send = send, .requests = requests};
    calls.items = hy_calloc(CALLS_AT_ONCE, sizeof *calls.items);
    bool good = true;
    for (size_t i = 0; i < verify->count && good; i++) {
        if (!verify->parts[i].broken) good = part(&calls, &verify->parts[i]) && flush(&calls);
    }
    redis_wait(store, 0);
    if (calls.away) redis_say_away(verify->cli);
    hy_free(calls.items);
    return good && !calls.away;
}

// --- the states, and when they are due ---

static void take_states(void *context, const struct hy_store_answer *answer) {
    struct call *call = context;
    if (!has_come(call, answer) || lost_data(call, answer->values[0])) return;
    for (size_t i = 0; i < call->count; i++) {
        uint64_t seq;
        read_state(answer->values[i + 1], &seq, &call->due_ms[i]);
        take_state(call->calls->verify, call->part, call->members[i], answer->values[i + 1], seq);
    }
}

static void take_scores(void *context, const struct hy_store_answer *answer) {
    struct call *call = context;
    if (!has_come(call, answer)) return;
    for (size_t i = 0; i < call->count; i++)
        verify_timer(call->calls->verify, call->part, call->members[i], call->due_ms[i], answer->values[i]);
}

static void send_states(struct call *call) {
    struct hy_bytes members[KEYS_A_CALL];
    get(call, take_states);
    if (call->calls->verify->brain->due == NULL) return;
    for (size_t i = 0; i < call->count; i++)
        members[i] = hy_bytes_of(call->members[i]->member->id);
    struct hy_key timers = hy_key_timers(&call->part->space);
    hy_store_scores(call->calls->store, hy_key_bytes(&timers), members, call->count, take_scores, call);
}

static bool states_of(struct calls *calls, struct verify_part *part) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        if (!add(calls, part, hy_key_member(&part->space, member->member->id), member, 0)) return false;
    }
    return true;
}

bool verify_states(struct verify *verify, struct hy_store *store) {
    return for_all_parts(verify, store, verify->brain->due == NULL ? 1 : 2, send_states, states_of);
}

// --- pages ---

static void take_pages(void *context, const struct hy_store_answer *answer) {
    struct call *call = context;
    struct verify *verify = call->calls->verify;
    if (!has_come(call, answer) || lost_data(call, answer->values[0])) return;
    verify_count(verify, CHECK_PAGES, call->count);
    for (size_t i = 0; i < call->count; i++) {
        struct hy_bytes found = answer->values[i + 1];
        if (found.data != NULL && hy_hash64(found) == call->members[i]->page_hashes[call->pages[i]]) continue;
        verify_fault(verify, CHECK_PAGES, NULL, "key %s %s", call->keys[i].text,
                     found.data == NULL ? "is missing / 缺失" : "is not what the log says / 与日志不符");
    }
}

static void send_pages(struct call *call) {
    get(call, take_pages);
}

static bool pages_of(struct calls *calls, struct verify_part *part) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        for (size_t page = 0; page < member->page_count; page++) {
            if (!add(calls, part, hy_key_page(&part->space, member->member->id, page), member, page))
                return false;
        }
    }
    return true;
}

bool verify_pages(struct verify *verify, struct hy_store *store) {
    return for_all_parts(verify, store, 1, send_pages, pages_of);
}
