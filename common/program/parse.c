// The program file: which keys it has, and where their values go. deploy/dev/program.yaml shows all of them.
#include <string.h>

#include "common/contract/limits.h"
#include "common/program/internal.h"
#include "common/program/values.h"
#include "common/program/yaml.h"

#define KEYS(table) table, sizeof(table) / sizeof(table)[0]

// A program under way.
struct draft {
    struct hy_program *program;
    hy_zone_loader load_zone;
    bool zone_is_named;
};

#define DEFAULT_ZONE "Asia/Shanghai"

static const char *const ROUNDINGS[] = {"floor", "half_up", "ceiling", NULL}; // as enum hy_rounding
static const char *const WEEKDAYS[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday",    NULL};

// --- conditions of a campaign ---

static void when_stores(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    struct text_list list;
    read_texts(reader, node, &list);
    rule->stores = list.texts;
    rule->store_count = list.count;
}

static void read_categories(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    struct text_list list;
    read_texts(reader, node, &list);
    rule->categories = list.texts;
    rule->category_count = list.count;
}

static void when_brands(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    struct text_list list;
    read_texts(reader, node, &list);
    rule->brands = list.texts;
    rule->brand_count = list.count;
}

static void when_channels(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_words(reader, node, hy_limits[HY_LIMIT_CHANNEL].choices, &rule->channels);
}

static void when_weekdays(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_words(reader, node, WEEKDAYS, &rule->weekdays);
}

static void when_from(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_date(reader, node, &rule->first_day);
}

static void when_to(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_date(reader, node, &rule->last_day);
}

static void read_rule_minimum(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_money(reader, node, &rule->minimum_fen);
}

static const struct yaml_key WHEN_KEYS[] = {
    {"stores", false, when_stores},
    {"channels", false, when_channels},
    {"weekdays", false, when_weekdays},
    {"from", false, when_from},
    {"to", false, when_to},
    {"categories", false, read_categories},
    {"brands", false, when_brands},
    {"minimum_spend", false, read_rule_minimum},
};

// Days are never 0 when they are given (read_date); a side that is not given is open.
static void close_date_range(struct yaml_reader *reader, const yaml_node_t *node, struct hy_rule *rule) {
    if (rule->first_day == 0 && rule->last_day == 0) return;
    if (rule->last_day == 0) rule->last_day = INT32_MAX;
    if (rule->first_day > rule->last_day) {
        yaml_fault_at_key(reader, node, "from", NULL, "the first day (from) lies after the last day (to)",
                          "开始日期（from）晚于结束日期（to）");
    }
}

static void campaign_when(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(WHEN_KEYS), target);
    close_date_range(reader, node, target);
}

// --- rules ---

static void rule_id(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_id(reader, node, rule->id);
}

static void rule_name_zh(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_name(reader, node, rule->name_zh);
}

static void rule_name_en(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_name(reader, node, rule->name_en);
}

static void rule_multiplier(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_multiplier(reader, node, &rule->factor_hundredths);
}

static void rule_stackable(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_rule *rule = target;
    read_boolean(reader, node, &rule->stackable);
}

static const struct yaml_key CATEGORY_KEYS[] = {
    {"id", true, rule_id},
    {"name_zh", false, rule_name_zh},
    {"name_en", false, rule_name_en},
    {"categories", true, read_categories},
    {"multiplier", true, rule_multiplier},
};

static const struct yaml_key CAMPAIGN_KEYS[] = {
    {"id", true, rule_id},
    {"name_zh", false, rule_name_zh},
    {"name_en", false, rule_name_en},
    {"multiplier", true, rule_multiplier},
    {"stackable", false, rule_stackable},
    {"when", false, campaign_when},
};

// The rule itself is the last one.
static void check_rule_id_is_new(struct yaml_reader *reader, const yaml_node_t *node,
                                 const struct hy_program *program, const char *id) {
    for (size_t i = 0; i + 1 < program->rule_count; i++) {
        if (*id == '\0' || strcmp(program->rules[i].id, id) != 0) continue;
        yaml_fault_at_key(reader, node, "id", id, "another rule has this id (\"base\" is the base rate)",
                          "该 id 已被其他规则使用（base 为基础积分）");
    }
}

static struct hy_rule *new_rule(struct yaml_reader *reader, const yaml_node_t *node,
                                struct hy_program *program, enum hy_rule_kind kind) {
    if (program->rule_count == HY_RULES_LIMIT) {
        yaml_fault(reader, node, NULL, "a program has at most 200 rules: the base, categories and campaigns",
                   "规则总数（基础、品类、活动）最多 200 条");
        return NULL;
    }
    size_t place = program->rule_count++;
    struct hy_rule *rule = &program->rules[place];
    rule->place = place;
    rule->kind = kind;
    rule->factor_hundredths = HY_NEUTRAL_FACTOR;
    return rule;
}

