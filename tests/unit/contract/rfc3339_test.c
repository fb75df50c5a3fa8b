#include "common/contract/rfc3339.h"

#include <criterion/criterion.h>

Test(rfc3339, times_with_an_offset_are_understood) {
    static const struct {
        const char *text;
        int64_t time_ms;
    } CASES[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-22T14:03:00+08:00", 1795327380000},
        {"2026-11-22T06:03:00Z", 1795327380000},
        {"2026-11-22t06:03:00.25z", 1795327380250},
        {"2026-11-22T06:03:00.123456789Z", 1795327380123},
        {"2026-11-21T22:33:00-07:30", 1795327380000},
        {"2024-02-29T23:59:59.999+00:00", 1709251199999},
        {"1969-12-31T23:59:59.999Z", -1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t time_ms = 0;
        cr_assert(hy_rfc3339_parse(hy_bytes_of(CASES[i].text), &time_ms), "%s", CASES[i].text);
        cr_assert(time_ms == CASES[i].time_ms, "%s: %lld", CASES[i].text, (long long)time_ms);
    }
}

Test(rfc3339, anything_else_is_refused_and_leaves_the_result_alone) {
    static const char *const WRONG[] = {
        "",
        "2026-11-22",
        "2026-11-22T06:03:00",
        "2026-11-22 06:03:00Z",
        "2026-11-22T06:03Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T06:60:00Z",
        "2026-11-22T06:03:60Z",
        "2026-11-22T06:03:00.Z",
        "2026-11-22T06:03:00,5Z",
        "2026-11-22T06:03:00+0800",
        "2026-11-22T06:03:00+24:00",
        "2026-11-22T06:03:00+08:00 ",
        "2026-11-22T06:03:00+8:00",
        "2026-02-29T06:03:00Z",
        "2026-13-01T06:03:00Z",
        "26-11-22T06:03:00Z",
        "2026-11-22T6:03:00Z",
        "2026-11-22T06:03:00+",
        " 2026-11-22T06:03:00Z",
        "2026-11-22T06:03:00ZZ",
        "now",
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        int64_t time_ms = 42;
        cr_assert(!hy_rfc3339_parse(hy_bytes_of(WRONG[i]), &time_ms), "%s", WRONG[i]);
        cr_assert_eq(time_ms, 42);
    }
    int64_t time_ms = 42;
    cr_assert_not(hy_rfc3339_parse(hy_bytes("2026-11-22T06:03:00\0", 20), &time_ms));
}
