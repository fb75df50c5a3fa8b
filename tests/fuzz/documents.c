// Files that people write: programs, campaigns, templates of messages. The first byte says which: p, c, t.
#include <string.h>

#include "common/base/memory.h"
#include "common/campaign/campaign.h"
#include "common/contract/limits.h"
#include "common/io/zone.h"
#include "services/accrual/accrual.h"
#include "services/notification/template.h"
#include "tests/fuzz/fuzz.h"

// The zones that files name here, loaded once; no others exist.
static bool load_zone(const char *name, struct hy_zone *ret_zone) {
    static struct hy_zone zones[3];
    static const char *const names[] = {"Asia/Shanghai", "America/New_York", "UTC"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(names[i], name) != 0) continue;
        if (zones[i].count == 0) PROMISE(hy_zone_load(name, &zones[i]));
        *ret_zone = zones[i];
        ret_zone->changes = hy_malloc(zones[i].count * sizeof *zones[i].changes);
        memcpy(ret_zone->changes, zones[i].changes, zones[i].count * sizeof *zones[i].changes);
        return true;
    }
    return false;
}

static void check_faults(const struct hy_program_faults *faults, struct hy_bytes text) {
    int lines = 1;
    for (size_t i = 0; i < text.length; i++)
        lines +=
            text.data[i] == '\n' || text.data[i] == '\r' || text.data[i] >= 0x80; // NEL and LS break, too
    PROMISE(faults->count >= 1 && faults->count <= HY_PROGRAM_FAULTS_LIMIT);
    for (size_t i = 0; i < faults->count; i++) {
        const struct hy_program_fault *fault = &faults->items[i];
        PROMISE(fault->line >= 0 && fault->line <= lines + 1);
        PROMISE(fault->english[0] != '\0' && fault->chinese[0] != '\0');
        PROMISE(i == 0 || faults->items[i - 1].line <= fault->line);
    }
}

static bool in_range(int64_t number, int64_t low, int64_t high) {
    return number >= low && number <= high;
}

static void check_rule(const struct hy_rule *rule) {
    PROMISE(rule->id[0] != '\0' && rule->name_zh[0] != '\0' && rule->name_en[0] != '\0');
    PROMISE(in_range(rule->factor_hundredths, 0, HY_FACTOR_LIMIT));
    PROMISE(rule->first_day <= rule->last_day || rule->last_day == 0);
    PROMISE(rule->minimum_fen >= 0 && rule->weekdays < 1U << 8);
}

static void check_limits(const struct hy_program *program) {
    PROMISE(program->version >= 1 && strlen(program->currency) == 3);
    PROMISE(in_range((int64_t)program->rule_count, 1, HY_RULES_LIMIT));
    PROMISE(in_range((int64_t)program->tier_count, 1, HY_TIERS_LIMIT));
    PROMISE(program->stackable_count <= HY_STACKABLE_LIMIT && program->rules[0].kind == HY_RULE_BASE);
    PROMISE(program->points_per_yuan_hundredths >= 0 && program->minimum_spend_fen >= 0);
    for (size_t i = 0; i < program->rule_count; i++)
        check_rule(&program->rules[i]);
    for (size_t i = 0; i < program->tier_count; i++) {
        PROMISE(hy_program_tier(program, program->tiers[i].id) == i);
        PROMISE(in_range(program->tiers[i].multiplier_hundredths, 0, HY_FACTOR_LIMIT));
        PROMISE(in_range(program->tiers[i].discount_hundredths, 0, 100));
    }
}

// The largest purchase that the contract allows, of a category of the program: points stay within their
// range.
static void check_earning(const struct hy_program *program, struct hy_arena *arena) {
    static char line_id[] = "1", store[] = "S1";
    Huiyuan__V1__PurchaseLine line = HUIYUAN__V1__PURCHASE_LINE__INIT, *lines[] = {&line};
    Huiyuan__V1__Purchase purchase = HUIYUAN__V1__PURCHASE__INIT;
    line.line_id = line_id;
    line.paid_fen = HY_AMOUNT_LIMIT_FEN;
    for (size_t i = 0; i < program->categories.capacity; i++) {
        if (program->categories.slots[i].text != NULL)
            line.category = (char *)(uintptr_t)program->categories.slots[i].text;
    }
    purchase.store_id = store;
    purchase.channel = HUIYUAN__V1__CHANNEL__APP;
    purchase.occurred_at_ms = INT64_C(1779955200000);
    purchase.n_lines = 1;
    purchase.lines = lines;
    for (size_t tier = 0; tier < program->tier_count; tier++) {
        struct points_order order = {program, tier, NULL, &purchase, hy_purchase_lengths(&purchase, arena)};
        struct points_state nobody = {0};
        struct points_earned earned;
        PROMISE(points_earn(&order, &nobody, arena, &earned) && earned.change->points >= 0);
        const ProtobufCMessage *change = points_change_decode(earned.change_bytes, arena);
        PROMISE(hy_bytes_equal(earned.change_bytes, fuzz_pack(change, arena)));
    }
}

