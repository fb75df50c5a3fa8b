// Raw bytes to the HTTP door (common/io/http.c), as any client could send them: over a socket to a server in
// this process. The client sends all of it and then listens. It gets answers of ours or none, and is always
// let go; what the handler is shown keeps to the limits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/http.h"
#include "common/io/log.h"
#include "tests/fuzz/fuzz.h"

enum {
    BODY_LIMIT_BYTES = 512,
    ANSWERS_LIMIT_BYTES = 1 << 18,
    LET_GO_MS = 6000,
    IDLE_SECONDS = 4,
    PAUSE_NS = 400000
};

static struct hy_http_server *server;

static void handle(void *context, struct hy_http_exchange *exchange) {
    (void)context;
    const char *length = hy_http_header(exchange, "Content-Length");
    PROMISE(hy_http_body(exchange).length <= BODY_LIMIT_BYTES);
    PROMISE(hy_http_method(exchange)[0] != '\0' && hy_http_path(exchange) != NULL);
    // A body is as long as was said, and never framed in two ways.
    PROMISE(length == NULL || strtoull(length, NULL, 10) == hy_http_body(exchange).length);
    PROMISE(length == NULL || hy_http_header(exchange, "Transfer-Encoding") == NULL);
    const char *asked = hy_http_query(exchange, "q");
    unsigned status = asked != NULL && strlen(asked) > 3 ? 422 : 200;
    hy_http_answer(exchange, status, "application/json", hy_bytes("{}", 2),
                   &(struct hy_http_header_pair){"X-Path", hy_http_path(exchange)}, 1);
}

// Each short connection keeps its port for a minute after its end: after some thousands it is another of the
// addresses of this machine that is connected from. -1: the kernel has no room for it now.
static int try_connection(void) {
    static uint32_t count;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 0x10000 + count++ / 8192);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)hy_http_port(server));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    PROMISE(fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0);
    PROMISE(bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    close(fd);
    return -1;
}

// The kernel remembers a quarter of a million of ended connections for a minute: not more than half of that.
static void pace(void) {
    static uint64_t next_ns;
    uint64_t now_ns = hy_clock_monotonic_ns();
    if (now_ns < next_ns) {
        struct timespec pause = {.tv_nsec = (long)(next_ns - now_ns)};
        nanosleep(&pause, NULL);
    }
    next_ns = hy_clock_monotonic_ns() + PAUSE_NS;
}

static int open_connection(void) {
    pace();
    int fd = try_connection();
    for (int tries = 0; fd < 0 && tries < 100; tries++) {
        poll(NULL, 0, 100);
        fd = try_connection();
    }
    PROMISE(fd >= 0);
    return fd;
}

// False: the client was kept waiting.
static bool receive(int fd, char *answers, size_t *ret_length) {
    size_t length = 0;
    for (;;) {
        struct pollfd door = {.fd = fd, .events = POLLIN};
        if (poll(&door, 1, LET_GO_MS) != 1) return false;
        ssize_t got = recv(fd, answers + length, ANSWERS_LIMIT_BYTES - length, 0);
        if (got <= 0) break;
        length += (size_t)got;
    }
    answers[length] = '\0';
    *ret_length = length;
    return true;
}

static void check_answers(const char *answers, size_t length) {
    static const char *const starts[] = {"HTTP/1.1 ", "HTTP/1.0 "};
    if (length == 0) return;
    PROMISE(strncmp(answers, starts[0], 9) == 0 || strncmp(answers, starts[1], 9) == 0);
    int status = atoi(answers + 9);
    PROMISE(status >= 100 && status < 600 && status != 500);
}

static bool ask(const uint8_t *data, size_t size) {
    static char answers[ANSWERS_LIMIT_BYTES + 1];
    size_t length = 0;
    int fd = open_connection();
    if (size > 0) (void)!send(fd, data, size, 0);
    shutdown(fd, SHUT_WR);
    bool let_go = receive(fd, answers, &length);
    close(fd);
    check_answers(answers, length);
    return let_go;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (server == NULL) {
        signal(SIGPIPE, SIG_IGN);
        hy_log_init("fuzz", "fuzz", "error");
        server = hy_http_start(&(struct hy_http_options){.listen = "127.0.0.1:0",
                                                         .threads = 1,
                                                         .connection_limit = 64,
                                                         .timeout_seconds = IDLE_SECONDS,
                                                         .body_limit = BODY_LIMIT_BYTES},
                               handle, NULL);
        PROMISE(server != NULL);
    }
    // A machine with hundreds of thousands of ended connections loses one now and then: what comes twice is
    // ours.
    PROMISE(ask(data, size) || ask(data, size));
    return 0;
}