static void finish_rule(struct yaml_reader *reader, const yaml_node_t *node, const struct hy_program *program,
                        struct hy_rule *rule) {
    check_rule_id_is_new(reader, node, program, rule->id);
    hy_program_name_after_id(rule->name_zh, rule->id);
    hy_program_name_after_id(rule->name_en, rule->id);
}

static void read_category(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    const struct draft *draft = target;
    struct hy_rule *rule = new_rule(reader, node, draft->program, HY_RULE_CATEGORY);
    if (rule == NULL) return;
    yaml_read_mapping(reader, node, KEYS(CATEGORY_KEYS), rule);
    finish_rule(reader, node, draft->program, rule);
}

static void read_campaign(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    const struct draft *draft = target;
    struct hy_rule *rule = new_rule(reader, node, draft->program, HY_RULE_CAMPAIGN);
    if (rule == NULL) return;
    yaml_read_mapping(reader, node, KEYS(CAMPAIGN_KEYS), rule);
    finish_rule(reader, node, draft->program, rule);
    draft->program->stackable_count += rule->stackable;
}

// --- earning ---

static void earning_points(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    int32_t hundredths = 1;
    read_multiplier(reader, node, &hundredths);
    if (hundredths == 0) {
        yaml_fault(reader, node, "0", "must be above 0", "必须大于 0");
    }
    program->points_per_yuan_hundredths = hundredths;
    program->rules[0].factor_hundredths = hundredths;
}

static void earning_minimum(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    read_money(reader, node, &program->minimum_spend_fen);
}

static void earning_rounding(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    uint32_t index = HY_ROUND_FLOOR;
    read_word(reader, node, ROUNDINGS, &index);
    program->rounding = (enum hy_rounding)index;
}

static const struct yaml_key EARNING_KEYS[] = {
    {"points_per_yuan", true, earning_points},
    {"minimum_spend", false, earning_minimum},
    {"rounding", false, earning_rounding},
};

// --- the file ---

static void program_name(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_id(reader, node, ((const struct draft *)target)->program->name);
}

static void program_version(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_version(reader, node, &((const struct draft *)target)->program->version);
}

static void program_zone(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct draft *draft = target;
    draft->zone_is_named = true;
    read_zone(reader, node, draft->load_zone, &draft->program->zone);
}

static void program_effective_from(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    const struct draft *draft = target;
    struct hy_program *program = draft->program;
    if (!draft->zone_is_named && !draft->load_zone(DEFAULT_ZONE, &program->zone)) {
        yaml_fault(reader, node, DEFAULT_ZONE, "this system does not know the default time zone",
                   "系统中没有默认时区");
    }
    read_moment(reader, node, &program->zone, &program->effective_from_ms);
}

static void program_currency(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_currency(reader, node, ((const struct draft *)target)->program->currency);
}

static void program_earning(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(EARNING_KEYS), ((const struct draft *)target)->program);
}

static void program_categories(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_list(reader, node, HY_RULES_LIMIT, read_category, target);
}

static void program_tiers(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_tiers(reader, node, ((const struct draft *)target)->program);
}

static void program_growth(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_growth(reader, node, ((const struct draft *)target)->program);
}

static void program_tier_rules(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    read_tier_rules(reader, node, ((const struct draft *)target)->program);
}

static void program_campaigns(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_list(reader, node, HY_RULES_LIMIT, read_campaign, target);
}

// Read in this order: a date needs the zone, the rules of the tiers need the tiers.
static const struct yaml_key PROGRAM_KEYS[] = {
    {"program", true, program_name},           {"version", true, program_version},
    {"time_zone", false, program_zone},        {"effective_from", true, program_effective_from},
    {"currency", false, program_currency},     {"earning", true, program_earning},
    {"categories", false, program_categories}, {"growth", false, program_growth},
    {"tiers", false, program_tiers},           {"tier_rules", false, program_tier_rules},
    {"campaigns", false, program_campaigns},
};

static void read_root(struct yaml_reader *reader, const yaml_node_t *root, void *target) {
    const struct draft *draft = target;
    yaml_read_mapping(reader, root, KEYS(PROGRAM_KEYS), target);
    hy_program_add_ordinary_tier(draft->program);
    hy_program_check_whole(draft->program, reader->faults);
    hy_program_index(draft->program);
    hy_program_index_campaigns(draft->program);
    hy_program_encode_rules(draft->program);
}

struct hy_program *hy_program_parse(struct hy_bytes yaml, hy_zone_loader load_zone,
                                    struct hy_program_faults *ret_faults) {
    struct draft draft = {hy_program_new(), load_zone, false};
    if (yaml_read_file(yaml, ret_faults, read_root, &draft)) return draft.program;
    hy_program_free(draft.program);
    return NULL;
}
