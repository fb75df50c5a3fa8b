// What the two files of the store in memory share; private to them.
//   store_mem_table.c  keys, values and sorted sets: outlives every store
//   store_mem.c        one instance's door: requests and their answers
#pragma once

#include "common/io/store_mem.h"

struct mem_due {
    struct hy_bytes member; // owned
    int64_t due_ms;
};

// A key with a value or a sorted set; never both.
struct mem_entry {
    struct mem_entry *next; // in the order in which the keys were made
    struct mem_entry *previous;
    uint64_t serial; // rising in that order
    uint64_t hash;
    struct hy_bytes key;   // owned
    struct hy_bytes value; // owned; data NULL: a sorted set
    int64_t expires_ms;    // 0: never
    struct mem_due *dues;
    size_t due_count;
};

struct hy_mem_table *mem_table_current(void); // NULL: hy_store_mem_use was not called
bool mem_table_is_away(const struct hy_mem_table *table);
enum hy_mem_request_fate mem_table_fate(struct hy_mem_table *table, struct hy_store *store);
void mem_table_put(struct hy_mem_table *table, struct hy_bytes key, struct hy_bytes value, int64_t expire_ms);
void mem_table_set_due(struct hy_mem_table *table, struct hy_bytes key, struct hy_bytes member,
                       int64_t due_ms);
struct mem_entry *mem_table_find(struct hy_mem_table *table, struct hy_bytes key); // NULL: none
const struct mem_entry *mem_table_after(struct hy_mem_table *table,
                                        uint64_t serial); // NULL: that was the last
// Stores that are open, for what is published.
void mem_table_enter(struct hy_mem_table *table, struct hy_store *store);
void mem_table_leave(struct hy_mem_table *table, struct hy_store *store);
size_t mem_table_stores(const struct hy_mem_table *table, struct hy_store ***ret_stores);
