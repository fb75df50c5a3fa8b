// Exact decimals with two places: rates, multipliers, money in yuan.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

// "1", "1.5", "0.05" -> 100, 150, 5. At most two places, no sign, no exponent. False, and *ret untouched,
// when it is not such a number or exceeds `limit` (in hundredths).
bool hy_hundredths_parse(struct hy_bytes text, int64_t limit, int64_t *ret_hundredths);
// 150 -> "1.50"; writes at most 24 bytes with the terminator.
void hy_hundredths_format(int64_t hundredths, char ret_text[24]);
