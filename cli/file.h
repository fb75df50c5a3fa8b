// Files as the commands read them.
#pragma once

#include "cli/cli.h"
#include "common/base/bytes.h"

// The whole file, or stdin for "-", up to the buffer's ceiling. False, with a line on stderr; the buffer is
// the caller's to free.
bool file_read(const char *path, struct hy_buffer *ret_content);
