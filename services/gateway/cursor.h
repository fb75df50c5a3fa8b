// Where a listing of a member's entries goes on: opaque to callers, bound to the member.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CURSOR_BYTES = 24 }; // with the terminator

// The listing goes on with the entries numbered below `before`.
void cursor_make(const char *member_id, uint64_t before, char ret_cursor[CURSOR_BYTES]);
// False: not a cursor of this member's, or of another version.
bool cursor_parse(const char *member_id, const char *cursor, uint64_t *ret_before);
