// An explanation in one language.
#pragma once

#include "cli/find.h"
#include "cli/recompute.h"
#include "common/campaign/campaign.h"
#include "common/program/program.h"

enum explain_language { EXPLAIN_ENGLISH, EXPLAIN_CHINESE };

// Prints it. `program`: the version that decided, for names and rounding; NULL: not known. `campaigns`: for
// the names of member days. False when the points do not follow from what the record names, and it says so.
bool explain_print(enum explain_language language, const struct found_record *found,
                   const struct hy_program *program, const struct hy_campaigns *campaigns);
// value/denominator as a decimal with at most 8 places; "≈" before it when that is not all.
void explain_decimal(exact value, exact denominator, char ret_text[64]);
