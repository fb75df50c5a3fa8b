// The campaign file: which keys each kind has, and where their values go. deploy/dev/campaigns shows all of
// them.
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/campaign/campaign.h"
#include "common/program/values.h"
#include "common/program/yaml.h"

#define KEYS(table)  table, sizeof(table) / sizeof(table)[0]
#define DEFAULT_ZONE "Asia/Shanghai"

// A campaign under way.
struct draft {
    struct hy_campaign *campaign;
    hy_zone_loader load_zone;
    bool zone_is_named;
};

static struct hy_campaign *campaign_of(void *target) {
    return ((const struct draft *)target)->campaign;
}

// --- what both kinds have ---

static void campaign_id(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_id(reader, node, campaign_of(target)->id);
}

static void campaign_version(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_version(reader, node, &campaign_of(target)->version);
}

static void campaign_name_zh(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_name(reader, node, campaign_of(target)->name_zh);
}

static void campaign_name_en(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_name(reader, node, campaign_of(target)->name_en);
}

static const char *const KINDS[] = {"birthday", "member-day", NULL}; // as enum hy_campaign_kind, from 1

static void campaign_kind(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    uint32_t index;
    if (read_word(reader, node, KINDS, &index))
        campaign_of(target)->kind = (enum hy_campaign_kind)(index + 1);
}

static void campaign_zone(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct draft *draft = target;
    draft->zone_is_named = true;
    read_zone(reader, node, draft->load_zone, &draft->campaign->zone);
}

static void campaign_from(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    const struct draft *draft = target;
    struct hy_campaign *campaign = draft->campaign;
    if (!draft->zone_is_named && !draft->load_zone(DEFAULT_ZONE, &campaign->zone))
        yaml_fault(reader, node, DEFAULT_ZONE, "this system does not know the default time zone",
                   "系统中没有默认时区");
    read_moment(reader, node, &campaign->zone, &campaign->effective_from_ms);
}

static void campaign_to(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_campaign *campaign = campaign_of(target);
    if (read_moment(reader, node, &campaign->zone, &campaign->effective_to_ms) &&
        campaign->effective_to_ms <= campaign->effective_from_ms)
        yaml_fault(reader, node, NULL, "must lie after effective_from", "必须晚于 effective_from");
}

static void campaign_message(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_id(reader, node, campaign_of(target)->message);
}

static void campaign_hour(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_whole(reader, node, 0, 23, &campaign_of(target)->hour);
}

static void campaign_control_share(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    int32_t share;
    if (read_multiplier(reader, node, &share)) campaign_of(target)->control_share = share;
}

// --- birthday ---

static void birthday_days_before(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_whole(reader, node, 0, HY_DAYS_BEFORE_LIMIT, &campaign_of(target)->days_before);
}

// The list's own fault when a tier is no id is that it is no text of a tier: tiers are compared, not looked
// up.
static void birthday_tiers(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct text_list list;
    read_texts(reader, node, &list);
    campaign_of(target)->tiers = list.texts;
    campaign_of(target)->tier_count = list.count;
}

static void birthday_budget(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_whole(reader, node, 0, HY_BUDGET_LIMIT, &campaign_of(target)->budget);
}

static void coupon_name_zh(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_name(reader, node, ((struct hy_coupon_offer *)target)->name_zh);
}

static void coupon_name_en(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_name(reader, node, ((struct hy_coupon_offer *)target)->name_en);
}

static void coupon_value(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_coupon_offer *coupon = target;
    if (read_money(reader, node, &coupon->value_fen) && coupon->value_fen == 0)
        yaml_fault(reader, node, "0", "must be above 0", "必须大于 0");
}

static void coupon_minimum(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_money(reader, node, &((struct hy_coupon_offer *)target)->minimum_spend_fen);
}

static void coupon_valid_days(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_whole(reader, node, 0, HY_VALID_DAYS_LIMIT, &((struct hy_coupon_offer *)target)->valid_days);
}

static const struct yaml_key COUPON_KEYS[] = {
    {"name_zh", false, coupon_name_zh},      {"name_en", false, coupon_name_en},
    {"value", true, coupon_value},           {"minimum_spend", false, coupon_minimum},
    {"valid_days", true, coupon_valid_days},
};

static void birthday_coupon(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(COUPON_KEYS), &campaign_of(target)->coupon);
}

