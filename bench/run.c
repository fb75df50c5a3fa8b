#include "bench/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/memory.h"

struct run run_open(const struct bench_options *options) {
    struct run run = {.shopping = &options->shopping, .members = options->shopping.members};
    if (options->baskets_file == NULL) return run;
    run.baskets = baskets_open(options->baskets_file, options->copies);
    run.members = baskets_members(run.baskets);
    if (options->shopping.first + options->shopping.count <= baskets_count(run.baskets)) return run;
    fprintf(stderr, "%s: not that many baskets: --copies\n", options->baskets_file);
    exit(2);
}

void run_close(struct run *run) {
    if (run->baskets != NULL) baskets_close(run->baskets);
}

static void make_real(const struct run *run, uint64_t number, struct hy_arena *arena,
                      struct run_item *ret_item) {
    struct baskets_item item;
    ret_item->duplicate = shopping_is_duplicate(run->shopping, number);
    baskets_make(run->baskets, ret_item->duplicate ? shopping_original(run->shopping, number) : number, arena,
                 &item);
    ret_item->member = item.member;
    baskets_member_id(run->baskets, item.member, ret_item->member_id);
    ret_item->partition = hy_partition_of(hy_bytes_of(ret_item->member_id), run->shopping->partitions);
    uint8_t *bytes = hy_arena_alloc(arena, huiyuan__v1__store_event__get_packed_size(item.event));
    ret_item->message = hy_bytes(bytes, huiyuan__v1__store_event__pack(item.event, bytes));
}

void run_make(const struct run *run, uint64_t number, struct hy_arena *arena, struct run_item *ret_item) {
    if (run->baskets != NULL) {
        make_real(run, number, arena, ret_item);
        return;
    }
    struct basket basket;
    shopping_make(run->shopping, number, &basket);
    ret_item->duplicate = basket.duplicate;
    ret_item->member = basket.member;
    ret_item->partition = basket.partition;
    memcpy(ret_item->member_id, basket.member_id, sizeof basket.member_id);
    ret_item->message = basket_encode(&basket, arena);
}

static struct account *real_accounts(const struct run *run, uint64_t end) {
    struct account *accounts = hy_calloc((size_t)run->members + 1, sizeof *accounts);
    struct hy_arena arena;
    struct baskets_item item;
    hy_arena_init(&arena);
    for (uint64_t i = 0; i < end; i++) {
        if (shopping_is_duplicate(run->shopping, i)) continue;
        hy_arena_reset(&arena);
        baskets_make(run->baskets, i, &arena, &item);
        account_add(&accounts[item.member], hy_bytes_of(item.event->purchase->purchase_id), item.points);
    }
    hy_arena_free(&arena);
    return accounts;
}

struct account *run_accounts(const struct run *run, const struct hy_program *program, uint64_t end) {
    if (run->baskets != NULL) return real_accounts(run, end);
    struct shopping shopping = *run->shopping;
    shopping.first = 0;
    shopping.count = end;
    return shopping_accounts(&shopping, program);
}

void run_member_id(const struct run *run, uint32_t member, char ret_id[RUN_ID_BYTES]) {
    if (run->baskets != NULL)
        baskets_member_id(run->baskets, member, ret_id);
    else
        shopping_member_id(run->shopping->member_base + member, ret_id);
}

uint32_t run_member(const struct run *run, struct hy_bytes id) {
    if (run->baskets != NULL) return baskets_member(run->baskets, id);
    uint32_t number = 0;
    if (id.length == 0 || id.data[0] != 'm') return 0;
    for (size_t i = 1; i < id.length; i++)
        number = number * 10 + (uint32_t)(id.data[i] - '0');
    return number > run->shopping->member_base && number - run->shopping->member_base <= run->members
               ? number - run->shopping->member_base
               : 0;
}
