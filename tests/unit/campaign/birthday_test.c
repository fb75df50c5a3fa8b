#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/campaign/desk.h"

#define KIND(name) HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__##name

typedef Huiyuan__V1__CampaignChange Change;

static const char FILE_OF_3[] =
    "id: b\nversion: 4\nkind: birthday\neffective_from: 2026-01-01\nmessage: happy\ncontrol_share: 0\n"
    "days_before: 7\nbudget: 3\ncoupon: {name_zh: 券, name_en: Coupon, value: 20, minimum_spend: 99.5, "
    "valid_days: 30}\n";

static struct desk desk;

static struct key *given_member(const char *id) {
    struct key *member = desk_key(&desk, id);
    desk_enrol(&desk, member, 517);
    return member;
}

static void setup(void) {
    desk_open(&desk, "2026-05-12T12:00");
    desk_publish(&desk, FILE_OF_3);
}

static void finish(void) {
    desk_close(&desk);
}

TestSuite(campaign_birthday, .init = setup, .fini = finish);

Test(campaign_birthday, from_the_turn_to_the_coupon) {
    struct key *member = given_member("m1");
    struct key *budget = desk_key(&desk, "budget/b");
    const Change *entered = desk_timer(&desk, member);
    then_kind(entered, KIND(ENTERED));
    cr_assert_str_eq(entered->variant, "treatment");
    cr_assert_str_eq(entered->occasion, "2026");
    cr_assert_str_eq(entered->template_, ""); // the message comes with the coupon
    const Change *reserved = desk_hand_on(&desk, budget);
    then_kind(reserved, KIND(BUDGET_RESERVED));
    cr_assert_eq(reserved->budget_used, 1);
    cr_assert_eq(reserved->budget, 3);
    cr_assert_str_eq(reserved->member_id, "m1");
    const Change *issued = desk_hand_on(&desk, member);
    then_kind(issued, KIND(COUPON_ISSUED));
    cr_assert_str_eq(issued->template_, "happy");
    cr_assert_eq(issued->campaign_version, 4);
    cr_assert_eq(issued->coupon->value_fen, 2000);
    cr_assert_eq(issued->coupon->minimum_spend_fen, 9950);
    cr_assert_eq(issued->coupon->issued_at_ms, desk.now_ms);
    cr_assert_eq(issued->coupon->expires_at_ms, shanghai_ms("2026-06-12T00:00") - 1);
    cr_assert(hy_coupon_code_good(issued->coupon->code));
    char name[32];
    snprintf(name, sizeof name, "coupon/%s", issued->coupon->code);
    struct key *coupon = desk_key(&desk, name);
    then_kind(desk_hand_on(&desk, coupon), KIND(COUPON_OPENED));
    cr_assert_str_eq(coupon->state.kept->member_id, "m1");
    cr_assert_str_eq(coupon->state.kept->coupon->name_zh, "券");
    cr_assert_eq(member->state.kept->n_coupons, 1);
}

Test(campaign_birthday, the_budget_grants_exactly_what_there_is) {
    struct key *budget = desk_key(&desk, "budget/b");
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof id, "m%d", i);
        struct key *member = given_member(id);
        desk_timer(&desk, member);
        then_kind(desk_hand_on(&desk, budget), i < 3 ? KIND(BUDGET_RESERVED) : KIND(BUDGET_EXHAUSTED));
        const Change *settled = desk_hand_on(&desk, member);
        then_kind(settled, i < 3 ? KIND(COUPON_ISSUED) : KIND(COUPON_DENIED));
        cr_assert_eq(settled->template_[0] != '\0', i < 3); // who gets nothing hears nothing
    }
    cr_assert_eq(budget->state.kept->budget_used, 3);
}

Test(campaign_birthday, a_version_with_a_smaller_budget_grants_nothing_more) {
    struct key *budget = desk_key(&desk, "budget/b");
    struct key *first = given_member("m1");
    struct key *second = given_member("m2");
    desk_timer(&desk, first);
    then_kind(desk_hand_on(&desk, budget), KIND(BUDGET_RESERVED));
    desk_publish(
        &desk, campaign_with(campaign_with(FILE_OF_3, "version: 4", "version: 5"), "budget: 3", "budget: 1"));
    desk_timer(&desk, second);
    then_kind(desk_hand_on(&desk, budget), KIND(BUDGET_EXHAUSTED));
}

Test(campaign_birthday, the_control_group_has_its_turn_and_gets_nothing) {
    desk_publish(&desk, campaign_with(campaign_with(FILE_OF_3, "version: 4", "version: 5"),
                                      "control_share: 0", "control_share: 100"));
    struct key *member = given_member("m1");
    const Change *change = desk_timer(&desk, member);
    then_kind(change, KIND(HELD_OUT));
    cr_assert_str_eq(change->variant, "control");
    cr_assert_str_eq(change->template_, "");
    cr_assert_eq(desk.decision.command_count, 0);
    cr_assert_eq(desk_run_timers(&desk, member), 0);
}

Test(campaign_birthday, who_is_erased_before_the_budget_answers_gets_no_coupon) {
    struct key *member = given_member("m1");
    struct key *budget = desk_key(&desk, "budget/b");
    desk_timer(&desk, member);
    desk_hand_on(&desk, budget);
    struct hy_decision word = desk.decision;
    desk_erase(&desk, member);
    desk.decision = word;
    cr_assert_eq(desk_hand_on(&desk, member), NULL);
    cr_assert_eq(desk.decision.code, HY_MEMBER_ERASED);
}

Test(campaign_birthday, each_year_has_a_code_of_its_own) {
    struct key *member = given_member("m1");
    struct key *budget = desk_key(&desk, "budget/b");
    for (int year = 0; year < 2; year++) {
        desk_timer(&desk, member);
        desk_hand_on(&desk, budget);
        then_kind(desk_hand_on(&desk, member), KIND(COUPON_ISSUED));
        desk.now_ms = desk_due(&desk, member);
    }
    // The one of last year expired more than 60 days ago, and is no longer kept.
    cr_assert_eq(member->state.kept->n_coupons, 1);
    cr_assert_eq(budget->state.kept->budget_used, 2);
}
