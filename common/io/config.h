// Configuration comes from the environment alone, described by one table that also prints itself (--help).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum hy_config_type { HY_CONFIG_TEXT, HY_CONFIG_NUMBER, HY_CONFIG_BOOL };

// One setting. `target` points at a const char * (TEXT: lives as long as the environment), int64_t (NUMBER)
// or bool (BOOL).
struct hy_config_item {
    const char *name; // HY_…
    enum hy_config_type type;
    const char *fallback; // as it would stand in the environment
    int64_t min, max;     // NUMBER
    const char *unit;     // "ms", "members", or ""
    const char *help;
    bool secret; // never printed
    void *target;
};

// Reads all settings. On a bad one: one line on stderr that names it, its value, and what would be right;
// returns false.
bool hy_config_load(const struct hy_config_item *items, size_t count);
// --help: a table of all settings with default, unit and meaning.
void hy_config_print(const struct hy_config_item *items, size_t count, FILE *out);
