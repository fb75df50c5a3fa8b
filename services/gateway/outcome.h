// What became of a purchase or a command, as HTTP: the same whether the caller waited for it, tried again, or
// asked later.
#pragma once

#include "proto/campaigns.pb-c.h"
#include "proto/members.pb-c.h"
#include "proto/projection.pb-c.h"
#include "services/gateway/gateway.h"

// `status` and what the service of `log` said when it said yes; otherwise the problem. `command_id` is where
// it can be read again.
void outcome_answer(struct request *request, unsigned status, const char *log, const char *command_id,
                    const Huiyuan__V1__Answer *answer);
// True: yes. Otherwise the code says why not.
bool outcome_counts(const Huiyuan__V1__Answer *answer);
enum hy_code outcome_code(const Huiyuan__V1__Answer *answer);
void outcome_refuse(struct request *request, const Huiyuan__V1__Answer *answer);
// What the services answer, in the request's arena; NULL: it cannot be read.
const Huiyuan__V1__MemberAnswer *outcome_member(struct request *request, const Huiyuan__V1__Answer *answer);
const Huiyuan__V1__CouponAnswer *outcome_coupon(struct request *request, const Huiyuan__V1__Answer *answer);
// 202: durable in Kafka, outcome not known yet.
void outcome_pending(struct request *request, const char *command_id);
// 503; it may have happened or not, and the caller may try again.
void outcome_away(struct request *request);
