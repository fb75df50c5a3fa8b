// The log of members: versions without a gap, one member behind a phone.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "services/member/member.h"

typedef Huiyuan__V1__MemberChange Change;
typedef Huiyuan__V1__MemberProfile Profile;

#define KIND(kind) HUIYUAN__V1__MEMBER_CHANGE_KIND__##kind

static const Profile *profile_of(const struct verify_member *member) {
    static const Profile nothing = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    const Profile *profile = ((const struct member_state *)hy_member_state(member->member))->profile;
    return profile == NULL ? &nothing : profile;
}

// A phone leads to one member until that one lets it go.
static void check_identity(const struct verify_at *at, const Change *change) {
    const Profile *before = profile_of(at->member);
    bool is_free = before->leads_to[0] == '\0';
    bool same = strcmp(before->leads_to, change->member_id) == 0;
    if (change->kind == KIND(IDENTITY_TAKEN) ? is_free : same) return;
    verify_record_fault(at, CHECK_IDENTITIES,
                        "%s leads to %s, the record says %s / 身份标识指向 %s，流水为 %s",
                        at->record->member_id, is_free ? "nobody" : before->leads_to, change->member_id,
                        is_free ? "无" : before->leads_to, change->member_id);
}

static void check_version(const struct verify_at *at, const Change *change) {
    const Profile *before = profile_of(at->member);
    if (change->version != before->version + 1)
        verify_record_fault(at, CHECK_IDENTITIES,
                            "version %" PRIu32 " of member %s, expected %" PRIu32
                            " / 会员 %s 的版本为 %" PRIu32 "，应为 %" PRIu32,
                            change->version, at->record->member_id, before->version + 1,
                            at->record->member_id, change->version, before->version + 1);
    if (before->erased_at_ms != 0)
        verify_record_fault(at, CHECK_IDENTITIES, "member %s was erased / 会员 %s 已注销",
                            at->record->member_id, at->record->member_id);
}

static void check_record(const struct verify_at *at, const ProtobufCMessage *body) {
    const Change *change = (const Change *)body;
    if (change == NULL) return;
    verify_count(at->verify, CHECK_IDENTITIES, 1);
    switch (change->kind) {
    case KIND(IDENTITY_TAKEN):
    case KIND(IDENTITY_KNOWN):
    case KIND(IDENTITY_RELEASED): check_identity(at, change); break;
    case KIND(ENROLLED):
    case KIND(UPDATED):
    case KIND(ERASED): check_version(at, change); break;
    default: break;
    }
}

// As the tallies of member: enrolled, erased, members.
static void add(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                int64_t *sums) {
    const Profile *profile = profile_of(member);
    bool erased = profile->erased_at_ms != 0;
    (void)verify;
    (void)part;
    sums[0] += profile->version != 0;
    sums[1] += erased;
    sums[2] += profile->version != 0 && !erased;
}

const struct verify_ledger verify_members = {"members", check_record, add, 7};
