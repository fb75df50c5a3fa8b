#include "common/io/http_daemon.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "common/io/log.h"

enum { CONNECTION_MEMORY = 32 << 10 }; // request line, headers and the buffers of one connection

static int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

// Decodes in place. What is not an encoding stays as it is, and so does %00: it would cut the text short, and
// what the handler checks would be less than what the client sent.
static size_t on_unescape(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        int high = from[0] == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        int byte = low >= 0 ? high << 4 | low : 0;
        *to++ = byte != 0 ? (char)byte : *from;
        if (byte != 0) from += 2;
    }
    *to = '\0';
    return (size_t)(to - text);
}

static void on_log(void *context, const char *format, va_list arguments) {
    (void)context;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    hy_log(HY_LOG_DEBUG, "http_library", "%s", text);
}

// With threads of its own it polls: with epoll such a thread stalls once 128 of its connections are ready at
// the same time, because it waits between one 128 and the next. Turned by us it never waits, so it may have
// epoll; and as nobody else ever wakes it, it needs no channel for that (MHD_USE_ITC: two system calls a late
// answer).
static unsigned flags_of(unsigned threads) {
    if (threads == 0) return MHD_USE_EPOLL | (MHD_ALLOW_SUSPEND_RESUME & ~MHD_USE_ITC) | MHD_USE_ERROR_LOG;
    return MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
}

struct MHD_Daemon *http_daemon_start(const struct hy_http_options *options, int listen_fd,
                                     http_daemon_handler handler, http_daemon_completed completed,
                                     void *context) {
    unsigned threads = options->threads;
    unsigned least = threads > 1 ? threads : 1;
    unsigned connections = options->connection_limit > least ? options->connection_limit : least;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)on_unescape, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)options->per_ip_limit, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)options->timeout_seconds, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags_of(threads), 0, NULL, NULL, handler, context, MHD_OPTION_EXTERNAL_LOGGER,
                            on_log, NULL, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}
