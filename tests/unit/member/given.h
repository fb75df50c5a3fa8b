// A member or an identity with its brain: commands in, decisions out.
#pragma once

#include <criterion/criterion.h>

#include "services/member/member.h"

enum { GIVEN_RECORDS = 32 };

struct given {
    struct hy_arena arena;
    struct hy_brain brain;
    const char *key; // of the log: "m1", "phone/abc"
    struct member_state state;
    int64_t tallies[HY_TALLIES_LIMIT];
    struct {
        struct hy_bytes body;
        int64_t event_time_ms;
    } records[GIVEN_RECORDS];
    size_t count;
    int64_t now_ms;
    struct hy_input input; // the last one
    struct hy_error error; // of reading it
    struct hy_decision decision;
};

struct given *given_key(const char *key);
void given_end(struct given *given);

// A command with a new id, time a second after the one before; `origin`: it comes by an emission.
Huiyuan__V1__Command *a_command(struct given *given, bool origin);
Huiyuan__V1__Command *an_enrolment(struct given *given, const char *member_id);
Huiyuan__V1__Command *an_opening(struct given *given, const char *identity);
Huiyuan__V1__Command *an_update(struct given *given, uint32_t version);
Huiyuan__V1__Command *an_erasure(struct given *given);
Huiyuan__V1__Command *a_release(struct given *given, const char *member_id);
Huiyuan__V1__Sealed *a_seal(struct given *given, const char *text);
Huiyuan__V1__Consent *a_consent(struct given *given, Huiyuan__V1__ContactChannel channel, bool granted);
void set_consents(struct given *given, Huiyuan__V1__Consent ***list, size_t *count, Huiyuan__V1__Consent *one,
                  Huiyuan__V1__Consent *two);

struct hy_error when_read(struct given *given, const Huiyuan__V1__Command *command);
// Read, decided, and when accepted evolved.
const struct hy_decision *when_sent(struct given *given, const Huiyuan__V1__Command *command);

Huiyuan__V1__MemberChange *the_change(struct given *given);
Huiyuan__V1__MemberAnswer *the_answer(struct given *given);
const Huiyuan__V1__MemberProfile *the_profile(struct given *given);
void then_accepted(struct given *given, Huiyuan__V1__MemberChangeKind kind);
void then_declined(struct given *given, enum hy_code code);
// All records folded again give the same bytes; and nothing is wrong with the state.
void then_replayed(struct given *given);
