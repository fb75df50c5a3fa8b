// The members' wrapped keys, copied from the topic member-keys to Redis for gateway and notification. Stands
// beside the stage. Every instance copies every partition: the watermark of a partition in Redis is the next
// offset to copy, and each step is made only if it stands where this instance believes it to be. So any
// number may copy, Redis may lose what it had at any time, and it always holds what the topic said up to its
// watermark: a tombstone that was copied is never undone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/stage/service.h"

struct mirror;

// NULL, with a line in the log, when it cannot run.
struct mirror *mirror_open(const struct hy_service_world *world);
bool mirror_step(struct mirror *mirror, int64_t now_ms); // without waiting; true when something was done
void mirror_close(struct mirror *mirror);
