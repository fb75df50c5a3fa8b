// What a program file may not say: every fault with its line, its field and what would be right.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/program/sample.h"

static struct hy_program_faults faults_of(const char *yaml) {
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(hy_bytes_of(yaml), load_test_zone, &faults);
    cr_assert((program == NULL) == (faults.count > 0));
    hy_program_free(program);
    for (size_t i = 0; i < faults.count; i++) {
        cr_assert_gt(strlen(faults.items[i].english), 0);
        cr_assert_gt(strlen(faults.items[i].chinese), 0);
    }
    return faults;
}

static bool has_fault(const struct hy_program_faults *faults, int line, const char *field,
                      const char *english) {
    for (size_t i = 0; i < faults->count; i++) {
        const struct hy_program_fault *fault = &faults->items[i];
        if (fault->line == line && strcmp(fault->field, field) == 0 &&
            strstr(fault->english, english) != NULL) {
            return true;
        }
    }
    return false;
}

// Exactly this one.
static void then_fault(const char *yaml, int line, const char *field, const char *english) {
    struct hy_program_faults faults = faults_of(yaml);
    const struct hy_program_fault *first = &faults.items[0];
    cr_assert_eq(faults.count, 1, "%zu faults instead of one at %s (%s)", faults.count, field, english);
    cr_assert(has_fault(&faults, line, field, english), "line %d, %s: %s\ninstead of line %d, %s: %s",
              first->line, first->field, first->english, line, field, english);
}

struct fault_case {
    const char *from, *to; // in the sample
    int line;
    const char *field, *english;
};

