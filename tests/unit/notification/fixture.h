// One member, a clock, and what notification decides about them.
#pragma once

#include <criterion/criterion.h>

#include "services/notification/notification.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
// 2026-03-04T12:00:00+08:00: noon in Shanghai, nothing is quiet
#define NOON_MS INT64_C(1772596800000)

typedef Huiyuan__V1__DeliveryChange Change;

struct shop {
    struct hy_arena arena;
    struct hy_program program;
    struct hy_zone_change offset;
    struct delivery_policy policy;
    struct templates templates;
    struct deliveries_state member;
    int64_t now_ms;
};

#define KIND(name)    HUIYUAN__V1__DELIVERY_CHANGE_KIND__##name
#define CHANNEL(name) HUIYUAN__V1__CONTACT_CHANNEL__##name

// Shanghai's clocks, tiers ordinary 普通 and silver 银卡, templates "birthday" and "tier-raised", noon.
void shop_open(struct shop *shop);
void shop_close(struct shop *shop);

// What happens to the member; each returns the change, which is applied already.
const Change *member_seen(struct shop *shop, bool email, bool sms);
const Change *member_erased(struct shop *shop);
const Change *tier_raised(struct shop *shop, const char *delivery_id, int64_t when_ms);
const Change *time_comes(struct shop *shop); // the clock goes to what is due first, then its timer
const Change *result(struct shop *shop, const char *delivery_id, uint32_t attempt,
                     Huiyuan__V1__DeliveryOutcome outcome, const char *detail); // NULL: too late
