// Campaigns: what a campaign file says, which version is in effect, whom it has when. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/calendar.h"
#include "common/program/program.h"

enum hy_campaign_kind { // as CampaignKind of proto/campaigns.proto
    HY_CAMPAIGN_BIRTHDAY = 1,
    HY_CAMPAIGN_MEMBER_DAY = 2,
};

enum {
    HY_SHARE_WHOLE = 10000, // hundredths of a percent: all members
    HY_DAYS_BEFORE_LIMIT = 60,
    HY_VALID_DAYS_LIMIT = 731,
    HY_BUDGET_LIMIT = 1000000000,
    HY_OCCASION_BYTES = 16, // "2026" or "2026-11", with the terminator
};
// Times 10.00 (hundredths). Whoever multiplies points by it keeps them within HY_FACTOR_PRODUCT_LIMIT.
#define HY_MEMBER_DAY_FACTOR_LIMIT 1000

// What a treated member gets on the birthday.
struct hy_coupon_offer {
    char name_zh[HY_NAME_LIMIT_BYTES + 1], name_en[HY_NAME_LIMIT_BYTES + 1];
    int64_t value_fen;         // taken off
    int64_t minimum_spend_fen; // of an order; 0: none
    int64_t valid_days;        // days after the day of issue; it ends with the last one
};

// One version of a campaign.
struct hy_campaign {
    char id[HY_RULE_ID_LIMIT_BYTES + 1];
    uint32_t version; // from 1
    enum hy_campaign_kind kind;
    char name_zh[HY_NAME_LIMIT_BYTES + 1], name_en[HY_NAME_LIMIT_BYTES + 1];
    struct hy_zone zone;
    int64_t published_at_ms; // no member has a turn before; 0: never published
    int64_t effective_from_ms;
    int64_t effective_to_ms;                  // exclusive; INT64_MAX: open
    char message[HY_RULE_ID_LIMIT_BYTES + 1]; // the template
    int64_t hour;                             // 0 … 23 by the zone's clocks: when its turn comes
    int32_t control_share; // of the members, in hundredths of a percent: they get nothing, for comparison
    // Birthday.
    int64_t days_before;
    char **tiers; // sorted; none: all
    size_t tier_count;
    int64_t budget; // coupons
    struct hy_coupon_offer coupon;
    // Member day.
    int64_t day; // of the month; clamped to its end
    int32_t multiplier_hundredths;
    char **categories; // sorted; none: all
    size_t category_count;
};

// NULL when there is at least one fault (all are listed, up to the limit). Free with hy_campaign_free.
struct hy_campaign *hy_campaign_parse(struct hy_bytes yaml, hy_zone_loader load_zone,
                                      struct hy_program_faults *ret_faults);
void hy_campaign_free(struct hy_campaign *campaign);

// --- all published versions (campaigns.c) ---

struct hy_campaigns {
    struct hy_campaign **versions; // sorted by id, then effective_from_ms, then version
    size_t count;
    size_t member_day_count; // versions of that kind
};

void hy_campaigns_free(struct hy_campaigns *campaigns);
// Takes ownership. A version that is already there is replaced.
void hy_campaigns_add(struct hy_campaigns *campaigns, struct hy_campaign *campaign);
// Takes one message of the topic `program`. False when it is a campaign that cannot be read or has faults:
// then nothing changes. Documents of other kinds are none of ours: true.
bool hy_campaigns_take(struct hy_campaigns *campaigns, struct hy_bytes message, hy_zone_loader load_zone);
// When versions[index] is in effect: from its effective_from until its effective_to, or until a later version
// of the same campaign takes its place. Empty (from >= until) when another version hides it.
void hy_campaigns_span(const struct hy_campaigns *campaigns, size_t index, int64_t *ret_from_ms,
                       int64_t *ret_until_ms);
// The version of a campaign in effect; NULL: none.
const struct hy_campaign *hy_campaigns_at(const struct hy_campaigns *campaigns, const char *id,
                                          int64_t time_ms);
const struct hy_campaign *hy_campaigns_version(const struct hy_campaigns *campaigns, const char *id,
                                               uint32_t version); // NULL: unknown

// The member day campaigns that hold at the moment of a purchase: ask once for each order, then for each
// line.
enum { HY_MEMBER_DAYS_LIMIT = 16 };
struct hy_member_days {
    size_t count; // 0: nothing to ask
    const struct hy_campaign *items[HY_MEMBER_DAYS_LIMIT];
};
// Costs one comparison when no member day campaign is published.
void hy_member_days_at(const struct hy_campaigns *campaigns, int64_t time_ms,
                       struct hy_member_days *ret_days);
// The one with the largest multiplier for a line of this category, of equal ones the first by id; NULL: none.
const struct hy_campaign *hy_member_days_best(const struct hy_member_days *days, const char *category);

// --- one member (occasion.c) ---

// A campaign has a member at most once an occasion: a birthday's year, a member day's month.
struct hy_occasion {
    char name[HY_OCCASION_BYTES];
    int64_t begins_ms; // when its turn comes
    int64_t ends_ms;   // later than this it is pointless: the birthday is over; the member day has begun
};

// The first occasion of this version, for somebody with this birthday (month × 100 + day; 29 February counts
// as the 28th in other years), that ends after `after_ms` and comes after the occasion `last` ("": any).
// False: never.
bool hy_campaign_occasion(const struct hy_campaign *campaign, uint32_t birthday, int64_t after_ms,
                          const char *last, struct hy_occasion *ret_occasion);
// Whether it is meant for members of this tier.
bool hy_campaign_wants_tier(const struct hy_campaign *campaign, const char *tier);
// True: the member is in the control group. By a stable hash of campaign and member, the same in every
// version: a larger share only adds members.
bool hy_campaign_holds_out(const struct hy_campaign *campaign, const char *member_id);
// That hash: 0 … 9999.
uint32_t hy_campaign_bucket(const char *campaign_id, const char *member_id);
// The last moment of a coupon issued at that time.
int64_t hy_coupon_expiry_ms(const struct hy_campaign *campaign, int64_t issued_at_ms);

// --- coupon codes (coupon_code.c) ---

enum { HY_COUPON_CODE_BYTES = 13, HY_COUPON_SECRET_BYTES = 32 };

// 12 characters of Crockford's base32, upper case: 55 bits of keyed BLAKE2b, and a check character. Nobody
// without the secret can guess one; with it, the same coupon has the same code.
void hy_coupon_code_make(char ret_code[HY_COUPON_CODE_BYTES], const uint8_t secret[HY_COUPON_SECRET_BYTES],
                         const char *member_id, const char *campaign_id, const char *occasion);
// Whether the check character fits: a typing error is told from a code that was never issued.
bool hy_coupon_code_good(const char *code);
