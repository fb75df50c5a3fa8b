// A small program file for tests to spoil, and time zones that need no database.
#pragma once

#include "common/program/program.h"

extern const char SAMPLE[];

// Knows Asia/Shanghai (+08:00), UTC and America/New_York (2024 and 2025).
bool load_test_zone(const char *name, struct hy_zone *ret_zone);
// Parses or fails the test, showing the faults.
struct hy_program *parse_or_fail(const char *yaml);
// SAMPLE with its first `from` replaced; the text stays until the next call.
const char *sample_with(const char *from, const char *to);
