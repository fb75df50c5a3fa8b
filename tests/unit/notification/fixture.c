#include "tests/unit/notification/fixture.h"

#include <stdio.h>

static const char FILE_ZH[] =
    "subject: {name}，恭喜\nsms: 您已升为{tier}\n\n{name}，您好：您已升为{tier}。\n";
static const char FILE_EN[] =
    "subject: Well done, {name}\nsms: You are {tier}\n\nDear {name}, you are {tier}.\n";

static void add_tier(struct hy_program *program, const char *id, const char *zh, const char *en) {
    struct hy_tier_rule *tier = &program->tiers[program->tier_count++];
    snprintf(tier->id, sizeof tier->id, "%s", id);
    snprintf(tier->name_zh, sizeof tier->name_zh, "%s", zh);
    snprintf(tier->name_en, sizeof tier->name_en, "%s", en);
}

static void add_template(struct shop *shop, const char *file, const char *text) {
    struct template_fault fault = {.text = ""};
    cr_assert(templates_add(&shop->templates, file, hy_bytes_of(text), &fault), "%s", fault.text);
}

void shop_open(struct shop *shop) {
    *shop = (struct shop){.policy = delivery_policy_defaults(), .now_ms = NOON_MS};
    hy_arena_init(&shop->arena);
    shop->offset = (struct hy_zone_change){0, 8 * 3600};
    shop->program.zone = (struct hy_zone){.name = "Asia/Shanghai", .count = 1, .changes = &shop->offset};
    add_tier(&shop->program, "ordinary", "普通", "ordinary");
    add_tier(&shop->program, "silver", "银卡", "Silver");
    add_template(shop, "tier-raised.zh.txt", FILE_ZH);
    add_template(shop, "tier-raised.en.txt", FILE_EN);
}

void shop_close(struct shop *shop) {
    if (shop->member.kept != NULL) huiyuan__v1__delivery_state__free_unpacked(shop->member.kept, NULL);
    templates_free(&shop->templates);
    hy_arena_free(&shop->arena);
}

static const Change *apply(struct shop *shop, const Change *change) {
    if (change != NULL) state_apply(&shop->member, change, shop->now_ms);
    return change;
}

static struct delivery_rules rules_of(struct shop *shop) {
    return (struct delivery_rules){&shop->policy, &shop->program, &shop->templates, shop->now_ms};
}

const Change *member_seen(struct shop *shop, bool email, bool sms) {
    Huiyuan__V1__Consent mail = HUIYUAN__V1__CONSENT__INIT, text = HUIYUAN__V1__CONSENT__INIT;
    mail.channel = CHANNEL(EMAIL);
    mail.granted = email;
    text.channel = CHANNEL(SMS);
    text.granted = sms;
    Huiyuan__V1__Consent *consents[] = {&mail, &text};
    Huiyuan__V1__Sealed sealed = HUIYUAN__V1__SEALED__INIT;
    sealed.ciphertext = (ProtobufCBinaryData){6, (uint8_t *)"sealed"};
    Huiyuan__V1__MemberChange seen = HUIYUAN__V1__MEMBER_CHANGE__INIT;
    seen.kind = HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED;
    seen.personal = &sealed;
    seen.language = HUIYUAN__V1__LANGUAGE__EN;
    seen.consents = consents;
    seen.n_consents = 2;
    return apply(shop, consent_seen(&seen, &shop->arena));
}

const Change *member_erased(struct shop *shop) {
    Huiyuan__V1__MemberChange seen = HUIYUAN__V1__MEMBER_CHANGE__INIT;
    seen.kind = HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
    return apply(shop, consent_seen(&seen, &shop->arena));
}

const Change *tier_raised(struct shop *shop, const char *delivery_id, int64_t when_ms) {
    Huiyuan__V1__TierChange *raised = hy_arena_alloc(&shop->arena, sizeof *raised);
    huiyuan__v1__tier_change__init(raised);
    raised->kind = HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    raised->tier = "silver";
    struct wanted wanted;
    cr_assert(wanted_by_tier(raised, &wanted));
    struct delivery_rules rules = rules_of(shop);
    return apply(shop,
                 deliver_wanted(&rules, shop->member.kept, &wanted, delivery_id, when_ms, &shop->arena));
}

const Change *time_comes(struct shop *shop) {
    const Huiyuan__V1__PendingDelivery *first = queue_first(shop->member.kept);
    cr_assert_not_null(first, "nothing waits");
    if (first->due_ms > shop->now_ms) shop->now_ms = first->due_ms;
    struct delivery_rules rules = rules_of(shop);
    return apply(shop, deliver_due(&rules, shop->member.kept, &shop->arena));
}

const Change *result(struct shop *shop, const char *delivery_id, uint32_t attempt,
                     Huiyuan__V1__DeliveryOutcome outcome, const char *detail) {
    Huiyuan__V1__DeliveryResult report = HUIYUAN__V1__DELIVERY_RESULT__INIT;
    report.delivery_id = (char *)(uintptr_t)delivery_id;
    report.attempt = attempt;
    report.outcome = outcome;
    report.detail = (char *)(uintptr_t)detail;
    struct delivery_rules rules = rules_of(shop);
    return apply(shop, deliver_result(&rules, shop->member.kept, &report, &shop->arena));
}
