// Inputs: records of members and tiers, and commands, checked.
#include <string.h>

#include "common/base/hash.h"
#include "common/stage/command.h"
#include "services/campaign/campaign.h"

typedef Huiyuan__V1__Command Command;

static struct hy_error fault(enum hy_code code, const char *field, const char *detail) {
    return (struct hy_error){code, field, detail};
}

// --- records of other logs ---

struct hy_error campaign_read_member(const Huiyuan__V1__Record *record, struct hy_arena *arena,
                                     struct hy_input *ret_input) {
    const Huiyuan__V1__MemberChange *change =
        huiyuan__v1__member_change__unpack(&arena->protobuf, record->body.len, record->body.data);
    if (change == NULL) return fault(HY_CORRUPT, "body", NULL);
    ret_input->kind = CAMPAIGN_MEMBER;
    ret_input->message = change;
    ret_input->skip = change->kind != HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED &&
                      change->kind != HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED &&
                      change->kind != HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
    return HY_NO_ERROR;
}

struct hy_error campaign_read_tier(const Huiyuan__V1__Record *record, struct hy_arena *arena,
                                   struct hy_input *ret_input) {
    const Huiyuan__V1__TierChange *change =
        huiyuan__v1__tier_change__unpack(&arena->protobuf, record->body.len, record->body.data);
    if (change == NULL) return fault(HY_CORRUPT, "body", NULL);
    ret_input->kind = CAMPAIGN_TIER;
    ret_input->message = change;
    ret_input->skip = strcmp(change->tier, change->tier_before) == 0;
    return HY_NO_ERROR;
}

// --- commands ---

static struct hy_error first(const struct hy_error *errors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (errors[i].code != HY_OK) return errors[i];
    }
    return HY_NO_ERROR;
}

// From one key of this log to another: never from outside.
static struct hy_error check_step(const Command *command) {
    if (command->origin != NULL) return HY_NO_ERROR;
    return fault(HY_MISSING_FIELD, "origin", "services alone send this / 仅限内部服务发送");
}

// The key is "<kind>/<name>".
static struct hy_error check_key(const Command *command, const char *kind, const char *name) {
    size_t length = strlen(kind);
    if (strncmp(command->member_id, kind, length) == 0 && command->member_id[length] == '/' &&
        strcmp(command->member_id + length + 1, name) == 0)
        return HY_NO_ERROR;
    return fault(HY_INVALID_FIELD, "member_id", "the key of what is asked / 应为所操作对象的键");
}

static struct hy_error check_reserve(const Command *command) {
    const struct hy_error errors[] = {
        check_step(command),
        check_key(command, "budget", command->reserve_coupon->campaign_id),
        hy_command_check_id(command->reserve_coupon->member_id, "reserve_coupon.member_id"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

static struct hy_error check_new(const Huiyuan__V1__Coupon *coupon, const char *code) {
    if (strcmp(coupon->code, code) != 0)
        return fault(HY_INVALID_FIELD, "open_coupon.coupon.code",
                     "the code that is opened / 应为所开券的券码");
    if (coupon->redeemed_at_ms != 0)
        return fault(HY_INVALID_FIELD, "open_coupon.coupon.redeemed_at_ms",
                     "0: a new coupon is not redeemed / 应为 0:新券尚未核销");
    return HY_NO_ERROR;
}

static struct hy_error check_open(const Command *command) {
    const Huiyuan__V1__OpenCoupon *opened = command->open_coupon;
    if (opened->coupon == NULL) return fault(HY_MISSING_FIELD, "open_coupon.coupon", NULL);
    const struct hy_error errors[] = {
        check_step(command),
        check_key(command, "coupon", opened->code),
        check_new(opened->coupon, opened->code),
        hy_command_check_id(opened->member_id, "open_coupon.member_id"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

// A code that was mistyped is refused before anything is kept about it.
static struct hy_error check_redeem(const Command *command) {
    const Huiyuan__V1__RedeemCoupon *till = command->redeem_coupon;
    if (strncmp(command->member_id, "coupon/", 7) != 0 || !hy_coupon_code_good(command->member_id + 7))
        return fault(HY_COUPON_UNKNOWN, "code", NULL);
    const struct hy_error errors[] = {
        hy_command_check_id(till->redemption_id, "redeem_coupon.redemption_id"),
        hy_command_check_id(till->store_id, "redeem_coupon.store_id"),
        till->purchase_id[0] == '\0' ? HY_NO_ERROR
                                     : hy_command_check_id(till->purchase_id, "redeem_coupon.purchase_id"),
    };
    return first(errors, sizeof errors / sizeof errors[0]);
}

static struct hy_error check_of_member(const Command *command) {
    const struct hy_error errors[] = {check_step(command),
                                      hy_command_check_id(command->member_id, "member_id")};
    return first(errors, sizeof errors / sizeof errors[0]);
}

// Without its time a spent coupon would stay open in the member's wallet.
static struct hy_error check_redeemed(const Command *command) {
    if (command->coupon_redeemed->redeemed_at_ms > 0) return check_of_member(command);
    return fault(HY_INVALID_FIELD, "coupon_redeemed.redeemed_at_ms",
                 "more than 0: when it was redeemed / 应大于 0:核销的时间");
}

static struct hy_error check_body(const Command *command, int *ret_kind) {
    switch (command->body_case) {
    case HUIYUAN__V1__COMMAND__BODY_RESERVE_COUPON:
        *ret_kind = CAMPAIGN_RESERVE;
        return check_reserve(command);
    case HUIYUAN__V1__COMMAND__BODY_SETTLE_COUPON:
        *ret_kind = CAMPAIGN_SETTLE;
        return check_of_member(command);
    case HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON: *ret_kind = CAMPAIGN_OPEN; return check_open(command);
    case HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON: *ret_kind = CAMPAIGN_REDEEM; return check_redeem(command);
    case HUIYUAN__V1__COMMAND__BODY_COUPON_REDEEMED:
        *ret_kind = CAMPAIGN_REDEEMED;
        return check_redeemed(command);
    default: return fault(HY_INVALID_FIELD, "body", "a command that campaign knows / 应为活动服务支持的指令");
    }
}

// Of what comes from outside: a till that asks again may look at its clock again, and what only a newer
// gateway says is not known here.
static uint64_t hash(const Command *command, struct hy_arena *arena) {
    Huiyuan__V1__RedeemCoupon means = HUIYUAN__V1__REDEEM_COUPON__INIT;
    if (command->body_case == HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON) means = *command->redeem_coupon;
    means.redeemed_at_ms = 0;
    means.base.n_unknown_fields = 0;
    struct hy_bytes body = hy_brain_pack(arena, &means.base);
    uint8_t *bytes = hy_arena_alloc(arena, body.length + 1);
    bytes[0] = (uint8_t)command->body_case;
    memcpy(bytes + 1, body.data, body.length);
    return hy_hash64(hy_bytes(bytes, body.length + 1));
}

struct hy_error campaign_read(struct hy_bytes message, struct hy_arena *arena, struct hy_input *ret_input) {
    const Command *command = NULL;
    struct hy_error error = hy_command_decode(message, arena, ret_input, &command);
    if (error.code != HY_OK) return error;
    error = check_body(command, &ret_input->kind);
    if (error.code != HY_OK) return error;
    ret_input->member_id = command->member_id;
    if (command->issued_at_ms <= 0) return fault(HY_MISSING_FIELD, "issued_at_ms", NULL);
    hy_command_fill(command, hash(command, arena), ret_input);
    return HY_NO_ERROR;
}
