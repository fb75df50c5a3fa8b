#include "cli/seen.h"

#include <criterion/criterion.h>

static uint64_t hash_of(uint64_t number) {
    return seen_mix(number, 7);
}

Test(seen, knows_what_was_added_and_nothing_else) {
    struct seen seen = {0};
    cr_assert_not(seen_has(&seen, 1));
    for (uint64_t i = 0; i < 100000; i++)
        cr_assert(seen_add(&seen, hash_of(i)));
    for (uint64_t i = 0; i < 100000; i++) {
        cr_assert(seen_has(&seen, hash_of(i)));
        cr_assert_not(seen_has(&seen, hash_of(i + 100000)));
    }
    cr_assert_eq(seen.count, 100000);
    seen_free(&seen);
}

Test(seen, says_when_something_was_there_before) {
    struct seen seen = {0};
    for (uint64_t i = 0; i < 1000; i++)
        seen_add(&seen, hash_of(i));
    cr_assert_not(seen_add(&seen, hash_of(500)));
    cr_assert(seen_add(&seen, 0), "0 is a hash as any other");
    cr_assert_not(seen_add(&seen, 0));
    cr_assert(seen_has(&seen, 0));
    seen_free(&seen);
}
