// The API keys that are in force, by the hash of their secret: what the topic `access` says. Any thread.
#pragma once

#include <stdbool.h>

#include "common/base/bytes.h"
#include "proto/access.pb-c.h"

struct access;

struct access *access_new(void);
void access_free(struct access *access); // NULL is allowed
// One message of the topic; an empty value revokes the key.
void access_take(void *access, struct hy_bytes key, struct hy_bytes value);
// False: no key in force has this secret. Looked up by hash, so that the time it takes says nothing about any
// secret.
bool access_find(struct access *access, const char *secret, Huiyuan__V1__Role *ret_role);
