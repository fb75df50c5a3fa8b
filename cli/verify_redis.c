// Redis against the fold of the log. The fold stands at the watermark that Redis had when verify began; what
// Redis has changed since then waits until the fold has been read on to there.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/memory.h"
#include "proto/projection.pb-c.h"

enum { KEYS_A_CALL = 400 };

// --- the watermarks ---

static void take_watermark(void *context, const struct hy_store_answer *answer) {
    struct verify_part *part = context;
    struct hy_bytes found = answer->values[0];
    part->has_watermark =
        found.data != NULL && hy_watermark_load(found, &part->watermark, NULL, &part->projected);
}

bool verify_watermarks(struct verify *verify, struct hy_store *store) {
    for (size_t i = 0; i < verify->count; i++) {
        struct verify_part *part = &verify->parts[i];
        struct hy_key name = hy_key_watermark(&part->space);
        struct hy_bytes key = hy_key_bytes(&name);
        if (!redis_get(verify->cli, store, &key, 1, take_watermark, part)) return false;
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

void verify_tallies(struct verify *verify, const struct verify_part *part) {
    const struct hy_totals *ours = &part->totals;
    const struct hy_totals *theirs = &part->projected;
    verify_count(verify, CHECK_TALLIES, verify->brain->tally_count + 1);
    for (size_t i = 0; i < verify->brain->tally_count; i++) {
        if (ours->tallies[i] != theirs->tallies[i])
            verify_fault(verify, CHECK_TALLIES,
                         "partition %" PRIu32 ": %s is %" PRId64 " in Redis, %" PRId64 " by the log",
                         part->partition, verify->brain->tallies[i], theirs->tallies[i], ours->tallies[i]);
    }
    if (ours->members != theirs->members)
        verify_fault(verify, CHECK_TALLIES,
                     "partition %" PRIu32 ": %" PRIu64 " members in Redis, %" PRIu64 " by the log",
                     part->partition, theirs->members, ours->members);
    if (!same_marks(&ours->emitted, &theirs->emitted) || !same_marks(&ours->taken, &theirs->taken))
        verify_fault(verify, CHECK_TALLIES, "partition %" PRIu32 ": the emission numbers differ",
                     part->partition);
}

// --- member states ---

// Due times that follow from what is published besides (due_version) are not in the log.
static const char *difference(const struct hy_brain *brain, const Huiyuan__V1__MemberState *ours,
                              const Huiyuan__V1__MemberState *theirs) {
    if (ours->seq != theirs->seq) return "seq";
    if (ours->entries != theirs->entries) return "entries";
    if (ours->state.len != theirs->state.len ||
        memcmp(ours->state.data, theirs->state.data, ours->state.len) != 0)
        return "state";
    if (brain->due_version == NULL && ours->due_ms != theirs->due_ms) return "due_ms";
    if (ours->n_newest_ms != theirs->n_newest_ms ||
        memcmp(ours->newest_ms, theirs->newest_ms, ours->n_newest_ms * sizeof(int64_t)) != 0)
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

static void compare(struct verify *verify, const struct verify_member *member, struct hy_bytes found) {
    const char *id = member->member->id;
    verify_count(verify, CHECK_STATES, 1);
    hy_buffer_clear(&verify->saved);
    hy_member_save(verify->brain, member->member, &verify->saved);
    if (hy_bytes_equal(found, hy_buffer_bytes(&verify->saved))) return;
    Huiyuan__V1__MemberState *theirs = huiyuan__v1__member_state__unpack(NULL, found.length, found.data);
    Huiyuan__V1__MemberState *ours =
        huiyuan__v1__member_state__unpack(NULL, verify->saved.length, verify->saved.data);
    const char *what = theirs == NULL || ours == NULL ? "encoding" : difference(verify->brain, ours, theirs);
    if (what != NULL)
        verify_fault(verify, CHECK_STATES,
                     "member %s: %s differs (Redis has entry %" PRIu64 ", block %" PRIu64
                     "; the log entry %" PRIu64 ", block %" PRIu64 ")",
                     id, what, theirs == NULL ? 0 : theirs->entries, theirs == NULL ? 0 : theirs->seq,
                     member->member->entries, member->member->seq);
    if (theirs != NULL) huiyuan__v1__member_state__free_unpacked(theirs, NULL);
    if (ours != NULL) huiyuan__v1__member_state__free_unpacked(ours, NULL);
}

void verify_waiting(struct verify *verify, const struct verify_part *part, struct verify_member *member) {
    if (member->waiting_seq > part->reader.seq && !part->broken)
        verify_fault(verify, CHECK_STATES, "member %s: Redis has block %" PRIu64 ", which the log has not",
                     member->member->id, member->waiting_seq);
    else if (!part->broken)
        compare(verify, member, member->waiting);
    hy_free((void *)(uintptr_t)member->waiting.data);
    member->waiting = hy_bytes(NULL, 0);
}

static void take_state(struct verify *verify, const struct verify_part *part, struct verify_member *member,
                       struct hy_bytes found) {
    if (found.data == NULL) {
        verify_count(verify, CHECK_STATES, 1);
        verify_fault(verify, CHECK_STATES, "member %s is missing in Redis", member->member->id);
        return;
    }
    Huiyuan__V1__MemberState *state = huiyuan__v1__member_state__unpack(NULL, found.length, found.data);
    uint64_t seq = state == NULL ? 0 : state->seq;
    if (state != NULL) huiyuan__v1__member_state__free_unpacked(state, NULL);
    if (seq <= part->reader.seq) {
        compare(verify, member, found);
        return;
    }
    uint8_t *copy = hy_malloc(found.length);
    memcpy(copy, found.data, found.length);
    member->waiting = hy_bytes(copy, found.length);
    member->waiting_seq = seq;
}

// Some members, or pages of some members, of one partition.
struct fetch {
    struct verify *verify;
    struct verify_part *part;
    struct hy_key keys[KEYS_A_CALL];
    struct verify_member *members[KEYS_A_CALL];
    size_t pages[KEYS_A_CALL];
    size_t count;
};

static bool lost_data(struct verify *verify, struct verify_part *part, struct hy_bytes watermark) {
    struct hy_place place = {0};
    if (watermark.data != NULL && hy_watermark_load(watermark, &place, NULL, NULL) &&
        place.seq >= part->watermark.seq)
        return false;
    verify_fault(verify, CHECK_WATERMARK,
                 "partition %" PRIu32 ": Redis lost data while it was looked at; verify again",
                 part->partition);
    return true;
}

static void take_states(void *context, const struct hy_store_answer *answer) {
    struct fetch *fetch = context;
    if (lost_data(fetch->verify, fetch->part, answer->values[0])) return;
    for (size_t i = 0; i < fetch->count; i++)
        take_state(fetch->verify, fetch->part, fetch->members[i], answer->values[i + 1]);
}

static void take_pages(void *context, const struct hy_store_answer *answer) {
    struct fetch *fetch = context;
    if (lost_data(fetch->verify, fetch->part, answer->values[0])) return;
    verify_count(fetch->verify, CHECK_PAGES, fetch->count);
    for (size_t i = 0; i < fetch->count; i++) {
        struct hy_bytes found = answer->values[i + 1];
        const struct verify_member *member = fetch->members[i];
        if (found.data != NULL && hy_hash64(found) == member->page_hashes[fetch->pages[i]]) continue;
        verify_fault(fetch->verify, CHECK_PAGES, "key %s %s", fetch->keys[i].text,
                     found.data == NULL ? "is missing" : "is not what the log says");
    }
}

static bool flush(struct fetch *fetch, struct hy_store *store, hy_store_done done) {
    struct hy_bytes keys[KEYS_A_CALL + 1];
    struct hy_key watermark = hy_key_watermark(&fetch->part->space);
    if (fetch->count == 0) return true;
    keys[0] = hy_key_bytes(&watermark);
    for (size_t i = 0; i < fetch->count; i++)
        keys[i + 1] = hy_key_bytes(&fetch->keys[i]);
    bool good = redis_get(fetch->verify->cli, store, keys, fetch->count + 1, done, fetch);
    fetch->count = 0;
    return good;
}

static bool add(struct fetch *fetch, struct hy_store *store, hy_store_done done, struct hy_key key,
                struct verify_member *member, size_t page) {
    fetch->keys[fetch->count] = key;
    fetch->members[fetch->count] = member;
    fetch->pages[fetch->count++] = page;
    return fetch->count < KEYS_A_CALL || flush(fetch, store, done);
}

static bool states_of(struct fetch *fetch, struct hy_store *store) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&fetch->part->members, &cursor)) != NULL) {
        struct hy_key key = hy_key_member(&fetch->part->space, member->member->id);
        if (!add(fetch, store, take_states, key, member, 0)) return false;
    }
    return flush(fetch, store, take_states);
}

