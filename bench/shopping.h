// The purchases of a benchmark: number i of a run is the same for every tool, so that one may send it,
// another wait for it and a third know what it must have earned.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/sampler.h"
#include "common/base/arena.h"
#include "common/program/program.h"
#include "proto/purchases.pb-c.h"

struct shopping {
    uint64_t seed;
    uint32_t members;
    double zipf; // exponent; 0: uniform
    uint32_t duplicates_per_mille;
    uint32_t member_base; // the members' names begin after this number
    uint64_t in_turn;     // purchases below this number are the members' in turn, not by chance
    uint64_t first;       // numbers first … first + count - 1 are the run
    uint64_t count;
    uint32_t partitions;
    struct sampler sampler; // made by shopping_prepare
};

enum { BASKET_LINES_LIMIT = 5, BASKET_TEXT_BYTES = 16 };

// One purchase with room for all that it points at; must not move.
struct basket {
    uint64_t number; // of the purchase that it is: lower than asked for when it repeats an earlier one
    bool duplicate;
    uint32_t member; // 1 …
    uint32_t partition;
    Huiyuan__V1__Purchase purchase;
    Huiyuan__V1__PurchaseLine lines[BASKET_LINES_LIMIT];
    Huiyuan__V1__PurchaseLine *line_list[BASKET_LINES_LIMIT];
    Huiyuan__V1__Payment payments[2];
    Huiyuan__V1__Payment *payment_list[2];
    char purchase_id[BASKET_TEXT_BYTES], member_id[BASKET_TEXT_BYTES], store_id[BASKET_TEXT_BYTES];
    char skus[BASKET_LINES_LIMIT][BASKET_TEXT_BYTES];
};

void shopping_prepare(struct shopping *shopping);
void shopping_make(const struct shopping *shopping, uint64_t number, struct basket *ret_basket);
bool shopping_is_duplicate(const struct shopping *shopping, uint64_t number);
uint64_t shopping_original(const struct shopping *shopping, uint64_t number); // that a duplicate repeats
void shopping_member_id(uint32_t member, char ret_id[BASKET_TEXT_BYTES]);

// The message as a store would publish it.
struct hy_bytes basket_encode(const struct basket *basket, struct hy_arena *arena);
// The body of POST /v1/purchases.
struct hy_bytes basket_json(const struct basket *basket, struct hy_arena *arena);

// What each member must have after purchases 0 … first + count - 1, each counted once; index: member.
struct account {
    int64_t points;
    uint64_t ids; // sum of the hashes of its purchases' ids: another set of purchases has another sum
    uint32_t purchases;
};
void account_add(struct account *account, struct hy_bytes purchase_id, int64_t points);
struct account *shopping_accounts(const struct shopping *shopping, const struct hy_program *program);
