// One file for each endpoint; each shows its route.
#pragma once

#include "services/gateway/gateway.h"

extern const struct route purchases_post;
extern const struct route commands_get;
extern const struct route members_post;
extern const struct route members_find;
extern const struct route members_get;
extern const struct route members_patch;
extern const struct route members_delete;
extern const struct route entries_get;
extern const struct route coupons_get;
extern const struct route coupons_redeem;
extern const struct route livez_get;
extern const struct route readyz_get;
extern const struct route metrics_get;
extern const struct route openapi_get;
