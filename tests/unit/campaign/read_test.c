#include <criterion/criterion.h>

#include "tests/unit/campaign/desk.h"

static struct desk desk;
static Huiyuan__V1__Origin origin = HUIYUAN__V1__ORIGIN__INIT;
static Huiyuan__V1__Command command;
static Huiyuan__V1__RedeemCoupon till;

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static void again(void) {
    till = (Huiyuan__V1__RedeemCoupon)HUIYUAN__V1__REDEEM_COUPON__INIT;
    till.store_id = text("S1");
    till.redemption_id = text("r1");
    command = (Huiyuan__V1__Command)HUIYUAN__V1__COMMAND__INIT;
    command.command_id = text("c1");
    command.member_id = text("coupon/000000000000");
    command.issued_at_ms = 1000;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON;
    command.redeem_coupon = &till;
}

static void setup(void) {
    desk_open(&desk, "2026-05-12T12:00");
    again();
}

static void finish(void) {
    desk_close(&desk);
}

TestSuite(campaign_read, .init = setup, .fini = finish);

static struct hy_error read_command(struct hy_input *ret_input) {
    *ret_input = (struct hy_input){0};
    return desk.brain.read(&desk.campaign, 2, hy_brain_pack(&desk.arena, &command.base), &desk.arena,
                           ret_input);
}

static void then_refused(enum hy_code code, const char *field) {
    struct hy_input input;
    struct hy_error error = read_command(&input);
    cr_assert_eq(error.code, code, "%s instead of %s", hy_code_name(error.code), hy_code_name(code));
    cr_assert_str_eq(error.field, field);
}

Test(campaign_read, a_redemption_is_taken) {
    struct hy_input input;
    cr_assert_eq(read_command(&input).code, HY_OK);
    cr_assert_eq(input.kind, CAMPAIGN_REDEEM);
    cr_assert_eq(input.input_class, 0);
    cr_assert_str_eq(input.member_id, "coupon/000000000000");
}

Test(campaign_read, the_time_at_the_till_is_no_part_of_what_a_redemption_means) {
    struct hy_input first;
    struct hy_input second;
    struct hy_input other;
    read_command(&first);
    till.redeemed_at_ms = 77;
    read_command(&second);
    till.redemption_id = text("r2");
    read_command(&other);
    cr_assert_eq(first.content_hash, second.content_hash);
    cr_assert_neq(first.content_hash, other.content_hash);
}

Test(campaign_read, what_only_a_newer_gateway_says_is_no_part_of_what_a_redemption_means) {
    struct hy_input first;
    struct hy_input second;
    static uint8_t one[] = {1};
    ProtobufCMessageUnknownField newer = {99, PROTOBUF_C_WIRE_TYPE_VARINT, sizeof one, one};
    read_command(&first);
    till.base.unknown_fields = &newer;
    till.base.n_unknown_fields = 1;
    cr_assert_eq(read_command(&second).code, HY_OK);
    cr_assert_eq(first.content_hash, second.content_hash);
}

Test(campaign_read, redemptions_with_something_wrong_are_refused) {
    command.member_id = text("coupon/000000000001");
    then_refused(HY_COUPON_UNKNOWN, "code");
    command.member_id = text("m1");
    then_refused(HY_COUPON_UNKNOWN, "code");
    again();
    till.redemption_id = text("");
    then_refused(HY_MISSING_FIELD, "redeem_coupon.redemption_id");
    again();
    till.store_id = text("a/b");
    then_refused(HY_INVALID_FIELD, "redeem_coupon.store_id");
    again();
    till.purchase_id = text("a b");
    then_refused(HY_INVALID_FIELD, "redeem_coupon.purchase_id");
    again();
    command.issued_at_ms = 0;
    then_refused(HY_MISSING_FIELD, "issued_at_ms");
    again();
    command.command_id = text("");
    then_refused(HY_MISSING_FIELD, "command_id");
}

