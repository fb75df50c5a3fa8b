// Two small campaign files for tests to spoil.
#pragma once

#include "common/campaign/campaign.h"
#include "tests/unit/program/sample.h"

extern const char BIRTHDAY_FILE[];
extern const char MEMBER_DAY_FILE[];

// The file with its first `from` replaced; the text stays until the next call but one.
const char *campaign_with(const char *file, const char *from, const char *to);
// Parses or fails the test, showing the faults.
struct hy_campaign *campaign_or_fail(const char *yaml);
// A moment in Shanghai: "2026-11-22T10:00".
int64_t shanghai_ms(const char *text);
