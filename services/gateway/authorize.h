// Who may call a route: `Authorization: Bearer <API key>`, and the roles that its row of the table names.
#pragma once

#include "services/gateway/gateway.h"

// True: go on, and request->role is known. Otherwise the request has been refused (401, 403).
bool authorize(struct request *request);
