#include "common/base/message.h"
#include "services/member/member.h"

typedef Huiyuan__V1__MemberProfile Profile;

// The state becomes a copy of `next`, which may borrow from it.
static void become(struct member_state *state, const Profile *next) {
    Profile *profile = hy_message_copy(&next->base);
    member_state_free(state);
    state->profile = profile;
}

static void take_profile(Profile *next, const Huiyuan__V1__MemberChange *change) {
    next->version = change->version;
    if (change->personal != NULL) next->personal = change->personal;
    next->birthday = change->birthday;
    next->language = change->language;
    next->consents = change->consents;
    next->n_consents = change->n_consents;
}

void member_evolve(struct member_state *state, const Huiyuan__V1__MemberChange *change, int64_t at_ms) {
    Profile next = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    if (state->profile != NULL) next = *state->profile;
    switch (change->kind) {
    case HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN: next.leads_to = change->member_id; break;
    case HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_RELEASED:
        next.leads_to = (char *)(uintptr_t)protobuf_c_empty_string;
        break;
    case HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED:
        take_profile(&next, change);
        next.identity = change->identity;
        next.enrolled_at_ms = at_ms;
        break;
    case HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED: take_profile(&next, change); break;
    case HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED:
        next = (Profile)HUIYUAN__V1__MEMBER_PROFILE__INIT;
        next.version = change->version;
        next.erased_at_ms = at_ms;
        break;
    default: return; // IDENTITY_KNOWN, and what a later build may add that changes nothing here
    }
    become(state, &next);
}

void member_save(const struct member_state *state, struct hy_buffer *out) {
    if (state->profile != NULL) hy_message_pack(&state->profile->base, out);
}

bool member_load(struct hy_bytes saved, struct member_state *ret_state) {
    ret_state->profile = hy_message_unpack(&huiyuan__v1__member_profile__descriptor, saved);
    return ret_state->profile != NULL;
}

void member_state_free(struct member_state *state) {
    hy_message_free((ProtobufCMessage *)state->profile);
    state->profile = NULL;
}

bool member_check(const struct member_state *state, const char **ret_reason) {
    const Profile *profile = state->profile;
    if (profile == NULL) return true;
    if (profile->version != 0 && profile->leads_to[0] != '\0')
        *ret_reason = "a member and an identity at once";
    else if (profile->erased_at_ms != 0 &&
             (profile->personal != NULL || profile->identity[0] != '\0' || profile->birthday != 0 ||
              profile->n_consents != 0 || profile->enrolled_at_ms != 0))
        *ret_reason = "something is left of an erased member";
    else if (profile->version != 0 && profile->erased_at_ms == 0 && profile->identity[0] == '\0')
        *ret_reason = "nothing leads to an enrolled member";
    else
        return true;
    return false;
}
