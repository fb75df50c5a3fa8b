// A member as JSON: what everybody may see, and who they are.
#include <inttypes.h>
#include <string.h>

#include "common/io/clock.h"
#include "services/gateway/personal.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"
#include "services/gateway/tier_names.h"

static void set_text(json_t *json, const char *name, const char *text) {
    if (*text != '\0') json_object_set_new(json, name, json_string(text));
}

static void set_time(json_t *json, const char *name, int64_t time_ms) {
    if (time_ms > 0) json_object_set_new(json, name, json_time(time_ms));
}

// ---- tier

// "¥300", "¥300.50"
static const char *yuan(int64_t fen, struct hy_arena *arena) {
    if (fen % 100 == 0) return hy_arena_printf(arena, "¥%" PRId64, fen / 100);
    return hy_arena_printf(arena, "¥%" PRId64 ".%02" PRId64, fen / 100, fen % 100);
}

// What is missing, by the ways that lead there; "" when none does.
static const char *missing(const Huiyuan__V1__TierState *tier, const char *growth_word, const char * or,
                           struct hy_arena *arena) {
    const char *growth = tier->growth_to_next > 0
                             ? hy_arena_printf(arena, "%" PRId64 "%s", tier->growth_to_next, growth_word)
                             : "";
    const char *spend = tier->spend_to_next_fen > 0 ? yuan(tier->spend_to_next_fen, arena) : "";
    bool both = *growth != '\0' && *spend != '\0';
    return hy_arena_printf(arena, "%s%s%s", spend, both ? or : "", growth);
}

static json_t *next_tier(const struct gateway *gateway, const Huiyuan__V1__TierState *tier,
                         struct hy_arena *arena) {
    struct tier_name name = tier_name_of(gateway, tier->next_tier);
    json_t *json = json_pack("{s:s, s:s, s:s}", "id", name.id, "name_zh", name.zh, "name_en", name.en);
    if (tier->growth_to_next > 0) json_object_set_new(json, "growth", json_integer(tier->growth_to_next));
    if (tier->spend_to_next_fen > 0)
        json_object_set_new(json, "spend_fen", json_integer(tier->spend_to_next_fen));
    const char *zh = missing(tier, " 成长值", " 或 ", arena);
    const char *en = missing(tier, " growth", " or ", arena);
    if (*zh != '\0') {
        json_object_set_new(json, "progress_zh", json_sprintf("还差 %s 升%s", zh, name.zh));
        json_object_set_new(json, "progress_en", json_sprintf("%s more for %s", en, name.en));
    }
    return json;
}

json_t *render_tier(const struct gateway *gateway, const Huiyuan__V1__TierState *tier,
                    struct hy_arena *arena) {
    struct tier_name name = tier_name_of(gateway, tier->tier);
    json_t *json = json_pack("{s:s, s:s, s:s}", "id", name.id, "name_zh", name.zh, "name_en", name.en);
    set_time(json, "since", tier->since_ms);
    set_text(json, "reason", tier->reason);
    json_object_set_new(json, "growth", json_integer(tier->growth));
    json_object_set_new(json, "year_spend_fen", json_integer(tier->year_spend_fen));
    if (*tier->next_tier != '\0') json_object_set_new(json, "next", next_tier(gateway, tier, arena));
    set_time(json, "review_at", tier->review_at_ms);
    return json;
}

// ---- coupons

static const char *coupon_status(const Huiyuan__V1__Coupon *coupon) {
    if (coupon->redeemed_at_ms > 0) return "redeemed";
    return coupon->expires_at_ms > 0 && coupon->expires_at_ms < hy_clock_now_ms() ? "expired" : "open";
}

