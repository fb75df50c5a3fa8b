#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/campaign_file/given.h"

static struct hy_program_faults faults_of(const char *yaml) {
    struct hy_program_faults faults;
    struct hy_campaign *campaign = hy_campaign_parse(hy_bytes_of(yaml), load_test_zone, &faults);
    cr_assert((campaign == NULL) == (faults.count > 0));
    hy_campaign_free(campaign);
    return faults;
}

// Exactly this one.
static void then_fault(const char *yaml, int line, const char *field, const char *english) {
    struct hy_program_faults faults = faults_of(yaml);
    const struct hy_program_fault *fault = &faults.items[0];
    cr_assert_eq(faults.count, 1, "%zu faults instead of one at %s (%s): %s", faults.count, field, english,
                 fault->english);
    cr_assert(fault->line == line && strcmp(fault->field, field) == 0 &&
                  strstr(fault->english, english) != NULL && fault->chinese[0] != '\0',
              "line %d, %s: %s\ninstead of line %d, %s: %s", fault->line, fault->field, fault->english, line,
              field, english);
}

struct fault_case {
    const char *from, *to;
    int line;
    const char *field, *english;
};

static const struct fault_case BIRTHDAY_CASES[] = {
    {"id: birthday\n", "", 1, "id", "required key is missing"},
    {"id: birthday", "id: a/b", 1, "id", "must be 1 to 40 ASCII"},
    {"version: 3", "version: 0", 2, "version", "whole number"},
    {"kind: birthday\n", "", 1, "kind", "birthday or member-day"},
    {"kind: birthday", "kind: easter", 3, "kind", "must be one of: birthday member-day"},
    {"name_zh: 生日礼", "name_zh: ''", 4, "name_zh", "must be a name"},
    {"time_zone: Asia/Shanghai", "time_zone: Asia/Shangri-La", 6, "time_zone", "unknown time zone"},
    {"effective_from: 2026-01-01", "effective_from: 1.1.2026", 7, "effective_from", "must be a date"},
    {"effective_to: 2027-01-01", "effective_to: 2026-01-01", 8, "effective_to", "must lie after"},
    {"message: happy\n", "", 1, "message", "required key is missing"},
    {"hour: 9", "hour: 24", 10, "hour", "0 … 23"},
    {"hour: 9", "hour: '9'", 10, "hour", "without quotes"},
    {"control_share: 12.5", "control_share: 100.01", 11, "control_share", "0.00 … 100.00"},
    {"days_before: 7", "days_before: 61", 12, "days_before", "0 … 60"},
    {"days_before: 7", "days_before: -1", 12, "days_before", "0 … 60"},
    {"days_before: 7\n", "", 1, "days_before", "required key is missing"},
    {"tiers: [silver, gold]", "tiers: []", 13, "tiers", "empty list"},
    {"tiers: [silver, gold]", "tiers: [gold, gold]", 13, "tiers", "twice"},
    {"budget: 100", "budget: many", 14, "budget", "'many': must be a whole number"},
    {"budget: 100", "budget: 99999999999999999999", 14, "budget", "0 … 1000000000"},
    {"  value: 20.00", "  value: 0", 18, "coupon.value", "above 0"},
    {"  value: 20.00\n", "", 16, "coupon.value", "required key is missing"},
    {"  valid_days: 30", "  valid_days: 800", 20, "coupon.valid_days", "0 … 731"},
    {"  valid_days: 30", "  valid_days: 30\n  gift: 1", 21, "coupon", "'gift': unknown key"},
    {"budget: 100", "budget: 100\nday: 3", 15, "", "'day': unknown key"}, // of the other kind
    {"version: 3", "version: 3\nversion: 4", 3, "version", "stands here twice"},
    {"version: 3", "version: &a 3", 2, "", "anchors"},
};

static const struct fault_case MEMBER_DAY_CASES[] = {
    {"day: 31", "day: 32", 7, "day", "1 … 31"},
    {"day: 31\n", "", 1, "day", "required key is missing"},
    {"multiplier: 2.00", "multiplier: 1.00", 8, "multiplier", "above 1.00"},
    {"multiplier: 2.00", "multiplier: 10.01", 8, "multiplier", "at most 10.00"},
    {"categories: [MEAT, FISH]", "categories: MEAT", 9, "categories", "must be a list"},
};

Test(campaign_faults, each_fault_names_its_line_its_field_and_what_would_be_right) {
    for (size_t i = 0; i < sizeof BIRTHDAY_CASES / sizeof BIRTHDAY_CASES[0]; i++) {
        const struct fault_case *test = &BIRTHDAY_CASES[i];
        then_fault(campaign_with(BIRTHDAY_FILE, test->from, test->to), test->line, test->field,
                   test->english);
    }
    for (size_t i = 0; i < sizeof MEMBER_DAY_CASES / sizeof MEMBER_DAY_CASES[0]; i++) {
        const struct fault_case *test = &MEMBER_DAY_CASES[i];
        then_fault(campaign_with(MEMBER_DAY_FILE, test->from, test->to), test->line, test->field,
                   test->english);
    }
}

Test(campaign_faults, a_file_that_is_no_mapping_is_refused) {
    then_fault("", 0, "", "the file is empty");
    then_fault("- a\n", 1, "", "group of keys");
}

Test(campaign_faults, any_file_cut_short_or_with_one_byte_changed_is_read_or_refused_in_peace) {
    char *text = strdup(BIRTHDAY_FILE);
    for (size_t i = 0; i < strlen(BIRTHDAY_FILE); i++) {
        text[i] = '\0';
        faults_of(text);
        static const char BYTES[] = "\n :-[]{}\"'#&*!|>%@`0\x80,?";
        text[i] = BYTES[i % (sizeof BYTES - 1)];
        faults_of(text);
        text[i] = BIRTHDAY_FILE[i];
    }
    free(text);
}
