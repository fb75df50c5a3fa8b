#include "tests/unit/member/given.h"

#define IDENTITY "phone/00112233445566778899aabbccddeeff"

Test(enrol, a_free_identity_is_taken_and_the_member_opens) {
    struct given *given = given_key(IDENTITY);
    const struct hy_decision *decision = when_sent(given, an_enrolment(given, "m1"));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN);
    cr_assert_str_eq(the_profile(given)->leads_to, "m1");
    cr_assert_str_eq(the_answer(given)->member_id, "m1");
    cr_assert(the_answer(given)->created);
    cr_assert_eq(decision->publish_count, 0);
    cr_assert_eq(decision->command_count, 1);
    cr_assert_str_eq(decision->commands[0].to, "members");
    cr_assert_str_eq(decision->commands[0].member_id, "m1");
    const Huiyuan__V1__Command *command = decision->commands[0].command;
    cr_assert_eq(command->body_case, HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER);
    cr_assert_str_eq(command->open_member->identity, IDENTITY);
    cr_assert_eq(command->open_member->birthday, 517);
    cr_assert_eq(command->open_member->personal->ciphertext.len, 6 + MEMBER_TAG_BYTES);
    cr_assert_eq(command->open_member->n_consents, 2);
    cr_assert_eq(command->open_member->consents[0]->channel, HUIYUAN__V1__CONTACT_CHANNEL__EMAIL);
    cr_assert_eq(command->open_member->consents[0]->changed_at_ms, given->input.event_time_ms);
    given_end(given);
}

Test(enrol, the_record_of_an_identity_holds_nothing_of_the_profile) {
    struct given *given = given_key(IDENTITY);
    when_sent(given, an_enrolment(given, "m1"));
    const Huiyuan__V1__MemberChange *change = the_change(given);
    cr_assert_null(change->personal);
    cr_assert_eq(change->birthday, 0);
    cr_assert_eq(change->n_consents, 0);
    given_end(given);
}

Test(enrol, a_held_identity_answers_with_its_member_and_the_drawn_key_is_dropped) {
    struct given *given = given_key(IDENTITY);
    when_sent(given, an_enrolment(given, "m1"));
    const struct hy_decision *decision = when_sent(given, an_enrolment(given, "m2"));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_KNOWN);
    cr_assert_str_eq(the_profile(given)->leads_to, "m1");
    cr_assert_str_eq(the_answer(given)->member_id, "m1");
    cr_assert(!the_answer(given)->created);
    cr_assert_eq(decision->command_count, 0);
    cr_assert_eq(decision->publish_count, 1);
    cr_assert_str_eq(decision->publishes[0].topic, "member-keys");
    cr_assert_str_eq(decision->publishes[0].key, "m2");
    cr_assert_eq(decision->publishes[0].value.length, 0);
    given_end(given);
}

Test(enrol, the_key_of_the_member_itself_is_never_dropped_by_enrolling_again) {
    struct given *given = given_key(IDENTITY);
    when_sent(given, an_enrolment(given, "m1"));
    const struct hy_decision *decision = when_sent(given, an_enrolment(given, "m1"));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_KNOWN);
    cr_assert_eq(decision->publish_count, 0);
    given_end(given);
}

Test(enrol, a_member_opens_once) {
    struct given *given = given_key("m1");
    when_sent(given, an_opening(given, IDENTITY));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED);
    const Huiyuan__V1__MemberProfile *profile = the_profile(given);
    cr_assert_eq(profile->version, 1);
    cr_assert_str_eq(profile->identity, IDENTITY);
    cr_assert_eq(profile->birthday, 517);
    cr_assert_eq(profile->language, HUIYUAN__V1__LANGUAGE__ZH);
    cr_assert_eq(profile->personal->ciphertext.len, 6 + MEMBER_TAG_BYTES);
    cr_assert_eq(profile->enrolled_at_ms, given->input.event_time_ms);
    cr_assert_eq(profile->n_consents, 2);
    when_sent(given, an_opening(given, IDENTITY));
    then_declined(given, HY_MEMBER_CHANGED);
    cr_assert_eq(given->tallies[0], 1, "enrolled");
    cr_assert_eq(given->tallies[2], 1, "members");
    given_end(given);
}

Test(enrol, a_released_identity_is_free_for_a_new_member) {
    struct given *given = given_key(IDENTITY);
    when_sent(given, an_enrolment(given, "m1"));
    when_sent(given, a_release(given, "m1"));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_RELEASED);
    cr_assert_str_eq(the_profile(given)->leads_to, "");
    when_sent(given, an_enrolment(given, "m2"));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN);
    cr_assert_str_eq(the_profile(given)->leads_to, "m2");
    given_end(given);
}

Test(enrol, nobody_else_releases_an_identity) {
    struct given *given = given_key(IDENTITY);
    when_sent(given, a_release(given, "m1"));
    then_declined(given, HY_MEMBER_UNKNOWN);
    when_sent(given, an_enrolment(given, "m1"));
    when_sent(given, a_release(given, "m2"));
    then_declined(given, HY_MEMBER_CHANGED);
    cr_assert_str_eq(the_profile(given)->leads_to, "m1");
    given_end(given);
}
