// A command for the log `members`: checked, and the hash of what it means.
#include <string.h>

#include "common/base/hash.h"
#include "common/stage/command.h"
#include "services/member/member.h"

enum {
    HASH_FORM = 1, // a change of what is hashed below must count it up: stored hashes then mean nothing
    DAYS_A_MONTH = 31,
};

typedef Huiyuan__V1__Command Command;

static struct hy_error fault(enum hy_code code, const char *field, const char *detail) {
    return (struct hy_error){code, field, detail};
}

// "phone/<index>": a kind in small letters, and something that is an id.
static bool is_identity(const char *text) {
    size_t kind = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return kind > 0 && kind <= 16 && text[kind] == '/' && hy_command_is_id(text + kind + 1);
}

static struct hy_error check_identity(const char *identity, const char *field) {
    if (is_identity(identity)) return HY_NO_ERROR;
    return fault(HY_INVALID_FIELD, field, "an identity: phone/<index> / 应为身份标识 phone/<index>");
}

static struct hy_error check_personal(const Huiyuan__V1__Sealed *sealed, const char *field) {
    if (sealed == NULL) return HY_NO_ERROR;
    if (sealed->nonce.len == MEMBER_NONCE_BYTES && sealed->ciphertext.len >= MEMBER_TAG_BYTES &&
        sealed->ciphertext.len <= MEMBER_CIPHERTEXT_LIMIT_BYTES)
        return HY_NO_ERROR;
    return fault(
        HY_INVALID_FIELD, field,
        "a nonce of 24 bytes, a ciphertext of 16 … 4096 / 随机数应为 24 字节，密文应为 16 … 4096 字节");
}

static struct hy_error check_birthday(uint32_t birthday, const char *field) {
    uint32_t month = birthday / 100, day = birthday % 100;
    static const uint32_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (birthday == 0) return HY_NO_ERROR;
    if (month >= 1 && month <= 12 && day >= 1 && day <= DAYS_A_MONTH && day <= days[month - 1])
        return HY_NO_ERROR;
    return fault(HY_INVALID_FIELD, field, "month × 100 + day, or 0 / 应为 月 × 100 + 日，或 0");
}

static struct hy_error check_language(Huiyuan__V1__Language language, const char *field) {
    if ((int)language >= 0 && language <= HUIYUAN__V1__LANGUAGE__EN) return HY_NO_ERROR;
    return fault(HY_INVALID_FIELD, field, "ZH or EN / 应为 ZH 或 EN");
}

static struct hy_error check_consents(Huiyuan__V1__Consent *const *consents, size_t count,
                                      const char *field) {
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        int channel = (int)consents[i]->channel;
        if (channel < HUIYUAN__V1__CONTACT_CHANNEL__EMAIL || channel > HUIYUAN__V1__CONTACT_CHANNEL__SOCIAL ||
            (seen & 1U << channel) != 0)
            return fault(HY_INVALID_FIELD, field, "each channel once / 每个渠道只能出现一次");
        seen |= 1U << channel;
    }
    return HY_NO_ERROR;
}

static struct hy_error first(const struct hy_error *errors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (errors[i].code != HY_OK) return errors[i];
    }
    return HY_NO_ERROR;
}

