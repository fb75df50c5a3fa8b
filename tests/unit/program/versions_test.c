// Which version of a program is in effect.
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/program/sample.h"

static struct hy_programs programs;

static void init(void) {
    hy_programs_init(&programs);
}

static void fini(void) {
    hy_programs_free(&programs);
}

TestSuite(program_versions, .init = init, .fini = fini);

static void given_version(int version, const char *effective_from) {
    char yaml[300];
    snprintf(yaml, sizeof yaml,
             "program: p\nversion: %d\neffective_from: %s\ntime_zone: UTC\nearning: {points_per_yuan: 1}\n",
             version, effective_from);
    hy_programs_add(&programs, parse_or_fail(yaml));
}

// 0: none.
static void then_in_effect(int64_t time_ms, uint32_t version) {
    const struct hy_program *program = hy_programs_at(&programs, time_ms);
    cr_assert_eq(program == NULL ? 0 : program->version, version, "at %lld", (long long)time_ms);
}

static const int64_t DAY_MS = 86400000;
static const int64_t JANUARY = 1704067200000; // 2024-01-01 UTC

Test(program_versions, the_latest_that_has_begun_is_in_effect) {
    then_in_effect(JANUARY, 0);
    given_version(2, "2024-01-03");
    given_version(1, "2024-01-01");
    given_version(3, "2024-01-02");
    then_in_effect(JANUARY - 1, 0);
    then_in_effect(JANUARY, 1);
    then_in_effect(JANUARY + DAY_MS - 1, 1);
    then_in_effect(JANUARY + DAY_MS, 3);
    then_in_effect(JANUARY + 2 * DAY_MS, 2);
    then_in_effect(INT64_MAX, 2);
}

Test(program_versions, of_those_that_begin_together_the_highest_counts) {
    given_version(5, "2024-01-01");
    given_version(7, "2024-01-01");
    given_version(6, "2024-01-01");
    then_in_effect(JANUARY, 7);
}

Test(program_versions, a_version_published_again_replaces_the_former) {
    given_version(1, "2024-01-01");
    given_version(2, "2024-01-02");
    given_version(2, "2024-01-04");
    cr_assert_eq(programs.count, 2);
    then_in_effect(JANUARY + DAY_MS, 1);
    then_in_effect(JANUARY + 3 * DAY_MS, 2);
}

Test(program_versions, each_is_found_by_its_number) {
    given_version(4, "2024-01-01");
    given_version(2, "2024-01-02");
    cr_assert_eq(hy_programs_version(&programs, 4)->version, 4);
    cr_assert_eq(hy_programs_version(&programs, 2)->version, 2);
    cr_assert_eq(hy_programs_version(&programs, 3), NULL);
}
