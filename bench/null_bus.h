// Kafka and Redis that only say yes, for bench_core: what is published before the stage starts is read
// without a copy, appends are acknowledged at the next poll, projections are counted.
#pragma once

#include "common/io/bus.h"
#include "common/io/store.h"

void null_bus_publish(struct hy_bus *bus, const char *topic, uint32_t partition, struct hy_bytes message);
uint64_t null_store_bytes(void); // that were projected
