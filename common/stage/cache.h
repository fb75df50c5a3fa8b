// The members of one partition that are in memory: found by id, bounded, the long unused ones let go first
// (clock).
#pragma once

#include "common/base/map.h"
#include "common/stage/member.h"

struct hy_cache {
    const struct hy_brain *brain;
    struct hy_map map;
    struct hy_member **ring; // every member once; the hand goes round
    uint32_t ring_capacity;
    uint32_t hand;
};

void hy_cache_init(struct hy_cache *cache, const struct hy_brain *brain);
void hy_cache_free(struct hy_cache *cache); // with all members
static inline size_t hy_cache_count(const struct hy_cache *cache) {
    return cache->map.count;
}

// For many lookups one after the other: first all places, then each member some lookups ahead.
static inline void hy_cache_prefetch_place(const struct hy_cache *cache, uint64_t hash) {
    hy_map_prefetch(&cache->map, hash);
}
static inline void hy_cache_prefetch_member(const struct hy_cache *cache, uint64_t hash) {
    const struct hy_member *member = hy_map_likely(&cache->map, hash);
    if (member != NULL) hy_member_prefetch(member);
}

struct hy_member *hy_cache_find(struct hy_cache *cache, const char *id, uint64_t hash); // NULL: not in memory
struct hy_member *hy_cache_add(struct hy_cache *cache, const char *id, uint64_t hash);  // not loaded yet
// Lets up to `count` members go that are neither pinned nor used lately. Returns how many went.
size_t hy_cache_evict(struct hy_cache *cache, size_t count);
