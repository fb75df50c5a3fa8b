#include "common/io/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/log.h"

enum { BACKLOG = 1024 };

// Splits "[host]:port" at the last colon, and takes the brackets off.
static int resolve(const char *address, struct addrinfo **ret_list) {
    char host[256];
    const char *colon = strrchr(address, ':');
    if (colon == NULL || (size_t)(colon - address) >= sizeof host) return EAI_NONAME;
    size_t length = (size_t)(colon - address);
    const char *start = address;
    if (length >= 2 && start[0] == '[' && start[length - 1] == ']') {
        start++;
        length -= 2;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    return getaddrinfo(length > 0 ? host : NULL, colon + 1, &hints, ret_list);
}

static int open_socket(const struct addrinfo *address) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int hy_http_listen(const char *address) {
    struct addrinfo *list = NULL;
    int failure = resolve(address, &list);
    if (failure != 0) {
        hy_log(HY_LOG_ERROR, "http_address_bad", "\"%s\" is not an address to listen on: %s", address,
               gai_strerror(failure));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *at = list; at != NULL && fd < 0; at = at->ai_next) {
        fd = open_socket(at);
    }
    if (fd < 0) {
        hy_log(HY_LOG_ERROR, "http_listen_failed", "cannot listen on %s: %s", address, strerror(errno));
    }
    freeaddrinfo(list);
    return fd;
}

unsigned hy_http_listen_port(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {0}};
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) != 0) return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
