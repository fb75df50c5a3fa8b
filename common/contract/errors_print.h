// The table of error codes (common/base/error.h) as Markdown: docs/errors.md.
#pragma once

#include "common/base/bytes.h"

void hy_errors_print(struct hy_buffer *out);
