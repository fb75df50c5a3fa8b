// A hash table from 64-bit hashes to pointers: open addressing, linear probing, grows by doubling, deletes
// without tombstones. Several entries may share a hash: the caller tells them apart with `same`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/prefetch.h"

struct hy_map_slot {
    uint64_t hash;
    void *value; // NULL: empty
};

struct hy_map {
    struct hy_map_slot *slots;
    size_t capacity; // a power of two, or 0
    size_t count;
};

// True when `value` is the entry that `key` means.
typedef bool (*hy_map_same)(const void *value, const void *key);

void hy_map_init(struct hy_map *map);
void hy_map_free(struct hy_map *map); // the values are the caller's
void *hy_map_find(const struct hy_map *map, uint64_t hash, hy_map_same same, const void *key); // NULL: none
void hy_map_add(struct hy_map *map, uint64_t hash, void *value); // the caller knows that it is not there
void hy_map_remove(struct hy_map *map, uint64_t hash, const void *value); // that very pointer; must be there
// Brings the slot of a hash towards the cache: call some lookups ahead.
static inline void hy_map_prefetch(const struct hy_map *map, uint64_t hash) {
    if (map->capacity > 0) hy_prefetch(&map->slots[hash & (map->capacity - 1)]);
}
// The value in the first slot of a hash: mostly what a find will return, maybe another's, maybe NULL.
static inline const void *hy_map_likely(const struct hy_map *map, uint64_t hash) {
    return map->capacity > 0 ? map->slots[hash & (map->capacity - 1)].value : NULL;
}

// Walks all values: start with *cursor = 0; NULL at the end. Nothing may be added or removed meanwhile.
void *hy_map_next(const struct hy_map *map, size_t *cursor);
