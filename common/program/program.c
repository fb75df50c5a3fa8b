// A program's life, and the set of its published versions.
#include "common/program/program.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/program/internal.h"

// --- one version ---

struct hy_program *hy_program_new(void) {
    struct hy_program *program = hy_calloc(1, sizeof *program);
    memcpy(program->currency, "CNY", sizeof "CNY");
    program->rounding = HY_ROUND_FLOOR;
    program->growth_per_yuan_hundredths = HY_NEUTRAL_FACTOR;
    program->rules = hy_calloc(HY_RULES_LIMIT, sizeof *program->rules);
    program->rule_count = 1;
    program->rules[0] = (struct hy_rule){.id = HY_BASE_RULE_ID,
                                         .name_zh = "基础积分",
                                         .name_en = "Base points",
                                         .kind = HY_RULE_BASE,
                                         .factor_hundredths = HY_NEUTRAL_FACTOR};
    return program;
}

static void free_texts(char **texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        hy_free(texts[i]);
    }
    hy_free(texts);
}

void hy_program_free(struct hy_program *program) {
    if (program == NULL) return;
    for (size_t i = 0; i < program->rule_count; i++) {
        struct hy_rule *rule = &program->rules[i];
        free_texts(rule->categories, rule->category_count);
        free_texts(rule->stores, rule->store_count);
        free_texts(rule->brands, rule->brand_count);
    }
    hy_free(program->rules);
    hy_free(program->categories.slots);
    hy_free(program->brands.slots);
    hy_free(program->campaigns.stores.slots);
    hy_free(program->campaigns.periods);
    hy_free(program->zone.changes);
    hy_free(program);
}

// --- all versions ---

void hy_programs_init(struct hy_programs *programs) {
    *programs = (struct hy_programs){0};
}

void hy_programs_free(struct hy_programs *programs) {
    for (size_t i = 0; i < programs->count; i++) {
        hy_program_free(programs->versions[i]);
    }
    hy_free(programs->versions);
    *programs = (struct hy_programs){0};
}

static bool stands_before(const struct hy_program *a, const struct hy_program *b) {
    if (a->effective_from_ms != b->effective_from_ms) return a->effective_from_ms < b->effective_from_ms;
    return a->version < b->version;
}

static void remove_version(struct hy_programs *programs, uint32_t version) {
    for (size_t i = 0; i < programs->count; i++) {
        if (programs->versions[i]->version != version) continue;
        hy_program_free(programs->versions[i]);
        programs->count--;
        memmove(&programs->versions[i], &programs->versions[i + 1], (programs->count - i) * sizeof(void *));
        return;
    }
}

void hy_programs_add(struct hy_programs *programs, struct hy_program *program) {
    remove_version(programs, program->version);
    programs->versions = hy_realloc(programs->versions, (programs->count + 1) * sizeof *programs->versions);
    size_t at = programs->count++;
    for (; at > 0 && stands_before(program, programs->versions[at - 1]); at--) {
        programs->versions[at] = programs->versions[at - 1];
    }
    programs->versions[at] = program;
}

// From the newest: most events are of today.
const struct hy_program *hy_programs_at(const struct hy_programs *programs, int64_t time_ms) {
    for (size_t i = programs->count; i-- > 0;) {
        if (programs->versions[i]->effective_from_ms <= time_ms) return programs->versions[i];
    }
    return NULL;
}

const struct hy_program *hy_programs_version(const struct hy_programs *programs, uint32_t version) {
    for (size_t i = 0; i < programs->count; i++) {
        if (programs->versions[i]->version == version) return programs->versions[i];
    }
    return NULL;
}
