// What can only be said of a program as a whole.
#include "common/program/internal.h"
#include "common/program/yaml.h"

// The largest product of factors (in hundredths) that one line can meet.
struct largest {
    int32_t category, tier, campaign;
    unsigned __int128 stackable;
};

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static void consider_rule(struct largest *largest, const struct hy_rule *rule) {
    int32_t factor = rule->factor_hundredths;
    if (rule->kind == HY_RULE_CATEGORY) {
        largest->category = larger(largest->category, factor);
    } else if (rule->kind == HY_RULE_CAMPAIGN && rule->stackable) {
        largest->stackable *= (unsigned)larger(HY_NEUTRAL_FACTOR, factor);
    } else if (rule->kind == HY_RULE_CAMPAIGN) {
        largest->campaign = larger(largest->campaign, factor);
    }
}

// A factor that does not apply counts as neutral, so none is taken for less. With at most HY_STACKABLE_LIMIT
// stackable campaigns no step overflows: 10^4 to the eighth power is 10^32.
static unsigned __int128 largest_product(const struct hy_program *program, int32_t campaign_hundredths) {
    struct largest largest = {HY_NEUTRAL_FACTOR, HY_NEUTRAL_FACTOR, campaign_hundredths, 1};
    for (size_t i = 0; i < program->rule_count; i++) {
        consider_rule(&largest, &program->rules[i]);
    }
    for (size_t i = 0; i < program->tier_count; i++) {
        largest.tier = larger(largest.tier, program->tiers[i].multiplier_hundredths);
    }
    unsigned __int128 product = (unsigned)program->points_per_yuan_hundredths * largest.stackable;
    return product * (unsigned)largest.category * (unsigned)largest.tier * (unsigned)largest.campaign;
}

bool hy_program_allows_factor(const struct hy_program *program, int32_t factor_hundredths) {
    return largest_product(program, factor_hundredths) <= HY_FACTOR_PRODUCT_LIMIT;
}

void hy_program_check_whole(const struct hy_program *program, struct hy_program_faults *faults) {
    if (program->stackable_count > HY_STACKABLE_LIMIT) {
        hy_program_fault_add(faults, 0, "campaigns", NULL, "at most 4 campaigns may be stackable",
                             "可叠加（stackable）的活动最多 4 个");
    } else if (!hy_program_allows_factor(program, HY_NEUTRAL_FACTOR)) {
        hy_program_fault_add(
            faults, 0, "campaigns", NULL,
            "points_per_yuan and the largest multipliers together are too large to be exact; lower them",
            "points_per_yuan 与各最大倍数的乘积过大，无法精确计算，请调低");
    }
}