Test(campaign_read, the_steps_between_keys_come_from_services_alone) {
    Huiyuan__V1__SettleCoupon word = HUIYUAN__V1__SETTLE_COUPON__INIT;
    Huiyuan__V1__ReserveCoupon asked = HUIYUAN__V1__RESERVE_COUPON__INIT;
    struct hy_input input;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_SETTLE_COUPON;
    command.settle_coupon = &word;
    command.member_id = text("m1");
    then_refused(HY_MISSING_FIELD, "origin");
    command.origin = &origin;
    cr_assert_eq(read_command(&input).code, HY_OK);
    cr_assert_eq(input.input_class, HY_SINGLE_CLASS);
    command.body_case = HUIYUAN__V1__COMMAND__BODY_RESERVE_COUPON;
    command.reserve_coupon = &asked;
    asked.campaign_id = text("b");
    asked.member_id = text("m1");
    command.member_id = text("budget/c"); // the key of another campaign
    then_refused(HY_INVALID_FIELD, "member_id");
    command.member_id = text("budget/b");
    cr_assert_eq(read_command(&input).code, HY_OK);
}

Test(campaign_read, a_coupon_is_opened_new_and_under_its_own_code) {
    Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT;
    Huiyuan__V1__OpenCoupon opened = HUIYUAN__V1__OPEN_COUPON__INIT;
    struct hy_input input;
    command.origin = &origin;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_OPEN_COUPON;
    command.open_coupon = &opened;
    opened.member_id = text("m1");
    opened.code = coupon.code = text("000000000000");
    then_refused(HY_MISSING_FIELD, "open_coupon.coupon");
    opened.coupon = &coupon;
    cr_assert_eq(read_command(&input).code, HY_OK);
    coupon.redeemed_at_ms = 1;
    then_refused(HY_INVALID_FIELD, "open_coupon.coupon.redeemed_at_ms");
    coupon.redeemed_at_ms = 0;
    coupon.code = text("7K3M9QXT2B4C");
    then_refused(HY_INVALID_FIELD, "open_coupon.coupon.code");
}

Test(campaign_read, a_coupon_that_was_redeemed_says_when) {
    Huiyuan__V1__CouponRedeemed redeemed = HUIYUAN__V1__COUPON_REDEEMED__INIT;
    struct hy_input input;
    command.origin = &origin;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_COUPON_REDEEMED;
    command.coupon_redeemed = &redeemed;
    command.member_id = text("m1");
    redeemed.code = text("7K3M9QXT2B4C");
    then_refused(HY_INVALID_FIELD, "coupon_redeemed.redeemed_at_ms");
    redeemed.redeemed_at_ms = 1;
    cr_assert_eq(read_command(&input).code, HY_OK);
    command.origin = NULL;
    then_refused(HY_MISSING_FIELD, "origin");
}

Test(campaign_read, commands_of_other_services_are_refused) {
    Huiyuan__V1__EraseMember erase = HUIYUAN__V1__ERASE_MEMBER__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER;
    command.erase_member = &erase;
    then_refused(HY_INVALID_FIELD, "body");
}

static struct hy_input read_record(uint32_t source, const ProtobufCMessage *body) {
    struct hy_bytes bytes = hy_brain_pack(&desk.arena, body);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.body = (ProtobufCBinaryData){bytes.length, (uint8_t *)(uintptr_t)bytes.data};
    struct hy_input input = {0};
    cr_assert_eq(desk.brain.read_record(&desk.campaign, source, &record, &desk.arena, &input).code, HY_OK);
    return input;
}

Test(campaign_read, records_that_say_nothing_about_a_member_are_passed_over) {
    Huiyuan__V1__MemberChange member = HUIYUAN__V1__MEMBER_CHANGE__INIT;
    member.kind = HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN;
    cr_assert(read_record(0, &member.base).skip);
    member.kind = HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED;
    cr_assert_not(read_record(0, &member.base).skip);
    Huiyuan__V1__TierChange tier = HUIYUAN__V1__TIER_CHANGE__INIT;
    tier.tier = tier.tier_before = text("silver");
    cr_assert(read_record(1, &tier.base).skip);
    tier.tier = text("gold");
    cr_assert_not(read_record(1, &tier.base).skip);
}
