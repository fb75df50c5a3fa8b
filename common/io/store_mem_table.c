#include "common/io/store_mem_table.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/map.h"
#include "common/base/memory.h"

struct hy_mem_table {
    struct hy_map map;
    struct mem_entry *first, *last;
    uint64_t serial;
    int64_t now_ms;
    bool away;
    hy_mem_choose_request choose;
    void *choose_context;
    struct hy_store **stores;
    size_t store_count;
};

// A table that nobody is connected to.
struct hy_mem_snapshot {
    struct hy_mem_table table;
};

static struct hy_mem_table *current;

static struct hy_bytes copy(struct hy_bytes bytes) {
    if (bytes.data == NULL) return bytes;
    uint8_t *data = hy_malloc(bytes.length);
    if (bytes.length > 0) memcpy(data, bytes.data, bytes.length);
    return hy_bytes(data, bytes.length);
}

static void drop(struct hy_bytes bytes) {
    hy_free((void *)(uintptr_t)bytes.data);
}

static bool same_key(const void *value, const void *key) {
    return hy_bytes_equal(((const struct mem_entry *)value)->key, *(const struct hy_bytes *)key);
}

static void entry_drop_content(struct mem_entry *entry) {
    drop(entry->value);
    for (size_t i = 0; i < entry->due_count; i++) {
        drop(entry->dues[i].member);
    }
    hy_free(entry->dues);
    entry->value = hy_bytes(NULL, 0);
    entry->dues = NULL;
    entry->due_count = 0;
    entry->expires_ms = 0;
}

static void remove_entry(struct hy_mem_table *table, struct mem_entry *entry) {
    hy_map_remove(&table->map, entry->hash, entry);
    *(entry->previous != NULL ? &entry->previous->next : &table->first) = entry->next;
    *(entry->next != NULL ? &entry->next->previous : &table->last) = entry->previous;
    entry_drop_content(entry);
    drop(entry->key);
    hy_free(entry);
}

static struct mem_entry *add_entry(struct hy_mem_table *table, struct hy_bytes key) {
    struct mem_entry *entry = hy_calloc(1, sizeof *entry);
    entry->serial = ++table->serial;
    entry->hash = hy_hash64(key);
    entry->key = copy(key);
    entry->previous = table->last;
    *(table->last != NULL ? &table->last->next : &table->first) = entry;
    table->last = entry;
    hy_map_add(&table->map, entry->hash, entry);
    return entry;
}

static bool expired(const struct hy_mem_table *table, const struct mem_entry *entry) {
    return entry->expires_ms != 0 && entry->expires_ms <= table->now_ms;
}

struct mem_entry *mem_table_find(struct hy_mem_table *table, struct hy_bytes key) {
    struct mem_entry *entry = hy_map_find(&table->map, hy_hash64(key), same_key, &key);
    if (entry == NULL || !expired(table, entry)) return entry;
    remove_entry(table, entry);
    return NULL;
}

static struct mem_entry *find_or_add(struct hy_mem_table *table, struct hy_bytes key) {
    struct mem_entry *entry = mem_table_find(table, key);
    return entry != NULL ? entry : add_entry(table, key);
}

void mem_table_put(struct hy_mem_table *table, struct hy_bytes key, struct hy_bytes value,
                   int64_t expire_ms) {
    if (value.data == NULL) {
        struct mem_entry *gone = mem_table_find(table, key);
        if (gone != NULL) remove_entry(table, gone);
        return;
    }
    struct mem_entry *entry = find_or_add(table, key);
    entry_drop_content(entry);
    entry->value = copy(value);
    entry->expires_ms = expire_ms > 0 ? table->now_ms + expire_ms : 0;
}

static size_t due_index(const struct mem_entry *entry, struct hy_bytes member) {
    size_t i = 0;
    while (i < entry->due_count && !hy_bytes_equal(entry->dues[i].member, member)) {
        i++;
    }
    return i;
}

void mem_table_set_due(struct hy_mem_table *table, struct hy_bytes key, struct hy_bytes member,
                       int64_t due_ms) {
    struct mem_entry *entry = mem_table_find(table, key);
    size_t index = entry != NULL ? due_index(entry, member) : 0;
    bool there = entry != NULL && index < entry->due_count;
    if (due_ms != 0 && there) {
        entry->dues[index].due_ms = due_ms;
    } else if (due_ms != 0) {
        entry = find_or_add(table, key);
        entry->dues = hy_realloc(entry->dues, (entry->due_count + 1) * sizeof *entry->dues);
        entry->dues[entry->due_count++] = (struct mem_due){copy(member), due_ms};
    } else if (there) {
        drop(entry->dues[index].member);
        entry->dues[index] = entry->dues[--entry->due_count];
        if (entry->due_count == 0) remove_entry(table, entry);
    }
}

