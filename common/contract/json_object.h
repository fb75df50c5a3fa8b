// One JSON object out of bytes that came from outside. For the readers of this folder.
#pragma once

#include <jansson.h>

#include "common/base/arena.h"
#include "common/base/error.h"

// Checked for size, depth, form, and that no name stands twice. The caller gives *ret_object back
// (json_decref).
struct hy_error hy_json_object(struct hy_bytes json, struct hy_arena *arena, json_t **ret_object);
// That no such field exists: its name is in the error unless it is absurdly long.
struct hy_error hy_json_unknown(const char *name, struct hy_arena *arena);
