// The points of purchases that finance has calculated, and of random ones that other code has
// (tests/golden/points).
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/purchase.h"
#include "tests/unit/accrual/cases.h"

static void add_id(char *text, size_t size, const char *id) {
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", length == 0 ? "" : " ", id);
}

static void then_line_is(const struct golden_case *golden, const Huiyuan__V1__PointsChange *change,
                         size_t index) {
    const Huiyuan__V1__LinePosting *posting = change->lines[index];
    char rules[1024] = "";
    for (size_t i = 0; i < posting->n_rules; i++) {
        add_id(rules, sizeof rules, change->rules[posting->rules[i]]->rule_id);
    }
    const struct expected_line *expected = &golden->expected[index];
    cr_assert(posting->points == expected->points && strcmp(rules, expected->rules) == 0,
              "%s:%d: line %s: %lld : %s\ninstead of %lld : %s", golden->file, golden->line, posting->line_id,
              (long long)posting->points, rules, (long long)expected->points, expected->rules);
    cr_assert_str_eq(posting->line_id, golden->lines[index].line_id);
    cr_assert_eq(posting->paid_fen, golden->lines[index].paid_fen);
}

static void then_rules_are(const struct golden_case *golden, const Huiyuan__V1__PointsChange *change) {
    char rules[2048] = "";
    for (size_t i = 0; i < change->n_rules; i++) {
        add_id(rules, sizeof rules, change->rules[i]->rule_id);
    }
    cr_assert_str_eq(rules, golden->rules, "%s:%d", golden->file, golden->line);
}

static void then_as_expected(const struct hy_program *program, const struct golden_case *golden,
                             void *context) {
    struct hy_arena *arena = context;
    struct hy_error error = hy_purchase_check(&golden->purchase, arena);
    cr_assert_eq(error.code, HY_OK, "%s:%d: %s: %s", golden->file, golden->line, error.field, error.detail);
    Huiyuan__V1__PointsChange *change =
        earn_points(program, tier_index(program, golden->tier), &golden->purchase, arena);
    cr_assert_eq(change->points, golden->points, "%s:%d: %lld points", golden->file, golden->line,
                 (long long)change->points);
    cr_assert_str_eq(change->reason, golden->reason, "%s:%d", golden->file, golden->line);
    cr_assert_eq(change->n_lines, golden->purchase.n_lines);
    for (size_t i = 0; i < change->n_lines; i++) {
        then_line_is(golden, change, i);
    }
    if (golden->rules != NULL) then_rules_are(golden, change);
    hy_arena_reset(arena);
}

Test(earn_golden, the_points_of_every_case_are_as_calculated_by_others) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    size_t cases = for_each_golden_case(then_as_expected, &arena);
    cr_assert_geq(cases, 500, "only %zu cases were found", cases);
    hy_arena_free(&arena);
}

Test(earn_golden, a_change_says_what_it_was_made_from) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct hy_program *program = load_program("tests/golden/points/shop.yaml");
    Huiyuan__V1__PurchaseLine line = HUIYUAN__V1__PURCHASE_LINE__INIT;
    line.line_id = "1";
    line.category = "护肤";
    line.paid_fen = 10000;
    Huiyuan__V1__PurchaseLine *lines[] = {&line};
    Huiyuan__V1__Payment money = HUIYUAN__V1__PAYMENT__INIT;
    money.method = HUIYUAN__V1__PAYMENT_METHOD__CARD;
    money.amount_fen = 6000;
    Huiyuan__V1__Payment gift = HUIYUAN__V1__PAYMENT__INIT;
    gift.method = HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD;
    gift.amount_fen = 4000;
    Huiyuan__V1__Payment *payments[] = {&money, &gift};
    Huiyuan__V1__Purchase purchase = HUIYUAN__V1__PURCHASE__INIT;
    purchase.store_id = "sh-009";
    purchase.occurred_at_ms = 1714960800000;
    purchase.n_lines = 1;
    purchase.lines = lines;
    purchase.n_payments = 2;
    purchase.payments = payments;
    Huiyuan__V1__PointsChange *change = earn_points(program, 2, &purchase, &arena);
    cr_assert_eq(change->type, HUIYUAN__V1__ENTRY_TYPE__EARN);
    cr_assert_str_eq(change->store_id, "sh-009");
    cr_assert_str_eq(change->tier, "gold");
    cr_assert_eq(change->money_fen, 6000);
    cr_assert_eq(change->total_fen, 10000);
    cr_assert_eq(change->points, 180); // 60 × 2.00 × 1.50
    static const char *const IDS[] = {"base", "beauty", "tier:gold"};
    static const uint32_t FACTORS[] = {100, 200, 150};
    cr_assert_eq(change->n_rules, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_str_eq(change->rules[i]->rule_id, IDS[i]);
        cr_assert_eq(change->rules[i]->factor_hundredths, FACTORS[i]);
        cr_assert_eq(change->rules[i]->rule_version, 12);
    }
    // A tier that the program does not have counts as the lowest.
    cr_assert_str_eq(earn_points(program, 99, &purchase, &arena)->tier, "ordinary");
    hy_program_free(program);
    hy_arena_free(&arena);
}
