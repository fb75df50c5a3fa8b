// What callers say of a member: JSON, checked. Personal data: for the memory of a request alone.
#pragma once

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "proto/members.pb-c.h"

enum {
    HY_PHONE_BYTES = 17,                                    // "+" and 15 digits, with the terminator
    HY_CHANNELS = HUIYUAN__V1__CONTACT_CHANNEL__SOCIAL + 1, // by ContactChannel; 0 is none
};

struct hy_member_fields {
    const char *phone;                   // E.164
    const char *name, *birthday, *email; // NULL: not said; "": taken away
    Huiyuan__V1__Language language;      // unspecified: not said
    struct {
        bool said, granted;
    } consents[HY_CHANNELS];
};

enum hy_member_use {
    HY_MEMBER_NEW,   // phone is required
    HY_MEMBER_PATCH, // a merge patch (RFC 7396): null takes a field away; phone cannot be changed
};

// The fields live in the arena. The clock is not looked at.
struct hy_error hy_member_from_json(struct hy_bytes json, enum hy_member_use use, struct hy_arena *arena,
                                    struct hy_member_fields *ret_fields);

// "email"; NULL: no such channel.
const char *hy_channel_name(Huiyuan__V1__ContactChannel channel);
// E.164 as it is, and a Chinese mobile number of 11 digits with +86 before it. False: neither.
bool hy_phone_normalise(const char *text, char ret_phone[HY_PHONE_BYTES]);
// Month × 100 + day; 0: not known.
uint32_t hy_birthday_number(const char *birthday);

// A coupon is used.
struct hy_redemption {
    const char *store_id;
    const char *purchase_id;   // "": none
    const char *redemption_id; // "": none
};
struct hy_error hy_redemption_from_json(struct hy_bytes json, struct hy_arena *arena,
                                        struct hy_redemption *ret_redemption);