static const struct fault_case CASES[] = {
    // Missing and unknown keys.
    {"program: shop\n", "", 1, "program", "required key is missing"},
    {"version: 3\n", "", 1, "version", "required key is missing"},
    {"effective_from: 2024-03-10\n", "", 1, "effective_from", "required key is missing"},
    {"  points_per_yuan: 1.50\n", "", 7, "earning.points_per_yuan", "required key is missing"},
    {"    categories: [PRODUCE, MEAT]\n", "", 11, "categories[0].categories", "required key is missing"},
    {"    multiplier: 3.00\n", "", 23, "campaigns[0].multiplier", "required key is missing"},
    {"id: gold, ", "", 21, "tiers[1].id", "required key is missing"},
    {"rounding: half_up", "round: half_up", 9, "earning",
     "'round': unknown key; known: points_per_yuan minimum_spend rounding"},
    {"      stores: [s2, s1]", "      shops: [s2, s1]", 27, "campaigns[0].when", "'shops': unknown key"},
    {"currency: CNY", "<<: CNY", 5, "", "'<<': unknown key"},
    {"currency: CNY", "[a]: CNY", 5, "", "unknown key"},
    // Keys and ids that repeat.
    {"currency: CNY", "version: 4", 5, "version", "twice"},
    {"    multiplier: 2\n", "    multiplier: 2\n    multiplier: 2\n", 19, "categories[1].multiplier",
     "twice"},
    {"id: beauty", "id: fresh", 14, "categories[1].id", "'fresh': another rule has this id"},
    {"id: always", "id: fresh", 35, "campaigns[1].id", "'fresh': another rule has this id"},
    {"id: always", "id: base", 35, "campaigns[1].id", "'base': another rule has this id"},
    {"id: gold", "id: ordinary", 21, "tiers[1].id", "'ordinary': another tier has this id"},
    // Types.
    {"version: 3", "version: [3]", 2, "version", "single value"},
    {"version: 3", "version: \"3\"", 2, "version", "'3': write it without quotes"},
    {"program: shop", "program: {a: b}", 1, "program", "single value"},
    {"  - {id: ordinary, multiplier: 1.00}", "  - ordinary", 20, "tiers[0]", "group of keys"},
    {"categories: [PRODUCE, MEAT]", "categories: PRODUCE", 12, "categories[0].categories", "must be a list"},
    {"categories: [PRODUCE, MEAT]", "categories: [[PRODUCE], MEAT]", 12, "categories[0].categories[0]",
     "single value"},
    {"stackable: false", "stackable: no", 25, "campaigns[0].stackable", "'no': must be true or false"},
    {"stackable: false", "stackable: \"true\"", 25, "campaigns[0].stackable", "without quotes"},
    {"channels: [STORE, APP]", "channels:", 28, "campaigns[0].when.channels", "must be a list"},
    // Numbers.
    {"version: 3", "version: 0", 2, "version", "1 … 999999999"},
    {"version: 3", "version: 1.0", 2, "version", "1 … 999999999"},
    {"version: 3", "version: 1000000000", 2, "version", "1 … 999999999"},
    {"version: 3", "version: -1", 2, "version", "1 … 999999999"},
    {"version: 3", "version: 18446744073709551617", 2, "version", "1 … 999999999"},
    {"1.50\n  min", "1.505\n  min", 7, "earning.points_per_yuan",
     "'1.505': must be a number with at most two decimals"},
    {"1.50\n  min", "100.01\n  min", 7, "earning.points_per_yuan", "0.00 … 100.00"},
    {"1.50\n  min", "0\n  min", 7, "earning.points_per_yuan", "above 0"},
    {"1.50\n  min", "1,50\n  min", 7, "earning.points_per_yuan", "at most two decimals"},
    {"1.50\n  min", "1e2\n  min", 7, "earning.points_per_yuan", "at most two decimals"},
    {"1.50\n  min", ".inf\n  min", 7, "earning.points_per_yuan", "at most two decimals"},
    {"multiplier: 2\n", "multiplier: -2\n", 18, "categories[1].multiplier", "'-2': must be"},
    {"multiplier: 2\n", "multiplier: ~\n", 18, "categories[1].multiplier", "must be a number"},
    {"minimum_spend: 10.00", "minimum_spend: 10000000.01", 8, "earning.minimum_spend", "0.00 … 10000000.00"},
    {"minimum_spend: 10.00", "minimum_spend: ¥10", 8, "earning.minimum_spend", "an amount in yuan"},
    {"minimum_spend: 99.99", "minimum_spend: 99.999", 34, "campaigns[0].when.minimum_spend",
     "an amount in yuan"},
    // Words, texts, lists.
    {"rounding: half_up", "rounding: up", 9, "earning.rounding",
     "'up': must be one of: floor half_up ceiling"},
    {"[monday, sunday]", "[monday, funday]", 29, "campaigns[0].when.weekdays[1]",
     "'funday': must be one of: monday"},
    {"[monday, sunday]", "[monday, monday]", 29, "campaigns[0].when.weekdays[1]",
     "'monday': stands in the list twice"},
    {"[monday, sunday]", "[]", 29, "campaigns[0].when.weekdays", "an empty list"},
    {"[STORE, APP]", "[STORE, app]", 28, "campaigns[0].when.channels[1]",
     "one of: STORE ONLINE APP MINI_PROGRAM PARTNER"},
    {"[s2, s1]", "[s2, s1, s2]", 27, "campaigns[0].when.stores", "'s2': stands in the list twice"},
    {"[s2, s1]", "[s2, \"\"]", 27, "campaigns[0].when.stores[1]", "1 to 64 bytes"},
    {"brands: [百雀羚]", "brands: []", 33, "campaigns[0].when.brands", "an empty list"},
    {"brands: [百雀羚]", "brands: [\"a\\x07\"]", 33, "campaigns[0].when.brands[0]", "'a?': must be a text"},
    {"brands: [百雀羚]", "brands: [\"a\\0b\"]", 33, "campaigns[0].when.brands[0]", "must be a text"},
    {"id: beauty", "id: be auty", 14, "categories[1].id", "'be auty': must be 1 to 40"},
    {"id: beauty", "id: tier:gold", 14, "categories[1].id", "'tier:gold': must be 1 to 40"},
    {"id: beauty", "id: a1234567890123456789012345678901234567890", 14, "categories[1].id",
     "must be 1 to 40"},
    {"name_zh: 美妆", "name_zh: \"\"", 15, "categories[1].name_zh", "1 to 63 bytes"},
    {"name_zh: 美妆", "name_zh: 一二三四五六七八九十一二三四五六七八九十一二", 15, "categories[1].name_zh",
     "1 to 63 bytes"},
    {"currency: CNY", "currency: yuan", 5, "currency", "'yuan': must be three capital letters"},
    // The ladder. Line 20: ordinary, 21: gold.
    {"{id: ordinary, ", "{id: ordinary, growth_above: 5, ", 20, "tiers[0].growth_above",
     "the first tier is every new member's"},
    {"{id: ordinary, ", "{id: ordinary, year_spend_above: 5, ", 20, "tiers[0].year_spend_above",
     "the first tier is every new member's"},
    {"{id: gold, ", "{id: gold, growth_above: 5.5, ", 21, "tiers[1].growth_above",
     "'5.5': must be a whole number, 0 … 999999999"},
    {"{id: gold, ", "{id: gold, year_spend_above: -1, ", 21, "tiers[1].year_spend_above",
     "an amount in yuan"},
    {"{id: gold, ", "{id: gold, discount: 1.00, ", 21, "tiers[1].discount", "0.01 … 0.99"},
    {"{id: gold, ", "{id: gold, discount: 0.00, ", 21, "tiers[1].discount", "0.01 … 0.99"},
    {"1.50}\ncampaigns:", "1.50, growth_above: 9}\n  - {id: top, multiplier: 1, growth_above: 9}\ncampaigns:",
     22, "tiers[2].growth_above", "must be above that of the tiers before it"},
    {"1.50}\ncampaigns:",
     "1.50, year_spend_above: 9}\n  - {id: top, multiplier: 1, year_spend_above: 8}\ncampaigns:", 22,
     "tiers[2].year_spend_above", "must be above that of the tiers before it"},
    {"campaigns:\n", "growth: {a_yuan: 1, per_yuan: 1}\ncampaigns:\n", 22, "growth", "'a_yuan': unknown key"},
    {"campaigns:\n", "tier_rules: {keep: {tier: best, months_in_a_row: 3}}\ncampaigns:\n", 22,
     "tier_rules.keep.tier", "'best': no tier has this id"},
    {"campaigns:\n", "tier_rules: {keep: {tier: ordinary, months_in_a_row: 3}}\ncampaigns:\n", 22,
     "tier_rules.keep.tier", "'ordinary': the first tier cannot be lost"},
    {"campaigns:\n", "tier_rules: {keep: {tier: gold, months_in_a_row: 25}}\ncampaigns:\n", 22,
     "tier_rules.keep.months_in_a_row", "1 … 24"},
    {"campaigns:\n", "tier_rules: {keep: {tier: gold}}\ncampaigns:\n", 22, "tier_rules.keep.months_in_a_row",
     "required key is missing"},
    {"campaigns:\n", "tier_rules: {lapse: {months: 0, to: ordinary}}\ncampaigns:\n", 22,
     "tier_rules.lapse.months", "1 … 120"},
    {"campaigns:\n", "tier_rules: {lapse: {months: 6, to: nowhere}}\ncampaigns:\n", 22, "tier_rules.lapse.to",
     "'nowhere': no tier has this id"},
    // Time.
    {"Asia/Shanghai", "Asia/Shangri-La", 4, "time_zone", "'Asia/Shangri-La': unknown time zone"},
    {"effective_from: 2024-03-10", "effective_from: 10.3.2024", 3, "effective_from",
     "'10.3.2024': must be a date"},
    {"effective_from: 2024-03-10", "effective_from: 2024-02-30", 3, "effective_from", "must be a date"},
    {"effective_from: 2024-03-10", "effective_from: 2024-03-10T00:00:00", 3, "effective_from",
     "must be a date"},
    {"effective_from: 2024-03-10", "effective_from: 1999-12-31", 3, "effective_from", "must be a date"},
    {"to: 2024-04-10", "to: 2024-04-31", 31, "campaigns[0].when.to", "'2024-04-31': must be a date like"},
    {"to: 2024-04-10", "to: 2024-4-1", 31, "campaigns[0].when.to", "must be a date like"},
    {"to: 2024-04-10", "to: 1970-01-01", 31, "campaigns[0].when.to", "from 2000-01-01"},
    {"to: 2024-04-10", "to: 2024-03-10", 27, "campaigns[0].when.from", "lies after the last day"},
    // What YAML has and a program does not need.
    {"program: shop", "program: &a shop", 1, "", "anchors and aliases"},
    {"program: shop", "program: *a", 1, "", "anchors and aliases"},
    {"program: shop", "program: !!str shop", 1, "", "tags"},
    {"program: shop", "program: ! shop", 1, "", "tags"},
    {"program: shop", "program: [[[[[[[[a]]]]]]]]", 1, "", "nested too deeply"},
    {"currency: CNY\n", "---\ncurrency: CNY\n", 5, "", "one document"},
    {"currency: CNY", "currency: [CNY", 6, "", "this is not YAML"},
    {"currency: CNY", "\tcurrency: CNY", 5, "", "this is not YAML"},
    {"currency: CNY", "currency: \xff\xfe", 0, "", "this is not YAML"},
};

