// Time is an input: the one place where a service reads it.
#pragma once

#include <stdint.h>

int64_t hy_clock_now_ms(void); // Unix time
uint64_t hy_clock_monotonic_ns(void);
