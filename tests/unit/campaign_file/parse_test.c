#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/campaign_file/given.h"

Test(campaign_parse, every_key_of_a_birthday_arrives) {
    struct hy_campaign *campaign = campaign_or_fail(BIRTHDAY_FILE);
    cr_assert_str_eq(campaign->id, "birthday");
    cr_assert_eq(campaign->version, 3);
    cr_assert_eq(campaign->kind, HY_CAMPAIGN_BIRTHDAY);
    cr_assert_str_eq(campaign->name_zh, "生日礼");
    cr_assert_str_eq(campaign->name_en, "Birthday gift");
    cr_assert_eq(campaign->effective_from_ms, shanghai_ms("2026-01-01T00:00"));
    cr_assert_eq(campaign->effective_to_ms, shanghai_ms("2027-01-01T00:00"));
    cr_assert_str_eq(campaign->message, "happy");
    cr_assert_eq(campaign->hour, 9);
    cr_assert_eq(campaign->control_share, 1250);
    cr_assert_eq(campaign->days_before, 7);
    cr_assert_eq(campaign->tier_count, 2);
    cr_assert_eq(campaign->budget, 100);
    cr_assert_str_eq(campaign->coupon.name_zh, "生日券");
    cr_assert_str_eq(campaign->coupon.name_en, "Coupon");
    cr_assert_eq(campaign->coupon.value_fen, 2000);
    cr_assert_eq(campaign->coupon.minimum_spend_fen, 10000);
    cr_assert_eq(campaign->coupon.valid_days, 30);
    hy_campaign_free(campaign);
}

Test(campaign_parse, every_key_of_a_member_day_arrives) {
    struct hy_campaign *campaign = campaign_or_fail(MEMBER_DAY_FILE);
    cr_assert_eq(campaign->kind, HY_CAMPAIGN_MEMBER_DAY);
    cr_assert_eq(campaign->day, 31);
    cr_assert_eq(campaign->multiplier_hundredths, 200);
    cr_assert_eq(campaign->category_count, 2);
    cr_assert_eq(campaign->hour, 10);
    hy_campaign_free(campaign);
}

Test(campaign_parse, what_is_left_out_has_its_default) {
    struct hy_campaign *campaign =
        campaign_or_fail("id: b\nversion: 1\nkind: birthday\neffective_from: 2026-01-01\nmessage: m\n"
                         "days_before: 0\nbudget: 1\ncoupon: {value: 1, valid_days: 0}\n");
    cr_assert_str_eq(campaign->zone.name, "Asia/Shanghai");
    cr_assert_eq(campaign->effective_to_ms, INT64_MAX);
    cr_assert_str_eq(campaign->name_zh, "b");
    cr_assert_str_eq(campaign->coupon.name_en, "b");
    cr_assert_eq(campaign->control_share, 0);
    cr_assert_eq(campaign->hour, 0);
    cr_assert(hy_campaign_wants_tier(campaign, "any"));
    hy_campaign_free(campaign);
}

Test(campaign_parse, the_samples_are_good) {
    static const char *const FILES[] = {"deploy/dev/campaigns/birthday.yaml",
                                        "deploy/dev/campaigns/member-day.yaml"};
    for (size_t i = 0; i < 2; i++) {
        static char text[65536];
        FILE *in = fopen(FILES[i], "rb");
        cr_assert_neq(in, NULL, "%s", FILES[i]);
        text[fread(text, 1, sizeof text - 1, in)] = '\0';
        fclose(in);
        hy_campaign_free(campaign_or_fail(text));
    }
}
