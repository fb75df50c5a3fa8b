// Which conditions hold when.
#include <criterion/criterion.h>

#include "proto/points.pb-c.h"
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
    struct hy_program *program =
        parse_or_fail(sample_with("[COSMETICS, MEAT]", "[A, AA, SEAFOOD, SEAFOOD-, SEAFOOD-P, SEAFOOD-PCKGD, "
                                                       "护肤, 护肤品, 护肤品-面霜, ABCDEFGH-1-ABCDEFGH]"));
    static const char *const NAMED[] = {
        "A",    "AA",     "SEAFOOD",     "SEAFOOD-",           "SEAFOOD-P", "SEAFOOD-PCKGD",
        "护肤", "护肤品", "护肤品-面霜", "ABCDEFGH-1-ABCDEFGH"};
    for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++) {
        cr_assert_neq(hy_program_category_rule(program, NAMED[i]), NULL, "%s", NAMED[i]);
    }
    static const char *const NONE[] = {"AAA", "SEAFOOD-PC", "护肤品-", "ABCDEFGH-2-ABCDEFGH",
                                       "ABCDEFGHABCDEFGH"};
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        cr_assert_eq(hy_program_category_rule(program, NONE[i]), NULL, "%s", NONE[i]);
    }
    hy_program_free(program);
}

static const char CAMPAIGNS[] =
    "program: p\nversion: 1\neffective_from: 2020-01-01\nearning: {points_per_yuan: 1}\n"
    "categories:\n  - {id: meat, categories: [MEAT], multiplier: 2}\n"
    "campaigns:\n"
    "  - {id: always, multiplier: 2}\n"
    "  - {id: weekend, multiplier: 2, when: {weekdays: [saturday, sunday]}}\n"
    "  - {id: march, multiplier: 2, when: {from: 2024-03-01, to: 2024-03-31}}\n"
    "  - {id: one-day, multiplier: 2, when: {from: 2024-03-10, to: 2024-03-10}}\n"
    "  - {id: since, multiplier: 2, when: {from: 2024-03-10}}\n"
    "  - {id: until, multiplier: 2, when: {to: 2024-03-10, channels: [APP, PARTNER]}}\n"
    "  - {id: shops, multiplier: 2, when: {stores: [s1, a-store-with-a-longer-name], channels: [STORE]}}\n"
    "  - {id: shop, multiplier: 2, stackable: true, when: {stores: [s1], minimum_spend: 100}}\n";

static void same_campaigns(const struct hy_program *program, const Huiyuan__V1__Purchase *purchase) {
    struct hy_rule_set found = hy_program_campaigns(program, purchase, hy_bytes_of(purchase->store_id));
    int32_t day = hy_day_at(&program->zone, purchase->occurred_at_ms);
    for (size_t i = 0; i < program->rule_count; i++) {
        const struct hy_rule *rule = &program->rules[i];
        bool holds = rule->kind == HY_RULE_CAMPAIGN &&
                     hy_rule_applies_to_order(rule, hy_weekday(day), day, purchase, INT64_MAX);
        cr_assert_eq((found.bits[i / 64] >> i % 64 & 1) != 0, holds, "%s on day %d", rule->id, (int)day);
    }
}

Test(program_lookup, the_campaigns_of_an_order_are_those_whose_conditions_hold) {
    static const char *const STORES[] = {"s1", "s2", "a-store-with-a-longer-name",
                                         "a-store-with-a-larger-name"};
    struct hy_program *program = parse_or_fail(CAMPAIGNS);
    Huiyuan__V1__Purchase purchase = HUIYUAN__V1__PURCHASE__INIT;
    for (int64_t day = 19750; day < 19850; day++) { // 2024-01-28 and a hundred days
        purchase.occurred_at_ms = day * 86400000 - (day % 2 == 0 ? 1 : 28800000);
        for (int i = 0; i < 20; i++) {
            purchase.store_id = (char *)(uintptr_t)STORES[i % 4];
            purchase.channel = (Huiyuan__V1__Channel)(1 + i / 4);
            same_campaigns(program, &purchase);
        }
    }
    purchase.occurred_at_ms = INT64_MAX;
    same_campaigns(program, &purchase);
    purchase.occurred_at_ms = INT64_MIN;
    same_campaigns(program, &purchase);
    hy_program_free(program);
}

Test(program_lookup, what_records_say_of_a_rule_is_what_protobuf_c_writes) {
    struct hy_program *program = parse_or_fail(SAMPLE);
    for (size_t i = 0; i < program->rule_count; i++) {
        const struct hy_rule *rule = &program->rules[i];
        Huiyuan__V1__AppliedRule applied = HUIYUAN__V1__APPLIED_RULE__INIT;
        applied.rule_id = (char *)(uintptr_t)rule->id;
        applied.rule_version = program->version;
        applied.factor_hundredths = (uint32_t)rule->factor_hundredths;
        uint8_t packed[256];
        size_t length = huiyuan__v1__applied_rule__pack(&applied, packed);
        cr_assert(
            hy_bytes_equal(hy_bytes(rule->applied.bytes, rule->applied.length), hy_bytes(packed, length)));
    }
    hy_program_free(program);
}

Test(program_lookup, the_longest_that_records_may_say_of_a_rule_has_room) {
    static const char LONGEST[] = "tier:a-tier-whose-name-is-as-long-as-it-may-be0";
    cr_assert_eq(sizeof LONGEST - 1, HY_RULE_ID_LIMIT_BYTES + 7);
    struct hy_applied_rule applied = hy_applied_rule_make(LONGEST, UINT32_MAX, HY_FACTOR_LIMIT);
    Huiyuan__V1__AppliedRule *read = huiyuan__v1__applied_rule__unpack(NULL, applied.length, applied.bytes);
    cr_assert_not_null(read);
    cr_assert_str_eq(read->rule_id, LONGEST);
    cr_assert_eq(read->rule_version, UINT32_MAX);
    cr_assert_eq(read->factor_hundredths, HY_FACTOR_LIMIT);
    huiyuan__v1__applied_rule__free_unpacked(read, NULL);
}
