// What the endpoints about coupons share.
#pragma once

#include "services/gateway/gateway.h"

// "coupon/<code>" for a code as people type it: in any case, with blanks or dashes, O for 0, I and L for 1.
// NULL: no code; and the request has been refused.
const char *coupon_entity(struct request *request);
