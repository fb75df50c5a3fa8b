// Not ours to mend: mistakes that the fuzzer must find (test_fuzz.py), so that a build without sanitizers, or
// a fuzzer that looks at nothing, does not pass for a quiet one. HY_FUZZ_PLANTED in the environment says
// which.
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/fuzz/fuzz.h"

static void read_too_far(const uint8_t *data, size_t size) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    const volatile char *text = hy_arena_string(&arena, (const char *)data, size);
    (void)text[size + 1];
    hy_arena_free(&arena);
}

static void overflow(size_t size) {
    volatile int most = INT_MAX;
    most = most + (int)size;
}

static void leak(size_t size) {
    memset(hy_malloc(size), 1, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *which = getenv("HY_FUZZ_PLANTED");
    if (which == NULL || size < 4 || data[0] != 'H' || data[1] != 'u' || data[2] != 'i') return 0;
    if (which[0] == 'a') read_too_far(data, size);
    if (which[0] == 'u') overflow(size);
    if (which[0] == 'l') leak(size);
    PROMISE(which[0] != 'p');
    return 0;
}
