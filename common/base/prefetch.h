// Asking for memory ahead of its use, so that its latency (hundreds of nanoseconds) passes while something
// else is done.
#pragma once

// The empty statement is an effect to the compiler. Without it GCC takes a function that only prefetches for
// one that does nothing, and drops its calls: tests/lint/test_prefetch.py looks at what was built.
static inline void hy_prefetch(const void *memory) {
    __builtin_prefetch(memory);
    __asm__ volatile("");
}

static inline void hy_prefetch_to_write(const void *memory) {
    __builtin_prefetch(memory, 1);
    __asm__ volatile("");
}
