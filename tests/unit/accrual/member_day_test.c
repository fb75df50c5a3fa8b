// What a member day does to the points of a purchase.
#include <criterion/criterion.h>

#include "services/accrual/accrual.h"
#include "tests/unit/campaign_file/given.h"

static const char PROGRAM[] =
    "program: p\nversion: 5\neffective_from: 2020-01-01\nearning: {points_per_yuan: 1}\n"
    "tiers:\n  - {id: ordinary, multiplier: 1}\n  - {id: gold, multiplier: 1.50}\n"
    "campaigns:\n"
    "  - {id: meat, multiplier: 2.00, when: {categories: [MEAT]}}\n"
    "  - {id: own, multiplier: 1.10, stackable: true, when: {brands: [Own]}}\n";

static struct hy_arena arena;
static struct hy_campaigns campaigns;
static struct hy_program *program;

static void finish(void) {
    hy_arena_free(&arena);
    hy_campaigns_free(&campaigns);
    hy_program_free(program);
}

static void setup(void) {
    hy_arena_init(&arena);
}

TestSuite(member_day, .init = setup, .fini = finish);

// Lines of ¥100 each, of these categories; those of the second also of brand Own.
static const Huiyuan__V1__PointsChange *earn(const char *program_yaml, const char *multiplier,
                                             const char *first, const char *second) {
    static Huiyuan__V1__PurchaseLine lines[2];
    static Huiyuan__V1__PurchaseLine *list[2] = {&lines[0], &lines[1]};
    Huiyuan__V1__Purchase purchase = HUIYUAN__V1__PURCHASE__INIT;
    const char *categories[2] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        lines[i] = (Huiyuan__V1__PurchaseLine)HUIYUAN__V1__PURCHASE_LINE__INIT;
        lines[i].category = (char *)(uintptr_t)categories[i];
        lines[i].brand = (char *)(uintptr_t)(i == 1 ? "Own" : "");
        lines[i].paid_fen = 10000;
    }
    purchase.lines = list;
    purchase.n_lines = 2;
    purchase.occurred_at_ms = shanghai_ms("2026-03-31T12:00");
    hy_campaigns_free(&campaigns);
    hy_program_free(program);
    program = parse_or_fail(program_yaml);
    hy_campaigns_add(&campaigns,
                     campaign_or_fail(campaign_with(MEMBER_DAY_FILE, "multiplier: 2.00", multiplier)));
    struct hy_member_days days;
    hy_member_days_at(&campaigns, purchase.occurred_at_ms, &days);
    cr_assert_eq(days.count, 1);
    return earn_points_on(program, 1, &days, &purchase, &arena);
}

static const Huiyuan__V1__AppliedRule *rule_of(const Huiyuan__V1__PointsChange *change, size_t line,
                                               size_t place) {
    cr_assert_lt(place, change->lines[line]->n_rules);
    return change->rules[change->lines[line]->rules[place]];
}

Test(member_day, its_categories_are_multiplied_with_the_tier_and_what_is_stackable) {
    const Huiyuan__V1__PointsChange *change = earn(PROGRAM, "multiplier: 3.00", "SOAP", "FISH");
    cr_assert_eq(change->lines[0]->points, 150);
    cr_assert_eq(change->lines[1]->points, 495); // 100 × 1.5 × 3 × 1.1
    cr_assert_eq(change->lines[1]->n_rules, 4);  // base, tier, own, member day
    const Huiyuan__V1__AppliedRule *day = rule_of(change, 1, 3);
    cr_assert_str_eq(day->rule_id, "member-day");
    cr_assert_eq(day->rule_version, 1); // the campaign's
    cr_assert_eq(rule_of(change, 1, 0)->rule_version, 5);
    cr_assert_eq(day->factor_hundredths, 300);
}

Test(member_day, of_the_programs_campaigns_and_member_days_the_best_counts) {
    const Huiyuan__V1__PointsChange *change = earn(PROGRAM, "multiplier: 3.00", "MEAT", "FISH");
    cr_assert_eq(change->lines[0]->points, 450);
    cr_assert_str_eq(rule_of(change, 0, 2)->rule_id, "member-day");
    change = earn(PROGRAM, "multiplier: 1.50", "MEAT", "FISH");
    cr_assert_eq(change->lines[0]->points, 300);
    cr_assert_str_eq(rule_of(change, 0, 2)->rule_id, "meat");
    change =
        earn(PROGRAM, "multiplier: 2.00", "MEAT", "SOAP"); // equal: the program's; the day stands nowhere
    cr_assert_str_eq(rule_of(change, 0, 2)->rule_id, "meat");
    for (size_t i = 0; i < change->n_rules; i++)
        cr_assert_str_neq(change->rules[i]->rule_id, "member-day");
}

Test(member_day, one_that_could_make_points_inexact_is_left_out) {
    // 100 × 1000^4 × 100^3 = 10^20: as much as a program may have.
    const Huiyuan__V1__PointsChange *change =
        earn("program: p\nversion: 1\neffective_from: 2020-01-01\nearning: {points_per_yuan: 1}\n"
             "campaigns:\n  - {id: a, multiplier: 10, stackable: true}\n"
             "  - {id: b, multiplier: 10, stackable: true}\n  - {id: c, multiplier: 10, stackable: true}\n"
             "  - {id: d, multiplier: 10, stackable: true}\n",
             "multiplier: 3.00", "FISH", "FISH");
    cr_assert_eq(change->points, 2000000);
}

Test(member_day, without_one_nothing_is_different) {
    static Huiyuan__V1__PurchaseLine line = HUIYUAN__V1__PURCHASE_LINE__INIT;
    static Huiyuan__V1__PurchaseLine *list[1] = {&line};
    line.category = (char *)(uintptr_t) "FISH";
    line.paid_fen = 10000;
    Huiyuan__V1__Purchase purchase = HUIYUAN__V1__PURCHASE__INIT;
    purchase.lines = list;
    purchase.n_lines = 1;
    struct hy_campaigns none = {0};
    struct hy_member_days days;
    hy_member_days_at(&none, purchase.occurred_at_ms, &days);
    program = parse_or_fail(PROGRAM);
    cr_assert_eq(earn_points_on(program, 0, &days, &purchase, &arena)->points, 100);
    cr_assert_eq(earn_points(program, 0, &purchase, &arena)->points, 100);
}
