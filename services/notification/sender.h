// Does what notification decided, beside the stage: takes the order of a durable ATTEMPTED record, opens the
// member's personal data, fills the template, hands it to the courier, and reports the result as a command
// for `deliveries`. Keeps nothing: what dies here is noticed by the timer of the delivery.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/io/courier.h"
#include "common/io/seal.h"
#include "common/stage/service.h"
#include "services/notification/template.h"

struct sender;

struct sender_options {
    const struct hy_service_world *world; // copied
    const struct templates *templates;
    const struct hy_kek *kek;
    const char *from, *from_name; // of e-mails
    struct hy_courier_options courier;
};

// NULL, with a line in the log, when an option is no good.
struct sender *sender_start(const struct sender_options *options);
// `order`: an ATTEMPTED DeliveryChange, as deliver_order made it.
void sender_take(void *sender, const char *member_id, struct hy_bytes order);
bool sender_step(struct sender *sender, int64_t now_ms);
// What was not begun is reported as failed for now; what is under way gets a few seconds.
void sender_stop(struct sender *sender);