json_t *render_coupon(const Huiyuan__V1__Coupon *coupon) {
    json_t *json = json_object();
    json_object_set_new(json, "code", json_string(coupon->code));
    json_object_set_new(json, "status", json_string(coupon_status(coupon)));
    json_object_set_new(json, "campaign_id", json_string(coupon->campaign_id));
    set_text(json, "name_zh", coupon->name_zh);
    set_text(json, "name_en", coupon->name_en);
    json_object_set_new(json, "value_fen", json_integer(coupon->value_fen));
    json_object_set_new(json, "minimum_spend_fen", json_integer(coupon->minimum_spend_fen));
    set_time(json, "issued_at", coupon->issued_at_ms);
    set_time(json, "expires_at", coupon->expires_at_ms);
    set_time(json, "redeemed_at", coupon->redeemed_at_ms);
    set_text(json, "store_id", coupon->store_id);
    return json;
}

json_t *render_coupon_of(const char *member_id, const Huiyuan__V1__Coupon *coupon) {
    json_t *json = render_coupon(coupon);
    json_object_set_new(json, "member_id", json_string(member_id));
    return json;
}

static json_t *coupons(const Huiyuan__V1__CampaignState *campaigns) {
    json_t *list = json_array();
    for (size_t i = campaigns->n_coupons; i-- > 0;)
        json_array_append_new(list, render_coupon(campaigns->coupons[i]));
    return list;
}

// ---- profile

static json_t *consents(const Huiyuan__V1__MemberProfile *profile) {
    json_t *json = json_object();
    for (int channel = 1; channel < HY_CHANNELS; channel++)
        json_object_set_new(json, hy_channel_name((Huiyuan__V1__ContactChannel)channel), json_false());
    for (size_t i = 0; i < profile->n_consents; i++) {
        const char *name = hy_channel_name(profile->consents[i]->channel);
        if (name != NULL) json_object_set_new(json, name, json_boolean(profile->consents[i]->granted));
    }
    return json;
}

static Huiyuan__V1__PersonalData *open_personal(const struct member_view *view) {
    struct hy_member_key key;
    struct request *request = view->request;
    if (view->profile->personal == NULL ||
        !personal_key_open(request->gateway->kek, view->member_id, view->wrapped_key, &request->arena, &key))
        return NULL;
    Huiyuan__V1__PersonalData *personal =
        personal_open(&key, view->member_id, view->profile->personal, &request->arena);
    hy_member_key_wipe(&key);
    return personal;
}

// Marketing works with pseudonyms: what a role need not know, it is not told.
static bool may_know_who(const struct request *request) {
    return request->role != HUIYUAN__V1__ROLE__ROLE_MARKETING;
}

static json_t *profile(const struct member_view *view) {
    json_t *json = json_object();
    const Huiyuan__V1__MemberProfile *profile = view->profile;
    if (may_know_who(view->request)) {
        Huiyuan__V1__PersonalData *personal = open_personal(view);
        if (personal != NULL) {
            set_text(json, "phone", personal->phone);
            set_text(json, "name", personal->name);
            set_text(json, "birthday", personal->birthday);
            set_text(json, "email", personal->email);
        }
        json_object_set_new(json, "sealed", json_boolean(personal == NULL));
    } else {
        json_object_set_new(json, "sealed", json_true());
    }
    json_object_set_new(json, "language",
                        json_string(profile->language == HUIYUAN__V1__LANGUAGE__EN ? "en" : "zh"));
    json_object_set_new(json, "consents", consents(profile));
    set_time(json, "enrolled_at", profile->enrolled_at_ms);
    json_object_set_new(json, "version", json_integer(profile->version));
    return json;
}

// ---- all of it

json_t *render_view(const struct member_view *view) {
    static const Huiyuan__V1__PointsState none = HUIYUAN__V1__POINTS_STATE__INIT;
    json_t *json = render_member(view->member_id, view->points == NULL ? &none : view->points);
    const Huiyuan__V1__MemberProfile *known = view->profile;
    if (view->tier != NULL)
        json_object_set_new(json, "tier",
                            render_tier(view->request->gateway, view->tier, &view->request->arena));
    if (view->campaigns != NULL) json_object_set_new(json, "coupons", coupons(view->campaigns));
    if (known == NULL) return json;
    if (known->erased_at_ms > 0) {
        json_object_set_new(json, "erased", json_true());
        set_time(json, "erased_at", known->erased_at_ms);
    } else if (known->version > 0) {
        json_object_set_new(json, "profile", profile(view));
    }
    return json;
}
