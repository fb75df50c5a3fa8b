// Points worked out again: what accrual gives must follow, and what was changed afterwards must not.
#include <criterion/criterion.h>

#include "cli/explain_words.h"
#include "cli/recompute.h"
#include "common/io/zone.h"
#include "common/program/program.h"
#include "services/accrual/accrual.h"

static struct hy_arena arena;
static struct hy_program *program;
static Huiyuan__V1__PurchaseLine lines[3];
static Huiyuan__V1__PurchaseLine *line_list[3];
static Huiyuan__V1__Payment payments[2];
static Huiyuan__V1__Payment *payment_list[2];
static Huiyuan__V1__Purchase purchase;

static const char RULES[] = "program: p\nversion: 1\neffective_from: 2020-01-01\n"
                            "earning: {points_per_yuan: 1.00}\n"
                            "categories:\n  - {id: fresh, categories: [F], multiplier: 1.20}\n"
                            "tiers:\n  - {id: ordinary, name_zh: 普通, multiplier: 1.00}\n"
                            "  - {id: gold, name_zh: 金卡, multiplier: 1.50}\n"
                            "campaigns:\n  - {id: all, multiplier: 1.33}\n"
                            "  - {id: more, multiplier: 1.10, stackable: true}\n";

static void init(void) {
    static char ids[3][2] = {"1", "2", "3"};
    static char name[] = "x";
    static char fresh[] = "F";
    struct hy_program_faults faults = {0};
    hy_arena_init(&arena);
    program = hy_program_parse(hy_bytes_of(RULES), hy_zone_load, &faults);
    cr_assert(program != NULL, "line %d %s: %s", faults.items[0].line, faults.items[0].field,
              faults.items[0].english);
    huiyuan__v1__purchase__init(&purchase);
    purchase.purchase_id = purchase.member_id = purchase.store_id = name;
    purchase.occurred_at_ms = INT64_C(1795312800000);
    for (size_t i = 0; i < 3; i++) {
        huiyuan__v1__purchase_line__init(&lines[i]);
        lines[i].line_id = ids[i];
        lines[i].paid_fen = 333 + (int64_t)i * 101;
        line_list[i] = &lines[i];
    }
    lines[1].category = fresh;
    purchase.lines = line_list;
    purchase.n_lines = 3;
}

static void fini(void) {
    hy_program_free(program);
    hy_arena_free(&arena);
}

TestSuite(recompute, .init = init, .fini = fini);

static Huiyuan__V1__PointsChange *earned(size_t tier) {
    return earn_points(program, tier, &purchase, &arena);
}

static void then_follows(const Huiyuan__V1__PointsChange *change) {
    struct recomputed again;
    const char *why = recompute(change, &arena, &again);
    cr_assert(why == NULL, "%s", why);
}

static void then_does_not(const Huiyuan__V1__PointsChange *change) {
    struct recomputed again;
    cr_assert(recompute(change, &arena, &again) != NULL);
}

Test(recompute, what_accrual_gives_follows_from_its_rules_for_many_amounts) {
    for (int64_t fen = 0; fen < 400; fen++) {
        lines[0].paid_fen = fen * 7;
        lines[2].paid_fen = fen * fen;
        then_follows(earned((size_t)fen % 2));
    }
}

Test(recompute, also_when_part_is_paid_with_a_gift_card) {
    for (size_t i = 0; i < 2; i++) {
        huiyuan__v1__payment__init(&payments[i]);
        payment_list[i] = &payments[i];
    }
    payments[0].method = HUIYUAN__V1__PAYMENT_METHOD__CASH;
    payments[1].method = HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD;
    purchase.payments = payment_list;
    purchase.n_payments = 2;
    for (int64_t fen = 0; fen < 1302; fen += 13) {
        payments[0].amount_fen = fen;
        payments[1].amount_fen = 1302 - fen;
        then_follows(earned(1));
    }
}

Test(recompute, changed_points_factors_amounts_and_indexes_are_found) {
    Huiyuan__V1__PointsChange *change = earned(1);
    change->points++;
    then_does_not(change);
    change = earned(1);
    change->lines[0]->points++;
    change->lines[1]->points--;
    then_does_not(change);
    change = earned(1);
    change->rules[0]->factor_hundredths = 200;
    then_does_not(change);
    change = earned(1);
    change->lines[2]->paid_fen += 1000;
    then_does_not(change);
    change = earned(1);
    change->lines[0]->rules[0] = 99;
    then_does_not(change);
    change = earned(1);
    change->lines[0]->paid_fen = -1;
    then_does_not(change);
}

Test(recompute, exact_points_are_shown_as_decimals) {
    char text[64];
    explain_decimal(25, 10, text);
    cr_assert_str_eq(text, "2.5");
    explain_decimal(300, 100, text);
    cr_assert_str_eq(text, "3");
    explain_decimal(1, 3, text);
    cr_assert_str_eq(text, "≈0.33333333");
}
