#include "tests/unit/member/given.h"

#include "common/base/memory.h"

struct given *given_key(const char *key) {
    struct given *given = hy_calloc(1, sizeof *given);
    hy_arena_init(&given->arena);
    given->brain = member_brain(INT64_C(7) * 24 * 3600 * 1000);
    given->key = key;
    given->now_ms = INT64_C(1790000000000);
    return given;
}

void given_end(struct given *given) {
    then_replayed(given);
    given->brain.release(given->brain.context, &given->state);
    hy_arena_free(&given->arena);
    hy_free(given);
}

#define NEW(given, name, type)                                                 \
    Huiyuan__V1__##type *name = hy_arena_alloc(&(given)->arena, sizeof *name); \
    *name = (Huiyuan__V1__##type)

static char *text(struct given *given, const char *constant) {
    return hy_arena_string(&given->arena, constant, strlen(constant));
}

Huiyuan__V1__Command *a_command(struct given *given, bool origin) {
    NEW(given, command, Command) HUIYUAN__V1__COMMAND__INIT;
    given->now_ms += 1000;
    command->command_id = hy_arena_printf(&given->arena, "c-%lld", (long long)given->now_ms);
    command->member_id = text(given, given->key);
    command->issued_at_ms = given->now_ms;
    command->to = text(given, "members");
    if (origin) {
        NEW(given, mark, Origin) HUIYUAN__V1__ORIGIN__INIT;
        mark->log = text(given, "members");
        mark->number = 1;
        command->origin = mark;
    }
    return command;
}

Huiyuan__V1__Sealed *a_seal(struct given *given, const char *clear) {
    NEW(given, sealed, Sealed) HUIYUAN__V1__SEALED__INIT;
    sealed->nonce =
        (ProtobufCBinaryData){MEMBER_NONCE_BYTES, hy_arena_zero(&given->arena, MEMBER_NONCE_BYTES)};
    sealed->ciphertext.data = hy_arena_zero(&given->arena, strlen(clear) + MEMBER_TAG_BYTES);
    sealed->ciphertext.len = strlen(clear) + MEMBER_TAG_BYTES;
    memcpy(sealed->ciphertext.data, clear, strlen(clear));
    return sealed;
}

Huiyuan__V1__Consent *a_consent(struct given *given, Huiyuan__V1__ContactChannel channel, bool granted) {
    NEW(given, consent, Consent) HUIYUAN__V1__CONSENT__INIT;
    consent->channel = channel;
    consent->granted = granted;
    return consent;
}

void set_consents(struct given *given, Huiyuan__V1__Consent ***list, size_t *count, Huiyuan__V1__Consent *one,
                  Huiyuan__V1__Consent *two) {
    *list = hy_arena_alloc(&given->arena, 2 * sizeof **list);
    (*list)[0] = one;
    (*list)[1] = two;
    *count = two != NULL ? 2 : 1;
}

static Huiyuan__V1__OpenMember *a_profile(struct given *given) {
    NEW(given, open, OpenMember) HUIYUAN__V1__OPEN_MEMBER__INIT;
    open->personal = a_seal(given, "sealed");
    open->birthday = 517;
    open->language = HUIYUAN__V1__LANGUAGE__ZH;
    set_consents(given, &open->consents, &open->n_consents,
                 a_consent(given, HUIYUAN__V1__CONTACT_CHANNEL__SMS, true),
                 a_consent(given, HUIYUAN__V1__CONTACT_CHANNEL__EMAIL, false));
    return open;
}

Huiyuan__V1__Command *an_enrolment(struct given *given, const char *member_id) {
    Huiyuan__V1__Command *command = a_command(given, false);
    NEW(given, enrol, EnrolMember) HUIYUAN__V1__ENROL_MEMBER__INIT;
    enrol->member_id = text(given, member_id);
    enrol->profile = a_profile(given);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER;
    command->enrol_member = enrol;
    return command;
}

Huiyuan__V1__Command *an_opening(struct given *given, const char *identity) {
    Huiyuan__V1__Command *command = a_command(given, true);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER;
    command->open_member = a_profile(given);
    command->open_member->identity = text(given, identity);
    return command;
}

Huiyuan__V1__Command *an_update(struct given *given, uint32_t version) {
    Huiyuan__V1__Command *command = a_command(given, false);
    NEW(given, update, UpdateMember) HUIYUAN__V1__UPDATE_MEMBER__INIT;
    update->version = version;
    command->body_case = HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER;
    command->update_member = update;
    return command;
}

Huiyuan__V1__Command *an_erasure(struct given *given) {
    Huiyuan__V1__Command *command = a_command(given, false);
    NEW(given, erase, EraseMember) HUIYUAN__V1__ERASE_MEMBER__INIT;
    command->body_case = HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER;
    command->erase_member = erase;
    return command;
}

Huiyuan__V1__Command *a_release(struct given *given, const char *member_id) {
    Huiyuan__V1__Command *command = a_command(given, true);
    NEW(given, release, ReleaseIdentity) HUIYUAN__V1__RELEASE_IDENTITY__INIT;
    release->member_id = text(given, member_id);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY;
    command->release_identity = release;
    return command;
}

struct hy_error when_read(struct given *given, const Huiyuan__V1__Command *command) {
    given->input = (struct hy_input){.id = "", .member_id = "", .command_id = "", .reply_to = ""};
    given->error = given->brain.read(given->brain.context, 0, hy_brain_pack(&given->arena, &command->base),
                                     &given->arena, &given->input);
    return given->error;
}

static struct hy_bytes saved(const struct given *given, const struct member_state *state,
                             struct hy_arena *arena) {
    struct hy_buffer out;
    hy_buffer_init(&out, 16384);
    given->brain.save(given->brain.context, state, &out);
    cr_assert(!out.failed);
    struct hy_bytes bytes = hy_arena_bytes(arena, hy_buffer_bytes(&out));
    hy_buffer_free(&out);
    return bytes;
}

// One accepted record into a state, from its bytes, as a replay does it.
static void fold(const struct given *given, struct member_state *state, int64_t *tallies, size_t i,
                 struct hy_arena *arena) {
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.event_time_ms = given->records[i].event_time_ms;
    const ProtobufCMessage *body = protobuf_c_message_unpack(
        given->brain.body, &arena->protobuf, given->records[i].body.length, given->records[i].body.data);
    cr_assert_not_null(body);
    given->brain.evolve(given->brain.context, state, &record, body);
    given->brain.tally(given->brain.context, tallies, &record, body);
}

// The state goes to Redis and comes back after every change.
static void through_redis(struct given *given) {
    struct hy_bytes before = saved(given, &given->state, &given->arena);
    given->brain.release(given->brain.context, &given->state);
    given->state = (struct member_state){NULL};
    cr_assert(given->brain.load(given->brain.context, before, &given->state));
    cr_assert(hy_bytes_equal(before, saved(given, &given->state, &given->arena)));
}

const struct hy_decision *when_sent(struct given *given, const Huiyuan__V1__Command *command) {
    struct hy_error error = when_read(given, command);
    cr_assert_eq(error.code, HY_OK, "%s %s", hy_code_name(error.code), error.field);
    given->decision = (struct hy_decision){.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED};
    given->brain.decide(given->brain.context, &given->state, &given->input, given->now_ms, &given->arena,
                        &given->decision);
    if (given->decision.outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) {
        cr_assert_lt(given->count, (size_t)GIVEN_RECORDS);
        given->records[given->count].body = given->decision.body_bytes;
        given->records[given->count].event_time_ms = given->input.event_time_ms;
        fold(given, &given->state, given->tallies, given->count, &given->arena);
        given->count++;
        through_redis(given);
    }
    return &given->decision;
}

Huiyuan__V1__MemberChange *the_change(struct given *given) {
    return huiyuan__v1__member_change__unpack(&given->arena.protobuf, given->decision.body_bytes.length,
                                              given->decision.body_bytes.data);
}

Huiyuan__V1__MemberAnswer *the_answer(struct given *given) {
    return (Huiyuan__V1__MemberAnswer *)given->brain.answer(given->brain.context, &given->input,
                                                            given->decision.note, &given->arena);
}

const Huiyuan__V1__MemberProfile *the_profile(struct given *given) {
    cr_assert_not_null(given->state.profile);
    return given->state.profile;
}

void then_accepted(struct given *given, Huiyuan__V1__MemberChangeKind kind) {
    cr_assert_eq(given->decision.outcome, HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED);
    cr_assert_eq(the_change(given)->kind, kind, "kind %d", (int)the_change(given)->kind);
}

void then_declined(struct given *given, enum hy_code code) {
    cr_assert_eq(given->decision.outcome, HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED);
    cr_assert_eq(given->decision.code, code, "%s", hy_code_name(given->decision.code));
    cr_assert_eq(given->decision.command_count, 0);
    cr_assert_eq(given->decision.publish_count, 0);
}

void then_replayed(struct given *given) {
    struct member_state state = {NULL};
    int64_t tallies[HY_TALLIES_LIMIT] = {0};
    for (size_t i = 0; i < given->count; i++)
        fold(given, &state, tallies, i, &given->arena);
    cr_assert(
        hy_bytes_equal(saved(given, &state, &given->arena), saved(given, &given->state, &given->arena)));
    cr_assert_eq(memcmp(tallies, given->tallies, sizeof tallies), 0);
    const char *reason = NULL;
    cr_assert(given->brain.check(given->brain.context, &state, &reason), "%s", reason);
    given->brain.release(given->brain.context, &state);
}
