// The purchases of a run, made up (shopping.h) or real (baskets.h): number i is the same for every tool.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/baskets.h"
#include "bench/options.h"

struct run {
    const struct shopping *shopping; // also says seed, duplicates, partitions and numbers of real baskets
    struct baskets *baskets;         // NULL: made up
    uint32_t members;
};

enum { RUN_ID_BYTES = BASKETS_ID_BYTES };

struct run_item {
    bool duplicate; // an earlier one once more
    uint32_t member, partition;
    char member_id[RUN_ID_BYTES];
    struct hy_bytes message; // in the arena
};

struct run run_open(const struct bench_options *options);
void run_close(struct run *run);

void run_make(const struct run *run, uint64_t number, struct hy_arena *arena, struct run_item *ret_item);
// What each member must have after the purchases below `end`, each counted once; index: member.
struct account *run_accounts(const struct run *run, const struct hy_program *program, uint64_t end);
void run_member_id(const struct run *run, uint32_t member, char ret_id[RUN_ID_BYTES]);
uint32_t run_member(const struct run *run, struct hy_bytes id); // 0: nobody of this run