Test(program_faults, each_fault_names_its_line_its_field_and_what_would_be_right) {
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct fault_case *test = &CASES[i];
        then_fault(sample_with(test->from, test->to), test->line, test->field, test->english);
    }
}

Test(program_faults, a_file_that_is_no_mapping_is_refused) {
    then_fault("", 0, "", "the file is empty");
    then_fault("# nothing but a comment\n", 0, "", "the file is empty");
    then_fault("- a\n- b\n", 1, "", "group of keys");
    then_fault("hello\n", 1, "", "group of keys");
}

Test(program_faults, all_faults_are_reported_in_the_order_of_the_lines) {
    struct hy_program_faults faults = faults_of("version: x\n"
                                                "campaigns:\n"
                                                "  - {id: a, multiplier: 1.234}\n"
                                                "program: a b\n"
                                                "earning: {rounding: sometimes}\n");
    cr_assert_eq(faults.count, 6);
    cr_assert(has_fault(&faults, 1, "effective_from", "missing"));
    cr_assert(has_fault(&faults, 1, "version", "'x'"));
    cr_assert(has_fault(&faults, 3, "campaigns[0].multiplier", "'1.234'"));
    cr_assert(has_fault(&faults, 4, "program", "'a b'"));
    cr_assert(has_fault(&faults, 5, "earning.points_per_yuan", "missing"));
    cr_assert(has_fault(&faults, 5, "earning.rounding", "'sometimes'"));
    for (size_t i = 1; i < faults.count; i++) {
        cr_assert_leq(faults.items[i - 1].line, faults.items[i].line);
    }
}

