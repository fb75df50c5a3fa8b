// Member: who the members are, and what leads to them. State and operations on a page; all pure but mirror.h.
//
// The log `members` has two kinds of keys: members ("m…"), and identities ("phone/<index>") that lead to one.
// A phone that enrols goes to its identity, whose record decides who the member is; the member opens by an
// emission from there, and an erased member lets go of the identity by one.
#pragma once

#include <stdint.h>

#include "common/base/arena.h"
#include "common/stage/brain.h"
#include "proto/commands.pb-c.h"
#include "proto/members.pb-c.h"

enum {
    MEMBER_NONCE_BYTES = 24,              // of Sealed
    MEMBER_TAG_BYTES = 16,                // the least that a ciphertext has
    MEMBER_CIPHERTEXT_LIMIT_BYTES = 4096, // of what is sealed, and its tag
};

// A member or an identity, in memory, as in Redis: MemberProfile. NULL: nothing has happened to it.
struct member_state {
    Huiyuan__V1__MemberProfile *profile;
};

// read.c: one message of `commands`, checked. input->kind is the command's body_case, input->message the
// Command.
struct hy_error member_read(struct hy_bytes message, struct hy_arena *arena, struct hy_input *ret_input);

// What is known when something is decided. Decisions borrow nothing of the profile: it changes by them.
struct member_case {
    const Huiyuan__V1__MemberProfile *profile; // never NULL
    const struct hy_input *input;
    const Huiyuan__V1__Command *command;
    struct hy_arena *arena;
};

// enrol.c: an identity is taken, or was; a member opens; an identity is free again.
void member_enrol(const struct member_case *in, struct hy_decision *ret_decision);
void member_open(const struct member_case *in, struct hy_decision *ret_decision);
void member_release(const struct member_case *in, struct hy_decision *ret_decision);
// profile.c: a member changes, or is erased: its key is destroyed, its identity let go.
void member_update(const struct member_case *in, struct hy_decision *ret_decision);
void member_erase(const struct member_case *in, struct hy_decision *ret_decision);

// consents.c: `now` with those of `said` over it, one for each channel, in the order of the channels. A
// consent that says the same as before keeps its time; one without a time has `said_at_ms`.
void member_consents_merge(Huiyuan__V1__Consent *const *now, size_t now_count,
                           Huiyuan__V1__Consent *const *said, size_t said_count, int64_t said_at_ms,
                           struct hy_arena *arena, Huiyuan__V1__Consent ***ret_consents, size_t *ret_count);

// decision.c: the two things that an operation can say.
void member_decline(struct hy_decision *decision, enum hy_code code);
// The change happens; `note` is about `member_id` at `version`.
void member_accept(struct hy_decision *decision, const Huiyuan__V1__MemberChange *change,
                   const char *member_id, uint32_t version, struct hy_arena *arena);
Huiyuan__V1__MemberChange *member_change(Huiyuan__V1__MemberChangeKind kind, struct hy_arena *arena);

// state.c: the only way in which a state changes, and its form in Redis.
void member_evolve(struct member_state *state, const Huiyuan__V1__MemberChange *change, int64_t at_ms);
void member_save(const struct member_state *state, struct hy_buffer *out);
bool member_load(struct hy_bytes saved, struct member_state *ret_state);
void member_state_free(struct member_state *state);
bool member_check(const struct member_state *state, const char **ret_reason);

// handler.c: the brain of the stage. `window_ms`: how long commands are recognised again.
struct hy_brain member_brain(int64_t window_ms);
