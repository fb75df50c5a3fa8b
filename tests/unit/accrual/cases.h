// Reads the cases of tests/golden/points (their form is described in shop.txt).
#pragma once

#include "services/accrual/accrual.h"

enum { CASE_LINES = 32, CASE_PAYMENTS = 16, CASE_TEXT_BYTES = 8192 };

struct expected_line {
    int64_t points;
    const char *rules; // ids with a space between
};

// One purchase and what it must earn. Everything points into `text`.
struct golden_case {
    const char *file;
    int line; // in the file
    char text[CASE_TEXT_BYTES];
    size_t used;
    Huiyuan__V1__Purchase purchase;
    Huiyuan__V1__PurchaseLine lines[CASE_LINES], *line_pointers[CASE_LINES];
    Huiyuan__V1__Payment payments[CASE_PAYMENTS], *payment_pointers[CASE_PAYMENTS];
    const char *tier;
    struct expected_line expected[CASE_LINES];
    int64_t points;
    const char *reason; // "" when there is none
    const char *rules;  // of the whole order; NULL: not stated
};

typedef void (*case_visitor)(const struct hy_program *program, const struct golden_case *golden,
                             void *context);

// Every case of one file; returns how many there were. What cannot be read fails the test.
size_t for_each_case(const char *file, case_visitor visit, void *context);
// Every case of all files; returns how many there were.
size_t for_each_golden_case(case_visitor visit, void *context);
// A whole program file; fails the test when it has faults. Knows fixed zones only.
struct hy_program *load_program(const char *path);
// Index of the tier; fails the test when there is none.
size_t tier_index(const struct hy_program *program, const char *tier);
