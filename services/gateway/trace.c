#include "services/gateway/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

// A system call for each request would cost as much as reading its head. Up to 256 bytes it gives all or
// nothing.
enum { STOCK = 30, AT_A_TIME = 3 };

static const uint64_t *take_random(void) {
    static _Thread_local uint64_t stock[STOCK];
    static _Thread_local size_t left;
    if (left == 0 && getrandom(stock, sizeof stock, 0) != (ssize_t)sizeof stock) abort();
    left = (left == 0 ? STOCK : left) - AT_A_TIME;
    return &stock[left];
}

static void put_hex(char *text, uint64_t word) {
    for (int i = SPAN_HEX; i-- > 0; word >>= 4)
        text[i] = "0123456789abcdef"[word & 15];
}

// By hand: printf would take longer than finding the route.
void trace_take(const char *incoming, char ret_traceparent[TRACEPARENT_BYTES]) {
    const uint64_t *random = take_random();
    bool known = is_valid(incoming);
    memcpy(ret_traceparent, "00-", TRACE_AT);
    put_hex(ret_traceparent + TRACE_AT, random[0]);
    put_hex(ret_traceparent + TRACE_AT + SPAN_HEX, random[1] | 1);
    if (known) memcpy(ret_traceparent + TRACE_AT, incoming + TRACE_AT, TRACE_HEX);
    ret_traceparent[SPAN_AT - 1] = '-';
    put_hex(ret_traceparent + SPAN_AT, random[2] | 1);
    ret_traceparent[FLAGS_AT - 1] = '-';
    memcpy(ret_traceparent + FLAGS_AT, known ? incoming + FLAGS_AT : "01", LENGTH - FLAGS_AT);
    ret_traceparent[LENGTH] = '\0';
}
