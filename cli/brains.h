// Which log is folded by which brain.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/stage/brain.h"

// The brain of the service that writes this log, for folding; NULL: no log of ours. `window_days`: of the
// service's configuration, for what the projection remembers.
const struct hy_brain *brain_of(const char *log);
// The logs of the table, one after the other; NULL: no more.
const char *brain_log(size_t i);
// The consumer group of that service.
const char *brain_service(const char *log);
