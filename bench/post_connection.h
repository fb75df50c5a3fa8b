// One HTTP/1.1 connection that is kept open: one request at a time, no waiting.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct post_connection {
    int fd; // -1: closed
    bool busy;
    uint64_t due_ns; // of the request on its way
    struct hy_buffer out;
    size_t out_sent;
    struct hy_buffer in;
    size_t in_needed; // head and body of the answer; 0: the head is not complete yet
};

enum post_progress { POST_UNFINISHED, POST_ANSWERED, POST_BROKEN };

// "http://127.0.0.1:8080"; false when it is not such an address.
bool post_address_parse(const char *url, struct sockaddr_in *ret_address);
void post_connection_init(struct post_connection *connection);
void post_connection_close(struct post_connection *connection);
// Opens it when it is closed, and sends. False: the server is not there.
bool post_connection_send(struct post_connection *connection, const struct sockaddr_in *address,
                          struct hy_bytes body);
// Sends and receives what can be now. ANSWERED: *ret_status is the answer's status.
enum post_progress post_connection_step(struct post_connection *connection, int *ret_status);
