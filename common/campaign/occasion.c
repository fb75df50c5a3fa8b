// When a campaign has a member, and whether at all.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/campaign/campaign.h"

enum { HOUR_MS = 3600 * 1000 };

static int32_t days_in_month(int32_t year, int32_t month) {
    return hy_day_number(year + month / 12, month % 12 + 1, 1) - hy_day_number(year, month, 1);
}

// Days that a month does not have count as its last.
static int32_t day_in_month(int32_t year, int32_t month, int64_t day) {
    int32_t length = days_in_month(year, month);
    return hy_day_number(year, month, day < length ? (int32_t)day : length);
}

static int64_t at_hour(const struct hy_campaign *campaign, int64_t day_number) {
    return hy_day_start_ms(&campaign->zone, (int32_t)day_number) + campaign->hour * HOUR_MS;
}

static bool birthday_occasion(const struct hy_campaign *campaign, uint32_t birthday, int32_t after_year,
                              int32_t last_year, int64_t after_ms, struct hy_occasion *ret_occasion) {
    int32_t month = (int32_t)(birthday / 100);
    int32_t day = (int32_t)(birthday % 100);
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    int32_t year = after_year > last_year ? after_year : last_year + 1;
    int64_t ends_ms = 0;
    int32_t number = 0;
    for (int i = 0; i < 2; i++, year++) {
        number = day_in_month(year, month, day);
        ends_ms = hy_day_start_ms(&campaign->zone, number + 1);
        if (ends_ms > after_ms) break;
    }
    snprintf(ret_occasion->name, sizeof ret_occasion->name, "%04d", year);
    ret_occasion->begins_ms = at_hour(campaign, number - campaign->days_before);
    ret_occasion->ends_ms = ends_ms;
    return true;
}

// Months are counted from year 0 on.
static bool member_day_occasion(const struct hy_campaign *campaign, int32_t after_month, int32_t last_month,
                                int64_t after_ms, struct hy_occasion *ret_occasion) {
    int32_t month = after_month > last_month ? after_month : last_month + 1;
    int64_t ends_ms = 0;
    int32_t number = 0;
    for (int i = 0; i < 2; i++, month++) {
        number = day_in_month(month / 12, month % 12 + 1, campaign->day);
        ends_ms = hy_day_start_ms(&campaign->zone, number);
        if (ends_ms > after_ms) break;
    }
    snprintf(ret_occasion->name, sizeof ret_occasion->name, "%04d-%02d", month / 12, month % 12 + 1);
    ret_occasion->begins_ms = at_hour(campaign, number - 1);
    ret_occasion->ends_ms = ends_ms;
    return true;
}

bool hy_campaign_occasion(const struct hy_campaign *campaign, uint32_t birthday, int64_t after_ms,
                          const char *last, struct hy_occasion *ret_occasion) {
    struct hy_civil after = hy_civil_at(&campaign->zone, after_ms);
    int32_t last_year = last[0] == '\0' ? 0 : (int32_t)strtol(last, NULL, 10);
    if (campaign->kind == HY_CAMPAIGN_BIRTHDAY)
        return birthday_occasion(campaign, birthday, after.year, last_year, after_ms, ret_occasion);
    int32_t last_month = strlen(last) == 7 ? last_year * 12 + (int32_t)strtol(last + 5, NULL, 10) - 1 : 0;
    return member_day_occasion(campaign, after.year * 12 + after.month - 1, last_month, after_ms,
                               ret_occasion);
}

bool hy_campaign_wants_tier(const struct hy_campaign *campaign, const char *tier) {
    for (size_t i = 0; i < campaign->tier_count; i++) {
        if (strcmp(campaign->tiers[i], tier) == 0) return true;
    }
    return campaign->tier_count == 0;
}

uint32_t hy_campaign_bucket(const char *campaign_id, const char *member_id) {
    char text[256];
    int length = snprintf(text, sizeof text, "%s/%s", campaign_id, member_id);
    size_t used = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    return (uint32_t)(hy_share_hash(hy_bytes(text, used)) % HY_SHARE_WHOLE);
}

bool hy_campaign_holds_out(const struct hy_campaign *campaign, const char *member_id) {
    return (int32_t)hy_campaign_bucket(campaign->id, member_id) < campaign->control_share;
}

int64_t hy_coupon_expiry_ms(const struct hy_campaign *campaign, int64_t issued_at_ms) {
    int32_t day = hy_day_at(&campaign->zone, issued_at_ms);
    return hy_day_start_ms(&campaign->zone, day + (int32_t)campaign->coupon.valid_days + 1) - 1;
}
