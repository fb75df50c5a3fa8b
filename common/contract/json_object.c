#include "common/contract/json_object.h"

#include <string.h>

#include "common/contract/limits.h"

enum {
    DEPTH_LIMIT = 16,
    NAME_SHOWN_BYTES = 64, // a longer unknown name is not echoed
};

static struct hy_error malformed(const json_error_t *error, struct hy_arena *arena) {
    const char *detail = hy_arena_printf(arena, "line %d, column %d: %s / 第 %d 行第 %d 列 JSON 有误",
                                         error->line, error->column, error->text, error->line, error->column);
    return (struct hy_error){HY_MALFORMED, NULL, detail};
}

// jansson reads by recursion; a purchase is three levels deep.
static bool is_too_deep(struct hy_bytes json) {
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.length; i++) {
        uint8_t byte = json.data[i];
        if (quoted && byte == '\\') i++;
        if (byte == '"') quoted = !quoted;
        if (quoted) continue;
        if (byte == '{' || byte == '[') depth++;
        if ((byte == '}' || byte == ']') && depth > 0) depth--;
        if (depth > DEPTH_LIMIT) return true;
    }
    return false;
}

struct hy_error hy_json_object(struct hy_bytes json, struct hy_arena *arena, json_t **ret_object) {
    if (json.length > HY_MESSAGE_LIMIT_BYTES)
        return (struct hy_error){HY_TOO_LARGE, NULL, "262144 bytes / 字节"};
    if (is_too_deep(json)) return (struct hy_error){HY_MALFORMED, NULL, "nested too deeply / 嵌套过深"};
    json_error_t json_error;
    json_t *root = json_loadb((const char *)json.data, json.length, JSON_REJECT_DUPLICATES, &json_error);
    if (root == NULL) return malformed(&json_error, arena);
    if (!json_is_object(root)) {
        json_decref(root);
        return (struct hy_error){HY_MALFORMED, NULL, "a JSON object / JSON 对象"};
    }
    *ret_object = root;
    return HY_NO_ERROR;
}

struct hy_error hy_json_unknown(const char *name, struct hy_arena *arena) {
    const char *field = strlen(name) > NAME_SHOWN_BYTES ? "(…)"
                        : *name == '\0'                 ? "\"\""
                                                        : hy_arena_string(arena, name, strlen(name));
    return (struct hy_error){HY_UNKNOWN_FIELD, field,
                             "see the contract for the fields that exist / 可用字段见接口约定"};
}