static struct hy_error check_enrol(const Command *command) {
    const Huiyuan__V1__EnrolMember *enrol = command->enrol_member;
    const Huiyuan__V1__OpenMember *profile = enrol->profile;
    if (profile == NULL) return fault(HY_MISSING_FIELD, "profile", NULL);
    if (profile->personal == NULL) return fault(HY_MISSING_FIELD, "profile.personal", NULL);
    const struct hy_error errors[] = {
        check_identity(command->member_id, "member_id"),
        hy_command_check_id(enrol->member_id, "enrol_member.member_id"),
        check_personal(profile->personal, "profile.personal"),
        check_birthday(profile->birthday, "profile.birthday"),
        check_language(profile->language, "profile.language"),
        check_consents(profile->consents, profile->n_consents, "profile.consents"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

// From one key of this log to another: never from outside.
static struct hy_error check_step(const Command *command) {
    if (command->origin != NULL) return HY_NO_ERROR;
    return fault(HY_MISSING_FIELD, "origin", "services alone send this / 仅限内部服务发送");
}

static struct hy_error check_open(const Command *command) {
    const Huiyuan__V1__OpenMember *open = command->open_member;
    const struct hy_error errors[] = {
        check_step(command),
        hy_command_check_id(command->member_id, "member_id"),
        check_identity(open->identity, "open_member.identity"),
        check_personal(open->personal, "open_member.personal"),
        check_birthday(open->birthday, "open_member.birthday"),
        check_language(open->language, "open_member.language"),
        check_consents(open->consents, open->n_consents, "open_member.consents"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

static struct hy_error check_update(const Command *command) {
    const Huiyuan__V1__UpdateMember *update = command->update_member;
    const struct hy_error errors[] = {
        hy_command_check_id(command->member_id, "member_id"),
        check_personal(update->personal, "update_member.personal"),
        check_birthday(update->birthday, "update_member.birthday"),
        check_language(update->language, "update_member.language"),
        check_consents(update->consents, update->n_consents, "update_member.consents"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

static struct hy_error check_release(const Command *command) {
    const struct hy_error errors[] = {
        check_step(command),
        check_identity(command->member_id, "member_id"),
        hy_command_check_id(command->release_identity->member_id, "release_identity.member_id"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

static struct hy_error check_body(const Command *command) {
    switch (command->body_case) {
    case HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER: return check_enrol(command);
    case HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER: return check_open(command);
    case HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER: return check_update(command);
    case HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER: return hy_command_check_id(command->member_id, "member_id");
    case HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY: return check_release(command);
    default: return fault(HY_INVALID_FIELD, "body", "a command that member knows / 应为会员服务支持的指令");
    }
}

// What a retry may have anew is no part of the meaning: the drawn member id, the sealing (a nonce is random),
// the version (read again before every try), the time. That something was sealed is.
static struct hy_bytes meaning(const Command *command, struct hy_arena *arena) {
    Huiyuan__V1__OpenMember means = HUIYUAN__V1__OPEN_MEMBER__INIT;
    Huiyuan__V1__Sealed sealed = HUIYUAN__V1__SEALED__INIT;
    const Huiyuan__V1__OpenMember *open =
        command->body_case == HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER  ? command->enrol_member->profile
        : command->body_case == HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER ? command->open_member
                                                                       : NULL;
    const Huiyuan__V1__UpdateMember *update =
        command->body_case == HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER ? command->update_member : NULL;
    Huiyuan__V1__Consent **said = open != NULL ? open->consents : update != NULL ? update->consents : NULL;
    size_t count = open != NULL ? open->n_consents : update != NULL ? update->n_consents : 0;
    member_consents_merge(NULL, 0, said, count, 0, arena, &means.consents, &means.n_consents);
    for (size_t i = 0; i < means.n_consents; i++)
        means.consents[i]->changed_at_ms = 0;
    if (open != NULL) {
        means.personal = open->personal != NULL ? &sealed : NULL;
        means.birthday = open->birthday;
        means.language = open->language;
    } else if (update != NULL) {
        means.personal = update->personal != NULL ? &sealed : NULL;
        means.birthday = update->birthday;
        means.language = update->language;
    }
    return hy_brain_pack(arena, &means.base);
}

static uint64_t hash(const Command *command, struct hy_arena *arena) {
    struct hy_bytes body = meaning(command, arena);
    uint8_t *bytes = hy_arena_alloc(arena, body.length + 2);
    bytes[0] = HASH_FORM;
    bytes[1] = (uint8_t)command->body_case;
    memcpy(bytes + 2, body.data, body.length);
    return hy_hash64(hy_bytes(bytes, body.length + 2));
}

struct hy_error member_read(struct hy_bytes message, struct hy_arena *arena, struct hy_input *ret_input) {
    const Command *command = NULL;
    struct hy_error error = hy_command_decode(message, arena, ret_input, &command);
    if (error.code != HY_OK) return error;
    if (!hy_command_is_id(command->member_id) && !is_identity(command->member_id))
        return hy_command_check_id(command->member_id, "member_id");
    ret_input->member_id = command->member_id;
    if (command->issued_at_ms <= 0) return fault(HY_MISSING_FIELD, "issued_at_ms", NULL);
    error = check_body(command);
    if (error.code != HY_OK) return error;
    ret_input->kind = (int)command->body_case;
    hy_command_fill(command, hash(command, arena), ret_input);
    return HY_NO_ERROR;
}
