#include "services/gateway/trace.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

// "00-<32 hex: trace>-<16 hex: span>-<2 hex: flags>"
enum { TRACE_AT = 3, TRACE_HEX = 32, SPAN_AT = 36, SPAN_HEX = 16, FLAGS_AT = 53, LENGTH = 55 };

static bool is_hex(const char *text, size_t length) {
    return strspn(text, "0123456789abcdef") >= length;
}

static bool is_zero(const char *text, size_t length) {
    return strspn(text, "0") >= length;
}

// Later versions may go on after the flags, with another dash.
static bool is_valid(const char *text) {
    if (text == NULL || strlen(text) < LENGTH) return false;
    if (text[2] != '-' || text[SPAN_AT - 1] != '-' || text[FLAGS_AT - 1] != '-') return false;
    if (!is_hex(text, 2) || !is_hex(text + FLAGS_AT, 2) || strncmp(text, "ff", 2) == 0) return false;
    if (!is_hex(text + TRACE_AT, TRACE_HEX) || is_zero(text + TRACE_AT, TRACE_HEX)) return false;
    if (!is_hex(text + SPAN_AT, SPAN_HEX) || is_zero(text + SPAN_AT, SPAN_HEX)) return false;
    return text[LENGTH] == '\0' || (strncmp(text, "00", 2) != 0 && text[LENGTH] == '-');
}

void trace_take(const char *incoming, char ret_traceparent[TRACEPARENT_BYTES]) {
    uint64_t random[3];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) abort();
    bool known = is_valid(incoming);
    char trace[TRACE_HEX + 1];
    if (known)
        snprintf(trace, sizeof trace, "%.*s", TRACE_HEX, incoming + TRACE_AT);
    else
        snprintf(trace, sizeof trace, "%016" PRIx64 "%016" PRIx64, random[0], random[1] | 1);
    snprintf(ret_traceparent, TRACEPARENT_BYTES, "00-%s-%016" PRIx64 "-%.2s", trace, random[2] | 1,
             known ? incoming + FLAGS_AT : "01");
}
