#include "common/base/memory.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>

TestSuite(memory);

Test(memory, no_size_gives_null) {
    void *nothing = hy_malloc(0);
    cr_assert_not_null(nothing);
    nothing = hy_realloc(nothing, 0);
    cr_assert_not_null(nothing);
    hy_free(nothing);
    hy_free(NULL);
}

Test(memory, cleared_memory_is_cleared) {
    unsigned char *memory = hy_calloc(100, 3);
    unsigned char *aligned = hy_aligned_calloc(64, 5, 64);
    cr_assert_eq((uintptr_t)aligned % 64, 0);
    for (size_t i = 0; i < 300; i++) {
        cr_assert_eq(memory[i], 0);
        cr_assert_eq(aligned[i], 0);
    }
    hy_free(memory);
    hy_free(aligned);
}

Test(memory, strings_are_copied) {
    char text[] = "lot";
    char *copy = hy_strdup(text);
    text[0] = 'x';
    cr_assert_str_eq(copy, "lot");
    hy_free(copy);
}

// AddressSanitizer stops such a request by itself, in another way.
#ifndef __SANITIZE_ADDRESS__
Test(memory, running_out_ends_the_process, .signal = SIGABRT) {
    volatile size_t more_than_there_is = SIZE_MAX / 4;
    hy_malloc(more_than_there_is);
}
#endif
