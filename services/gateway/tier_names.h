// What tiers are called, by the program in effect. On the engine's thread alone.
#pragma once

#include "services/gateway/gateway.h"

struct tier_name {
    const char *id, *zh, *en;
};

// One message of the topic `program`; `programs` is a struct hy_programs.
void tier_names_take(void *programs, struct hy_bytes key, struct hy_bytes value);
// The empty id is the first tier's. The names are the id where the program does not know it.
struct tier_name tier_name_of(const struct gateway *gateway, const char *id);
