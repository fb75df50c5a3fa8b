// CSV as RFC 4180 has it: quotes, doubled quotes, line breaks inside quotes, LF or CRLF. Bounded in columns
// and bytes of a record.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum { CSV_FIELDS_LIMIT = 64, CSV_RECORD_LIMIT_BYTES = 256 * 1024 };

enum csv_result {
    CSV_ROW,
    CSV_END, // no record is left
    CSV_BAD, // `fault` says why; `used` leads behind the first line of it
};

struct csv_row {
    struct hy_bytes fields[CSV_FIELDS_LIMIT]; // inside the data
    size_t count;
    size_t used;       // bytes of the record with its line end
    uint32_t lines;    // line breaks in those bytes
    const char *fault; // English / Chinese
};

// The record that begins at data[0]. The data must hold CSV_RECORD_LIMIT_BYTES, or all that is left. Doubled
// quotes are made single in place, when the record is good.
enum csv_result csv_parse(uint8_t *data, size_t length, struct csv_row *ret_row);

// Appends the text as one field, quoted where needed.
void csv_add(struct hy_buffer *out, const char *text);
