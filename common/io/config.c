#include "common/io/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct value {
    const char *text;
    int64_t number;
    bool truth;
};

static bool parse_number(const char *text, int64_t *ret_number) {
    // strtoll would skip blanks and take a plus sign.
    if (strspn(text, "-0123456789") != strlen(text) || *text == '\0') return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *ret_number = number;
    return true;
}

static bool parse_bool(const char *text, bool *ret_truth) {
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0) {
        *ret_truth = true;
    } else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0) {
        *ret_truth = false;
    } else {
        return false;
    }
    return true;
}

static bool read_item(const struct hy_config_item *item, struct value *ret_value) {
    const char *text = getenv(item->name);
    ret_value->text = text != NULL ? text : item->fallback;
    switch (item->type) {
    case HY_CONFIG_TEXT: return true;
    case HY_CONFIG_NUMBER:
        return parse_number(ret_value->text, &ret_value->number) && ret_value->number >= item->min &&
               ret_value->number <= item->max;
    case HY_CONFIG_BOOL: return parse_bool(ret_value->text, &ret_value->truth);
    }
    return false;
}

static void complain(const struct hy_config_item *item, const char *text) {
    const char *shown = item->secret ? "***" : text;
    if (item->type == HY_CONFIG_BOOL) {
        fprintf(stderr, "%s=%s: must be true or false / 必须为 true 或 false\n", item->name, shown);
        return;
    }
    const char *space = item->unit[0] != '\0' ? " " : "";
    fprintf(stderr,
            "%s=%s: must be a whole number from %" PRId64 " to %" PRId64 "%s%s / 必须为 %" PRId64
            " 到 %" PRId64 " 之间的整数\n",
            item->name, shown, item->min, item->max, space, item->unit, item->min, item->max);
}

static void store_item(const struct hy_config_item *item, const struct value *value) {
    switch (item->type) {
    case HY_CONFIG_TEXT: *(const char **)item->target = value->text; break;
    case HY_CONFIG_NUMBER: *(int64_t *)item->target = value->number; break;
    case HY_CONFIG_BOOL: *(bool *)item->target = value->truth; break;
    }
}

// Every bad setting is named before any target is written: one run shows all that has to be put right.
bool hy_config_load(const struct hy_config_item *items, size_t count) {
    bool good = true;
    struct value value = {0};
    for (size_t i = 0; i < count; i++) {
        if (!read_item(&items[i], &value)) {
            complain(&items[i], value.text);
            good = false;
        }
    }
    for (size_t i = 0; good && i < count; i++) {
        if (read_item(&items[i], &value)) store_item(&items[i], &value);
    }
    return good;
}

enum { CELL_BYTES = 256 };

static void print_default(const struct hy_config_item *item, char ret_cell[CELL_BYTES]) {
    const char *text = item->fallback == NULL || item->fallback[0] == '\0' ? "-" : item->fallback;
    snprintf(ret_cell, CELL_BYTES, "%s", item->secret ? "(secret)" : text);
}

static void print_range(const struct hy_config_item *item, char ret_cell[CELL_BYTES]) {
    switch (item->type) {
    case HY_CONFIG_TEXT: snprintf(ret_cell, CELL_BYTES, "text"); break;
    case HY_CONFIG_BOOL: snprintf(ret_cell, CELL_BYTES, "true or false"); break;
    case HY_CONFIG_NUMBER:
        snprintf(ret_cell, CELL_BYTES, "%" PRId64 " to %" PRId64 "%s%s", item->min, item->max,
                 item->unit[0] != '\0' ? " " : "", item->unit);
        break;
    }
}

static int wider(int width, const char *text) {
    int length = (int)strlen(text);
    return length > width ? length : width;
}

void hy_config_print(const struct hy_config_item *items, size_t count, FILE *out) {
    int names = wider(0, "SETTING");
    int defaults = wider(0, "DEFAULT");
    int ranges = wider(0, "VALUES");
    char fallback[CELL_BYTES];
    char range[CELL_BYTES];
    for (size_t i = 0; i < count; i++) {
        print_default(&items[i], fallback);
        print_range(&items[i], range);
        names = wider(names, items[i].name);
        defaults = wider(defaults, fallback);
        ranges = wider(ranges, range);
    }
    fprintf(out, "  %-*s  %-*s  %-*s  %s\n", names, "SETTING", defaults, "DEFAULT", ranges, "VALUES",
            "MEANING");
    for (size_t i = 0; i < count; i++) {
        print_default(&items[i], fallback);
        print_range(&items[i], range);
        fprintf(out, "  %-*s  %-*s  %-*s  %s\n", names, items[i].name, defaults, fallback, ranges, range,
                items[i].help);
    }
}
