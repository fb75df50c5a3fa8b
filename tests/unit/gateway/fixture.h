// A gateway on a real HTTP server and the fake engine, and a client for it.
#pragma once

#include "services/gateway/gateway.h"

enum { PARTITIONS = 16, RESPONSE_BYTES = 1 << 20 };

extern struct gateway gateway;
extern char response[RESPONSE_BYTES]; // the whole of the last one, with its head

void fixture_begin(void);
void fixture_end(void);

// Sends without waiting for the answer; a body is JSON.
int send_json(const char *method, const char *path, const char *headers, const char *body);
// The status.
int receive(int fd);
int request(const char *method, const char *path, const char *headers);
int request_json(const char *method, const char *path, const char *headers, const char *body);
int get(const char *path);
bool has(const char *text);
const char *body(void);

// Puts a service's state of a member, or of another entity, where the gateway reads it.
void given_state(const char *log, const char *entity, const ProtobufCMessage *state);
