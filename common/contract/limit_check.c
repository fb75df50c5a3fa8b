#include "common/contract/limit_check.h"

#include <inttypes.h>

static const char *choices_text(const struct hy_limit *limit, struct hy_arena *arena) {
    const char *text = limit->choices[0];
    for (size_t i = 1; limit->choices[i] != NULL; i++) {
        text = hy_arena_printf(arena, "%s, %s", text, limit->choices[i]);
    }
    return hy_arena_printf(arena, "one of / 可选值: %s", text);
}

static const char *text_text(const struct hy_limit *limit, struct hy_arena *arena) {
    const char *form = limit->form == NULL ? "UTF-8 without control characters" : limit->form;
    const char *form_zh = limit->form_zh == NULL ? "不含控制字符的 UTF-8" : limit->form_zh;
    if (limit->min == limit->max) return hy_arena_printf(arena, "%s / %s", form, form_zh);
    return hy_arena_printf(arena, "%" PRId64 " … %" PRId64 " bytes / 字节; %s / %s", limit->min, limit->max,
                           form, form_zh);
}

const char *hy_limit_right_values(const struct hy_limit *limit, struct hy_arena *arena) {
    switch (limit->type) {
    case HY_FIELD_TEXT: return text_text(limit, arena);
    case HY_FIELD_INTEGER: return hy_arena_printf(arena, "%" PRId64 " … %" PRId64, limit->min, limit->max);
    case HY_FIELD_CHOICE: return choices_text(limit, arena);
    case HY_FIELD_LIST: break;
    }
    return hy_arena_printf(arena, "%" PRId64 " … %" PRId64 " elements / 项", limit->min, limit->max);
}

struct hy_error hy_limit_check_text(enum hy_limit_row row, const char *text, struct hy_arena *arena) {
    const struct hy_limit *limit = &hy_limits[row];
    if (hy_limit_text_is_right(limit, text)) return HY_NO_ERROR;
    bool absent = text == NULL || *text == '\0';
    return (struct hy_error){absent && limit->required ? HY_MISSING_FIELD : HY_INVALID_FIELD, limit->field,
                             hy_limit_right_values(limit, arena)};
}
