// Why a member has a tier, in one language.
#pragma once

#include "cli/explain_words.h"
#include "cli/find.h"
#include "common/program/program.h"
#include "proto/tiers.pb-c.h"

// One record of the log `tiers` and what stands in it.
struct tier_step {
    const struct found_record *found;
    const Huiyuan__V1__TierChange *change;
    const struct hy_program *program; // the version that decided; NULL: not known
};

// `now`: the latest record. `given`: the one that gave the tier; NULL: none, it is the first tier. `before`:
// the latest changes of the tier, oldest first, `given` among them.
struct tier_story {
    const char *member_id;
    struct tier_step now, given;
    const struct tier_step *changes;
    size_t change_count;
};

void explain_tier_print(enum explain_language language, const struct tier_story *story);
