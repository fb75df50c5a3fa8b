// Members and coupons through HTTP, on a fake engine.
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "proto/commands.pb-c.h"
#include "services/gateway/member_view.h"
#include "services/gateway/personal.h"
#include "tests/unit/gateway/fake_engine.h"
#include "tests/unit/gateway/fixture.h"

#define PHONE "+8613800138000"

static Huiyuan__V1__Answer answer;
static Huiyuan__V1__RecordName record = HUIYUAN__V1__RECORD_NAME__INIT;
static uint8_t answer_body[512];

static void begin(void) {
    fixture_begin();
    gateway.kek = hy_kek_load("", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    cr_assert_not_null(gateway.kek);
    huiyuan__v1__answer__init(&answer);
}

TestSuite(members, .init = begin, .fini = fixture_end, .timeout = 20);

static void given_answer(Huiyuan__V1__Outcome outcome, char *code, const ProtobufCMessage *body) {
    answer.outcome = outcome;
    answer.code = code;
    answer.record = &record;
    answer.body =
        (ProtobufCBinaryData){body == NULL ? 0 : protobuf_c_message_pack(body, answer_body), answer_body};
    fake_engine.outcome = COMMAND_ANSWERED;
    fake_engine.answer = &answer;
}

static void given_member_answer(char *member_id, bool created) {
    Huiyuan__V1__MemberAnswer member = HUIYUAN__V1__MEMBER_ANSWER__INIT;
    member.member_id = member_id;
    member.created = created;
    given_answer(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "", &member.base);
}

// Member m1, enrolled, with a name and an e-mail, and the key in its place.
static void given_enrolled(void) {
    struct hy_arena arena;
    struct hy_member_key key;
    struct hy_bytes wrapped;
    hy_arena_init(&arena);
    personal_key_draw(gateway.kek, "m1", &arena, &key, &wrapped);
    uint32_t partition = hy_partition_of(hy_bytes_of("m1"), PARTITIONS);
    struct hy_key place = hy_key_member_key("t:", partition, "m1");
    fake_engine_put(hy_key_bytes(&place), wrapped);
    Huiyuan__V1__PersonalData personal = HUIYUAN__V1__PERSONAL_DATA__INIT;
    personal.phone = PHONE;
    personal.name = "Fang";
    personal.birthday = "1990-05-17";
    Huiyuan__V1__MemberProfile profile = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    profile.version = 4;
    profile.personal = personal_seal(&key, "m1", &personal, &arena);
    profile.enrolled_at_ms = 1767323045000;
    given_state("members", "m1", &profile.base);
    hy_arena_free(&arena);
}

// What was appended to `commands`, last.
static Huiyuan__V1__Command *sent(void) {
    Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(NULL, fake_engine.sent_length, fake_engine.sent);
    cr_assert_not_null(command);
    return command;
}

static void handle_sent(char ret_id[HY_COMMAND_ID_BYTES]) {
    Huiyuan__V1__Command *command = sent();
    snprintf(ret_id, HY_COMMAND_ID_BYTES, "%s", command->command_id);
    huiyuan__v1__command__free_unpacked(command, NULL);
}

Test(members, the_profile_is_opened_and_stands_beside_the_points) {
    given_enrolled();
    cr_assert_eq(get("/v1/members/m1"), 200);
    cr_assert(has("\"points\":{\"balance\":0,\"earned\":0}"));
    cr_assert(has("\"phone\":\"" PHONE "\",\"name\":\"Fang\",\"birthday\":\"1990-05-17\",\"sealed\":false"));
    cr_assert(has(
        "\"language\":\"zh\",\"consents\":{\"email\":false,\"sms\":false,\"push\":false,\"social\":false}"));
    cr_assert(has("ETag: \"0-0.0-0.0-0.12-3.v4\"\r\n"));
    cr_assert(has("\"version\":4"));
}

Test(members, without_the_key_the_page_is_shown_and_says_what_is_sealed) {
    given_enrolled();
    hy_kek_free(gateway.kek);
    gateway.kek = NULL;
    cr_assert_eq(get("/v1/members/m1"), 200);
    cr_assert(has("\"sealed\":true"));
    cr_assert_not(has("Fang"));
    cr_assert_eq(request_json("POST", "/v1/members", "", "{\"phone\":\"13800138000\"}"), 503);
    cr_assert(has("HY_KEK_FILE"));
    cr_assert_eq(get("/v1/members?phone=13800138000"), 503);
    cr_assert_eq(request_json("PATCH", "/v1/members/m1", "", "{}"), 503);
}

Test(members, progress_is_told_in_words) {
    Huiyuan__V1__TierState tier = HUIYUAN__V1__TIER_STATE__INIT;
    tier.tier = "silver";
    tier.next_tier = "gold";
    tier.growth = 1200;
    tier.spend_to_next_fen = 30000;
    given_enrolled();
    given_state("tiers", "m1", &tier.base);
    cr_assert_eq(get("/v1/members/m1"), 200);
    cr_assert(has("\"progress_zh\":\"还差 ¥300 升gold\",\"progress_en\":\"¥300 more for gold\""));
    cr_assert(has("ETag: \"0-0.12-3.0-0.12-3.v4\"\r\n"));
}

Test(members, both_ways_up_are_named) {
    Huiyuan__V1__TierState tier = HUIYUAN__V1__TIER_STATE__INIT;
    tier.tier = "silver";
    tier.next_tier = "gold";
    tier.growth_to_next = 3800;
    tier.spend_to_next_fen = 123450;
    given_enrolled();
    given_state("tiers", "m1", &tier.base);
    cr_assert_eq(get("/v1/members/m1"), 200);
    cr_assert(has("还差 ¥1234.50 或 3800 成长值 升gold"));
    cr_assert(has("¥1234.50 or 3800 growth more for gold"));
}

Test(members, at_the_top_there_is_no_next_tier) {
    Huiyuan__V1__TierState tier = HUIYUAN__V1__TIER_STATE__INIT;
    tier.tier = "diamond";
    given_enrolled();
    given_state("tiers", "m1", &tier.base);
    cr_assert_eq(get("/v1/members/m1"), 200);
    cr_assert(has("\"tier\":{\"id\":\"diamond\""));
    cr_assert_not(has("\"next\""));
}

Test(members, coupons_are_listed_newest_first_with_their_standing) {
    Huiyuan__V1__Coupon old = HUIYUAN__V1__COUPON__INIT, used = HUIYUAN__V1__COUPON__INIT,
                        open = HUIYUAN__V1__COUPON__INIT;
    old.code = "OLD";
    old.expires_at_ms = 1000;
    used.code = "USED";
    used.redeemed_at_ms = 1000;
    open.code = "OPEN";
    open.expires_at_ms = INT64_C(4102444800000);
    Huiyuan__V1__Coupon *coupons[] = {&old, &used, &open};
    Huiyuan__V1__CampaignState campaigns = HUIYUAN__V1__CAMPAIGN_STATE__INIT;
    campaigns.n_coupons = 3;
    campaigns.coupons = coupons;
    given_enrolled();
    given_state("campaigns", "m1", &campaigns.base);
    cr_assert_eq(get("/v1/members/m1"), 200);
    json_t *page = json_loads(body(), 0, NULL);
    json_t *list = json_object_get(page, "coupons");
    const char *wanted[][2] = {{"OPEN", "open"}, {"USED", "redeemed"}, {"OLD", "expired"}};
    for (size_t i = 0; i < 3; i++) {
        json_t *coupon = json_array_get(list, i);
        cr_assert_str_eq(json_string_value(json_object_get(coupon, "code")), wanted[i][0]);
        cr_assert_str_eq(json_string_value(json_object_get(coupon, "status")), wanted[i][1]);
    }
    json_decref(page);
}

Test(members, an_erased_member_says_so_and_is_nobody) {
    Huiyuan__V1__MemberProfile profile = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    profile.version = 5;
    profile.erased_at_ms = 1767323045000;
    given_state("members", "m1", &profile.base);
    cr_assert_eq(get("/v1/members/m1"), 200);
    cr_assert(has("\"erased\":true"));
    cr_assert_not(has("\"profile\""));
    cr_assert_eq(request_json("PATCH", "/v1/members/m1", "", "{\"name\":\"x\"}"), 410);
}

Test(members, enrolling_sends_only_what_is_sealed_and_the_key_goes_first) {
    given_member_answer("m1", true);
    given_enrolled(); // as the services would have done it
    cr_assert_eq(request_json("POST", "/v1/members", "",
                              "{\"phone\":\"13800138000\",\"name\":\"Fang\",\"birthday\":\"1990-05-17\"}"),
                 201);
    cr_assert(has("\"created\":true"));
    cr_assert(has("Location: /v1/members/m1\r\n"));
    cr_assert_geq(fake_engine.keys, 1);
    cr_assert(fake_engine.key_came_first);
    Huiyuan__V1__Command *command = sent();
    cr_assert_eq(command->body_case, HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER);
    cr_assert_eq(strncmp(command->member_id, "phone/", 6), 0);
    cr_assert_eq(strlen(command->member_id), 6 + 32);
    cr_assert_str_eq(command->to, "members");
    cr_assert_str_eq(command->reply_to, "gw-1");
    cr_assert_eq(command->enrol_member->profile->birthday, 517);
    cr_assert_eq(command->enrol_member->profile->language, HUIYUAN__V1__LANGUAGE__ZH);
    cr_assert_eq(command->enrol_member->member_id[0], 'm');
    cr_assert_null(memmem(fake_engine.sent, fake_engine.sent_length, "Fang", 4));
    cr_assert_null(memmem(fake_engine.sent, fake_engine.sent_length, "13800138000", 11));
    huiyuan__v1__command__free_unpacked(command, NULL);
}

Test(members, a_known_phone_draws_no_key_and_asks_nobody) {
    char index[HY_PHONE_INDEX_BYTES], identity[64];
    cr_assert(hy_phone_index(gateway.kek, PHONE, index));
    snprintf(identity, sizeof identity, "phone/%s", index);
    Huiyuan__V1__MemberProfile leads = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    leads.leads_to = "m1";
    given_state("members", identity, &leads.base);
    given_enrolled();
    cr_assert_eq(request_json("POST", "/v1/members", "", "{\"phone\":\"13800138000\"}"), 200);
    cr_assert_str_eq(body(), "{\"member_id\":\"m1\",\"created\":false}");
    cr_assert_eq(fake_engine.appends + fake_engine.keys, 0);
    cr_assert_eq(get("/v1/members?phone=%2B8613800138000"), 200);
    cr_assert(has("\"name\":\"Fang\""));
    cr_assert_eq(get("/v1/members?phone=+8613800138000"), 200);
}

Test(members, a_phone_that_was_taken_meanwhile_says_the_id_and_nothing_else) {
    given_member_answer("m2", false);
    cr_assert_eq(request_json("POST", "/v1/members", "", "{\"phone\":\"13800138000\"}"), 200);
    cr_assert_str_eq(body(), "{\"member_id\":\"m2\",\"created\":false}");
}

Test(members, the_same_idempotency_key_has_the_same_handle_and_none_a_new_one) {
    char first[HY_COMMAND_ID_BYTES], second[HY_COMMAND_ID_BYTES];
    fake_engine.outcome = COMMAND_PENDING;
    for (int keyed = 0; keyed < 2; keyed++) {
        const char *header = keyed ? "Idempotency-Key: K1\r\n" : "";
        cr_assert_eq(request_json("POST", "/v1/members", header, "{\"phone\":\"13800138000\"}"), 202);
        handle_sent(first);
        cr_assert_eq(request_json("POST", "/v1/members", header, "{\"phone\":\"13800138000\"}"), 202);
        handle_sent(second);
        cr_assert_eq(strcmp(first, second) == 0, keyed == 1);
    }
    cr_assert_eq(
        request_json("POST", "/v1/members", "Idempotency-Key: K1\r\n", "{\"phone\":\"13800138001\"}"), 422);
    cr_assert(has("idempotency_key_reused"));
}

Test(members, a_patch_seals_anew_what_is_personal_and_leaves_the_rest) {
    given_enrolled();
    given_member_answer("m1", false);
    cr_assert_eq(request_json("PATCH", "/v1/members/m1", "", "{\"name\":\"Li\",\"consents\":{\"sms\":true}}"),
                 200);
    Huiyuan__V1__Command *command = sent();
    cr_assert_eq(command->body_case, HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER);
    cr_assert_eq(command->update_member->version, 4);
    cr_assert_not_null(command->update_member->personal);
    cr_assert_eq(command->update_member->birthday, 517);
    cr_assert_eq(command->update_member->n_consents, 1);
    huiyuan__v1__command__free_unpacked(command, NULL);
    cr_assert_eq(request_json("PATCH", "/v1/members/m1", "", "{\"language\":\"en\"}"), 200);
    command = sent();
    cr_assert_null(command->update_member->personal);
    cr_assert_eq(command->update_member->language, HUIYUAN__V1__LANGUAGE__EN);
    huiyuan__v1__command__free_unpacked(command, NULL);
}

Test(members, if_match_looks_at_the_version_of_the_profile_alone) {
    given_enrolled();
    given_member_answer("m1", false);
    const char *good[] = {"If-Match: \"7-7.8-8.9-9.1-1.v4\"\r\n", "If-Match: *\r\n",
                          "If-Match: \"x\", \"1-1.v4\"\r\n"};
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(request_json("PATCH", "/v1/members/m1", good[i], "{\"name\":\"Li\"}"), 200, "%s",
                     good[i]);
    int appends = fake_engine.appends;
    const char *bad[] = {"If-Match: \"1-1.v3\"\r\n", "If-Match: \"1-1.v14\"\r\n", "If-Match: \"99-3\"\r\n"};
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(request_json("PATCH", "/v1/members/m1", bad[i], "{\"name\":\"Li\"}"), 412, "%s", bad[i]);
    cr_assert_eq(fake_engine.appends, appends);
}

Test(members, erasing_again_is_answered_the_same_and_nobody_is_404) {
    given_member_answer("m1", false);
    cr_assert_eq(request("DELETE", "/v1/members/m1", ""), 204);
    given_answer(HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED, "member_erased", NULL);
    cr_assert_eq(request("DELETE", "/v1/members/m1", ""), 204);
    given_answer(HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED, "member_unknown", NULL);
    cr_assert_eq(request("DELETE", "/v1/members/m1", ""), 404);
}

Test(members, a_coupon_is_redeemed_under_the_till_s_own_id) {
    Huiyuan__V1__Coupon coupon = HUIYUAN__V1__COUPON__INIT;
    coupon.code = "C";
    Huiyuan__V1__CouponAnswer redeemed = HUIYUAN__V1__COUPON_ANSWER__INIT;
    redeemed.member_id = "m1";
    redeemed.coupon = &coupon;
    given_answer(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "", &redeemed.base);
    cr_assert_eq(request_json("POST", "/v1/coupons/0000-0000-0000/redeem", "Idempotency-Key: R1\r\n",
                              "{\"store_id\":\"S1\"}"),
                 200);
    Huiyuan__V1__Command *command = sent();
    cr_assert_str_eq(command->member_id, "coupon/000000000000");
    cr_assert_str_eq(command->to, "campaigns");
    cr_assert_str_eq(command->redeem_coupon->redemption_id, "R1");
    huiyuan__v1__command__free_unpacked(command, NULL);
    given_answer(HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED, "coupon_redeemed", NULL);
    cr_assert_eq(request_json("POST", "/v1/coupons/oOoOoOoOoOoO/redeem", "",
                              "{\"store_id\":\"S1\",\"redemption_id\":\"R2\"}"),
                 409);
    cr_assert_eq(request_json("POST", "/v1/coupons/000000000001/redeem", "",
                              "{\"store_id\":\"S1\",\"redemption_id\":\"R2\"}"),
                 404);
    cr_assert_eq(request_json("POST", "/v1/coupons/000000000000/redeem", "", "{\"store_id\":\"S1\"}"), 422);
}

Test(members, an_outcome_of_any_service_is_found_by_its_handle) {
    Huiyuan__V1__MemberAnswer member = HUIYUAN__V1__MEMBER_ANSWER__INIT;
    uint8_t packed[512];
    member.member_id = "m1";
    member.created = true;
    given_answer(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "", &member.base);
    struct hy_key_space space = {"t:", "members", 7};
    struct hy_key key = hy_key_answer(&space, "7-0123456789abcdef");
    fake_engine_put(hy_key_bytes(&key), hy_bytes(packed, huiyuan__v1__answer__pack(&answer, packed)));
    cr_assert_eq(get("/v1/commands/7-0123456789abcdef"), 200);
    cr_assert_str_eq(body(), "{\"member_id\":\"m1\",\"created\":true}");
}

Test(members, an_answer_that_names_no_member_is_an_internal_error) {
    static char *const NAMES[] = {"", "m\xFF", "m 1"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        for (int created = 0; created < 2; created++) {
            given_member_answer(NAMES[i], created != 0);
            cr_assert_eq(request_json("POST", "/v1/members", "", "{\"phone\":\"13800138000\"}"), 500);
        }
    }
}

Test(members, an_entry_without_points_names_the_tier) {
    Huiyuan__V1__TierSpan span = HUIYUAN__V1__TIER_SPAN__INIT;
    span.tier = "gold";
    span.since_ms = 1767323045000;
    Huiyuan__V1__TierSpan *spans[] = {&span};
    Huiyuan__V1__PointsState points = HUIYUAN__V1__POINTS_STATE__INIT;
    points.tiers = spans;
    points.n_tiers = 1;
    Huiyuan__V1__PointsNote note = HUIYUAN__V1__POINTS_NOTE__INIT;
    note.type = HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN;
    note.balance_after = 77;
    uint8_t note_bytes[32], state[128], packed[512];
    Huiyuan__V1__Receipt receipt = HUIYUAN__V1__RECEIPT__INIT;
    receipt.entry = 1;
    receipt.event_time_ms = span.since_ms;
    receipt.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    receipt.note = (ProtobufCBinaryData){huiyuan__v1__points_note__pack(&note, note_bytes), note_bytes};
    Huiyuan__V1__Receipt *tail[] = {&receipt};
    Huiyuan__V1__MemberState message = HUIYUAN__V1__MEMBER_STATE__INIT;
    message.entries = 1;
    message.n_tail = 1;
    message.tail = tail;
    message.state = (ProtobufCBinaryData){huiyuan__v1__points_state__pack(&points, state), state};
    struct hy_key_space space = {"t:", "points", hy_partition_of(hy_bytes_of("m1"), PARTITIONS)};
    struct hy_key key = hy_key_member(&space, "m1");
    fake_engine_put(hy_key_bytes(&key), hy_bytes(packed, huiyuan__v1__member_state__pack(&message, packed)));
    cr_assert_eq(get("/v1/members/m1/entries"), 200);
    cr_assert(has("\"type\":\"TIER_TAKEN\",\"points\":0,\"balance_after\":77"));
    cr_assert(has("\"tier\":\"gold\""));
    cr_assert_not(has("purchase_id"));
}
