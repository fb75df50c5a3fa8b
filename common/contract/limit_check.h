// One row of the table of limits, applied to one value.
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/contract/limits.h"

// NULL is as absent as "": right unless the field is required.
bool hy_limit_text_is_right(const struct hy_limit *limit, const char *text);
// What would be right, for people.
const char *hy_limit_right_values(const struct hy_limit *limit, struct hy_arena *arena);
// The text against its row; the field of the error is the row's.
struct hy_error hy_limit_check_text(enum hy_limit_row row, const char *text, struct hy_arena *arena);
