#include <criterion/criterion.h>

#include "tests/unit/campaign/desk.h"

#define KIND(name) HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__##name

static const char FOR_ALL[] = "id: all\nversion: 1\nkind: birthday\neffective_from: 2026-01-01\nmessage: m\n"
                              "hour: 9\ndays_before: 7\nbudget: 9\ncoupon: {value: 1, valid_days: 30}\n";
static const char MONTHLY[] =
    "id: monthly\nversion: 1\nkind: member-day\neffective_from: 2026-01-01\nmessage: m\n"
    "hour: 10\nday: 28\nmultiplier: 2\n";

static struct desk desk;

static struct key *given_member(const char *now, uint32_t birthday) {
    desk_open(&desk, now);
    struct key *member = desk_key(&desk, "m1");
    then_kind(desk_enrol(&desk, member, birthday), KIND(MEMBER_SEEN));
    return member;
}

static void finish(void) {
    desk_close(&desk);
}

TestSuite(campaign_turns, .fini = finish);

static void then_due(const struct key *member, const char *when) {
    cr_assert_eq(desk_due(&desk, member), shanghai_ms(when), "due at %lld, not %s",
                 (long long)desk_due(&desk, member), when);
}

Test(campaign_turns, a_members_timer_is_the_earliest_of_all_campaigns) {
    struct key *member = given_member("2026-05-01T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    then_due(member, "2026-05-10T09:00");
    desk_publish(&desk, MONTHLY);
    then_due(member, "2026-05-10T09:00");
    desk.now_ms = shanghai_ms("2026-05-10T09:00");
    then_kind(desk_timer(&desk, member), KIND(ENTERED));
    then_due(member, "2026-05-27T10:00");
    desk.now_ms = shanghai_ms("2026-05-27T10:00");
    then_kind(desk_timer(&desk, member), KIND(ENTERED));
    then_due(member, "2026-06-27T10:00");
}

Test(campaign_turns, a_campaign_published_later_has_those_who_are_members_already) {
    struct key *member = given_member("2026-05-12T12:00", 517);
    cr_assert_gt(desk_due(&desk, member), shanghai_ms("2100-01-01T00:00")); // far away, but there
    desk_publish(&desk, FOR_ALL);
    then_due(member, "2026-05-12T12:00"); // at once: the birthday is not over
    then_kind(desk_timer(&desk, member), KIND(ENTERED));
    then_due(member, "2027-05-10T09:00");
}

Test(campaign_turns, what_was_over_when_a_campaign_was_published_costs_no_look) {
    struct key *member = given_member("2026-01-02T12:00", 517);
    desk.now_ms = shanghai_ms("2026-06-01T12:00");
    desk_publish(&desk, FOR_ALL); // in effect since January
    then_due(member, "2027-05-10T09:00");
}

Test(campaign_turns, after_downtime_a_birthday_that_is_not_over_is_made_up_for) {
    struct key *member = given_member("2026-05-01T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    desk.now_ms = shanghai_ms("2026-05-17T23:59");
    cr_assert_eq(desk_run_timers(&desk, member), 1);
    cr_assert_str_eq(member->state.kept->turns[0]->occasion, "2026");
}

Test(campaign_turns, after_downtime_a_birthday_that_is_over_is_skipped) {
    struct key *member = given_member("2026-05-01T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    desk.now_ms = shanghai_ms("2026-05-18T00:00");
    then_kind(desk_timer(&desk, member), KIND(LOOKED));
    cr_assert_eq(desk_run_timers(&desk, member), 0);
    then_due(member, "2027-05-10T09:00");
    cr_assert_eq(member->state.kept->n_turns, 0);
}

Test(campaign_turns, several_that_are_open_at_once_come_one_after_the_other) {
    struct key *member = given_member("2026-05-01T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    desk_publish(&desk, campaign_with(FOR_ALL, "id: all", "id: other"));
    desk.now_ms = shanghai_ms("2026-05-11T00:00");
    cr_assert_eq(desk_run_timers(&desk, member), 2);
    cr_assert_eq(member->state.kept->n_turns, 2);
}

Test(campaign_turns, a_tier_opens_a_campaign_and_closes_it) {
    struct key *member = given_member("2026-05-12T12:00", 517);
    desk_publish(&desk, BIRTHDAY_FILE); // silver, gold
    cr_assert_gt(desk_due(&desk, member), shanghai_ms("2100-01-01T00:00"));
    then_kind(desk_tier(&desk, member, "silver"), KIND(TIER_SEEN));
    then_due(member, "2026-05-12T12:00");
    desk_tier(&desk, member, "ordinary");
    cr_assert_gt(desk_due(&desk, member), shanghai_ms("2100-01-01T00:00"));
}

Test(campaign_turns, who_never_had_a_tier_has_the_programs_first) {
    struct key *member = given_member("2026-05-12T12:00", 517);
    desk_publish(&desk, campaign_with(BIRTHDAY_FILE, "tiers: [silver, gold]", "tiers: [ordinary]"));
    const Huiyuan__V1__CampaignChange *change = desk_timer(&desk, member);
    then_kind(change, KIND(ENTERED));
    cr_assert_str_eq(change->tier, "ordinary");
}

Test(campaign_turns, a_campaign_that_has_ended_leaves_one_look_and_no_turn) {
    struct key *member = given_member("2026-05-01T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    then_due(member, "2026-05-10T09:00");
    desk_publish(&desk, campaign_with(campaign_with(FOR_ALL, "version: 1", "version: 2"),
                                      "effective_from: 2026-01-01",
                                      "effective_from: 2026-01-01\neffective_to: 2026-05-05"));
    cr_assert_gt(desk_due(&desk, member), shanghai_ms("2100-01-01T00:00"));
    desk.now_ms = shanghai_ms("2026-05-10T09:00"); // an instance that had not heard of it set the timer
    then_kind(desk_timer(&desk, member), KIND(LOOKED));
}

Test(campaign_turns, a_new_version_moves_the_turn_and_gives_no_second_one) {
    struct key *member = given_member("2026-05-01T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    desk_publish(&desk, campaign_with(campaign_with(FOR_ALL, "version: 1", "version: 2"), "days_before: 7",
                                      "days_before: 10"));
    then_due(member, "2026-05-07T09:00");
    desk.now_ms = shanghai_ms("2026-05-07T09:00");
    const Huiyuan__V1__CampaignChange *change = desk_timer(&desk, member);
    cr_assert_eq(change->campaign_version, 2);
    desk_publish(&desk, campaign_with(campaign_with(FOR_ALL, "version: 1", "version: 3"), "days_before: 7",
                                      "days_before: 1"));
    then_due(member, "2027-05-16T09:00");
}

Test(campaign_turns, another_birthday_in_the_same_year_gives_no_second_turn) {
    struct key *member = given_member("2026-05-12T12:00", 517);
    desk_publish(&desk, FOR_ALL);
    cr_assert_eq(desk_run_timers(&desk, member), 1);
    desk_enrol(&desk, member, 601);
    then_due(member, "2027-05-25T09:00");
    desk_enrol(&desk, member, 517);
    then_due(member, "2027-05-10T09:00");
    desk_enrol(&desk, member, 0);
    cr_assert_gt(desk_due(&desk, member), shanghai_ms("2100-01-01T00:00"));
}

Test(campaign_turns, years_of_timers_give_one_birthday_a_year_and_twelve_member_days) {
    struct key *member = given_member("2026-01-01T00:30", 229);
    desk_publish(&desk, FOR_ALL);
    desk_publish(&desk, campaign_with(MONTHLY, "day: 28", "day: 31"));
    int count = 0;
    for (; desk.now_ms < shanghai_ms("2031-01-01T00:00"); count++) {
        int64_t due_ms = desk_due(&desk, member);
        cr_assert_gt(due_ms, desk.now_ms);
        desk.now_ms = due_ms;
        then_kind(desk_timer(&desk, member), KIND(ENTERED));
    }
    cr_assert_eq(count, 5 + 5 * 12 + 1); // and the one of January 2031, which ended the loop
}
