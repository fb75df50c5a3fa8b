// What records say of the rules of a program.
#include <string.h>

#include "common/base/wire.h"
#include "common/program/internal.h"

struct hy_applied_rule hy_applied_rule_make(const char *rule_id, uint32_t version,
                                            int32_t factor_hundredths) {
    struct hy_applied_rule applied = {0};
    uint8_t *p = hy_wire_put_text(applied.bytes, 1, rule_id);
    p = hy_wire_put_number(p, 2, version);
    p = hy_wire_put_number(p, 3, (uint32_t)factor_hundredths);
    applied.length = (uint8_t)(p - applied.bytes);
    return applied;
}

void hy_program_encode_rules(struct hy_program *program) {
    for (size_t i = 0; i < program->rule_count; i++) {
        struct hy_rule *rule = &program->rules[i];
        rule->applied = hy_applied_rule_make(rule->id, program->version, rule->factor_hundredths);
    }
    for (size_t i = 0; i < program->tier_count; i++) {
        struct hy_tier_rule *tier = &program->tiers[i];
        tier->id_length = strlen(tier->id);
        tier->applied = hy_applied_rule_make(tier->rule_id, program->version, tier->multiplier_hundredths);
    }
}
