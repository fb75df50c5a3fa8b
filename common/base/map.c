#include "common/base/map.h"

#include <assert.h>

#include "common/base/memory.h"

enum { FIRST_CAPACITY = 16 };

void hy_map_init(struct hy_map *map) {
    *map = (struct hy_map){0};
}

void hy_map_free(struct hy_map *map) {
    hy_free(map->slots);
    hy_map_init(map);
}

void *hy_map_find(const struct hy_map *map, uint64_t hash, hy_map_same same, const void *key) {
    if (map->count == 0) return NULL;
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask; map->slots[i].value != NULL; i = (i + 1) & mask) {
        if (map->slots[i].hash == hash && same(map->slots[i].value, key)) return map->slots[i].value;
    }
    return NULL;
}

static void place(struct hy_map *map, struct hy_map_slot slot) {
    size_t mask = map->capacity - 1;
    size_t i = slot.hash & mask;
    while (map->slots[i].value != NULL) {
        i = (i + 1) & mask;
    }
    map->slots[i] = slot;
}

static void grow(struct hy_map *map) {
    struct hy_map old = *map;
    map->capacity = old.capacity > 0 ? old.capacity * 2 : FIRST_CAPACITY;
    map->slots = hy_calloc(map->capacity, sizeof *map->slots);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].value != NULL) place(map, old.slots[i]);
    }
    hy_free(old.slots);
}

void hy_map_add(struct hy_map *map, uint64_t hash, void *value) {
    assert(value != NULL);
    // At most seven tenths full, so that every probe soon meets an empty slot.
    if ((map->count + 1) * 10 > map->capacity * 7) grow(map);
    place(map, (struct hy_map_slot){hash, value});
    map->count++;
}

// Closes the hole: whatever sits behind it, and could not be found across it, moves into it.
static void close_hole(struct hy_map *map, size_t hole) {
    size_t mask = map->capacity - 1;
    for (size_t i = (hole + 1) & mask; map->slots[i].value != NULL; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct hy_map_slot){0, NULL};
}

void hy_map_remove(struct hy_map *map, uint64_t hash, const void *value) {
    assert(map->count > 0);
    size_t mask = map->capacity - 1;
    size_t i = hash & mask;
    while (map->slots[i].value != value) {
        assert(map->slots[i].value != NULL);
        i = (i + 1) & mask;
    }
    close_hole(map, i);
    map->count--;
}

void *hy_map_next(const struct hy_map *map, size_t *cursor) {
    while (*cursor < map->capacity) {
        void *value = map->slots[(*cursor)++].value;
        if (value != NULL) return value;
    }
    return NULL;
}
