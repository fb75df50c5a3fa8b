// The store in memory, for unit tests and the simulator: several instances share one table, and the test
// decides what goes wrong and what time it is. Requests are carried out by hy_store_poll, in their order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/store.h"

struct hy_mem_table;
struct hy_mem_snapshot;

struct hy_mem_table *hy_mem_table_new(void);
void hy_mem_table_free(struct hy_mem_table *table); // when no store is open on it any more
// The table of every hy_store_open from here on; its URL is not looked at.
void hy_store_mem_use(struct hy_mem_table *table);

// What becomes of a request when its turn comes.
enum hy_mem_request_fate {
    HY_MEM_ANSWERED,
    HY_MEM_DONE_AWAY, // carried out, answered as away
    HY_MEM_LOST_AWAY, // not carried out, answered as away
    HY_MEM_HELD,      // it and all behind it wait for another poll, where it is asked again
};

typedef enum hy_mem_request_fate (*hy_mem_choose_request)(void *context, struct hy_store *store);
void hy_mem_table_choose(struct hy_mem_table *table, hy_mem_choose_request choose,
                         void *context); // NULL: ANSWERED
// While it is away nothing is carried out, everything is answered as away, and stores are not connected.
void hy_mem_table_away(struct hy_mem_table *table, bool away);
void hy_mem_table_set_time(struct hy_mem_table *table, int64_t now_ms); // for what expires

// As Redis loses its tail, or everything.
struct hy_mem_snapshot *hy_mem_table_snapshot(const struct hy_mem_table *table);
void hy_mem_table_restore(struct hy_mem_table *table, const struct hy_mem_snapshot *snapshot);
void hy_mem_snapshot_free(struct hy_mem_snapshot *snapshot);
void hy_mem_table_flush(struct hy_mem_table *table);

// Inspection. Borrows from the table; data NULL: no such key.
struct hy_bytes hy_mem_table_get(struct hy_mem_table *table, struct hy_bytes key);
void hy_mem_table_set(struct hy_mem_table *table, struct hy_bytes key,
                      struct hy_bytes value);                // data NULL: delete it
size_t hy_mem_table_count(const struct hy_mem_table *table); // of keys, sorted sets included
int64_t hy_mem_table_due(struct hy_mem_table *table, struct hy_bytes timer_key,
                         struct hy_bytes member); // 0: none

// Ends the instance as a crash does: nothing is carried out or answered any more.
void hy_store_mem_crash(struct hy_store *store);
