// Which conditions hold when.
#include <criterion/criterion.h>

#include "tests/unit/program/sample.h"

// Sunday, 2024-03-17 12:00 in Shanghai; everything that the sample's campaign asks for.
struct situation {
    Huiyuan__V1__Purchase purchase;
    Huiyuan__V1__PurchaseLine line;
    int64_t money_fen;
};

static struct situation given_all_conditions(void) {
    struct situation situation = {HUIYUAN__V1__PURCHASE__INIT, HUIYUAN__V1__PURCHASE_LINE__INIT, 9999};
    situation.purchase.store_id = "s1";
    situation.purchase.channel = HUIYUAN__V1__CHANNEL__APP;
    situation.purchase.occurred_at_ms = 1710648000000;
    situation.line.category = "MEAT";
    situation.line.brand = "百雀羚";
    return situation;
}

static bool applies(const struct situation *situation) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    int64_t time_ms = situation->purchase.occurred_at_ms;
    struct hy_civil when = hy_civil_at(&program->zone, time_ms);
    bool result = hy_rule_applies(program, hy_program_rule(program, "everything"), &when,
                                  hy_day_at(&program->zone, time_ms), &situation->purchase,
                                  situation->money_fen, &situation->line);
    hy_program_free(program);
    return result;
}

Test(program_lookup, a_campaign_applies_when_all_its_conditions_hold) {
    struct situation situation = given_all_conditions();
    cr_assert(applies(&situation));
}

Test(program_lookup, each_condition_alone_can_say_no) {
    struct situation situation = given_all_conditions();
    situation.purchase.store_id = "s3";
    cr_assert_not(applies(&situation), "store");
    situation = given_all_conditions();
    situation.purchase.channel = HUIYUAN__V1__CHANNEL__ONLINE;
    cr_assert_not(applies(&situation), "channel");
    situation = given_all_conditions();
    situation.line.category = "";
    cr_assert_not(applies(&situation), "category");
    situation = given_all_conditions();
    situation.line.brand = "百雀";
    cr_assert_not(applies(&situation), "brand");
    situation = given_all_conditions();
    situation.money_fen = 9998;
    cr_assert_not(applies(&situation), "minimum");
}

Test(program_lookup, days_and_weekdays_go_by_the_programs_clocks) {
    struct situation situation = given_all_conditions();
    static const struct {
        const char *what;
        int64_t time_ms;
        bool applies;
    } CASES[] = {
        {"the last moment of Saturday", 1710604799999, false},
        {"the first moment of Sunday", 1710604800000, true},
        {"the last moment of Monday", 1710777599999, true},
        {"the first moment of Tuesday", 1710777600000, false},
        {"Sunday, the day before the first", 1710086399999, false},
        {"Monday, the first day", 1710086400000, true},
        {"Monday, two days before the last", 1712591999999, true},
        {"Monday after the last day", 1713110400000, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        situation.purchase.occurred_at_ms = CASES[i].time_ms;
        cr_assert_eq(applies(&situation), CASES[i].applies, "%s", CASES[i].what);
    }
}

Test(program_lookup, weekdays_of_day_numbers_are_right_before_and_after_1970) {
    struct hy_zone utc = {.name = "UTC"};
    for (int32_t day = -40000; day < 50000; day++) {
        cr_assert_eq(hy_weekday(day), hy_civil_at(&utc, (int64_t)day * 86400000).weekday);
    }
}

Test(program_lookup, a_campaign_without_conditions_always_applies) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    struct situation situation = {HUIYUAN__V1__PURCHASE__INIT, HUIYUAN__V1__PURCHASE_LINE__INIT, 0};
    struct hy_civil when = hy_civil_at(&program->zone, 0);
    cr_assert(hy_rule_applies(program, hy_program_rule(program, "always"), &when, 0, &situation.purchase, 0,
                              &situation.line));
    hy_program_free(program);
}

Test(program_lookup, the_first_category_rule_that_names_a_category_counts) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    cr_assert_str_eq(hy_program_category_rule(program, "PRODUCE")->id, "fresh");
    cr_assert_str_eq(hy_program_category_rule(program, "MEAT")->id, "fresh");
    cr_assert_str_eq(hy_program_category_rule(program, "COSMETICS")->id, "beauty");
    static const char *const NONE[] = {"", "COSMETIC", "COSMETICSS", "cosmetics", "A", "ZZZ", "MEAU"};
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        cr_assert_eq(hy_program_category_rule(program, NONE[i]), NULL, "%s", NONE[i]);
    }
    hy_program_free(program);
}

Test(program_lookup, names_that_begin_alike_are_told_apart) {
    struct hy_program *program = parse_or_fail(sample_with(
        "[COSMETICS, MEAT]", "[SEAFOOD, SEAFOOD-, SEAFOOD-P, SEAFOOD-PCKGD, 护肤, 护肤品, 护肤品-面霜]"));
    static const char *const NAMED[] = {"SEAFOOD", "SEAFOOD-", "SEAFOOD-P",  "SEAFOOD-PCKGD",
                                        "护肤",    "护肤品",   "护肤品-面霜"};
    for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++) {
        cr_assert_neq(hy_program_category_rule(program, NAMED[i]), NULL, "%s", NAMED[i]);
    }
    cr_assert_eq(hy_program_category_rule(program, "SEAFOOD-PC"), NULL);
    cr_assert_eq(hy_program_category_rule(program, "护肤品-"), NULL);
    hy_program_free(program);
}
