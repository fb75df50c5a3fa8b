// W3C trace context: which request of the caller's a request of ours belongs to.
#pragma once

enum { TRACEPARENT_BYTES = 56 }; // with the terminator

// Goes on with the caller's trace when `incoming` is valid, otherwise begins a new one; the span is new.
void trace_take(const char *incoming, char ret_traceparent[TRACEPARENT_BYTES]);
