#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/campaign_file/given.h"

static void then_occasion(const char *file, uint32_t birthday, const char *after, const char *last,
                          const char *name, const char *begins, const char *ends) {
    struct hy_campaign *campaign = campaign_or_fail(file);
    struct hy_occasion occasion;
    cr_assert(hy_campaign_occasion(campaign, birthday, shanghai_ms(after), last, &occasion));
    cr_assert_str_eq(occasion.name, name, "%s instead of %s", occasion.name, name);
    cr_assert_eq(occasion.begins_ms, shanghai_ms(begins), "%s: not from %s", name, begins);
    cr_assert_eq(occasion.ends_ms, shanghai_ms(ends), "%s: not until %s", name, ends);
    hy_campaign_free(campaign);
}

static void then_birthday(uint32_t birthday, const char *after, const char *last, const char *name,
                          const char *begins, const char *ends) {
    then_occasion(BIRTHDAY_FILE, birthday, after, last, name, begins, ends);
}

static void then_member_day(const char *after, const char *last, const char *name, const char *begins,
                            const char *ends) {
    then_occasion(MEMBER_DAY_FILE, 0, after, last, name, begins, ends);
}

Test(campaign_occasions, a_birthday_is_open_from_some_days_before_until_it_ends) {
    then_birthday(517, "2026-03-01T12:00", "", "2026", "2026-05-10T09:00", "2026-05-18T00:00");
    then_birthday(517, "2026-05-17T23:59", "", "2026", "2026-05-10T09:00", "2026-05-18T00:00");
    then_birthday(517, "2026-05-18T00:00", "", "2027", "2027-05-10T09:00", "2027-05-18T00:00");
}

Test(campaign_occasions, a_year_that_was_had_does_not_come_again) {
    then_birthday(517, "2026-05-10T10:00", "2026", "2027", "2027-05-10T09:00", "2027-05-18T00:00");
    then_birthday(1231, "2026-05-10T10:00", "2026", "2027", "2027-12-24T09:00", "2028-01-01T00:00");
}

Test(campaign_occasions, a_birthday_in_january_begins_in_december) {
    then_birthday(102, "2026-12-27T12:00", "", "2027", "2026-12-26T09:00", "2027-01-03T00:00");
    then_birthday(102, "2026-12-27T12:00", "2027", "2028", "2027-12-26T09:00", "2028-01-03T00:00");
    // Changed after that to a birthday at the end of the year that is not over.
    then_birthday(1230, "2026-12-27T12:00", "2027", "2028", "2028-12-23T09:00", "2028-12-31T00:00");
}

Test(campaign_occasions, the_29th_of_february_counts_as_the_28th_in_other_years) {
    then_birthday(229, "2026-01-01T00:00", "", "2026", "2026-02-21T09:00", "2026-03-01T00:00");
    then_birthday(229, "2027-06-01T00:00", "", "2028", "2028-02-22T09:00", "2028-03-01T00:00");
}

Test(campaign_occasions, who_has_no_birthday_has_no_occasion) {
    struct hy_campaign *campaign = campaign_or_fail(BIRTHDAY_FILE);
    struct hy_occasion occasion;
    cr_assert_not(hy_campaign_occasion(campaign, 0, 0, "", &occasion));
    cr_assert_not(hy_campaign_occasion(campaign, 1301, 0, "", &occasion));
    cr_assert_not(hy_campaign_occasion(campaign, 132, 0, "", &occasion));
    hy_campaign_free(campaign);
}

Test(campaign_occasions, a_member_day_is_announced_the_day_before_and_clamped_to_the_months_end) {
    then_member_day("2026-01-05T00:00", "", "2026-01", "2026-01-30T10:00", "2026-01-31T00:00");
    then_member_day("2026-02-05T00:00", "", "2026-02", "2026-02-27T10:00", "2026-02-28T00:00");
    then_member_day("2026-02-28T00:00", "", "2026-03", "2026-03-30T10:00", "2026-03-31T00:00");
    then_member_day("2026-12-31T00:00", "", "2027-01", "2027-01-30T10:00", "2027-01-31T00:00");
    then_member_day("2026-12-01T00:00", "2026-12", "2027-01", "2027-01-30T10:00", "2027-01-31T00:00");
}

Test(campaign_occasions, the_control_group_has_its_share_and_stays) {
    struct hy_campaign *campaign = campaign_or_fail(BIRTHDAY_FILE);
    struct hy_campaign *larger =
        campaign_or_fail(campaign_with(BIRTHDAY_FILE, "control_share: 12.5", "control_share: 30"));
    int held_out = 0;
    for (int i = 0; i < 100000; i++) {
        char member[16];
        snprintf(member, sizeof member, "m%d", i);
        bool out = hy_campaign_holds_out(campaign, member);
        held_out += out;
        if (out) cr_assert(hy_campaign_holds_out(larger, member)); // a larger share only adds members
    }
    cr_assert(held_out > 12000 && held_out < 13000, "%d of 100000 instead of 12500", held_out);
    hy_campaign_free(campaign);
    hy_campaign_free(larger);
}

// Part of the contract: stored decisions were made with it.
Test(campaign_occasions, the_hash_of_the_control_group_is_stable) {
    cr_assert_eq(hy_campaign_bucket("birthday", "m1"), 8832);
    cr_assert_eq(hy_campaign_bucket("member-day", "m1"), 1933);
}

Test(campaign_occasions, a_coupon_ends_with_the_last_of_its_days) {
    struct hy_campaign *campaign = campaign_or_fail(BIRTHDAY_FILE);
    cr_assert_eq(hy_coupon_expiry_ms(campaign, shanghai_ms("2026-05-10T09:00")),
                 shanghai_ms("2026-06-10T00:00") - 1);
    hy_campaign_free(campaign);
}
