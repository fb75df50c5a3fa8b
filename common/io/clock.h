// Time is an input: the one place where a service reads it.
#pragma once

#include <stdint.h>

int64_t hy_clock_now_ms(void); // Unix time, moved by the shift
uint64_t hy_clock_monotonic_ns(void);

// Moves this process's hy_clock_now_ms ahead or back; 0 at the start. For development (clock_follow.h).
void hy_clock_shift_set_ms(int64_t shift_ms);
int64_t hy_clock_shift_ms(void);
