#include "common/base/memory.h"
#include "services/member/member.h"

typedef Huiyuan__V1__MemberProfile Profile;

static void *allocate(void *unused, size_t size) {
    (void)unused;
    return hy_malloc(size);
}

static void release(void *unused, void *memory) {
    (void)unused;
    hy_free(memory);
}

static ProtobufCAllocator heap = {allocate, release, NULL};

static bool unpack(struct hy_bytes bytes, struct member_state *state) {
    Profile *profile = huiyuan__v1__member_profile__unpack(&heap, bytes.length, bytes.data);
    if (profile == NULL) return false;
    member_state_free(state);
    state->profile = profile;
    return true;
}

// The state becomes a copy of `next`, which may borrow from it.
static void become(struct member_state *state, const Profile *next) {
    size_t size = huiyuan__v1__member_profile__get_packed_size(next);
    uint8_t *bytes = hy_malloc(size + 1);
    huiyuan__v1__member_profile__pack(next, bytes);
    unpack(hy_bytes(bytes, size), state);
    hy_free(bytes);
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
    if (state->profile == NULL) return;
    uint8_t *p = hy_buffer_extend(out, huiyuan__v1__member_profile__get_packed_size(state->profile));
    if (p != NULL) huiyuan__v1__member_profile__pack(state->profile, p);
}

bool member_load(struct hy_bytes saved, struct member_state *ret_state) {
    *ret_state = (struct member_state){NULL};
    return unpack(saved, ret_state);
}

void member_state_free(struct member_state *state) {
    if (state->profile != NULL) huiyuan__v1__member_profile__free_unpacked(state->profile, &heap);
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
