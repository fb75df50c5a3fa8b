// Where Redis is, read from a URL; without Redis itself, so that tests can look at it.
#pragma once

#include <stdbool.h>

struct redis_address {
    bool local; // a socket in the file system
    char *host; // or the path of that socket
    int port;
    char *user;     // NULL: the default one
    char *password; // NULL: none
    int database;
};

// False when it is not understood; then there is nothing to free.
bool redis_address_parse(const char *url, struct redis_address *ret_address);
void redis_address_free(struct redis_address *address);
