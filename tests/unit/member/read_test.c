#include "tests/unit/member/given.h"

#define IDENTITY "phone/00112233445566778899aabbccddeeff"

static void then_refused(struct given *given, const Huiyuan__V1__Command *command, enum hy_code code,
                         const char *field) {
    struct hy_error error = when_read(given, command);
    cr_assert_eq(error.code, code, "%s: %s", field, hy_code_name(error.code));
    cr_assert_str_eq(error.field, field);
}

Test(read, a_command_becomes_an_input) {
    struct given *given = given_key(IDENTITY);
    Huiyuan__V1__Command *command = an_enrolment(given, "m1");
    command->reply_to = (char *)(uintptr_t) "gateway-1";
    cr_assert_eq(when_read(given, command).code, HY_OK);
    cr_assert_str_eq(given->input.id, command->command_id);
    cr_assert_str_eq(given->input.command_id, command->command_id);
    cr_assert_str_eq(given->input.member_id, IDENTITY);
    cr_assert_str_eq(given->input.reply_to, "gateway-1");
    cr_assert_eq(given->input.event_time_ms, command->issued_at_ms);
    cr_assert_eq(given->input.input_class, 0);
    cr_assert_eq(when_read(given, a_release(given, "m1")).code, HY_OK);
    cr_assert_eq(given->input.input_class, HY_SINGLE_CLASS, "an emission counts once however late");
    given_end(given);
}

Test(read, bytes_that_are_no_command_are_malformed) {
    struct given *given = given_key("m1");
    struct hy_input input = {.id = ""};
    cr_assert_eq(given->brain.read(NULL, 0, hy_bytes("\xff\xff\xff", 3), &given->arena, &input).code,
                 HY_MALFORMED);
    given_end(given);
}

// It would become part of a record that nobody could read.
Test(read, a_command_that_could_not_be_written_again_is_malformed) {
    struct given *given = given_key(IDENTITY);
    Huiyuan__V1__Command *command = an_enrolment(given, "m1");
    struct hy_bytes good = hy_brain_pack(&given->arena, &command->base);
    static const uint8_t tag_0_in_two_bytes[] = {0x80, 0x00, 0x01};
    uint8_t *bytes = hy_arena_alloc(&given->arena, good.length + sizeof tag_0_in_two_bytes);
    memcpy(bytes, good.data, good.length);
    memcpy(bytes + good.length, tag_0_in_two_bytes, sizeof tag_0_in_two_bytes);
    struct hy_input input = {.id = ""};
    cr_assert_eq(
        given->brain
            .read(NULL, 0, hy_bytes(bytes, good.length + sizeof tag_0_in_two_bytes), &given->arena, &input)
            .code,
        HY_MALFORMED);
    given_end(given);
}

Test(read, what_every_command_needs) {
    struct given *given = given_key("m1");
    Huiyuan__V1__Command *command = an_erasure(given);
    command->command_id = (char *)(uintptr_t) "";
    then_refused(given, command, HY_MISSING_FIELD, "command_id");
    command = an_erasure(given);
    command->member_id = (char *)(uintptr_t) "";
    then_refused(given, command, HY_MISSING_FIELD, "member_id");
    cr_assert_str_eq(given->input.id, command->command_id, "known as far as it was read");
    command = an_erasure(given);
    command->member_id = (char *)(uintptr_t) "a member";
    then_refused(given, command, HY_INVALID_FIELD, "member_id");
    command = an_erasure(given);
    command->issued_at_ms = 0;
    then_refused(given, command, HY_MISSING_FIELD, "issued_at_ms");
    then_refused(given, a_command(given, false), HY_INVALID_FIELD, "body");
    given_end(given);
}

Test(read, enrolment_is_for_an_identity_and_the_rest_for_a_member) {
    struct given *identity = given_key(IDENTITY), *member = given_key("m1");
    then_refused(member, an_enrolment(member, "m1"), HY_INVALID_FIELD, "member_id");
    then_refused(member, a_release(member, "m1"), HY_INVALID_FIELD, "member_id");
    then_refused(identity, an_erasure(identity), HY_INVALID_FIELD, "member_id");
    then_refused(identity, an_update(identity, 1), HY_INVALID_FIELD, "member_id");
    then_refused(identity, an_opening(identity, IDENTITY), HY_INVALID_FIELD, "member_id");
    then_refused(identity, an_enrolment(identity, "phone/1"), HY_INVALID_FIELD, "enrol_member.member_id");
    then_refused(member, an_opening(member, "m2"), HY_INVALID_FIELD, "open_member.identity");
    given_end(identity);
    given_end(member);
}

