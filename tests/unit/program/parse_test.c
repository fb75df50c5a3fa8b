#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/program/sample.h"

Test(program_parse, every_key_arrives_where_it_belongs) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    cr_assert_str_eq(program->name, "shop");
    cr_assert_eq(program->version, 3);
    cr_assert_eq(program->effective_from_ms, 1710000000000); // 2024-03-10 00:00 in Shanghai
    cr_assert_str_eq(program->zone.name, "Asia/Shanghai");
    cr_assert_str_eq(program->currency, "CNY");
    cr_assert_eq(program->points_per_yuan_hundredths, 150);
    cr_assert_eq(program->minimum_spend_fen, 1000);
    cr_assert_eq(program->rounding, HY_ROUND_HALF_UP);
    cr_assert_eq(program->tier_count, 2);
    cr_assert_str_eq(program->tiers[1].id, "gold");
    cr_assert_str_eq(program->tiers[1].rule_id, "tier:gold");
    cr_assert_str_eq(program->tiers[1].name_zh, "金卡");
    cr_assert_str_eq(program->tiers[1].name_en, "gold");
    cr_assert_eq(program->tiers[1].multiplier_hundredths, 150);
    hy_program_free(program);
}

Test(program_parse, the_ladder_arrives_where_it_belongs) {
    struct hy_program *program =
        parse_or_fail("program: p\nversion: 1\neffective_from: 2026-01-01\n"
                      "earning: {points_per_yuan: 1}\n"
                      "tier_rules:\n"
                      "  lapse: {months: 6, to: a}\n"
                      "  keep: {tier: b, months_in_a_row: 3}\n"
                      "growth: {per_yuan: 0.5}\n"
                      "tiers:\n"
                      "  - {id: a, multiplier: 1}\n"
                      "  - {id: b, multiplier: 1, discount: 0.9, growth_above: 1000}\n"
                      "  - {id: c, multiplier: 1, year_spend_above: 10000.5}\n");
    cr_assert_eq(program->growth_per_yuan_hundredths, 50);
    cr_assert_eq(program->tiers[0].discount_hundredths, 0);
    cr_assert_eq(program->tiers[1].discount_hundredths, 90);
    cr_assert(program->tiers[1].by_growth && !program->tiers[1].by_year_spend);
    cr_assert_eq(program->tiers[1].growth_above, 1000);
    cr_assert(!program->tiers[2].by_growth && program->tiers[2].by_year_spend);
    cr_assert_eq(program->tiers[2].year_spend_above_fen, 1000050);
    cr_assert_eq(program->tier_rules.keep, 1);
    cr_assert_eq(program->tier_rules.keep_months, 3);
    cr_assert_eq(program->tier_rules.lapse_months, 6);
    cr_assert_eq(program->tier_rules.lapse_to, 0);
    cr_assert_eq(hy_program_tier(program, "c"), 2);
    cr_assert_eq(hy_program_tier(program, "unknown"), 0);
    hy_program_free(program);
}

Test(program_parse, without_a_ladder_nobody_rises_or_falls) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    cr_assert(!program->tiers[1].by_growth && !program->tiers[1].by_year_spend);
    cr_assert_eq(program->tier_rules.keep_months, 0);
    cr_assert_eq(program->tier_rules.lapse_months, 0);
    cr_assert_eq(program->growth_per_yuan_hundredths, 100);
    hy_program_free(program);
}

Test(program_parse, rules_stand_in_the_order_base_categories_campaigns) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    static const char *const IDS[] = {"base", "fresh", "beauty", "everything", "always"};
    static const enum hy_rule_kind KINDS[] = {HY_RULE_BASE, HY_RULE_CATEGORY, HY_RULE_CATEGORY,
                                              HY_RULE_CAMPAIGN, HY_RULE_CAMPAIGN};
    static const int32_t FACTORS[] = {150, 120, 200, 300, 110};
    cr_assert_eq(program->rule_count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_str_eq(program->rules[i].id, IDS[i]);
        cr_assert_eq(program->rules[i].kind, KINDS[i]);
        cr_assert_eq(program->rules[i].factor_hundredths, FACTORS[i]);
        cr_assert_eq(program->rules[i].stackable, i == 4);
        cr_assert_eq(hy_program_rule(program, IDS[i]), &program->rules[i]);
    }
    cr_assert_eq(hy_program_rule(program, "tier:gold"), NULL);
    cr_assert_eq(program->stackable_count, 1);
    cr_assert_str_eq(program->rules[2].name_zh, "美妆");
    cr_assert_str_eq(program->rules[1].name_zh, "fresh");
    hy_program_free(program);
}

