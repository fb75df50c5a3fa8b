#include "cli/brains.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/zone.h"
#include "services/accrual/accrual.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

// As the services are configured: the window decides what a member's state in Redis points at.
static int64_t days(const char *setting, int64_t fallback) {
    const char *text = getenv(setting);
    int64_t number = text == NULL ? 0 : strtoll(text, NULL, 10);
    return number > 0 ? number : fallback;
}

static struct hy_brain points_brain(void) {
    static struct accrual accrual;
    accrual_init(&accrual, hy_zone_load);
    return accrual_brain(&accrual, days("HY_PURCHASE_WINDOW_DAYS", 90) * DAY_MS);
}

static struct log_brain {
    const char *log, *service;
    struct hy_brain (*make)(void);
    bool made;
    struct hy_brain brain;
} table[] = {
    {"points", "accrual", points_brain, false, {0}},
};

static struct log_brain *find(const char *log) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].log, log) == 0) return &table[i];
    }
    return NULL;
}

const struct hy_brain *brain_of(const char *log) {
    struct log_brain *found = find(log);
    if (found == NULL) return NULL;
    if (!found->made) found->brain = found->make();
    found->made = true;
    return &found->brain;
}

const char *brain_service(const char *log) {
    const struct log_brain *found = find(log);
    return found == NULL ? NULL : found->service;
}
