// What the gateway counts: requests by route and class of status, and how long they took.
#pragma once

#include "services/gateway/gateway.h"

struct hy_metrics *measures_new(void);
void measure_request(const struct request *request, unsigned status);
// Gauges that are looked up when somebody asks.
void measure_now(struct gateway *gateway);
