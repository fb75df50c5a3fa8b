// What becomes of an enrolled member.
#include <string.h>

#include "services/member/member.h"

// False when there is no such member; then the decision says why.
static bool exists(const struct member_case *in, struct hy_decision *decision) {
    if (in->profile->erased_at_ms != 0)
        member_decline(decision, HY_MEMBER_ERASED);
    else if (in->profile->version == 0)
        member_decline(decision, HY_MEMBER_UNKNOWN);
    else
        return true;
    return false;
}

void member_update(const struct member_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__UpdateMember *update = in->command->update_member;
    const Huiyuan__V1__MemberProfile *profile = in->profile;
    if (!exists(in, ret_decision)) return;
    if (update->version != profile->version) {
        member_decline(ret_decision, HY_MEMBER_CHANGED);
        return;
    }
    Huiyuan__V1__MemberChange *change = member_change(HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED, in->arena);
    change->version = profile->version + 1;
    change->personal = update->personal;
    change->birthday = update->personal != NULL ? update->birthday : profile->birthday;
    change->language = update->language != HUIYUAN__V1__LANGUAGE__LANGUAGE_UNSPECIFIED ? update->language
                                                                                       : profile->language;
    member_consents_merge(profile->consents, profile->n_consents, update->consents, update->n_consents,
                          in->input->event_time_ms, in->arena, &change->consents, &change->n_consents);
    member_accept(ret_decision, change, in->input->member_id, change->version, in->arena);
}

static const struct hy_command_out *release(const struct member_case *in) {
    Huiyuan__V1__ReleaseIdentity *body = hy_arena_alloc(in->arena, sizeof *body);
    huiyuan__v1__release_identity__init(body);
    body->member_id = (char *)(uintptr_t)in->input->member_id;
    Huiyuan__V1__Command *command = hy_arena_alloc(in->arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY;
    command->release_identity = body;
    struct hy_command_out *out = hy_arena_alloc(in->arena, sizeof *out);
    const char *identity = hy_arena_string(in->arena, in->profile->identity, strlen(in->profile->identity));
    *out = (struct hy_command_out){"members", identity, command};
    return out;
}

void member_erase(const struct member_case *in, struct hy_decision *ret_decision) {
    if (!exists(in, ret_decision)) return;
    Huiyuan__V1__MemberChange *change = member_change(HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED, in->arena);
    change->version = in->profile->version + 1;
    member_accept(ret_decision, change, in->input->member_id, change->version, in->arena);
    struct hy_publish_out *tombstone = hy_arena_alloc(in->arena, sizeof *tombstone);
    *tombstone = (struct hy_publish_out){"member-keys", in->input->member_id, {NULL, 0}};
    ret_decision->publishes = tombstone;
    ret_decision->publish_count = 1;
    ret_decision->commands = release(in);
    ret_decision->command_count = 1;
}
