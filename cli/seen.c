#include "cli/seen.h"

#include "common/base/memory.h"

enum { FIRST_CAPACITY = 64 };

void seen_free(struct seen *seen) {
    hy_free(seen->slots);
    *seen = (struct seen){0};
}

// The slot of this hash, or the empty one where it belongs. 0 stands for an empty slot, so it becomes 1.
static uint64_t *find(const struct seen *seen, uint64_t hash) {
    size_t mask = seen->capacity - 1;
    size_t i = hash & mask;
    while (seen->slots[i] != 0 && seen->slots[i] != hash)
        i = (i + 1) & mask;
    return &seen->slots[i];
}

static void grow(struct seen *seen) {
    struct seen larger = {.capacity = seen->capacity == 0 ? FIRST_CAPACITY : seen->capacity * 2,
                          .count = seen->count};
    larger.slots = hy_calloc(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < seen->capacity; i++) {
        if (seen->slots[i] != 0) *find(&larger, seen->slots[i]) = seen->slots[i];
    }
    hy_free(seen->slots);
    *seen = larger;
}

bool seen_has(const struct seen *seen, uint64_t hash) {
    return seen->capacity > 0 && *find(seen, hash == 0 ? 1 : hash) != 0;
}

bool seen_add(struct seen *seen, uint64_t hash) {
    if (hash == 0) hash = 1;
    if ((seen->count + 1) * 4 > seen->capacity * 3) grow(seen);
    uint64_t *slot = find(seen, hash);
    if (*slot != 0) return false;
    *slot = hash;
    seen->count++;
    return true;
}
