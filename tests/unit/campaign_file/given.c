#include "tests/unit/campaign_file/given.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char BIRTHDAY_FILE[] = "id: birthday\n"               // 1
                             "version: 3\n"                 // 2
                             "kind: birthday\n"             // 3
                             "name_zh: 生日礼\n"            // 4
                             "name_en: Birthday gift\n"     // 5
                             "time_zone: Asia/Shanghai\n"   // 6
                             "effective_from: 2026-01-01\n" // 7
                             "effective_to: 2027-01-01\n"   // 8
                             "message: happy\n"             // 9
                             "hour: 9\n"                    // 10
                             "control_share: 12.5\n"        // 11
                             "days_before: 7\n"             // 12
                             "tiers: [silver, gold]\n"      // 13
                             "budget: 100\n"                // 14
                             "coupon:\n"                    // 15
                             "  name_zh: 生日券\n"          // 16
                             "  name_en: Coupon\n"          // 17
                             "  value: 20.00\n"             // 18
                             "  minimum_spend: 100.00\n"    // 19
                             "  valid_days: 30\n";          // 20

const char MEMBER_DAY_FILE[] = "id: member-day\n"             // 1
                               "version: 1\n"                 // 2
                               "kind: member-day\n"           // 3
                               "effective_from: 2026-01-01\n" // 4
                               "message: tomorrow\n"          // 5
                               "hour: 10\n"                   // 6
                               "day: 31\n"                    // 7
                               "multiplier: 2.00\n"           // 8
                               "categories: [MEAT, FISH]\n";  // 9

const char *campaign_with(const char *file, const char *from, const char *to) {
    static char texts[2][8192]; // in turn, so that a changed file can be changed again
    static size_t turn;
    char *text = texts[turn++ % 2];
    const char *at = strstr(file, from);
    cr_assert_neq(at, NULL, "the file lacks %s", from);
    snprintf(text, sizeof texts[0], "%.*s%s%s", (int)(at - file), file, to, at + strlen(from));
    return text;
}

struct hy_campaign *campaign_or_fail(const char *yaml) {
    struct hy_program_faults faults;
    struct hy_campaign *campaign = hy_campaign_parse(hy_bytes_of(yaml), load_test_zone, &faults);
    for (size_t i = 0; i < faults.count; i++) {
        const struct hy_program_fault *fault = &faults.items[i];
        fprintf(stderr, "line %d, %s: %s / %s\n", fault->line, fault->field, fault->english, fault->chinese);
    }
    cr_assert_neq(campaign, NULL);
    return campaign;
}

int64_t shanghai_ms(const char *text) {
    int32_t day;
    cr_assert(hy_date_parse(hy_bytes(text, 10), &day));
    long hour = strtol(text + 11, NULL, 10);
    long minute = strtol(text + 14, NULL, 10);
    return ((int64_t)day * 24 + hour - 8) * 3600000 + minute * 60000;
}