static void check_program(struct hy_bytes yaml, struct hy_arena *arena) {
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(yaml, load_zone, &faults);
    if (program == NULL) {
        check_faults(&faults, yaml);
        return;
    }
    PROMISE(faults.count == 0);
    check_limits(program);
    check_earning(program, arena);
    hy_program_free(program);
}

static void check_occasions(const struct hy_campaign *campaign) {
    static const uint32_t birthdays[] = {0, 101, 229, 604, 1231};
    for (size_t i = 0; i < sizeof birthdays / sizeof birthdays[0]; i++) {
        struct hy_occasion occasion;
        int64_t after_ms = INT64_C(1779955200000);
        for (int times = 0; times < 3; times++) {
            if (!hy_campaign_occasion(campaign, birthdays[i], after_ms, "", &occasion)) break;
            PROMISE(occasion.begins_ms < occasion.ends_ms && occasion.ends_ms > after_ms);
            PROMISE(occasion.name[0] != '\0');
            after_ms = occasion.ends_ms;
        }
    }
}

static void check_campaign(struct hy_bytes yaml) {
    struct hy_program_faults faults;
    struct hy_campaign *campaign = hy_campaign_parse(yaml, load_zone, &faults);
    if (campaign == NULL) {
        check_faults(&faults, yaml);
        return;
    }
    PROMISE(faults.count == 0 && campaign->id[0] != '\0' && campaign->version >= 1);
    PROMISE(campaign->effective_from_ms < campaign->effective_to_ms);
    PROMISE(in_range(campaign->hour, 0, 23) && in_range(campaign->control_share, 0, HY_SHARE_WHOLE));
    if (campaign->kind == HY_CAMPAIGN_BIRTHDAY) {
        PROMISE(in_range(campaign->days_before, 0, HY_DAYS_BEFORE_LIMIT));
        PROMISE(in_range(campaign->budget, 0, HY_BUDGET_LIMIT));
        PROMISE(in_range(campaign->coupon.valid_days, 0, HY_VALID_DAYS_LIMIT));
        PROMISE(campaign->coupon.value_fen > 0 && campaign->coupon.minimum_spend_fen >= 0);
        PROMISE(hy_coupon_expiry_ms(campaign, INT64_C(1779955200000)) > INT64_C(1779955200000));
    } else {
        PROMISE(campaign->kind == HY_CAMPAIGN_MEMBER_DAY && in_range(campaign->day, 1, 31));
        PROMISE(in_range(campaign->multiplier_hundredths, 101, HY_MEMBER_DAY_FACTOR_LIMIT));
    }
    check_occasions(campaign);
    hy_campaign_free(campaign);
}

// A template that was taken is filled, or says what is missing.
static void check_template(struct hy_bytes text) {
    static char known[] = "coupon_name-zh", value[] = "礼券", code[] = "coupon_code", digits[] = "7K3M";
    struct templates templates = {0};
    struct template_fault fault;
    if (!templates_add(&templates, "birthday.zh.txt", text, &fault)) {
        PROMISE(fault.text[0] != '\0' && fault.line >= 0 && templates.count == 0);
        return;
    }
    PROMISE(!templates_complete(&templates, &fault)); // English is missing
    Huiyuan__V1__DeliveryParameter a = HUIYUAN__V1__DELIVERY_PARAMETER__INIT, b = a, *both[] = {&a, &b};
    a.name = known, a.value = value, b.name = code, b.value = digits;
    struct template_values values = {HUIYUAN__V1__LANGUAGE__ZH, "李{name}", both, 2};
    const struct template_text *taken =
        template_in(templates_find(&templates, "birthday"), HUIYUAN__V1__LANGUAGE__ZH);
    const char *const texts[] = {taken->subject, taken->sms, taken->body};
    for (size_t i = 0; i < 3; i++) {
        struct hy_buffer out;
        const char *missing = NULL;
        hy_buffer_init(&out, 4 << 20);
        PROMISE(template_fill(texts[i], &values, &out, &missing) || missing != NULL);
        hy_buffer_free(&out);
    }
    templates_free(&templates);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct hy_arena *arena = fuzz_arena();
    struct hy_bytes text = hy_bytes(data + 1, size - 1);
    if (data[0] == 'p') check_program(text, arena);
    if (data[0] == 'c') check_campaign(text);
    if (data[0] == 't') check_template(text);
    return 0;
}
