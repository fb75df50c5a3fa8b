// A benchmark is worth what its load maker is worth.
#include "bench/shopping.h"

#include <criterion/criterion.h>
#include <math.h>

#include "common/contract/purchase.h"

static struct hy_arena arena;

static void open_arena(void) {
    hy_arena_init(&arena);
}

static void close_arena(void) {
    hy_arena_free(&arena);
}

TestSuite(bench_shopping, .init = open_arena, .fini = close_arena);

static struct shopping shopping_of(double zipf) {
    struct shopping shopping = {
        .seed = 7, .members = 1000, .zipf = zipf, .duplicates_per_mille = 10, .partitions = 16};
    shopping_prepare(&shopping);
    return shopping;
}

static double share_of(double zipf, uint32_t member) {
    struct sampler sampler = sampler_new(1000, zipf);
    struct dice dice = {42};
    int met = 0;
    for (int i = 0; i < 1000000; i++)
        met += sampler_pick(&sampler, &dice) == member;
    return met / 1e6;
}

Test(bench_shopping, uniform_members_shop_alike) {
    cr_expect_float_eq(share_of(0, 1), 0.001, 0.0002);
    cr_expect_float_eq(share_of(0, 1000), 0.001, 0.0002);
}

Test(bench_shopping, zipf_members_shop_by_their_rank) {
    double harmonic = 0;
    double root = 0;
    for (int rank = 1; rank <= 1000; rank++) {
        harmonic += 1.0 / rank;
        root += 1 / sqrt(rank);
    }
    cr_expect_float_eq(share_of(1, 1), 1 / harmonic, 0.002);
    cr_expect_float_eq(share_of(1, 2), 1 / harmonic / 2, 0.002);
    cr_expect_float_eq(share_of(1, 10), 1 / harmonic / 10, 0.001);
    cr_expect_float_eq(share_of(0.5, 1), 1 / root, 0.001);
}

Test(bench_shopping, every_purchase_is_one_that_the_contract_takes) {
    struct shopping shopping = shopping_of(1);
    struct basket basket;
    for (uint64_t i = 0; i < 20000; i++) {
        shopping_make(&shopping, i, &basket);
        hy_arena_reset(&arena);
        cr_assert_eq(hy_purchase_check(&basket.purchase, &arena).code, HY_OK);
    }
}

Test(bench_shopping, one_in_a_hundred_repeats_an_earlier_purchase_exactly) {
    struct shopping shopping = shopping_of(0);
    struct basket basket;
    struct basket original;
    int duplicates = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        shopping_make(&shopping, i, &basket);
        if (!basket.duplicate) continue;
        duplicates++;
        hy_arena_reset(&arena);
        shopping_make(&shopping, basket.number, &original);
        struct hy_bytes bytes = basket_encode(&basket, &arena);
        cr_assert_lt(basket.number, i);
        cr_assert_not(original.duplicate);
        cr_assert(hy_bytes_equal(bytes, basket_encode(&original, &arena)));
    }
    cr_expect(duplicates > 850 && duplicates < 1150, "%d", duplicates);
}

Test(bench_shopping, json_says_the_same_as_the_message) {
    struct shopping shopping = shopping_of(0);
    struct basket basket;
    for (uint64_t i = 0; i < 1000; i++) {
        Huiyuan__V1__Purchase *read = NULL;
        shopping_make(&shopping, i, &basket);
        hy_arena_reset(&arena);
        cr_assert_eq(hy_purchase_from_json(basket_json(&basket, &arena), &arena, &read).code, HY_OK);
        cr_assert_eq(hy_purchase_hash(read, &arena), hy_purchase_hash(&basket.purchase, &arena));
    }
}
