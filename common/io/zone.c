#include "common/io/zone.h"

#include <glib.h>
#include <string.h>

#include "common/base/memory.h"

static const int64_t FIRST_SECOND = 0;                     // 1970-01-01
static const int64_t END_SECOND = INT64_C(4133980800);     // 2101-01-01
static const int64_t STEP_SECONDS = INT64_C(24) * 60 * 60; // no zone changes its offset twice in a day

static int32_t offset_at(GTimeZone *zone, int64_t second) {
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, second);
    return g_time_zone_get_offset(zone, interval);
}

// The first second in (low, high] that has the offset of `high`.
static int64_t change_between(GTimeZone *zone, int64_t low, int64_t high) {
    int32_t after = offset_at(zone, high);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (offset_at(zone, middle) == after) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static void add_change(struct hy_zone *zone, int64_t second, int32_t offset_seconds) {
    zone->changes = hy_realloc(zone->changes, (zone->count + 1) * sizeof *zone->changes);
    zone->changes[zone->count++] = (struct hy_zone_change){second * 1000, offset_seconds};
}

// GLib tells the offset at a moment, not the moments of change: walk day by day, then halve.
static void compile(GTimeZone *source, struct hy_zone *zone) {
    int32_t offset = offset_at(source, FIRST_SECOND);
    add_change(zone, FIRST_SECOND, offset);
    for (int64_t day = FIRST_SECOND; day < END_SECOND; day += STEP_SECONDS) {
        int32_t next = offset_at(source, day + STEP_SECONDS);
        if (next == offset) continue;
        add_change(zone, change_between(source, day, day + STEP_SECONDS), next);
        offset = next;
    }
}

// GLib would also take a file name.
static bool is_zone_name(const char *name) {
    return name[0] != '\0' && name[0] != '/' && name[0] != ':' && strstr(name, "..") == NULL &&
           strlen(name) < sizeof((struct hy_zone *)NULL)->name;
}

bool hy_zone_load(const char *name, struct hy_zone *ret_zone) {
    if (!is_zone_name(name)) return false;
    GTimeZone *source = g_time_zone_new_identifier(name);
    if (source == NULL) return false;
    struct hy_zone zone = {.count = 0};
    memcpy(zone.name, name, strlen(name));
    compile(source, &zone);
    g_time_zone_unref(source);
    *ret_zone = zone;
    return true;
}

void hy_zone_free(struct hy_zone *zone) {
    hy_free(zone->changes);
    *zone = (struct hy_zone){.count = 0};
}
