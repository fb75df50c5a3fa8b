#include "common/io/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/calendar.h"
#include "common/io/clock.h"

enum { MESSAGE_BYTES = 4096, LINE_BYTES = 64 << 10 };

static const char *const LEVEL_NAMES[] = {"debug", "info", "warn", "error"};

// Written by hy_log_init before there are threads, read by all after.
static char service_name[64] = "huiyuan";
static char instance_name[128] = "";
static enum hy_log_level lowest = HY_LOG_INFO;

static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

void hy_log_init(const char *service, const char *instance, const char *level) {
    snprintf(service_name, sizeof service_name, "%s", service);
    snprintf(instance_name, sizeof instance_name, "%s", instance);
    for (size_t i = 0; i < sizeof LEVEL_NAMES / sizeof LEVEL_NAMES[0]; i++) {
        if (strcmp(LEVEL_NAMES[i], level) == 0) {
            lowest = (enum hy_log_level)i;
            return;
        }
    }
    lowest = HY_LOG_INFO;
    hy_log(HY_LOG_WARN, "log_level_unknown", "\"%s\" is none of debug, info, warn, error: using info", level);
}

// Length of the UTF-8 character at the start of `text`, or 0 when there is none (also overlong forms,
// surrogates, beyond U+10FFFF): one bad byte must not make the whole line unreadable for a JSON parser.
static size_t utf8_length(const unsigned char *text) {
    if (text[0] < 0x80) return 1;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0; // the terminator ends here too
    }
    if (text[0] == 0xe0 && text[1] < 0xa0) return 0;
    if (text[0] == 0xed && text[1] > 0x9f) return 0;
    if (text[0] == 0xf0 && text[1] < 0x90) return 0;
    if (text[0] == 0xf4 && text[1] > 0x8f) return 0;
    return length;
}

static void add_text(struct hy_buffer *line, const char *text) {
    hy_buffer_add(line, text, strlen(text));
}

static void add_escaped(struct hy_buffer *line, const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t length = utf8_length(at);
        if (length == 0) {
            add_text(line, "\\ufffd");
            length = 1;
        } else if (*at < 0x20 || *at == 0x7f) {
            hy_buffer_printf(line, "\\u%04x", *at);
        } else {
            if (*at == '"' || *at == '\\') add_text(line, "\\");
            hy_buffer_add(line, at, length);
        }
        at += length;
    }
}

static void add_field(struct hy_buffer *line, const char *name, const char *text) {
    hy_buffer_printf(line, ",\"%s\":\"", name);
    add_escaped(line, text);
    add_text(line, "\"");
}

// One write for a line; the lock keeps the rest of a partial one (a full pipe) together with it.
static void write_line(struct hy_bytes line) {
    pthread_mutex_lock(&write_lock);
    while (line.length > 0) {
        ssize_t written = write(STDERR_FILENO, line.data, line.length);
        if (written < 0 && errno != EINTR) break; // nobody to tell
        if (written > 0) line = hy_bytes(line.data + written, line.length - (size_t)written);
    }
    pthread_mutex_unlock(&write_lock);
}

void hy_log(enum hy_log_level level, const char *event, const char *format, ...) {
    if (level < lowest) return;
    int error = errno; // callers log between a failing call and looking at errno
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    char time[25];
    hy_time_format(hy_clock_now_ms(), time);

    struct hy_buffer line;
    hy_buffer_init(&line, LINE_BYTES);
    hy_buffer_printf(&line, "{\"ts\":\"%s\"", time);
    add_field(&line, "level", LEVEL_NAMES[level]);
    add_field(&line, "service", service_name);
    add_field(&line, "instance", instance_name);
    add_field(&line, "event", event);
    add_field(&line, "message", message);
    add_text(&line, "}\n");
    if (!line.failed) write_line(hy_buffer_bytes(&line));
    hy_buffer_free(&line);
    errno = error;
}
