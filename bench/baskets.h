// Real baskets, from a file that bench/baskets.py makes: for each the points that it must earn, reckoned by
// the tests' own oracle, and the message as a store would publish it. There are too few of them for a run, so
// each is sold several times: copy c of a basket is that of another member, named <member>-<c>.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/shopping.h"
#include "common/base/arena.h"

struct baskets;

enum { BASKETS_ID_BYTES = 32 };

struct baskets_item {
    uint32_t member; // 1 …
    int64_t points;
    Huiyuan__V1__StoreEvent *event; // in the arena
};

// Ends the process with a line when the file cannot be used.
struct baskets *baskets_open(const char *file, uint32_t copies);
void baskets_close(struct baskets *baskets);

uint64_t baskets_count(const struct baskets *baskets);
uint32_t baskets_members(const struct baskets *baskets);
void baskets_make(const struct baskets *baskets, uint64_t number, struct hy_arena *arena,
                  struct baskets_item *ret_item);
void baskets_member_id(const struct baskets *baskets, uint32_t member, char ret_id[BASKETS_ID_BYTES]);
uint32_t baskets_member(const struct baskets *baskets, struct hy_bytes id); // 0: nobody
