#include "common/stage/cache.h"

#include "common/base/memory.h"

void hy_cache_init(struct hy_cache *cache, const struct hy_brain *brain) {
    *cache = (struct hy_cache){.brain = brain};
    hy_map_init(&cache->map);
}

void hy_cache_free(struct hy_cache *cache) {
    for (size_t i = 0; i < cache->map.count; i++)
        hy_member_free(cache->brain, cache->ring[i]);
    hy_free(cache->ring);
    hy_map_free(&cache->map);
    *cache = (struct hy_cache){.brain = cache->brain};
}

static bool same_id(const void *value, const void *key) {
    return strcmp(((const struct hy_member *)value)->id, key) == 0;
}

struct hy_member *hy_cache_find(struct hy_cache *cache, const char *id, uint64_t hash) {
    struct hy_member *member = hy_map_find(&cache->map, hash, same_id, id);
    if (member != NULL) member->referenced = true;
    return member;
}

struct hy_member *hy_cache_add(struct hy_cache *cache, const char *id, uint64_t hash) {
    struct hy_member *member = hy_member_new(cache->brain, id, hash);
    if (cache->map.count == cache->ring_capacity) {
        cache->ring_capacity = cache->ring_capacity == 0 ? 64 : cache->ring_capacity * 2;
        cache->ring = hy_realloc(cache->ring, cache->ring_capacity * sizeof(struct hy_member *));
    }
    member->ring = (uint32_t)cache->map.count;
    member->referenced = true;
    cache->ring[member->ring] = member;
    hy_map_add(&cache->map, hash, member);
    return member;
}

static void let_go(struct hy_cache *cache, struct hy_member *member) {
    hy_map_remove(&cache->map, member->hash, member);
    struct hy_member *last = cache->ring[cache->map.count];
    cache->ring[member->ring] = last;
    last->ring = member->ring;
    hy_member_free(cache->brain, member);
}

// Twice round at most: the first time takes the marks of use away. model: changed-members-stay
size_t hy_cache_evict(struct hy_cache *cache, size_t count) {
    size_t gone = 0;
    for (size_t looked = 2 * cache->map.count; looked > 0 && gone < count && cache->map.count > 0; looked--) {
        if (cache->hand >= cache->map.count) cache->hand = 0;
        struct hy_member *member = cache->ring[cache->hand];
        if (member->dirty || member->projecting || member->referenced) {
            member->referenced = false;
            cache->hand++;
        } else {
            let_go(cache, member);
            gone++;
        }
    }
    return gone;
}
