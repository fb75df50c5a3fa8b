// One phone makes one member: all who enrol with it meet at the record of its identity.
#include <string.h>

#include "services/member/member.h"

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // protobuf-c's structs have plain pointers; nobody writes
}

static bool is_free(const Huiyuan__V1__MemberProfile *identity) {
    return identity->leads_to[0] == '\0';
}

// The step from the identity to the member. The consents were given when the caller said so, not when they
// arrive there.
static const struct hy_command_out *opening(const struct member_case *in) {
    const Huiyuan__V1__EnrolMember *enrol = in->command->enrol_member;
    Huiyuan__V1__OpenMember *open = hy_arena_alloc(in->arena, sizeof *open);
    *open = *enrol->profile;
    open->identity = text(in->input->member_id);
    member_consents_merge(NULL, 0, enrol->profile->consents, enrol->profile->n_consents,
                          in->input->event_time_ms, in->arena, &open->consents, &open->n_consents);
    Huiyuan__V1__Command *command = hy_arena_alloc(in->arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER;
    command->open_member = open;
    struct hy_command_out *out = hy_arena_alloc(in->arena, sizeof *out);
    *out = (struct hy_command_out){"members", enrol->member_id, command};
    return out;
}

// The key that was drawn for a member who will not be: without it, what was sealed for the command is
// unreadable too.
static void drop_key(const struct member_case *in, struct hy_decision *decision) {
    const char *drawn = in->command->enrol_member->member_id;
    if (strcmp(drawn, in->profile->leads_to) == 0) return;
    struct hy_publish_out *out = hy_arena_alloc(in->arena, sizeof *out);
    *out = (struct hy_publish_out){"member-keys", drawn, {NULL, 0}};
    decision->publishes = out;
    decision->publish_count = 1;
}

void member_enrol(const struct member_case *in, struct hy_decision *ret_decision) {
    bool free = is_free(in->profile);
    Huiyuan__V1__MemberChange *change = member_change(free ? HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN
                                                           : HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_KNOWN,
                                                      in->arena);
    const char *leads_to = free ? in->command->enrol_member->member_id : in->profile->leads_to;
    change->member_id = hy_arena_string(in->arena, leads_to, strlen(leads_to));
    member_accept(ret_decision, change, change->member_id, free ? 1 : 0, in->arena);
    if (free) {
        ret_decision->commands = opening(in);
        ret_decision->command_count = 1;
    } else {
        drop_key(in, ret_decision);
    }
}

void member_open(const struct member_case *in, struct hy_decision *ret_decision) {
    const Huiyuan__V1__OpenMember *open = in->command->open_member;
    if (in->profile->erased_at_ms != 0) {
        member_decline(ret_decision, HY_MEMBER_ERASED);
        return;
    }
    if (in->profile->version != 0) {
        member_decline(ret_decision, HY_MEMBER_CHANGED);
        return;
    }
    Huiyuan__V1__MemberChange *change = member_change(HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED, in->arena);
    change->identity = open->identity;
    change->version = 1;
    change->personal = open->personal;
    change->birthday = open->birthday;
    change->language = open->language;
    member_consents_merge(NULL, 0, open->consents, open->n_consents, in->input->event_time_ms, in->arena,
                          &change->consents, &change->n_consents);
    member_accept(ret_decision, change, in->input->member_id, change->version, in->arena);
}

void member_release(const struct member_case *in, struct hy_decision *ret_decision) {
    const char *member_id = in->command->release_identity->member_id;
    if (strcmp(in->profile->leads_to, member_id) != 0) {
        member_decline(ret_decision, is_free(in->profile) ? HY_MEMBER_UNKNOWN : HY_MEMBER_CHANGED);
        return;
    }
    Huiyuan__V1__MemberChange *change =
        member_change(HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_RELEASED, in->arena);
    change->member_id = text(member_id);
    member_accept(ret_decision, change, member_id, 0, in->arena);
}
