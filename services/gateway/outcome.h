// What became of a purchase, as HTTP: the same whether the caller waited for it, tried again, or asked later.
#pragma once

#include "proto/projection.pb-c.h"
#include "services/gateway/gateway.h"

// `status` and the points when the purchase counts; otherwise the problem. `command_id` is where it can be
// read again.
void outcome_answer(struct request *request, unsigned status, const char *command_id,
                    const Huiyuan__V1__Answer *answer);
// 202: durable in Kafka, outcome not known yet.
void outcome_pending(struct request *request, const char *command_id);
// 503; it may have happened or not, and the caller may try again.
void outcome_away(struct request *request);
