#include "bench/post_connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_LIMIT_BYTES = 1 << 20, READ_BYTES = 16 << 10 };

bool post_address_parse(const char *url, struct sockaddr_in *ret_address) {
    char host[64];
    const char *scheme = "http://";
    if (strncmp(url, scheme, strlen(scheme)) == 0) url += strlen(scheme);
    const char *colon = strchr(url, ':');
    if (colon == NULL || (size_t)(colon - url) >= sizeof host) return false;
    memcpy(host, url, (size_t)(colon - url));
    host[colon - url] = '\0';
    char *end;
    long port = strtol(colon + 1, &end, 10);
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return port > 0 && port < 65536 && (*end == '\0' || *end == '/') &&
           inet_pton(AF_INET, host, &ret_address->sin_addr) == 1;
}

void post_connection_init(struct post_connection *connection) {
    *connection = (struct post_connection){.fd = -1};
    hy_buffer_init(&connection->out, ANSWER_LIMIT_BYTES);
    hy_buffer_init(&connection->in, ANSWER_LIMIT_BYTES);
}

static void hang_up(struct post_connection *connection) {
    if (connection->fd >= 0) close(connection->fd);
    connection->fd = -1;
    connection->busy = false;
}

void post_connection_close(struct post_connection *connection) {
    hang_up(connection);
    hy_buffer_free(&connection->out);
    hy_buffer_free(&connection->in);
}

// Connecting on one machine takes no time, so it may block; from then on nothing does.
static bool dial(struct post_connection *connection, const struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0) return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        return false;
    }
    connection->fd = fd;
    return true;
}

bool post_connection_send(struct post_connection *connection, const struct sockaddr_in *address,
                          struct hy_bytes body) {
    if (connection->fd < 0 && !dial(connection, address)) return false;
    hy_buffer_clear(&connection->out);
    hy_buffer_clear(&connection->in);
    hy_buffer_printf(&connection->out,
                     "POST /v1/purchases HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     body.length);
    hy_buffer_add(&connection->out, body.data, body.length);
    connection->out_sent = 0;
    connection->in_needed = 0;
    connection->busy = true;
    return true;
}

static bool flush(struct post_connection *connection) {
    while (connection->out_sent < connection->out.length) {
        ssize_t n = send(connection->fd, connection->out.data + connection->out_sent,
                         connection->out.length - connection->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        connection->out_sent += (size_t)n;
    }
    return true;
}

// How long the whole answer is, once its head is there. Our gateway always says Content-Length.
static size_t length_of(struct hy_buffer *in) {
    hy_buffer_add(in, "", 1);
    in->length--;
    char *text = (char *)in->data;
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    if (end == NULL || length == NULL || length > end) return 0;
    return (size_t)(end + 4 - text) + strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

static bool receive(struct post_connection *connection) {
    uint8_t bytes[READ_BYTES];
    for (;;) {
        ssize_t n = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n == 0) return false;
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        hy_buffer_add(&connection->in, bytes, (size_t)n);
        if (n < READ_BYTES) return !connection->in.failed;
    }
}

static int status_of(struct hy_bytes answer) {
    const size_t place = strlen("HTTP/1.1 ");
    if (answer.length < place + 3) return 0;
    const uint8_t *digits = answer.data + place;
    return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

enum post_progress post_connection_step(struct post_connection *connection, int *ret_status) {
    if (!flush(connection) || !receive(connection)) {
        hang_up(connection);
        return POST_BROKEN;
    }
    if (connection->in.length == 0) return POST_UNFINISHED;
    if (connection->in_needed == 0) connection->in_needed = length_of(&connection->in);
    if (connection->in_needed == 0 || connection->in.length < connection->in_needed) return POST_UNFINISHED;
    *ret_status = status_of(hy_buffer_bytes(&connection->in));
    connection->busy = false;
    return POST_ANSWERED;
}
