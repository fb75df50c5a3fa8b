#include "tests/unit/member/given.h"

#define IDENTITY "phone/00112233445566778899aabbccddeeff"

static struct given *given_member(void) {
    struct given *given = given_key("m1");
    when_sent(given, an_opening(given, IDENTITY));
    return given;
}

Test(update, what_is_absent_stays) {
    struct given *given = given_member();
    Huiyuan__V1__Command *command = an_update(given, 1);
    command->update_member->language = HUIYUAN__V1__LANGUAGE__EN;
    command->update_member->birthday = 101; // without personal data nobody looks at it
    when_sent(given, command);
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED);
    cr_assert_null(the_change(given)->personal);
    const Huiyuan__V1__MemberProfile *profile = the_profile(given);
    cr_assert_eq(profile->version, 2);
    cr_assert_eq(profile->language, HUIYUAN__V1__LANGUAGE__EN);
    cr_assert_eq(profile->birthday, 517);
    cr_assert_eq(profile->personal->ciphertext.len, 6 + MEMBER_TAG_BYTES);
    cr_assert_str_eq(profile->identity, IDENTITY);
    cr_assert_eq(profile->n_consents, 2);
    cr_assert_eq(the_answer(given)->version, 2);
    cr_assert_str_eq(the_answer(given)->member_id, "m1");
    given_end(given);
}

Test(update, personal_data_comes_with_its_birthday) {
    struct given *given = given_member();
    Huiyuan__V1__Command *command = an_update(given, 1);
    command->update_member->personal = a_seal(given, "sealed anew");
    when_sent(given, command);
    cr_assert_eq(the_profile(given)->personal->ciphertext.len, 11 + MEMBER_TAG_BYTES);
    cr_assert_eq(the_profile(given)->birthday, 0);
    cr_assert_eq(the_profile(given)->language, HUIYUAN__V1__LANGUAGE__ZH);
    given_end(given);
}

Test(update, only_the_newest_version_can_be_changed) {
    struct given *given = given_member();
    when_sent(given, an_update(given, 1));
    when_sent(given, an_update(given, 1));
    then_declined(given, HY_MEMBER_CHANGED);
    when_sent(given, an_update(given, 0));
    then_declined(given, HY_MEMBER_CHANGED);
    when_sent(given, an_update(given, 2));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED);
    given_end(given);
}

Test(update, a_consent_has_the_time_at_which_it_changed) {
    struct given *given = given_member();
    int64_t opened_ms = given->input.event_time_ms;
    Huiyuan__V1__Command *command = an_update(given, 1);
    set_consents(given, &command->update_member->consents, &command->update_member->n_consents,
                 a_consent(given, HUIYUAN__V1__CONTACT_CHANNEL__SMS, true),
                 a_consent(given, HUIYUAN__V1__CONTACT_CHANNEL__EMAIL, true));
    when_sent(given, command);
    const Huiyuan__V1__MemberProfile *profile = the_profile(given);
    cr_assert_eq(profile->n_consents, 2);
    cr_assert_eq(profile->consents[0]->channel, HUIYUAN__V1__CONTACT_CHANNEL__EMAIL);
    cr_assert(profile->consents[0]->granted);
    cr_assert_eq(profile->consents[0]->changed_at_ms, given->input.event_time_ms);
    cr_assert_eq(profile->consents[1]->channel, HUIYUAN__V1__CONTACT_CHANNEL__SMS);
    cr_assert_eq(profile->consents[1]->changed_at_ms, opened_ms, "said the same as before");
    command = an_update(given, 2);
    set_consents(given, &command->update_member->consents, &command->update_member->n_consents,
                 a_consent(given, HUIYUAN__V1__CONTACT_CHANNEL__PUSH, false), NULL);
    when_sent(given, command);
    cr_assert_eq(the_profile(given)->n_consents, 3);
    given_end(given);
}

Test(update, who_never_enrolled_is_unknown) {
    struct given *given = given_key("m1");
    when_sent(given, an_update(given, 0));
    then_declined(given, HY_MEMBER_UNKNOWN);
    when_sent(given, an_erasure(given));
    then_declined(given, HY_MEMBER_UNKNOWN);
    given_end(given);
}

Test(erase, nothing_is_left_but_that_and_when) {
    struct given *given = given_member();
    const struct hy_decision *decision = when_sent(given, an_erasure(given));
    then_accepted(given, HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED);
    const Huiyuan__V1__MemberProfile *profile = the_profile(given);
    cr_assert_eq(profile->erased_at_ms, given->input.event_time_ms);
    cr_assert_eq(profile->version, 2);
    cr_assert_null(profile->personal);
    cr_assert_str_eq(profile->identity, "");
    cr_assert_eq(profile->birthday, 0);
    cr_assert_eq(profile->language, 0);
    cr_assert_eq(profile->n_consents, 0);
    cr_assert_eq(profile->enrolled_at_ms, 0);
    cr_assert_eq(decision->publish_count, 1);
    cr_assert_str_eq(decision->publishes[0].topic, "member-keys");
    cr_assert_str_eq(decision->publishes[0].key, "m1");
    cr_assert_eq(decision->publishes[0].value.length, 0);
    cr_assert_eq(decision->command_count, 1);
    cr_assert_str_eq(decision->commands[0].member_id, IDENTITY);
    const Huiyuan__V1__Command *command = decision->commands[0].command;
    cr_assert_eq(command->body_case, HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY);
    cr_assert_str_eq(command->release_identity->member_id, "m1");
    cr_assert_eq(given->tallies[0], 1, "enrolled");
    cr_assert_eq(given->tallies[1], 1, "erased");
    cr_assert_eq(given->tallies[2], 0, "members");
    given_end(given);
}

Test(erase, what_is_erased_stays_erased) {
    struct given *given = given_member();
    when_sent(given, an_erasure(given));
    when_sent(given, an_erasure(given));
    then_declined(given, HY_MEMBER_ERASED);
    when_sent(given, an_update(given, 2));
    then_declined(given, HY_MEMBER_ERASED);
    when_sent(given, an_opening(given, IDENTITY));
    then_declined(given, HY_MEMBER_ERASED);
    given_end(given);
}