const struct mem_entry *mem_table_after(struct hy_mem_table *table, uint64_t serial) {
    struct mem_entry *entry = table->first;
    while (entry != NULL && (entry->serial <= serial || expired(table, entry))) {
        entry = entry->next;
    }
    return entry;
}

struct hy_mem_table *hy_mem_table_new(void) {
    struct hy_mem_table *table = hy_calloc(1, sizeof *table);
    hy_map_init(&table->map);
    return table;
}

void hy_mem_table_flush(struct hy_mem_table *table) {
    while (table->first != NULL) {
        remove_entry(table, table->first);
    }
}

void hy_mem_table_free(struct hy_mem_table *table) {
    hy_mem_table_flush(table);
    hy_map_free(&table->map);
    hy_free(table->stores);
    if (current == table) current = NULL;
    hy_free(table);
}

void hy_store_mem_use(struct hy_mem_table *table) {
    current = table;
}

struct hy_mem_table *mem_table_current(void) {
    return current;
}

void hy_mem_table_choose(struct hy_mem_table *table, hy_mem_choose_request choose, void *context) {
    table->choose = choose;
    table->choose_context = context;
}

enum hy_mem_request_fate mem_table_fate(struct hy_mem_table *table, struct hy_store *store) {
    if (table->away) return HY_MEM_LOST_AWAY;
    return table->choose != NULL ? table->choose(table->choose_context, store) : HY_MEM_ANSWERED;
}

void hy_mem_table_away(struct hy_mem_table *table, bool away) {
    table->away = away;
}

bool mem_table_is_away(const struct hy_mem_table *table) {
    return table->away;
}

void hy_mem_table_set_time(struct hy_mem_table *table, int64_t now_ms) {
    table->now_ms = now_ms;
}

static void copy_entries(struct hy_mem_table *to, const struct hy_mem_table *from) {
    for (const struct mem_entry *entry = from->first; entry != NULL; entry = entry->next) {
        struct mem_entry *added = add_entry(to, entry->key);
        added->value = copy(entry->value);
        added->expires_ms = entry->expires_ms;
        added->due_count = entry->due_count;
        added->dues = hy_calloc(entry->due_count, sizeof *added->dues);
        for (size_t i = 0; i < entry->due_count; i++) {
            added->dues[i] = (struct mem_due){copy(entry->dues[i].member), entry->dues[i].due_ms};
        }
    }
}

struct hy_mem_snapshot *hy_mem_table_snapshot(const struct hy_mem_table *table) {
    struct hy_mem_snapshot *snapshot = hy_calloc(1, sizeof *snapshot);
    hy_map_init(&snapshot->table.map);
    copy_entries(&snapshot->table, table);
    return snapshot;
}

void hy_mem_table_restore(struct hy_mem_table *table, const struct hy_mem_snapshot *snapshot) {
    hy_mem_table_flush(table);
    copy_entries(table, &snapshot->table);
}

void hy_mem_snapshot_free(struct hy_mem_snapshot *snapshot) {
    hy_mem_table_flush(&snapshot->table);
    hy_map_free(&snapshot->table.map);
    hy_free(snapshot);
}

struct hy_bytes hy_mem_table_get(struct hy_mem_table *table, struct hy_bytes key) {
    const struct mem_entry *entry = mem_table_find(table, key);
    return entry != NULL ? entry->value : hy_bytes(NULL, 0);
}

void hy_mem_table_set(struct hy_mem_table *table, struct hy_bytes key, struct hy_bytes value) {
    mem_table_put(table, key, value, 0);
}

size_t hy_mem_table_count(const struct hy_mem_table *table) {
    size_t count = 0;
    for (const struct mem_entry *entry = table->first; entry != NULL; entry = entry->next) {
        count += !expired(table, entry);
    }
    return count;
}

int64_t hy_mem_table_due(struct hy_mem_table *table, struct hy_bytes timer_key, struct hy_bytes member) {
    const struct mem_entry *entry = mem_table_find(table, timer_key);
    size_t index = entry != NULL ? due_index(entry, member) : 0;
    return entry != NULL && index < entry->due_count ? entry->dues[index].due_ms : 0;
}

void mem_table_enter(struct hy_mem_table *table, struct hy_store *store) {
    table->stores = hy_realloc(table->stores, (table->store_count + 1) * sizeof(struct hy_store *));
    table->stores[table->store_count++] = store;
}

void mem_table_leave(struct hy_mem_table *table, struct hy_store *store) {
    for (size_t i = 0; i < table->store_count; i++) {
        if (table->stores[i] != store) continue;
        table->stores[i] = table->stores[--table->store_count];
        return;
    }
}

size_t mem_table_stores(const struct hy_mem_table *table, struct hy_store ***ret_stores) {
    *ret_stores = table->stores;
    return table->store_count;
}
