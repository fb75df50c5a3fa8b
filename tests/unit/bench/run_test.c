// The purchases of a run are the same for every tool, whether made up or real; and what their members must
// have is what was sold to them.
#include "bench/run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/member_reading.h"
#include "common/base/memory.h"

static struct hy_arena arena;
static char file[] = "/tmp/hy-baskets-XXXXXX";

static void put_basket(FILE *out, const char *member, const char *purchase, int32_t points) {
    Huiyuan__V1__Purchase one = HUIYUAN__V1__PURCHASE__INIT;
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    uint8_t bytes[256];
    one.member_id = (char *)(uintptr_t)member;
    one.purchase_id = (char *)(uintptr_t)purchase;
    event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event.purchase = &one;
    uint32_t length = (uint32_t)huiyuan__v1__store_event__pack(&event, bytes);
    fwrite(&length, sizeof length, 1, out);
    fwrite(&points, sizeof points, 1, out);
    fwrite(bytes, length, 1, out);
}

// Three baskets of two households.
static void write_baskets(void) {
    hy_arena_init(&arena);
    FILE *out = fdopen(mkstemp(file), "wb");
    cr_assert_not_null(out);
    put_basket(out, "hh-7", "b1", 10);
    put_basket(out, "hh-12", "b2", 200);
    put_basket(out, "hh-7", "b3", 3);
    fclose(out);
}

static void remove_baskets(void) {
    unlink(file);
    hy_arena_free(&arena);
}

TestSuite(bench_run, .init = write_baskets, .fini = remove_baskets);

static struct bench_options options_of(uint64_t count) {
    struct bench_options options = {.shopping = {.seed = 7,
                                                 .members = 100,
                                                 .member_base = 5000,
                                                 .duplicates_per_mille = 10,
                                                 .partitions = 16,
                                                 .count = count}};
    shopping_prepare(&options.shopping);
    return options;
}

static void every_member_is_found_by_its_name(const struct run *run) {
    for (uint32_t member = 1; member <= run->members; member++) {
        char id[RUN_ID_BYTES];
        run_member_id(run, member, id);
        cr_expect_eq(run_member(run, hy_bytes_of(id)), member, "%s", id);
    }
    cr_expect_eq(run_member(run, hy_bytes_of("somebody-0")), 0);
}

Test(bench_run, members_of_a_run_are_told_from_those_of_another) {
    struct bench_options options = options_of(1);
    struct run run = run_open(&options);
    every_member_is_found_by_its_name(&run);
    cr_expect_eq(run_member(&run, hy_bytes_of("m00005000")), 0);
    cr_expect_eq(run_member(&run, hy_bytes_of("m00005100")), 100);
    cr_expect_eq(run_member(&run, hy_bytes_of("m00005101")), 0);
    run_close(&run);
}

Test(bench_run, in_turn_every_member_shops_as_often) {
    struct bench_options options = options_of(1000);
    options.shopping.in_turn = 1000;
    options.shopping.duplicates_per_mille = 0;
    uint32_t purchases[101] = {0};
    struct basket basket;
    for (uint64_t i = 0; i < 1000; i++) {
        shopping_make(&options.shopping, i, &basket);
        purchases[basket.member]++;
    }
    for (uint32_t member = 1; member <= 100; member++)
        cr_expect_eq(purchases[member], 10, "member %u", member);
}

Test(bench_run, a_copy_of_a_real_basket_is_another_members) {
    struct bench_options options = options_of(9);
    options.baskets_file = file;
    options.copies = 3;
    struct run run = run_open(&options);
    cr_assert_eq(run.members, 6);
    every_member_is_found_by_its_name(&run);
    static const char *const members[] = {"hh-7-0",  "hh-7-1", "hh-7-2", "hh-12-0", "hh-12-1",
                                          "hh-12-2", "hh-7-0", "hh-7-1", "hh-7-2"};
    for (uint64_t i = 0; i < 9; i++) {
        struct run_item item;
        run_make(&run, i, &arena, &item);
        Huiyuan__V1__StoreEvent *event =
            huiyuan__v1__store_event__unpack(&arena.protobuf, item.message.length, item.message.data);
        cr_expect_str_eq(item.member_id, members[i]);
        cr_expect_str_eq(event->purchase->member_id, members[i]);
    }
    run_close(&run);
}

Test(bench_run, real_members_must_have_the_points_of_the_file) {
    struct bench_options options = options_of(9);
    options.baskets_file = file;
    options.copies = 3;
    struct run run = run_open(&options);
    struct account *accounts = run_accounts(&run, NULL, 9);
    for (uint32_t member = 1; member <= run.members; member++) {
        cr_expect_eq(accounts[member].points, member <= 3 ? 13 : 200);
        cr_expect_eq(accounts[member].purchases, member <= 3 ? 2 : 1);
    }
    hy_free(accounts);
    run_close(&run);
}

Test(bench_run, as_many_points_of_other_purchases_are_not_the_same) {
    struct account a = {0};
    struct account b = {0};
    account_add(&a, hy_bytes_of("p1"), 10);
    account_add(&a, hy_bytes_of("p2"), 10);
    account_add(&b, hy_bytes_of("p1"), 10);
    account_add(&b, hy_bytes_of("p1"), 10);
    cr_expect_eq(a.points, b.points);
    cr_expect_eq(a.purchases, b.purchases);
    cr_expect_neq(a.ids, b.ids);
}

Test(bench_run, a_peers_value_begins_with_its_balance) {
    struct member_reading reading;
    static const uint8_t value[] = {0x39, 0x30, 0, 0, 0, 0, 0, 0, 'x'};
    cr_assert(peer_reading_parse(hy_bytes(value, sizeof value), &reading));
    cr_expect_eq(reading.balance, 12345);
    cr_expect_not(peer_reading_parse(hy_bytes(value, 7), &reading));
    struct hy_key key = peer_reading_key("bench:", 16, "m00000001");
    cr_expect_eq(key.length, strlen(key.text));
    cr_expect(strncmp(key.text, "bench:peer:{", 12) == 0 && strstr(key.text, "}:m00000001") != NULL);
}
