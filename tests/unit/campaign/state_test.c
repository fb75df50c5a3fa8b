#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/campaign/desk.h"

#define KIND(name) HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__##name
#define LONGEST    "0123456789012345678901234567890123456789012345678901234567890123456789"

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static void issue(struct campaign_state *state, int number, int64_t issued_at_ms) {
    char code[16];
    snprintf(code, sizeof code, "%012d", number);
    Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT;
    coupon.code = code;
    coupon.campaign_id = hy_bytes_of(LONGEST).length > 40 ? text(LONGEST + 30) : text("");
    coupon.name_zh = text(LONGEST + 7);
    coupon.name_en = text(LONGEST + 7);
    coupon.value_fen = coupon.minimum_spend_fen = INT64_C(1000000000);
    coupon.issued_at_ms = issued_at_ms;
    coupon.expires_at_ms = issued_at_ms + INT64_C(86400000);
    Huiyuan__V1__CampaignChange change = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
    change.kind = KIND(COUPON_ISSUED);
    change.coupon = &coupon;
    campaign_evolve(state, &change);
}

static void spend(struct campaign_state *state, int number, int64_t at_ms) {
    char code[16];
    snprintf(code, sizeof code, "%012d", number);
    Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT;
    coupon.code = code;
    coupon.store_id = text(LONGEST + 6);
    coupon.redeemed_at_ms = at_ms;
    Huiyuan__V1__CampaignChange change = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
    change.kind = KIND(COUPON_SPENT);
    change.coupon = &coupon;
    campaign_evolve(state, &change);
}

static void enter(struct campaign_state *state, const char *campaign, const char *occasion) {
    Huiyuan__V1__CampaignChange change = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
    change.kind = KIND(ENTERED);
    change.campaign_id = text(campaign);
    change.occasion = text(occasion);
    campaign_evolve(state, &change);
}

static void see(struct campaign_state *state, bool erased) {
    Huiyuan__V1__CampaignChange change = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
    change.kind = KIND(MEMBER_SEEN);
    change.birthday = erased ? 0 : 517;
    change.erased = erased;
    change.looked_at_ms = 1000;
    campaign_evolve(state, &change);
}

enum { ROOM_BYTES = 16 * 1024 }; // of the stage for one state

Test(campaign_state, the_fullest_state_fits_the_room_that_the_stage_has) {
    struct campaign_state state = {0};
    see(&state, false);
    for (int i = 0; i < 100; i++) {
        char campaign[64];
        snprintf(campaign, sizeof campaign, "%s%02d", LONGEST + 32, i);
        issue(&state, i, 1000);
        spend(&state, i, 2000);
        enter(&state, campaign, "2026-11");
    }
    cr_assert_eq(state.kept->n_coupons, CAMPAIGN_COUPONS_LIMIT);
    cr_assert_eq(state.kept->n_turns, CAMPAIGN_TURNS_LIMIT);
    cr_assert_str_eq(state.kept->coupons[CAMPAIGN_COUPONS_LIMIT - 1]->code,
                     "000000000099"); // the newest are kept
    struct hy_buffer saved;
    hy_buffer_init(&saved, ROOM_BYTES);
    campaign_save(&state, &saved);
    cr_assert_not(saved.failed);
    struct campaign_state loaded;
    cr_assert(campaign_load(hy_buffer_bytes(&saved), &loaded));
    struct hy_buffer again;
    hy_buffer_init(&again, ROOM_BYTES);
    campaign_save(&loaded, &again);
    cr_assert(hy_bytes_equal(hy_buffer_bytes(&saved), hy_buffer_bytes(&again)));
    hy_buffer_free(&saved);
    hy_buffer_free(&again);
    campaign_state_free(&state);
    campaign_state_free(&loaded);
}

Test(campaign_state, coupons_are_kept_for_60_days_after_use_or_expiry) {
    static const int64_t DAY_MS = INT64_C(86400000);
    struct campaign_state state = {0};
    see(&state, false);
    issue(&state, 1, 0); // expires on day 1
    issue(&state, 2, 0);
    spend(&state, 2, DAY_MS / 2); // spent before
    issue(&state, 3, 60 * DAY_MS + DAY_MS / 2);
    cr_assert_eq(state.kept->n_coupons, 3);
    issue(&state, 4, 60 * DAY_MS + DAY_MS / 2 + 1);
    cr_assert_eq(state.kept->n_coupons, 3); // 2 is gone
    issue(&state, 5, 61 * DAY_MS + 1);
    cr_assert_eq(state.kept->n_coupons, 3); // 1 too
    cr_assert_str_eq(state.kept->coupons[0]->code, "000000000003");
    campaign_state_free(&state);
}

Test(campaign_state, nothing_is_left_of_an_erased_member) {
    struct campaign_state state = {0};
    see(&state, false);
    issue(&state, 1, 0);
    enter(&state, "b", "2026");
    see(&state, true);
    struct hy_buffer saved;
    hy_buffer_init(&saved, ROOM_BYTES);
    campaign_save(&state, &saved);
    cr_assert_eq(saved.length, 0);
    hy_buffer_free(&saved);
    campaign_state_free(&state);
}

Test(campaign_state, bytes_that_are_no_state_are_refused) {
    struct campaign_state state;
    cr_assert_not(campaign_load(hy_bytes_of("\xff\xff\xff"), &state));
    cr_assert_eq(state.kept, NULL);
}

Test(campaign_state, a_state_with_more_than_is_kept_is_no_state) {
    for (size_t coupons = 0; coupons < 2; coupons++) {
        Huiyuan__V1__CampaignState full = HUIYUAN__V1__CAMPAIGN_STATE__INIT;
        Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT, *coupon_list[CAMPAIGN_TURNS_LIMIT + 1];
        Huiyuan__V1__CampaignTurn turn = HUIYUAN__V1__CAMPAIGN_TURN__INIT, *turns[CAMPAIGN_TURNS_LIMIT + 1];
        for (size_t i = 0; i <= CAMPAIGN_TURNS_LIMIT; i++) {
            coupon_list[i] = &coupon;
            turns[i] = &turn;
        }
        full.coupons = coupon_list;
        full.turns = turns;
        full.n_coupons = coupons == 1 ? CAMPAIGN_COUPONS_LIMIT + 1 : CAMPAIGN_COUPONS_LIMIT;
        full.n_turns = coupons == 1 ? CAMPAIGN_TURNS_LIMIT : CAMPAIGN_TURNS_LIMIT + 1;
        struct campaign_state state = {.kept = &full}, loaded;
        struct hy_buffer saved;
        hy_buffer_init(&saved, 64 * 1024);
        campaign_save(&state, &saved);
        cr_assert_not(campaign_load(hy_buffer_bytes(&saved), &loaded));
        cr_assert_eq(loaded.kept, NULL);
        hy_buffer_free(&saved);
    }
}

Test(campaign_state, a_record_about_a_coupon_that_names_none_changes_nothing) {
    struct campaign_state state = {0};
    see(&state, false);
    for (int spent = 0; spent < 2; spent++) {
        Huiyuan__V1__CampaignChange change = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
        change.kind = spent == 1 ? KIND(COUPON_SPENT) : KIND(COUPON_ISSUED);
        campaign_evolve(&state, &change);
        cr_assert(state.kept != NULL && state.kept->enrolled && state.kept->n_coupons == 0);
    }
    campaign_state_free(&state);
}
