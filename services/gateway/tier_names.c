#include "services/gateway/tier_names.h"

#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/zone.h"
#include "common/program/published.h"

void tier_names_take(void *programs, struct hy_bytes key, struct hy_bytes value) {
    if (value.length == 0 || hy_programs_take(programs, value, hy_zone_load)) return;
    hy_log(HY_LOG_ERROR, "program_unreadable", "%.*s", (int)key.length, (const char *)key.data);
}

struct tier_name tier_name_of(const struct gateway *gateway, const char *id) {
    const struct hy_program *program = hy_programs_at(&gateway->programs, hy_clock_now_ms());
    for (size_t i = 0; program != NULL && i < program->tier_count; i++) {
        const struct hy_tier_rule *tier = &program->tiers[i];
        if (*id == '\0' || strcmp(tier->id, id) == 0)
            return (struct tier_name){tier->id, tier->name_zh, tier->name_en};
    }
    return (struct tier_name){id, id, id};
}
