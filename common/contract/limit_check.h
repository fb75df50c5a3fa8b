// One row of the table of limits, applied to one value.
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/contract/limits.h"

// protobuf-c gives "" for a text that is absent, JSON may leave NULL: right unless the field is required.
static inline bool hy_limit_text_is_right(const struct hy_limit *limit, const char *text) {
    if (text == NULL || *text == '\0') return !limit->required;
    size_t length = hy_text_length(limit->text_form, text);
    return text[length] == '\0' && length >= (size_t)limit->min && length <= (size_t)limit->max;
}
// What would be right, for people.
const char *hy_limit_right_values(const struct hy_limit *limit, struct hy_arena *arena);
// The text against its row; the field of the error is the row's.
struct hy_error hy_limit_check_text(enum hy_limit_row row, const char *text, struct hy_arena *arena);
