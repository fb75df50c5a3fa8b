// A store with the last answer, on the Redis that HY_REDIS_URL names, and keys of the test's own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/store.h"

enum { VALUES_LIMIT = 16, TEXT_LIMIT = 64 };

// The last answer, copied.
struct last {
    size_t calls;
    size_t aways;
    enum hy_store_status status;
    size_t count;
    struct hy_bytes values[VALUES_LIMIT];
    uint8_t texts[VALUES_LIMIT][TEXT_LIMIT];
};

extern struct last last;
extern struct hy_store *store;
extern char tag[64]; // begins every key of this test

void probe_open(void); // .init of a suite
void probe_close(void);

void heard(void *context, const struct hy_store_answer *answer); // copies it; the context is &last
void poll_until(struct hy_store *of, size_t calls);
void wait_up(struct hy_store *of, bool up);

struct hy_bytes key(const char *name); // of this test alone; good for the next VALUES_LIMIT calls
struct hy_bytes text(const char *value);

void get(const char *name);
void project(const struct hy_store_projection *projection);
bool is(size_t index, const char *value); // in the last answer
