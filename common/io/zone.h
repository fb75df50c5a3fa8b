// The door to the time zone database (GLib): compiles a zone into a pure table.
#pragma once

#include <stdbool.h>

#include "common/base/calendar.h"

// False when the system does not know the zone. Free with hy_zone_free.
bool hy_zone_load(const char *name, struct hy_zone *ret_zone);
void hy_zone_free(struct hy_zone *zone);
