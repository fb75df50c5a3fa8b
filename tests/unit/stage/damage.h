// What Kafka must not lose is lost, or altered. Nobody can mend that: the partition has to stop.
#pragma once

#include "tests/unit/stage/world.h"

// To a world at rest, of which nothing is expected any more: one damage to one partition, then a new owner.
// False when it goes on as if nothing had happened.
bool damage_noticed(struct world *world);
