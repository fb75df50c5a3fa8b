// Development only (HY_DEVELOPMENT_CLOCK): this process's clock follows the shift that `huiyuanctl clock`
// leaves in Redis, so that a whole system can be moved to next month. Each process also leaves a mark there
// with the shift that it follows; the mark is gone a few seconds after the process.
#pragma once

// Behind the prefix of every key. The shift and the marks' values: milliseconds, decimal.
#define HY_CLOCK_KEY  "clock"
#define HY_CLOCK_MARK "clock:follower:" // and the instance

struct hy_clock_follow;

// Waits, a few seconds at most, until the shift was read once. NULL: the URL is not understood.
struct hy_clock_follow *hy_clock_follow_start(const char *redis_url, const char *redis_prefix,
                                              const char *instance);
// Looks twice a second; never waits. NULL is fine: the process was started without it.
void hy_clock_follow_step(struct hy_clock_follow *follow);
void hy_clock_follow_stop(struct hy_clock_follow *follow); // NULL is fine