Test(read, steps_between_keys_come_by_emissions_alone) {
    struct given *member = given_key("m1"), *identity = given_key(IDENTITY);
    Huiyuan__V1__Command *command = an_opening(member, IDENTITY);
    command->origin = NULL;
    then_refused(member, command, HY_MISSING_FIELD, "origin");
    command = a_release(identity, "m1");
    command->origin = NULL;
    then_refused(identity, command, HY_MISSING_FIELD, "origin");
    given_end(member);
    given_end(identity);
}

Test(read, nonsense_in_a_profile_is_named) {
    struct given *given = given_key(IDENTITY);
    static const uint32_t days[] = {1, 100, 1301, 132, 230, 431, 1232, 99999};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        Huiyuan__V1__Command *command = an_enrolment(given, "m1");
        command->enrol_member->profile->birthday = days[i];
        then_refused(given, command, HY_INVALID_FIELD, "profile.birthday");
    }
    Huiyuan__V1__Command *command = an_enrolment(given, "m1");
    command->enrol_member->profile->birthday = 229;
    cr_assert_eq(when_read(given, command).code, HY_OK);
    command->enrol_member->profile->language = (Huiyuan__V1__Language)9;
    then_refused(given, command, HY_INVALID_FIELD, "profile.language");
    command = an_enrolment(given, "m1");
    command->enrol_member->profile->consents[0]->channel = (Huiyuan__V1__ContactChannel)9;
    then_refused(given, command, HY_INVALID_FIELD, "profile.consents");
    command = an_enrolment(given, "m1");
    command->enrol_member->profile->consents[0]->channel =
        command->enrol_member->profile->consents[1]->channel;
    then_refused(given, command, HY_INVALID_FIELD, "profile.consents");
    command = an_enrolment(given, "m1");
    command->enrol_member->profile->personal->nonce.len = 23;
    then_refused(given, command, HY_INVALID_FIELD, "profile.personal");
    command = an_enrolment(given, "m1");
    command->enrol_member->profile->personal = NULL;
    then_refused(given, command, HY_MISSING_FIELD, "profile.personal");
    command = an_enrolment(given, "m1");
    command->enrol_member->profile = NULL;
    then_refused(given, command, HY_MISSING_FIELD, "profile");
    given_end(given);
}

static uint64_t hash_of(struct given *given, const Huiyuan__V1__Command *command) {
    cr_assert_eq(when_read(given, command).code, HY_OK);
    return given->input.content_hash;
}

Test(hash, a_retry_with_a_new_key_and_seal_means_the_same) {
    struct given *given = given_key(IDENTITY);
    Huiyuan__V1__Command *command = an_enrolment(given, "m2");
    command->enrol_member->profile->personal = a_seal(given, "sealed with another key");
    cr_assert_eq(hash_of(given, an_enrolment(given, "m1")), hash_of(given, command));
    Huiyuan__V1__OpenMember *profile = command->enrol_member->profile;
    Huiyuan__V1__Consent *one = profile->consents[0];
    profile->consents[0] = profile->consents[1];
    profile->consents[1] = one;
    one->changed_at_ms = 5;
    cr_assert_eq(hash_of(given, an_enrolment(given, "m1")), hash_of(given, command), "in another order");
    given_end(given);
}

Test(hash, another_body_means_something_else) {
    struct given *given = given_key("m1");
    uint64_t hashes[8];
    size_t count = 0;
    Huiyuan__V1__Command *command = an_update(given, 1);
    hashes[count++] = hash_of(given, command);
    hashes[count++] = hash_of(given, an_erasure(given));
    command->update_member->language = HUIYUAN__V1__LANGUAGE__EN;
    hashes[count++] = hash_of(given, command);
    command->update_member->personal = a_seal(given, "x");
    hashes[count++] = hash_of(given, command);
    command->update_member->birthday = 1231;
    hashes[count++] = hash_of(given, command);
    set_consents(given, &command->update_member->consents, &command->update_member->n_consents,
                 a_consent(given, HUIYUAN__V1__CONTACT_CHANNEL__SMS, true), NULL);
    hashes[count++] = hash_of(given, command);
    command->update_member->consents[0]->granted = false;
    hashes[count++] = hash_of(given, command);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++)
            cr_assert_neq(hashes[i], hashes[j], "%zu and %zu", i, j);
    }
    given_end(given);
}