// --- member day ---

static void member_day_day(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_whole(reader, node, 1, 31, &campaign_of(target)->day);
}

static void member_day_multiplier(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_campaign *campaign = campaign_of(target);
    if (!read_multiplier(reader, node, &campaign->multiplier_hundredths)) return;
    if (campaign->multiplier_hundredths <= HY_NEUTRAL_FACTOR ||
        campaign->multiplier_hundredths > HY_MEMBER_DAY_FACTOR_LIMIT)
        yaml_fault(reader, node, NULL, "must be above 1.00 and at most 10.00",
                   "必须大于 1.00 且不超过 10.00");
}

static void member_day_categories(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct text_list list;
    read_texts(reader, node, &list);
    campaign_of(target)->categories = list.texts;
    campaign_of(target)->category_count = list.count;
}

// --- the file ---

// Read in this order: a date needs the zone.
#define COMMON_KEYS                                                                                \
    {"id", true, campaign_id}, {"version", true, campaign_version}, {"kind", true, campaign_kind}, \
        {"name_zh", false, campaign_name_zh}, {"name_en", false, campaign_name_en},                \
        {"time_zone", false, campaign_zone}, {"effective_from", true, campaign_from},              \
        {"effective_to", false, campaign_to}, {"message", true, campaign_message},                 \
        {"hour", false, campaign_hour}, {                                                          \
        "control_share", false, campaign_control_share                                             \
    }

static const struct yaml_key BIRTHDAY_KEYS[] = {
    COMMON_KEYS,
    {"days_before", true, birthday_days_before},
    {"tiers", false, birthday_tiers},
    {"budget", true, birthday_budget},
    {"coupon", true, birthday_coupon},
};

static const struct yaml_key MEMBER_DAY_KEYS[] = {
    COMMON_KEYS,
    {"day", true, member_day_day},
    {"multiplier", true, member_day_multiplier},
    {"categories", false, member_day_categories},
};

static const struct yaml_key KIND_KEY[] = {{"kind", true, campaign_kind}};

static void name_after(char *name, const char *other) {
    if (*name == '\0') snprintf(name, HY_NAME_LIMIT_BYTES + 1, "%s", other);
}

static void name_all(struct hy_campaign *campaign) {
    name_after(campaign->name_zh, campaign->id);
    name_after(campaign->name_en, campaign->id);
    name_after(campaign->coupon.name_zh, campaign->name_zh);
    name_after(campaign->coupon.name_en, campaign->name_en);
}

// The kind says which keys there are; without it nothing else can be judged.
static bool read_kind(struct yaml_reader *reader, const yaml_node_t *root, struct draft *draft) {
    const yaml_node_t *kind = yaml_value(reader, root, "kind");
    size_t before = reader->faults->count;
    if (kind != NULL) {
        snprintf(reader->path, sizeof reader->path, "kind");
        campaign_kind(reader, kind, draft);
        reader->path[0] = '\0';
    } else if (root->type == YAML_MAPPING_NODE) {
        yaml_fault_at_key(reader, root, "kind", NULL, "a required key is missing: birthday or member-day",
                          "缺少必填项：birthday 或 member-day");
    } else {
        yaml_read_mapping(reader, root, KEYS(KIND_KEY), draft);
    }
    return reader->faults->count == before;
}

static void read_root(struct yaml_reader *reader, const yaml_node_t *root, void *target) {
    struct draft *draft = target;
    if (!read_kind(reader, root, draft)) return;
    if (draft->campaign->kind == HY_CAMPAIGN_BIRTHDAY)
        yaml_read_mapping(reader, root, KEYS(BIRTHDAY_KEYS), draft);
    else
        yaml_read_mapping(reader, root, KEYS(MEMBER_DAY_KEYS), draft);
    name_all(draft->campaign);
}

struct hy_campaign *hy_campaign_parse(struct hy_bytes yaml, hy_zone_loader load_zone,
                                      struct hy_program_faults *ret_faults) {
    struct draft draft = {hy_calloc(1, sizeof *draft.campaign), load_zone, false};
    draft.campaign->effective_to_ms = INT64_MAX;
    if (yaml_read_file(yaml, ret_faults, read_root, &draft)) return draft.campaign;
    hy_campaign_free(draft.campaign);
    return NULL;
}
