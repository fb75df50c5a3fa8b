// Times as people and JSON write them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

// "2026-11-22T14:03:00+08:00", "2026-11-22T06:03:00.250Z" -> Unix time; fractions beyond milliseconds are cut
// off. False, and *ret untouched, when it is not an RFC 3339 date-time with an offset.
bool hy_rfc3339_parse(struct hy_bytes text, int64_t *ret_time_ms);
