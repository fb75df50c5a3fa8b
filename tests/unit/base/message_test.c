// A message on the heap borrows nothing, and parts of it may be moved.
#include <criterion/criterion.h>
#include <string.h>

#include "common/base/message.h"
#include "proto/members.pb-c.h"

Test(message, a_copy_outlives_what_it_was_made_from) {
    char identity[] = "phone/1";
    Huiyuan__V1__Consent consent = HUIYUAN__V1__CONSENT__INIT;
    Huiyuan__V1__Consent *consents[] = {&consent};
    consent.granted = true;
    Huiyuan__V1__MemberProfile profile = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    profile.identity = identity;
    profile.consents = consents;
    profile.n_consents = 1;
    Huiyuan__V1__MemberProfile *copy = hy_message_copy(&profile.base);
    memset(identity, 'x', sizeof identity - 1);
    consent.granted = false;
    cr_assert_str_eq(copy->identity, "phone/1");
    cr_assert(copy->n_consents == 1 && copy->consents[0]->granted);
    hy_message_free(&copy->base);
    hy_message_free(NULL);
}

Test(message, what_is_packed_is_unpacked_again_and_nonsense_is_not) {
    Huiyuan__V1__MemberProfile profile = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    profile.version = 7;
    struct hy_buffer out;
    hy_buffer_init(&out, 1000);
    hy_message_pack(&profile.base, &out);
    Huiyuan__V1__MemberProfile *again =
        hy_message_unpack(&huiyuan__v1__member_profile__descriptor, hy_buffer_bytes(&out));
    cr_assert(again != NULL && again->version == 7);
    hy_message_free(&again->base);
    hy_buffer_free(&out);
    cr_assert_null(hy_message_unpack(&huiyuan__v1__member_profile__descriptor, hy_bytes("\xff", 1)));
}

Test(message, what_does_not_fit_is_noted) {
    Huiyuan__V1__MemberProfile profile = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    profile.version = 70000;
    struct hy_buffer out;
    hy_buffer_init(&out, 2);
    hy_message_pack(&profile.base, &out);
    cr_assert(out.failed);
    hy_buffer_free(&out);
}

// Tag 0 in two bytes: protobuf-c reads it, writes it in one byte, and does not read that.
Test(message, what_could_be_read_but_not_read_again_is_no_message) {
    static const uint8_t outer[] = {0x08, 0x01, 0x80, 0x00, 0x01};
    static const uint8_t inner[] = {0x32, 0x05, 0x08, 0x01, 0x80, 0x00, 0x01}; // inside a consent
    static const uint8_t newer[] = {0x08, 0x01, 0xF8, 0x07, 0x01};             // field 127: of a newer build
    const ProtobufCMessageDescriptor *kind = &huiyuan__v1__member_profile__descriptor;
    cr_assert_null(hy_message_unpack(kind, hy_bytes(outer, sizeof outer)));
    cr_assert_null(hy_message_unpack(kind, hy_bytes(inner, sizeof inner)));
    ProtobufCMessage *kept = hy_message_unpack(kind, hy_bytes(newer, sizeof newer));
    cr_assert(kept != NULL && kept->n_unknown_fields == 1);
    hy_message_free(kept);
}
