#include "common/base/map.h"

#include <criterion/criterion.h>

#include <stdlib.h>

TestSuite(map);

static bool same_number(const void *value, const void *key) {
    return *(const int *)value == *(const int *)key;
}

// A poor hash on purpose: long runs of neighbours, which deleting must not break.
static uint64_t poor_hash(int number) {
    return (uint64_t)(number % 37) * 3;
}

static const int *find(const struct hy_map *map, int number) {
    return hy_map_find(map, poor_hash(number), same_number, &number);
}

Test(map, an_empty_map_finds_nothing) {
    struct hy_map map;
    hy_map_init(&map);
    size_t cursor = 0;
    cr_assert_null(find(&map, 1));
    cr_assert_null(hy_map_next(&map, &cursor));
    hy_map_prefetch(&map, 1);
    hy_map_free(&map);
}

Test(map, entries_that_share_a_hash_are_told_apart) {
    struct hy_map map;
    hy_map_init(&map);
    int numbers[3] = {1, 38, 75};
    for (size_t i = 0; i < 3; i++) {
        hy_map_add(&map, poor_hash(numbers[i]), &numbers[i]);
    }
    cr_assert_eq(poor_hash(1), poor_hash(75));
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(find(&map, numbers[i]), &numbers[i]);
    }
    cr_assert_null(find(&map, 112));
    hy_map_free(&map);
}

Test(map, it_agrees_with_a_plain_list_through_many_additions_and_removals) {
    enum { RANGE = 400, STEPS = 200000 };
    static int numbers[RANGE];
    static bool present[RANGE];
    struct hy_map map;
    hy_map_init(&map);
    size_t count = 0;
    unsigned seed = 42;
    for (int step = 0; step < STEPS; step++) {
        int i = rand_r(&seed) % RANGE;
        numbers[i] = i;
        cr_assert_eq(find(&map, i), present[i] ? &numbers[i] : NULL, "step %d", step);
        // The share of additions swings, so that the table fills and empties several times.
        bool add = rand_r(&seed) % 100 < (step / 20000 % 2 == 0 ? 70 : 30);
        if (add && !present[i]) {
            hy_map_add(&map, poor_hash(i), &numbers[i]);
            present[i] = true;
            count++;
        } else if (!add && present[i]) {
            hy_map_remove(&map, poor_hash(i), &numbers[i]);
            present[i] = false;
            count--;
        }
        cr_assert_eq(map.count, count);
    }
    hy_map_free(&map);
}

Test(map, it_is_never_more_than_seven_tenths_full) {
    static int numbers[5000];
    struct hy_map map;
    hy_map_init(&map);
    for (int i = 0; i < 5000; i++) {
        numbers[i] = i;
        hy_map_add(&map, (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15), &numbers[i]);
        cr_assert_leq(map.count * 10, map.capacity * 7);
    }
    hy_map_free(&map);
}

Test(map, a_walk_meets_every_value_once) {
    enum { COUNT = 1000 };
    static int numbers[COUNT];
    static int met[COUNT];
    struct hy_map map;
    hy_map_init(&map);
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i;
        hy_map_add(&map, poor_hash(i), &numbers[i]);
    }
    size_t cursor = 0;
    for (const int *number; (number = hy_map_next(&map, &cursor)) != NULL;) {
        met[*number]++;
    }
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(met[i], 1);
    }
    hy_map_free(&map);
}
