// What records of campaign and tier ask for, and what their templates may say.
#include <inttypes.h>

#include "services/notification/notification.h"

typedef Huiyuan__V1__DeliveryChange Change;
typedef Huiyuan__V1__DeliveryParameter Parameter;

enum { PARAMETERS_LIMIT = 12 };

bool wanted_by_campaign(const Huiyuan__V1__CampaignChange *change, struct wanted *ret_wanted) {
    if (change->template_[0] == '\0') return false;
    *ret_wanted = (struct wanted){.template_name = change->template_, .campaign = change};
    return true;
}

bool wanted_by_tier(const Huiyuan__V1__TierChange *change, struct wanted *ret_wanted) {
    if (change->kind != HUIYUAN__V1__TIER_CHANGE_KIND__RAISED) return false;
    *ret_wanted = (struct wanted){.template_name = "tier-raised", .tier = change};
    return true;
}

// Nothing is said about what is empty: a template that needs it is refused when it is filled in.
static void add(Change *change, struct hy_arena *arena, const char *name, const char *value) {
    if (value[0] == '\0') return;
    if (change->parameters == NULL)
        change->parameters = hy_arena_alloc(arena, PARAMETERS_LIMIT * sizeof(Parameter *));
    Parameter *parameter = hy_arena_alloc(arena, sizeof *parameter);
    huiyuan__v1__delivery_parameter__init(parameter);
    parameter->name = (char *)(uintptr_t)name;
    parameter->value = (char *)(uintptr_t)value;
    change->parameters[change->n_parameters++] = parameter;
}

static const struct hy_tier_rule *tier_rule(const struct hy_program *program, const char *tier) {
    for (size_t i = 0; i < program->tier_count; i++) {
        if (strcmp(program->tiers[i].id, tier) == 0) return &program->tiers[i];
    }
    return NULL;
}

static void add_tier(Change *change, struct hy_arena *arena, const struct hy_program *program,
                     const char *tier) {
    const struct hy_tier_rule *rule = tier[0] == '\0' ? &program->tiers[0] : tier_rule(program, tier);
    add(change, arena, "tier-zh", rule == NULL ? tier : rule->name_zh);
    add(change, arena, "tier-en", rule == NULL ? tier : rule->name_en);
}

// "20", "20.50": yuan
static const char *money(struct hy_arena *arena, int64_t fen) {
    if (fen % 100 == 0) return hy_arena_printf(arena, "%" PRId64, fen / 100);
    return hy_arena_printf(arena, "%" PRId64 ".%02" PRId64, fen / 100, fen % 100);
}

static const char *date(struct hy_arena *arena, const struct hy_zone *zone, int64_t time_ms) {
    struct hy_civil civil = hy_civil_at(zone, time_ms);
    return hy_arena_printf(arena, "%04" PRId32 "-%02" PRId32 "-%02" PRId32, civil.year, civil.month,
                           civil.day);
}

static void add_coupon(Change *change, struct hy_arena *arena, const struct hy_program *program,
                       const Huiyuan__V1__Coupon *coupon) {
    add(change, arena, "coupon_code", coupon->code);
    add(change, arena, "coupon_name-zh", coupon->name_zh);
    add(change, arena, "coupon_name-en", coupon->name_en);
    add(change, arena, "coupon_value", money(arena, coupon->value_fen));
    add(change, arena, "minimum_spend", money(arena, coupon->minimum_spend_fen));
    if (coupon->expires_at_ms != 0)
        add(change, arena, "expires", date(arena, &program->zone, coupon->expires_at_ms));
}

void wanted_describe(const struct wanted *wanted, const struct hy_program *program, struct hy_arena *arena,
                     Change *change) {
    if (wanted->tier != NULL) add_tier(change, arena, program, wanted->tier->tier);
    if (wanted->campaign == NULL) return;
    change->campaign_id = wanted->campaign->campaign_id;
    if (wanted->campaign->tier[0] != '\0') add_tier(change, arena, program, wanted->campaign->tier);
    add(change, arena, "occasion", wanted->campaign->occasion);
    if (wanted->campaign->coupon != NULL) add_coupon(change, arena, program, wanted->campaign->coupon);
}
