// What the files of this folder share beside program.h.
#pragma once

#include "common/program/program.h"

#define HY_BASE_RULE_ID "base"

// A program with the defaults of every key that may be left out.
struct hy_program *hy_program_new(void);
// What a key of the file cannot be judged by alone.
void hy_program_check_whole(const struct hy_program *program, struct hy_program_faults *faults);
// Makes category_rates from the rules.
void hy_program_index(struct hy_program *program);
// The first eight bytes of a text as a number that sorts like the text.
uint64_t hy_text_prefix(const char *text);