Test(program_parse, conditions_are_sorted_sets) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    const struct hy_rule *rule = hy_program_rule(program, "everything");
    cr_assert_eq(rule->store_count, 2);
    cr_assert_str_eq(rule->stores[0], "s1");
    cr_assert_str_eq(rule->stores[1], "s2");
    cr_assert_eq(rule->channels, 1U << HUIYUAN__V1__CHANNEL__STORE | 1U << HUIYUAN__V1__CHANNEL__APP);
    cr_assert_eq(rule->weekdays, 1U << 1 | 1U << 7);
    cr_assert_eq(rule->first_day, hy_day_number(2024, 3, 11));
    cr_assert_eq(rule->last_day, hy_day_number(2024, 4, 10));
    cr_assert_eq(rule->category_count, 1);
    cr_assert_eq(rule->brand_count, 1);
    cr_assert_str_eq(rule->brands[0], "百雀羚");
    cr_assert_eq(rule->minimum_fen, 9999);
    hy_program_free(program);
}

Test(program_parse, what_may_be_left_out_has_its_default) {
    struct hy_program *program = parse_or_fail("program: p\nversion: 1\neffective_from: 2026-01-01\n"
                                               "earning: {points_per_yuan: 1}\n");
    cr_assert_str_eq(program->zone.name, "Asia/Shanghai");
    cr_assert_str_eq(program->currency, "CNY");
    cr_assert_eq(program->rounding, HY_ROUND_FLOOR);
    cr_assert_eq(program->minimum_spend_fen, 0);
    cr_assert_eq(program->rule_count, 1);
    cr_assert_eq(program->tier_count, 1);
    cr_assert_str_eq(program->tiers[0].rule_id, "tier:ordinary");
    cr_assert_eq(program->tiers[0].multiplier_hundredths, HY_NEUTRAL_FACTOR);
    hy_program_free(program);
}

static void then_effective_from(const char *zone, const char *text, int64_t time_ms) {
    char yaml[300];
    snprintf(yaml, sizeof yaml,
             "effective_from: %s\ntime_zone: %s\nprogram: p\nversion: 1\nearning: {points_per_yuan: 1}\n",
             text, zone);
    struct hy_program *program = parse_or_fail(yaml);
    cr_assert_eq(program->effective_from_ms, time_ms, "%s in %s: %lld", text, zone,
                 (long long)program->effective_from_ms);
    hy_program_free(program);
}

Test(program_parse, a_date_begins_at_midnight_of_the_programs_clocks) {
    then_effective_from("UTC", "2024-03-10", 1710028800000);
    then_effective_from("America/New_York", "2024-03-10", 1710046800000); // still winter time
    then_effective_from("America/New_York", "2024-03-11", 1710129600000); // summer time
    then_effective_from("America/New_York", "2024-03-10T08:00:00+08:00", 1710028800000);
    then_effective_from("UTC", "\"2024-03-10\"", 1710028800000);
}

Test(program_parse, one_side_of_a_date_range_may_be_open) {
    struct hy_program *program = parse_or_fail(sample_with("      to: 2024-04-10\n", ""));
    cr_assert_eq(hy_program_rule(program, "everything")->last_day, INT32_MAX);
    hy_program_free(program);
    program = parse_or_fail(sample_with("      from: 2024-03-11\n", ""));
    cr_assert_eq(hy_program_rule(program, "everything")->first_day, 0);
    cr_assert_eq(hy_program_rule(program, "everything")->last_day, hy_day_number(2024, 4, 10));
    hy_program_free(program);
}

Test(program_parse, the_order_of_the_keys_does_not_matter) {
    struct hy_program *program =
        parse_or_fail("campaigns: [{when: {to: 2024-01-02, from: 2024-01-02}, multiplier: 2, id: a}]\n"
                      "tiers: [{multiplier: 1, id: t}]\n"
                      "categories: [{multiplier: 0, categories: [x], id: c}]\n"
                      "earning: {rounding: ceiling, points_per_yuan: 100}\n"
                      "effective_from: 2024-01-01\nversion: 999999999\nprogram: p\n");
    cr_assert_str_eq(program->rules[1].id, "c");
    cr_assert_str_eq(program->rules[2].id, "a");
    cr_assert_eq(program->version, 999999999);
    hy_program_free(program);
}

Test(program_parse, the_program_of_the_demo_has_no_fault) {
    FILE *file = fopen("deploy/dev/program.yaml", "r");
    cr_assert_neq(file, NULL);
    static char yaml[HY_PROGRAM_LIMIT_BYTES];
    yaml[fread(yaml, 1, sizeof yaml - 1, file)] = '\0';
    fclose(file);
    struct hy_program *program = parse_or_fail(yaml);
    cr_assert_eq(program->tier_count, 4);
    cr_assert_eq(program->points_per_yuan_hundredths, 100);
    cr_assert_eq(program->effective_from_ms, 1483200000000);
    hy_program_free(program);
}