static bool pages_of(struct fetch *fetch, struct hy_store *store) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&fetch->part->members, &cursor)) != NULL) {
        for (size_t page = 0; page < member->page_count; page++) {
            struct hy_key key = hy_key_page(&fetch->part->space, member->member->id, page);
            if (!add(fetch, store, take_pages, key, member, page)) return false;
        }
    }
    return flush(fetch, store, take_pages);
}

static bool for_all_parts(struct verify *verify, struct hy_store *store,
                          bool (*part)(struct fetch *fetch, struct hy_store *store)) {
    struct fetch *fetch = hy_calloc(1, sizeof *fetch);
    bool good = true;
    for (size_t i = 0; i < verify->count && good; i++) {
        *fetch = (struct fetch){.verify = verify, .part = &verify->parts[i]};
        if (!fetch->part->broken) good = part(fetch, store);
    }
    hy_free(fetch);
    return good;
}

bool verify_states(struct verify *verify, struct hy_store *store) {
    return for_all_parts(verify, store, states_of);
}

bool verify_pages(struct verify *verify, struct hy_store *store) {
    return for_all_parts(verify, store, pages_of);
}

// --- keys that nobody knows ---

// A key that the fold did not know when it was found: it may be newer than the fold.
struct unknown {
    struct unknown *next;
    char key[];
};

