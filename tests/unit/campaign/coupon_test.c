#include <criterion/criterion.h>

#include "tests/unit/campaign/desk.h"

#define KIND(name) HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__##name

typedef Huiyuan__V1__CampaignChange Change;

static struct desk desk;
static struct key *coupon;

static const Change *open(const char *code, const char *member_id) {
    Huiyuan__V1__Coupon made = HUIYUAN__V1__COUPON__INIT;
    made.code = (char *)(uintptr_t)code;
    made.campaign_id = (char *)(uintptr_t) "b";
    made.value_fen = 2000;
    made.expires_at_ms = shanghai_ms("2026-06-12T00:00") - 1;
    Huiyuan__V1__OpenCoupon opened = HUIYUAN__V1__OPEN_COUPON__INIT;
    opened.member_id = (char *)(uintptr_t)member_id;
    opened.code = made.code;
    opened.campaign_id = made.campaign_id;
    opened.coupon = &made;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON;
    command.open_coupon = &opened;
    return desk_decide(&desk, coupon, CAMPAIGN_OPEN, &command);
}

static void setup(void) {
    desk_open(&desk, "2026-05-12T12:00");
    coupon = desk_key(&desk, "coupon/000000000000");
    then_kind(open("000000000000", "m1"), KIND(COUPON_OPENED));
}

static void finish(void) {
    desk_close(&desk);
}

TestSuite(campaign_coupon, .init = setup, .fini = finish);

static void then_declined(const Change *change, enum hy_code code) {
    cr_assert_eq(change, NULL);
    cr_assert_eq(desk.decision.outcome, HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED);
    cr_assert_eq(desk.decision.code, code, "%s", hy_code_name(desk.decision.code));
}

static const Huiyuan__V1__CouponAnswer *answer(void) {
    struct hy_input input = {0};
    return (const Huiyuan__V1__CouponAnswer *)desk.brain.answer(&desk.campaign, &input, desk.decision.note,
                                                                &desk.arena);
}

Test(campaign_coupon, the_first_till_wins_and_the_member_hears_of_it) {
    const Change *used = desk_redeem(&desk, coupon, "r1");
    then_kind(used, KIND(COUPON_USED_UP));
    cr_assert_str_eq(used->coupon->store_id, "S1");
    cr_assert_eq(used->coupon->redeemed_at_ms, desk.now_ms); // the till did not say when
    cr_assert_str_eq(answer()->code, "000000000000");
    cr_assert_str_eq(answer()->member_id, "m1");
    cr_assert_eq(answer()->coupon->value_fen, 2000);
    struct key *member = desk_key(&desk, "m1");
    then_kind(desk_hand_on(&desk, member), KIND(COUPON_SPENT));
    then_declined(desk_redeem(&desk, coupon, "r2"), HY_COUPON_REDEEMED);
}

Test(campaign_coupon, the_same_redemption_again_is_confirmed_and_changes_nothing) {
    desk_redeem(&desk, coupon, "r1");
    struct hy_buffer before;
    struct hy_buffer after;
    hy_buffer_init(&before, 4096);
    hy_buffer_init(&after, 4096);
    campaign_save(&coupon->state, &before);
    desk.now_ms = shanghai_ms("2026-12-01T00:00"); // also when it would have expired meanwhile
    then_kind(desk_redeem(&desk, coupon, "r1"), KIND(COUPON_CONFIRMED));
    cr_assert_eq(desk.decision.command_count, 0);
    cr_assert_eq(answer()->coupon->value_fen, 2000);
    campaign_save(&coupon->state, &after);
    cr_assert(hy_bytes_equal(hy_buffer_bytes(&before), hy_buffer_bytes(&after)));
    hy_buffer_free(&before);
    hy_buffer_free(&after);
}

Test(campaign_coupon, it_can_be_used_until_its_last_moment) {
    desk.now_ms = shanghai_ms("2026-06-12T00:00");
    then_declined(desk_redeem(&desk, coupon, "r1"), HY_COUPON_EXPIRED);
    desk.now_ms--;
    then_kind(desk_redeem(&desk, coupon, "r1"), KIND(COUPON_USED_UP));
}

Test(campaign_coupon, what_was_never_issued_is_unknown) {
    struct key *other = desk_key(&desk, "coupon/000000000001");
    then_declined(desk_redeem(&desk, other, "r1"), HY_COUPON_UNKNOWN);
    cr_assert_eq(other->state.kept, NULL);
}

Test(campaign_coupon, a_code_that_two_would_share_stays_the_firsts) {
    then_declined(open("000000000000", "m2"), HY_ID_REUSED);
    cr_assert_str_eq(coupon->state.kept->member_id, "m1");
}

Test(campaign_coupon, issued_and_redeemed_are_counted_once) {
    int64_t tallies[4] = {0};
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    const Change *used = desk_redeem(&desk, coupon, "r1");
    desk.brain.tally(&desk.campaign, tallies, &record, &used->base);
    const Change *confirmed = desk_redeem(&desk, coupon, "r1");
    desk.brain.tally(&desk.campaign, tallies, &record, &confirmed->base);
    cr_assert_eq(tallies[1], 1);
}
