#include "tests/unit/campaign/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "proto/program.pb-c.h"

typedef Huiyuan__V1__CampaignChange Change;
typedef Huiyuan__V1__Command Command;

static const char PROGRAM[] =
    "program: p\nversion: 1\neffective_from: 2020-01-01\nearning: {points_per_yuan: 1}\n"
    "tiers:\n  - {id: ordinary, multiplier: 1}\n  - {id: silver, multiplier: 1}\n  - {id: gold, multiplier: "
    "1}\n";

static void refer(struct desk *desk, Huiyuan__V1__DocumentKind kind, const char *name, uint32_t version,
                  const char *yaml) {
    Huiyuan__V1__ProgramVersion published = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    published.kind = kind;
    published.program = (char *)(uintptr_t)name;
    published.version = version;
    published.published_at_ms = desk->now_ms;
    published.yaml = (ProtobufCBinaryData){strlen(yaml), (uint8_t *)(uintptr_t)yaml};
    struct hy_bytes message = hy_brain_pack(&desk->arena, &published.base);
    desk->brain.refer(&desk->campaign, 0, hy_bytes_of(""), message);
    const char *reason = NULL;
    cr_assert(desk->brain.ready(&desk->campaign, &reason), "%s", reason);
}

void desk_open(struct desk *desk, const char *now) {
    *desk = (struct desk){.now_ms = shanghai_ms(now)};
    campaign_init(&desk->campaign, load_test_zone);
    memset(desk->campaign.coupon_secret, 7, sizeof desk->campaign.coupon_secret);
    desk->brain = campaign_brain(&desk->campaign, 7 * INT64_C(86400000));
    hy_arena_init(&desk->arena);
    refer(desk, HUIYUAN__V1__DOCUMENT_KIND__PROGRAM, "p", 1, PROGRAM);
}

struct key *desk_key(struct desk *desk, const char *id) {
    cr_assert_lt(desk->key_count, DESK_KEYS_LIMIT);
    struct key *key = hy_calloc(1, sizeof *key);
    snprintf(key->id, sizeof key->id, "%s", id);
    return desk->keys[desk->key_count++] = key;
}

void desk_close(struct desk *desk) {
    for (size_t i = 0; i < desk->key_count; i++) {
        campaign_state_free(&desk->keys[i]->state);
        hy_free(desk->keys[i]);
    }
    campaign_free(&desk->campaign);
    hy_arena_free(&desk->arena);
}

void desk_publish(struct desk *desk, const char *yaml) {
    struct hy_campaign *campaign = campaign_or_fail(yaml);
    uint64_t before = desk->brain.due_version(&desk->campaign);
    refer(desk, HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, campaign->id, campaign->version, yaml);
    cr_assert_neq(desk->brain.due_version(&desk->campaign), before);
    hy_campaign_free(campaign);
}

// The state changes by what stands in the record, not by what is in memory.
static const Change *fold(struct desk *desk, struct key *key) {
    const struct hy_decision *decision = &desk->decision;
    Change *change = huiyuan__v1__campaign_change__unpack(&desk->arena.protobuf, decision->body_bytes.length,
                                                          decision->body_bytes.data);
    cr_assert_neq(change, NULL);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    desk->brain.evolve(&desk->campaign, &key->state, &record, &change->base);
    const char *why = "";
    cr_assert(desk->brain.check(&desk->campaign, &key->state, &why), "%s: %s", key->id, why);
    return change;
}

const Change *desk_decide(struct desk *desk, struct key *key, int kind, const void *message) {
    struct hy_input input = {.kind = kind, .member_id = key->id, .id = "x", .message = message};
    desk->decision = (struct hy_decision){.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED};
    desk->brain.decide(&desk->campaign, &key->state, &input, desk->now_ms, &desk->arena, &desk->decision);
    return desk->decision.outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED ? fold(desk, key) : NULL;
}

static const Change *member_change(struct desk *desk, struct key *member, Huiyuan__V1__MemberChangeKind kind,
                                   uint32_t birthday) {
    Huiyuan__V1__MemberChange change = HUIYUAN__V1__MEMBER_CHANGE__INIT;
    change.kind = kind;
    change.birthday = birthday;
    return desk_decide(desk, member, CAMPAIGN_MEMBER, &change);
}

const Change *desk_enrol(struct desk *desk, struct key *member, uint32_t birthday) {
    return member_change(desk, member, HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED, birthday);
}

const Change *desk_erase(struct desk *desk, struct key *member) {
    return member_change(desk, member, HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED, 0);
}

const Change *desk_tier(struct desk *desk, struct key *member, const char *tier) {
    Huiyuan__V1__TierChange change = HUIYUAN__V1__TIER_CHANGE__INIT;
    change.kind = HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    change.tier = (char *)(uintptr_t)tier;
    return desk_decide(desk, member, CAMPAIGN_TIER, &change);
}

const Change *desk_timer(struct desk *desk, struct key *member) {
    return desk_decide(desk, member, HY_KIND_TIMER, NULL);
}

const Change *desk_hand_on(struct desk *desk, struct key *key) {
    cr_assert_eq(desk->decision.command_count, 1);
    const struct hy_command_out *out = &desk->decision.commands[0];
    cr_assert_str_eq(out->to, "campaigns");
    cr_assert_str_eq(out->member_id, key->id);
    Command command = *(const Command *)out->command;
    Huiyuan__V1__Origin origin = HUIYUAN__V1__ORIGIN__INIT;
    command.origin = &origin;
    command.to = (char *)(uintptr_t) "campaigns";
    command.member_id = (char *)(uintptr_t)key->id;
    command.command_id = (char *)(uintptr_t) "campaigns-0-0-1";
    command.issued_at_ms = desk->now_ms;
    struct hy_input input = {0};
    struct hy_error error = desk->brain.read(&desk->campaign, 2, hy_brain_pack(&desk->arena, &command.base),
                                             &desk->arena, &input);
    cr_assert_eq(error.code, HY_OK, "%s", error.field);
    cr_assert_eq(input.input_class, HY_SINGLE_CLASS);
    return desk_decide(desk, key, input.kind, input.message);
}

const Change *desk_redeem(struct desk *desk, struct key *coupon, const char *redemption_id) {
    Huiyuan__V1__RedeemCoupon till = HUIYUAN__V1__REDEEM_COUPON__INIT;
    till.redemption_id = (char *)(uintptr_t)redemption_id;
    till.store_id = (char *)(uintptr_t) "S1";
    Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON;
    command.redeem_coupon = &till;
    return desk_decide(desk, coupon, CAMPAIGN_REDEEM, &command);
}

int64_t desk_due(struct desk *desk, const struct key *member) {
    return desk->brain.due(&desk->campaign, &member->state);
}

int desk_run_timers(struct desk *desk, struct key *member) {
    int count = 0;
    for (int64_t due_ms; (due_ms = desk_due(desk, member)) != 0 && due_ms <= desk->now_ms; count++) {
        cr_assert_lt(count, 50, "the timer never rests");
        desk_timer(desk, member);
    }
    return count;
}

void then_kind(const Change *change, Huiyuan__V1__CampaignChangeKind kind) {
    cr_assert_neq(change, NULL, "declined");
    cr_assert_eq(
        change->kind, kind, "%s instead of %s",
        protobuf_c_enum_descriptor_get_value(&huiyuan__v1__campaign_change_kind__descriptor,
                                             (int)change->kind)
            ->name,
        protobuf_c_enum_descriptor_get_value(&huiyuan__v1__campaign_change_kind__descriptor, (int)kind)
            ->name);
}