static struct unknown *unknown_keys;

static bool knows_page(const struct verify_part *part, char *rest) {
    char *end;
    unsigned long long page = strtoull(rest, &end, 10);
    if (*end != ':') return false;
    const struct verify_member *member = verify_member_find(part, end + 1);
    return member != NULL && page < member->page_count;
}

// The partition in the name of a key, and what follows the name of the log. False: it has another form.
static bool take_apart(const struct verify *verify, char *key, uint32_t *ret_partition, char **ret_kind) {
    char *end;
    size_t log = strlen(verify->brain->log);
    unsigned long partition = strtoul(key + strlen(verify->cli->redis_prefix) + 1, &end, 10);
    if (partition >= verify->count || strncmp(end, "}:", 2) != 0) return false;
    if (strncmp(end + 2, verify->brain->log, log) != 0 || end[2 + log] != ':') return false;
    *ret_partition = (uint32_t)partition;
    *ret_kind = end + 2 + log + 1;
    return true;
}

static bool knows(const struct verify *verify, const char *key) {
    char text[HY_KEY_LIMIT_BYTES];
    uint32_t partition;
    uint32_t home;
    char *kind;
    if (strlen(key) >= sizeof text) return false;
    memcpy(text, key, strlen(key) + 1);
    if (!take_apart(verify, text, &partition, &kind)) return false;
    const struct verify_part *part = &verify->parts[partition];
    if (strcmp(kind, "w") == 0 || strcmp(kind, "t") == 0 || part->broken) return true;
    if (strncmp(kind, "m:", 2) == 0) {
        const struct verify_member *member = verify_member_find(part, kind + 2);
        return member != NULL && member->member->entries > 0;
    }
    if (strncmp(kind, "p:", 2) == 0) return knows_page(part, kind + 2);
    return strncmp(kind, "a:", 2) == 0 && hy_command_id_partition(kind + 2, &home) && home == partition;
}

static void found_key(void *context, struct hy_bytes key) {
    struct verify *verify = context;
    struct unknown *unknown = hy_malloc(sizeof *unknown + key.length + 1);
    memcpy(unknown->key, key.data, key.length);
    unknown->key[key.length] = '\0';
    verify_count(verify, CHECK_KEYS, 1);
    if (knows(verify, unknown->key)) {
        hy_free(unknown);
        return;
    }
    unknown->next = unknown_keys;
    unknown_keys = unknown;
}

bool verify_keys(struct verify *verify, struct hy_store *store) {
    char pattern[HY_KEY_LIMIT_BYTES];
    snprintf(pattern, sizeof pattern, "%s{*}:%s:*", verify->cli->redis_prefix, verify->brain->log);
    return redis_scan(verify->cli, store, pattern, found_key, verify);
}

void verify_keys_unknown(struct verify *verify, verify_stray stray, void *context) {
    while (unknown_keys != NULL) {
        struct unknown *unknown = unknown_keys;
        unknown_keys = unknown->next;
        char *kind;
        uint32_t partition = UINT32_MAX;
        if (!knows(verify, unknown->key)) {
            take_apart(verify, unknown->key, &partition, &kind);
            stray(context, partition, unknown->key);
        }
        hy_free(unknown);
    }
}

static void report_stray(void *context, uint32_t partition, const char *key) {
    (void)partition;
    verify_fault(context, CHECK_KEYS, "key %s belongs to nothing that the log knows", key);
}

void verify_keys_end(struct verify *verify) {
    verify_keys_unknown(verify, report_stray, verify);
}
