#include "tests/unit/gateway/fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/contract/limits.h"
#include "proto/projection.pb-c.h"
#include "services/gateway/measures.h"
#include "services/gateway/openapi.h"
#include "tests/unit/gateway/fake_engine.h"

struct gateway gateway;
char response[RESPONSE_BYTES];
static struct hy_http_server *server;

void fixture_begin(void) {
    fake_engine_reset();
    gateway = (struct gateway){.metrics = measures_new(),
                               .redis_prefix = "t:",
                               .instance = "gw-1",
                               .partitions = PARTITIONS,
                               .answer_timeout_ms = 5000,
                               .pending_limit = 2};
    hy_programs_init(&gateway.programs);
    hy_buffer_init(&gateway.openapi, OPENAPI_LIMIT_BYTES);
    openapi_make(&gateway.openapi);
    server = hy_http_start(&(struct hy_http_options){.listen = "127.0.0.1:0",
                                                     .threads = 1,
                                                     .connection_limit = 16,
                                                     .timeout_seconds = 10,
                                                     .body_limit = HY_MESSAGE_LIMIT_BYTES},
                           routes_handle, &gateway);
    cr_assert_not_null(server);
}

void fixture_end(void) {
    hy_http_stop(server, 1000);
    hy_metrics_free(gateway.metrics);
    hy_buffer_free(&gateway.openapi);
    hy_programs_free(&gateway.programs);
    hy_kek_free(gateway.kek);
    access_free(gateway.access);
}

static int send_request(const char *text) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hy_http_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

int receive(int fd) {
    size_t length = 0;
    for (ssize_t n; (n = read(fd, response + length, sizeof response - length - 1)) > 0;)
        length += (size_t)n;
    response[length] = '\0';
    close(fd);
    cr_assert_eq(strncmp(response, "HTTP/1.1 ", 9), 0);
    return atoi(response + 9);
}

int send_json(const char *method, const char *path, const char *headers, const char *body) {
    char text[8192];
    snprintf(text, sizeof text,
             "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n%s"
             "Content-Length: %zu\r\n\r\n%s",
             method, path, headers, strlen(body), body);
    return send_request(text);
}

int request_json(const char *method, const char *path, const char *headers, const char *body) {
    return receive(send_json(method, path, headers, body));
}

int request(const char *method, const char *path, const char *headers) {
    char text[4096];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method, path,
             headers);
    return receive(send_request(text));
}

int get(const char *path) {
    return request("GET", path, "");
}

bool has(const char *text) {
    return strstr(response, text) != NULL;
}

const char *body(void) {
    return strstr(response, "\r\n\r\n") + 4;
}

void given_state(const char *log, const char *entity, const ProtobufCMessage *state) {
    uint8_t inner[2048], outer[2560];
    cr_assert_leq(protobuf_c_message_get_packed_size(state), sizeof inner);
    Huiyuan__V1__MemberState message = HUIYUAN__V1__MEMBER_STATE__INIT;
    message.seq = 12;
    message.entries = 3;
    message.state = (ProtobufCBinaryData){protobuf_c_message_pack(state, inner), inner};
    struct hy_key_space space = {"t:", log, hy_partition_of(hy_bytes_of(entity), PARTITIONS)};
    struct hy_key key = hy_key_member(&space, entity);
    fake_engine_put(hy_key_bytes(&key), hy_bytes(outer, huiyuan__v1__member_state__pack(&message, outer)));
}
