// The brains of all services, knowing the default program and the campaigns of deploy/dev.
#pragma once

#include "common/stage/brain.h"

enum world_log { WORLD_MEMBERS, WORLD_POINTS, WORLD_TIERS, WORLD_CAMPAIGNS, WORLD_DELIVERIES, WORLD_LOGS };

const struct hy_brain *world_brain(enum world_log log);
// Of a source by its name; WORLD_LOGS: it is no log.
enum world_log world_log(const char *name);
