// The ladder in the program file: tiers, how they are reached, kept and lost.
#include <string.h>

#include "common/program/internal.h"
#include "common/program/values.h"

#define KEYS(table) table, sizeof(table) / sizeof(table)[0]

enum {
    GROWTH_LIMIT = 999999999,
    LAPSE_LIMIT_MONTHS = 120,
};

void hy_program_name_after_id(char name[HY_NAME_LIMIT_BYTES + 1], const char *id) {
    if (*name == '\0') memcpy(name, id, strlen(id) + 1); // ids are shorter than names
}

// --- a tier ---

static void tier_id(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    read_id(reader, node, tier->id);
}

static void tier_name_zh(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    read_name(reader, node, tier->name_zh);
}

static void tier_name_en(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    read_name(reader, node, tier->name_en);
}

static void tier_multiplier(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    read_multiplier(reader, node, &tier->multiplier_hundredths);
}

static void tier_discount(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    read_discount(reader, node, &tier->discount_hundredths);
}

static void tier_growth_above(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    tier->by_growth = read_whole(reader, node, 0, GROWTH_LIMIT, &tier->growth_above);
}

static void tier_year_spend_above(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_tier_rule *tier = target;
    tier->by_year_spend = read_money(reader, node, &tier->year_spend_above_fen);
}

static const struct yaml_key TIER_KEYS[] = {
    {"id", true, tier_id},
    {"name_zh", false, tier_name_zh},
    {"name_en", false, tier_name_en},
    {"multiplier", true, tier_multiplier},
    {"discount", false, tier_discount},
    {"growth_above", false, tier_growth_above},
    {"year_spend_above", false, tier_year_spend_above},
};

// --- the tiers as a ladder: the one in question is the last ---

static void check_tier_id_is_new(struct yaml_reader *reader, const yaml_node_t *node,
                                 const struct hy_program *program, const char *id) {
    for (size_t i = 0; i + 1 < program->tier_count; i++) {
        if (*id == '\0' || strcmp(program->tiers[i].id, id) != 0) continue;
        yaml_fault_at_key(reader, node, "id", id, "another tier has this id", "该 id 已被其他等级使用");
    }
}

static void check_first(struct yaml_reader *reader, const yaml_node_t *node,
                        const struct hy_tier_rule *tier) {
    static const char english[] = "the first tier is every new member's: it has no threshold";
    static const char chinese[] = "第一级属于每位新会员，不能设置门槛";
    if (tier->by_growth) yaml_fault_at_key(reader, node, "growth_above", NULL, english, chinese);
    if (tier->by_year_spend) yaml_fault_at_key(reader, node, "year_spend_above", NULL, english, chinese);
}

static void check_climbs(struct yaml_reader *reader, const yaml_node_t *node,
                         const struct hy_program *program, const struct hy_tier_rule *tier) {
    bool growth = true;
    bool spend = true;
    for (size_t i = 0; i + 1 < program->tier_count; i++) {
        const struct hy_tier_rule *lower = &program->tiers[i];
        growth = growth && (!lower->by_growth || tier->growth_above > lower->growth_above);
        spend = spend && (!lower->by_year_spend || tier->year_spend_above_fen > lower->year_spend_above_fen);
    }
    if (tier->by_growth && !growth)
        yaml_fault_at_key(reader, node, "growth_above", NULL, "must be above that of the tiers before it",
                          "必须高于前面各等级的成长值门槛");
    if (tier->by_year_spend && !spend)
        yaml_fault_at_key(reader, node, "year_spend_above", NULL, "must be above that of the tiers before it",
                          "必须高于前面各等级的年消费门槛");
}

static void finish_tier(struct hy_tier_rule *tier) {
    static const char prefix[] = "tier:";
    memcpy(tier->rule_id, prefix, sizeof prefix);
    memcpy(tier->rule_id + sizeof prefix - 1, tier->id, strlen(tier->id) + 1);
    hy_program_name_after_id(tier->name_zh, tier->id);
    hy_program_name_after_id(tier->name_en, tier->id);
}

static void read_tier(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    struct hy_tier_rule *tier = &program->tiers[program->tier_count++]; // the list is read up to the limit
    tier->multiplier_hundredths = HY_NEUTRAL_FACTOR;
    yaml_read_mapping(reader, node, KEYS(TIER_KEYS), tier);
    check_tier_id_is_new(reader, node, program, tier->id);
    if (program->tier_count == 1)
        check_first(reader, node, tier);
    else
        check_climbs(reader, node, program, tier);
    finish_tier(tier);
}

void read_tiers(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_list(reader, node, HY_TIERS_LIMIT, read_tier, target);
}

void hy_program_add_ordinary_tier(struct hy_program *program) {
    if (program->tier_count > 0) return;
    program->tiers[program->tier_count++] = (struct hy_tier_rule){.id = "ordinary",
                                                                  .name_zh = "普通",
                                                                  .name_en = "Ordinary",
                                                                  .multiplier_hundredths = HY_NEUTRAL_FACTOR};
    finish_tier(&program->tiers[0]);
}

// --- growth ---

static void growth_per_yuan(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    read_multiplier(reader, node, &program->growth_per_yuan_hundredths);
}

static const struct yaml_key GROWTH_KEYS[] = {
    {"per_yuan", true, growth_per_yuan},
};

void read_growth(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(GROWTH_KEYS), target);
}

// --- keeping and losing ---

static void read_tier_name(struct yaml_reader *reader, const yaml_node_t *node,
                           const struct hy_program *program, size_t *ret_tier) {
    char id[HY_RULE_ID_LIMIT_BYTES + 1];
    if (!read_id(reader, node, id)) return;
    for (size_t i = 0; i < program->tier_count; i++) {
        if (strcmp(program->tiers[i].id, id) != 0) continue;
        *ret_tier = i;
        return;
    }
    yaml_fault(reader, node, id, "no tier has this id", "没有该 id 的等级");
}

static void keep_tier(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    size_t tier = 1;
    read_tier_name(reader, node, program, &tier);
    program->tier_rules.keep = tier;
    if (tier == 0)
        yaml_fault(reader, node, program->tiers[0].id, "the first tier cannot be lost",
                   "第一级不会失去，无需保级");
}

static void keep_months(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    int64_t months = 0;
    read_whole(reader, node, 1, HY_STREAK_LIMIT_MONTHS, &months);
    program->tier_rules.keep_months = (int32_t)months;
}

static const struct yaml_key KEEP_KEYS[] = {
    {"tier", true, keep_tier},
    {"months_in_a_row", true, keep_months},
};

static void lapse_months(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    int64_t months = 0;
    read_whole(reader, node, 1, LAPSE_LIMIT_MONTHS, &months);
    program->tier_rules.lapse_months = (int32_t)months;
}

static void lapse_to(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct hy_program *program = target;
    read_tier_name(reader, node, program, &program->tier_rules.lapse_to);
}

static const struct yaml_key LAPSE_KEYS[] = {
    {"months", true, lapse_months},
    {"to", true, lapse_to},
};

static void rules_keep(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(KEEP_KEYS), target);
}

static void rules_lapse(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(LAPSE_KEYS), target);
}

static const struct yaml_key TIER_RULES_KEYS[] = {
    {"keep", false, rules_keep},
    {"lapse", false, rules_lapse},
};

void read_tier_rules(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    yaml_read_mapping(reader, node, KEYS(TIER_RULES_KEYS), target);
}
