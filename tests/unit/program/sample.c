#include "tests/unit/program/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

const char SAMPLE[] = "program: shop\n"                                   // 1
                      "version: 3\n"                                      // 2
                      "effective_from: 2024-03-10\n"                      // 3
                      "time_zone: Asia/Shanghai\n"                        // 4
                      "currency: CNY\n"                                   // 5
                      "earning:\n"                                        // 6
                      "  points_per_yuan: 1.50\n"                         // 7
                      "  minimum_spend: 10.00\n"                          // 8
                      "  rounding: half_up\n"                             // 9
                      "categories:\n"                                     // 10
                      "  - id: fresh\n"                                   // 11
                      "    categories: [PRODUCE, MEAT]\n"                 // 12
                      "    multiplier: 1.2\n"                             // 13
                      "  - id: beauty\n"                                  // 14
                      "    name_zh: 美妆\n"                               // 15
                      "    name_en: Beauty\n"                             // 16
                      "    categories: [COSMETICS, MEAT]\n"               // 17
                      "    multiplier: 2\n"                               // 18
                      "tiers:\n"                                          // 19
                      "  - {id: ordinary, multiplier: 1.00}\n"            // 20
                      "  - {id: gold, name_zh: 金卡, multiplier: 1.50}\n" // 21
                      "campaigns:\n"                                      // 22
                      "  - id: everything\n"                              // 23
                      "    multiplier: 3.00\n"                            // 24
                      "    stackable: false\n"                            // 25
                      "    when:\n"                                       // 26
                      "      stores: [s2, s1]\n"                          // 27
                      "      channels: [STORE, APP]\n"                    // 28
                      "      weekdays: [monday, sunday]\n"                // 29
                      "      from: 2024-03-11\n"                          // 30
                      "      to: 2024-04-10\n"                            // 31
                      "      categories: [MEAT]\n"                        // 32
                      "      brands: [百雀羚]\n"                          // 33
                      "      minimum_spend: 99.99\n"                      // 34
                      "  - id: always\n"                                  // 35
                      "    multiplier: 1.10\n"                            // 36
                      "    stackable: true\n";                            // 37

static const struct hy_zone_change SHANGHAI[] = {{INT64_MIN, 28800}};
static const struct hy_zone_change UTC[] = {{INT64_MIN, 0}};
static const struct hy_zone_change NEW_YORK[] = {
    {INT64_MIN, -18000},     {1710054000000, -14400}, // 2024-03-10T07:00Z
    {1730613600000, -18000}, {1741503600000, -14400}, {1762063200000, -18000},
};

static bool give(struct hy_zone *ret_zone, const char *name, const struct hy_zone_change *changes,
                 size_t count) {
    snprintf(ret_zone->name, sizeof ret_zone->name, "%s", name);
    ret_zone->changes = hy_malloc(count * sizeof *changes);
    memcpy(ret_zone->changes, changes, count * sizeof *changes);
    ret_zone->count = count;
    return true;
}

bool load_test_zone(const char *name, struct hy_zone *ret_zone) {
    if (strcmp(name, "Asia/Shanghai") == 0) return give(ret_zone, name, SHANGHAI, 1);
    if (strcmp(name, "UTC") == 0) return give(ret_zone, name, UTC, 1);
    if (strcmp(name, "America/New_York") == 0) return give(ret_zone, name, NEW_YORK, 5);
    return false;
}

struct hy_program *parse_or_fail(const char *yaml) {
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(hy_bytes_of(yaml), load_test_zone, &faults);
    for (size_t i = 0; i < faults.count; i++) {
        const struct hy_program_fault *fault = &faults.items[i];
        fprintf(stderr, "line %d, %s: %s / %s\n", fault->line, fault->field, fault->english, fault->chinese);
    }
    cr_assert_neq(program, NULL);
    return program;
}

const char *sample_with(const char *from, const char *to) {
    static char text[8192];
    const char *at = strstr(SAMPLE, from);
    cr_assert_neq(at, NULL, "the sample lacks %s", from);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - SAMPLE), SAMPLE, to, at + strlen(from));
    return text;
}
