// The brain as the stage sees it.
#include <stdio.h>

#include "tests/unit/notification/fixture.h"

enum { SOURCE_MEMBERS, SOURCE_CAMPAIGNS, SOURCE_TIERS, SOURCE_COMMANDS };

static struct shop shop;
static struct notification notification;
static struct hy_brain brain;

static void open_shop(void) {
    shop_open(&shop);
    notification_init(&notification, NULL);
    brain = notification_brain(&notification);
}

static void close_shop(void) {
    notification_free(&notification);
    shop_close(&shop);
}

TestSuite(brain, .init = open_shop, .fini = close_shop);

static struct hy_input read_record(uint32_t source, const ProtobufCMessage *body) {
    struct hy_bytes bytes = hy_brain_pack(&shop.arena, body);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.body = (ProtobufCBinaryData){bytes.length, (uint8_t *)(uintptr_t)bytes.data};
    struct hy_input input = {.skip = false};
    struct hy_error error = brain.read_record(brain.context, source, &record, &shop.arena, &input);
    cr_assert_eq(error.code, HY_OK);
    return input;
}

Test(brain, only_members_who_enrol_change_or_go_are_seen) {
    Huiyuan__V1__MemberChange change = HUIYUAN__V1__MEMBER_CHANGE__INIT;
    for (int kind = 1; kind <= 6; kind++) {
        change.kind = (Huiyuan__V1__MemberChangeKind)kind;
        cr_assert_eq(read_record(SOURCE_MEMBERS, &change.base).skip,
                     kind < HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED, "kind %d", kind);
    }
}

Test(brain, a_campaign_is_written_about_when_it_names_a_template) {
    Huiyuan__V1__CampaignChange change = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
    cr_assert(read_record(SOURCE_CAMPAIGNS, &change.base).skip);
    change.template_ = "birthday";
    cr_assert_not(read_record(SOURCE_CAMPAIGNS, &change.base).skip);
}

Test(brain, a_tier_is_written_about_when_it_was_raised) {
    Huiyuan__V1__TierChange change = HUIYUAN__V1__TIER_CHANGE__INIT;
    for (int kind = 1; kind <= 4; kind++) {
        change.kind = (Huiyuan__V1__TierChangeKind)kind;
        cr_assert_eq(read_record(SOURCE_TIERS, &change.base).skip,
                     kind != HUIYUAN__V1__TIER_CHANGE_KIND__RAISED, "kind %d", kind);
    }
}

Test(brain, a_record_that_is_no_message_is_an_error) {
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.body = (ProtobufCBinaryData){2, (uint8_t *)"\x0a\xff"};
    struct hy_input input = {.skip = false};
    for (uint32_t source = SOURCE_MEMBERS; source <= SOURCE_TIERS; source++)
        cr_assert_eq(brain.read_record(brain.context, source, &record, &shop.arena, &input).code,
                     HY_MALFORMED);
}

Test(brain, commands_other_than_results_are_refused) {
    Huiyuan__V1__EraseMember erase = HUIYUAN__V1__ERASE_MEMBER__INIT;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.command_id = "c";
    command.member_id = "m";
    command.body_case = HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER;
    command.erase_member = &erase;
    struct hy_input input = {.skip = false};
    struct hy_error error = brain.read(brain.context, SOURCE_COMMANDS,
                                       hy_brain_pack(&shop.arena, &command.base), &shop.arena, &input);
    cr_assert_eq(error.code, HY_INVALID_FIELD);
}

Test(brain, a_coupon_is_described_in_both_languages) {
    Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT;
    coupon.code = "B7K2";
    coupon.name_zh = "生日券";
    coupon.name_en = "Birthday coupon";
    coupon.value_fen = 2050;
    coupon.minimum_spend_fen = 10000;
    coupon.expires_at_ms = NOON_MS + 13 * HOUR_MS; // 01:00 of the next day in Shanghai
    Huiyuan__V1__CampaignChange campaign = HUIYUAN__V1__CAMPAIGN_CHANGE__INIT;
    campaign.template_ = "birthday";
    campaign.campaign_id = "birthday-2026";
    campaign.coupon = &coupon;
    struct wanted wanted;
    cr_assert(wanted_by_campaign(&campaign, &wanted));
    Change change = HUIYUAN__V1__DELIVERY_CHANGE__INIT;
    wanted_describe(&wanted, &shop.program, &shop.arena, &change);
    char said[400] = "";
    for (size_t i = 0; i < change.n_parameters; i++) {
        size_t length = strlen(said);
        snprintf(said + length, sizeof said - length, "%s=%s;", change.parameters[i]->name,
                 change.parameters[i]->value);
    }
    cr_assert_str_eq(said, "coupon_code=B7K2;coupon_name-zh=生日券;coupon_name-en=Birthday coupon;"
                           "coupon_value=20.50;minimum_spend=100;expires=2026-03-05;");
    cr_assert_str_eq(change.campaign_id, "birthday-2026");
}

Test(brain, a_saved_state_loads_to_the_same_bytes) {
    member_seen(&shop, true, true);
    tier_raised(&shop, "a", shop.now_ms);
    tier_raised(&shop, "b", shop.now_ms);
    time_comes(&shop);
    struct hy_buffer first, second;
    hy_buffer_init(&first, 10000);
    hy_buffer_init(&second, 10000);
    brain.save(brain.context, &shop.member, &first);
    struct deliveries_state loaded = {NULL};
    cr_assert(brain.load(brain.context, hy_buffer_bytes(&first), &loaded));
    brain.save(brain.context, &loaded, &second);
    cr_assert(hy_bytes_equal(hy_buffer_bytes(&first), hy_buffer_bytes(&second)));
    cr_assert_eq(brain.due(brain.context, &loaded), brain.due(brain.context, &shop.member));
    const char *reason = "";
    cr_assert(brain.check(brain.context, &loaded, &reason), "%s", reason);
    brain.release(brain.context, &loaded);
    hy_buffer_free(&first);
    hy_buffer_free(&second);
}

Test(brain, nothing_is_due_when_nothing_waits) {
    struct deliveries_state nothing = {NULL};
    cr_assert_eq(brain.due(brain.context, &nothing), 0);
    tier_raised(&shop, "a", shop.now_ms);
    cr_assert_eq(brain.due(brain.context, &shop.member), NOON_MS);
}
