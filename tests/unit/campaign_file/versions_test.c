#include <criterion/criterion.h>

#include "common/program/published.h"
#include "proto/program.pb-c.h"
#include "tests/unit/campaign_file/given.h"

static void add(struct hy_campaigns *campaigns, const char *file) {
    hy_campaigns_add(campaigns, campaign_or_fail(file));
}

static bool take(struct hy_campaigns *campaigns, Huiyuan__V1__DocumentKind kind, const char *id,
                 uint32_t version, const char *yaml) {
    Huiyuan__V1__ProgramVersion published = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    published.kind = kind;
    published.program = (char *)(uintptr_t)id;
    published.version = version;
    published.yaml = (ProtobufCBinaryData){strlen(yaml), (uint8_t *)(uintptr_t)yaml};
    static uint8_t bytes[8192];
    size_t size = huiyuan__v1__program_version__pack(&published, bytes);
    struct hy_programs programs = {0};
    if (kind == HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN) {
        cr_assert(hy_programs_take(&programs, hy_bytes(bytes, size), load_test_zone));
        cr_assert_eq(programs.count, 0); // whoever wants programs passes campaigns over
    }
    return hy_campaigns_take(campaigns, hy_bytes(bytes, size), load_test_zone);
}

Test(campaign_versions, documents_of_the_topic_are_taken_by_their_kind) {
    struct hy_campaigns campaigns = {0};
    cr_assert(take(&campaigns, HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, "birthday", 3, BIRTHDAY_FILE));
    cr_assert_eq(campaigns.count, 1);
    cr_assert(take(&campaigns, HUIYUAN__V1__DOCUMENT_KIND__PROGRAM, "shop", 3, SAMPLE));
    cr_assert(take(&campaigns, (Huiyuan__V1__DocumentKind)7, "later", 1, "x"));
    cr_assert_eq(campaigns.count, 1);
    cr_assert_not(take(&campaigns, HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, "birthday", 4, BIRTHDAY_FILE));
    cr_assert_not(take(&campaigns, HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, "other", 3, BIRTHDAY_FILE));
    cr_assert_not(take(&campaigns, HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, "birthday", 3, "kind: x"));
    hy_campaigns_free(&campaigns);
}

Test(campaign_versions, a_version_holds_until_the_next_or_its_end) {
    struct hy_campaigns campaigns = {0};
    add(&campaigns, BIRTHDAY_FILE); // 3, of 2026
    add(&campaigns, campaign_with(campaign_with(BIRTHDAY_FILE, "version: 3", "version: 4"),
                                  "effective_from: 2026-01-01", "effective_from: 2026-06-01"));
    add(&campaigns, MEMBER_DAY_FILE);
    cr_assert_eq(hy_campaigns_at(&campaigns, "birthday", shanghai_ms("2025-12-31T23:59")), NULL);
    cr_assert_eq(hy_campaigns_at(&campaigns, "birthday", shanghai_ms("2026-05-31T23:59"))->version, 3);
    cr_assert_eq(hy_campaigns_at(&campaigns, "birthday", shanghai_ms("2026-06-01T00:00"))->version, 4);
    cr_assert_eq(hy_campaigns_at(&campaigns, "birthday", shanghai_ms("2027-01-01T00:00")), NULL);
    cr_assert_eq(hy_campaigns_version(&campaigns, "birthday", 3)->version, 3);
    cr_assert_eq(hy_campaigns_version(&campaigns, "birthday", 5), NULL);
    cr_assert_eq(hy_campaigns_version(&campaigns, "member-day", 1)->kind, HY_CAMPAIGN_MEMBER_DAY);
    hy_campaigns_free(&campaigns);
}

static const struct hy_campaign *best(const struct hy_campaigns *campaigns, const char *time,
                                      const char *category) {
    struct hy_member_days days;
    hy_member_days_at(campaigns, shanghai_ms(time), &days);
    return hy_member_days_best(&days, category);
}

Test(campaign_versions, a_member_day_multiplies_its_categories_on_its_day) {
    struct hy_campaigns campaigns = {0};
    add(&campaigns, MEMBER_DAY_FILE);
    cr_assert_eq(best(&campaigns, "2026-03-31T00:00", "MEAT")->multiplier_hundredths, 200);
    cr_assert_eq(best(&campaigns, "2026-03-31T23:59", "FISH")->version, 1);
    cr_assert_eq(best(&campaigns, "2026-03-31T12:00", "SOAP"), NULL);
    cr_assert_eq(best(&campaigns, "2026-03-30T23:59", "MEAT"), NULL);
    cr_assert_eq(best(&campaigns, "2026-04-01T00:00", "MEAT"), NULL);
    cr_assert_neq(best(&campaigns, "2026-02-28T12:00", "MEAT"), NULL); // the month's end
    cr_assert_eq(best(&campaigns, "2025-12-31T12:00", "MEAT"), NULL);  // before it is in effect
    hy_campaigns_free(&campaigns);
}

Test(campaign_versions, of_several_member_days_the_largest_counts_and_of_equal_ones_the_first_by_id) {
    struct hy_campaigns campaigns = {0};
    add(&campaigns, MEMBER_DAY_FILE);
    add(&campaigns, campaign_with(campaign_with(MEMBER_DAY_FILE, "id: member-day", "id: all"),
                                  "categories: [MEAT, FISH]\n", ""));
    cr_assert_str_eq(best(&campaigns, "2026-03-31T12:00", "MEAT")->id, "all");
    cr_assert_str_eq(best(&campaigns, "2026-03-31T12:00", "SOAP")->id, "all");
    add(&campaigns, campaign_with(campaign_with(MEMBER_DAY_FILE, "id: member-day", "id: triple"),
                                  "multiplier: 2.00", "multiplier: 3.00"));
    cr_assert_str_eq(best(&campaigns, "2026-03-31T12:00", "FISH")->id, "triple");
    cr_assert_str_eq(best(&campaigns, "2026-03-31T12:00", "SOAP")->id, "all");
    cr_assert_eq(campaigns.member_day_count, 3);
    hy_campaigns_free(&campaigns);
}