// A file of its own memory: a head, `count` times a part with its number in it, and nothing behind.
static char *repeated(const char *head, const char *part, size_t count) {
    char *text = calloc(1, strlen(head) + count * (strlen(part) + 8) + 1);
    char *at = text + sprintf(text, "%s", head);
    for (size_t i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        at += sprintf(at, part, (int)i);
#pragma GCC diagnostic pop
    }
    return text;
}

static const char HEAD[] =
    "program: p\nversion: 1\neffective_from: 2024-01-01\nearning: {points_per_yuan: 1}\n";

Test(program_faults, no_more_than_twenty_are_kept) {
    char *text = repeated(HEAD, "key%d: 1\n", 500);
    cr_assert_eq(faults_of(text).count, HY_PROGRAM_FAULTS_LIMIT);
    free(text);
}

static char *with_campaigns(size_t count, const char *part) {
    char head[300];
    snprintf(head, sizeof head, "%scampaigns:\n", HEAD);
    return repeated(head, part, count);
}

Test(program_faults, the_number_of_rules_and_tiers_is_bounded) {
    char *text = with_campaigns(199, " - {id: c%d, multiplier: 1}\n");
    hy_program_free(parse_or_fail(text));
    free(text);
    text = with_campaigns(200, " - {id: c%d, multiplier: 1}\n");
    then_fault(text, 205, "campaigns[199]", "at most 200 rules");
    free(text);
    char head[300];
    snprintf(head, sizeof head, "%stiers:\n", HEAD);
    text = repeated(head, " - {id: t%d, multiplier: 1}\n", 17);
    then_fault(text, 6, "tiers", "too long");
    free(text);
}

Test(program_faults, at_most_four_campaigns_are_stackable) {
    char *text = with_campaigns(5, " - {id: c%d, multiplier: 1, stackable: true}\n");
    then_fault(text, 0, "campaigns", "at most 4 campaigns may be stackable");
    free(text);
    text = with_campaigns(4, " - {id: c%d, multiplier: 1, stackable: true}\n");
    hy_program_free(parse_or_fail(text));
    free(text);
}

Test(program_faults, multipliers_beyond_exact_arithmetic_are_refused) {
    char *text =
        with_campaigns(4, " - {id: c%d, multiplier: 10, stackable: true}\n"); // 100 × 1000^4 × 100^3 = 10^20
    hy_program_free(parse_or_fail(text));
    free(text);
    text = with_campaigns(4, " - {id: c%d, multiplier: 10.01, stackable: true}\n");
    then_fault(text, 0, "campaigns", "too large to be exact");
    free(text);
}

Test(program_faults, a_file_larger_than_the_limit_is_refused_unread) {
    char *text = calloc(1, HY_PROGRAM_LIMIT_BYTES + 2);
    memset(text, '#', HY_PROGRAM_LIMIT_BYTES + 1);
    memcpy(text, HEAD, strlen(HEAD));
    then_fault(text, 0, "", "larger than 256 KiB");
    text[HY_PROGRAM_LIMIT_BYTES] = '\0';
    hy_program_free(parse_or_fail(text));
    free(text);
}

Test(program_faults, hostile_nesting_and_aliases_cost_no_time) {
    char *deep = calloc(1, 200001);
    memset(deep, '[', 200000);
    then_fault(deep, 1, "", "nested too deeply");
    memset(deep, '{', 200000);
    then_fault(deep, 1, "", "nested too deeply");
    free(deep);
    then_fault("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nprogram: *c\n", 1, "", "anchors and aliases");
}

Test(program_faults, long_values_are_cut_between_characters) {
    struct hy_program_faults faults = faults_of(sample_with(
        "currency: CNY",
        "currency: 一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十"));
    cr_assert_eq(faults.count, 1);
    cr_assert_eq(strncmp(faults.items[0].english, "'一二三四五六七八九十一二三': must", 47), 0);
}

Test(program_faults, any_file_cut_short_or_with_one_byte_changed_is_read_or_refused_in_peace) {
    char *text = strdup(SAMPLE);
    for (size_t i = 0; i < strlen(SAMPLE); i++) {
        text[i] = '\0';
        faults_of(text);
        static const char BYTES[] = "\n :-[]{}\"'#&*!|>%@`0\x80,?";
        text[i] = BYTES[i % (sizeof BYTES - 1)];
        faults_of(text);
        text[i] = SAMPLE[i];
    }
    free(text);
}
