// JSON to the use of a coupon.
#include <string.h>

#include "common/contract/json_object.h"
#include "common/contract/limit_check.h"
#include "common/contract/member.h"

static const enum hy_limit_row ROWS[] = {HY_LIMIT_REDEEM_STORE_ID, HY_LIMIT_REDEEM_PURCHASE_ID,
                                         HY_LIMIT_REDEMPTION_ID};

enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

static struct hy_error read_field(const char *name, const json_t *value, struct hy_arena *arena,
                                  const char *texts[ROW_COUNT]) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(hy_limits[ROWS[i]].field, name) != 0) continue;
        if (!json_is_string(value))
            return (struct hy_error){HY_INVALID_FIELD, hy_limits[ROWS[i]].field,
                                     "a text in quotes / 带引号的文本"};
        texts[i] = hy_arena_string(arena, json_string_value(value), json_string_length(value));
        if (strlen(texts[i]) == json_string_length(value)) return HY_NO_ERROR;
        return (struct hy_error){HY_INVALID_FIELD, hy_limits[ROWS[i]].field,
                                 hy_limit_right_values(&hy_limits[ROWS[i]], arena)};
    }
    return hy_json_unknown(name, arena);
}

struct hy_error hy_redemption_from_json(struct hy_bytes json, struct hy_arena *arena,
                                        struct hy_redemption *ret_redemption) {
    const char *texts[ROW_COUNT] = {"", "", ""};
    const char *name;
    json_t *value;
    json_t *root = NULL;
    struct hy_error error = hy_json_object(json, arena, &root);
    json_object_foreach(root, name, value) {
        if (error.code == HY_OK) error = read_field(name, value, arena, texts);
    }
    json_decref(root);
    for (size_t i = 0; i < ROW_COUNT && error.code == HY_OK; i++)
        error = hy_limit_check_text(ROWS[i], texts[i], arena);
    if (error.code == HY_OK) *ret_redemption = (struct hy_redemption){texts[0], texts[1], texts[2]};
    return error;
}
