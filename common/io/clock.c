#include "common/io/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t shift;

int64_t hy_clock_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 +
           atomic_load_explicit(&shift, memory_order_relaxed);
}

uint64_t hy_clock_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void hy_clock_shift_set_ms(int64_t shift_ms) {
    atomic_store_explicit(&shift, shift_ms, memory_order_relaxed);
}

int64_t hy_clock_shift_ms(void) {
    return atomic_load_explicit(&shift, memory_order_relaxed);
}
