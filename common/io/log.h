// The service's own log: one JSON object a line on stderr. Never put personal data or secrets into it.
#pragma once

#include <stdbool.h>

enum hy_log_level { HY_LOG_DEBUG, HY_LOG_INFO, HY_LOG_WARN, HY_LOG_ERROR };

void hy_log_init(const char *service, const char *instance, const char *level); // "debug" … "error"
// `event` is a short stable name ("claimed"); the message says the rest.
void hy_log(enum hy_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
