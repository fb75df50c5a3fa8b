// The seam to Redis: requests are sent without waiting, and carried out and answered (by hy_store_poll) in
// the order in which they were made, but that others may overtake projections. store_redis.c speaks to Redis,
// store_mem.c to a table in memory (simulator); chosen at link time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct hy_store;

enum hy_store_status {
    HY_STORE_OK,
    HY_STORE_AWAY,  // no answer: it may have happened or not
    HY_STORE_STALE, // hy_store_project: the watermark was not the expected one; nothing was written
};

struct hy_store_answer {
    enum hy_store_status status;
    // hy_store_get: one for each key, in order; data NULL: no such key. hy_store_project: the watermark
    // found, in values[0]. hy_store_due: members. Valid only during the call-back.
    const struct hy_bytes *values;
    size_t count;
};

typedef void (*hy_store_done)(void *context, const struct hy_store_answer *answer);

// "redis://[:password@]host:port/db" or "unix:///path?db=0". NULL: not understood. An unreachable server is
// waited for: it is tried again every 100 ms … 2 s.
struct hy_store *hy_store_open(const char *url);
void hy_store_close(struct hy_store *store);

// All values and the watermark in one atomic call. Keys are copied into the send buffer.
void hy_store_get(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                  void *context);

struct hy_store_set {
    struct hy_bytes key;
    struct hy_bytes value; // data NULL: delete the key
    int64_t expire_ms;     // from now; 0: never
};

struct hy_store_timer {
    struct hy_bytes member;
    int64_t due_ms; // 0: none
};

struct hy_store_publish {
    struct hy_bytes channel;
    struct hy_bytes value;
};

// One atomic transaction: if the bytes under `watermark_key` equal `expected` (length 0: no such key), all
// changes are made and, when `next.data` is not NULL, the watermark becomes `next`; otherwise nothing happens
// and the answer is STALE.
struct hy_store_projection {
    struct hy_bytes watermark_key;
    struct hy_bytes expected;
    struct hy_bytes next;
    const struct hy_store_set *sets;
    size_t set_count;
    struct hy_bytes timer_key; // sorted set
    const struct hy_store_timer *timers;
    size_t timer_count;
    const struct hy_store_publish *publishes; // after the changes
    size_t publish_count;
};

void hy_store_project(struct hy_store *store, const struct hy_store_projection *projection,
                      hy_store_done done, void *context);

// Members of the sorted set `timer_key` with a due time up to now_ms, earliest first, at most `limit`.
// values[0] is the watermark, the members follow.
void hy_store_due(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                  int64_t now_ms, size_t limit, hy_store_done done, void *context);

// One step of a walk over all members of the sorted set `timer_key`: start with "0". values[0] is the
// watermark, values[1] the cursor for the next step ("0": that was the last), the members follow; some may
// come twice, and each that is there all the time comes.
void hy_store_walk(struct hy_store *store, struct hy_bytes watermark_key, struct hy_bytes timer_key,
                   struct hy_bytes cursor, hy_store_done done, void *context);

// When these members of the sorted set `timer_key` are due, as numbers in text; data NULL: not in it. For
// tools: store_mem.c does not have it.
void hy_store_scores(struct hy_store *store, struct hy_bytes timer_key, const struct hy_bytes *members,
                     size_t count, hy_store_done done, void *context);

// Writes the key if it does not exist; values[0] is what stands under it afterwards (one's own value, or the
// earlier one).
void hy_store_put_new(struct hy_store *store, struct hy_bytes key, struct hy_bytes value, int64_t expire_ms,
                      hy_store_done done, void *context);

// Writes these keys, whatever stands under them; those of one call share a hash tag. For what never changes
// once it was written. For tools: store_mem.c does not have it.
void hy_store_put(struct hy_store *store, const struct hy_store_set *sets, size_t count, hy_store_done done,
                  void *context);

// One step of a walk over all keys that match the pattern: start with "0". values[0] is the cursor for the
// next step ("0": that was the last), the keys follow; some may come twice.
void hy_store_scan(struct hy_store *store, struct hy_bytes cursor, struct hy_bytes pattern,
                   hy_store_done done, void *context);
void hy_store_delete(struct hy_store *store, const struct hy_bytes *keys, size_t count, hy_store_done done,
                     void *context);

// Turns the connection into a listener: from now on `done` is called for each message on the channel
// (values[0]), and with AWAY / OK (count 0) when the connection is lost / subscribed again. No other request
// may be made of this store.
void hy_store_subscribe(struct hy_store *store, struct hy_bytes channel, hy_store_done done, void *context);

// Sends, receives, and calls back; waits at most timeout_ms. Returns the number of call-backs.
size_t hy_store_poll(struct hy_store *store, int timeout_ms);
// For waiting on several doors at once; -1: nothing to wait for now. *ret_events: POLLIN | POLLOUT.
int hy_store_wait_fd(const struct hy_store *store, short *ret_events);
bool hy_store_connected(const struct hy_store *store);
size_t hy_store_pending(const struct hy_store *store); // requests without an answer
