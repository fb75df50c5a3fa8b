// What `program` and `campaign` do alike: documents that are checked, and published once and for ever.
#pragma once

#include "cli/published.h"
#include "common/base/bytes.h"
#include "common/program/program.h"

struct document {
    Huiyuan__V1__DocumentKind kind;
    const char *name; // of the program or campaign
    uint32_t version;
    int64_t effective_from_ms;
    struct hy_bytes content; // the file
};

// The file's bytes, up to one more than allowed, so that it is the parser that says what is. False, with a
// line on stderr; free in both cases.
bool document_read(const char *path, struct hy_buffer *ret_content);
// FILE:LINE: field: text, on stderr.
void document_print_faults(const char *path, const struct hy_program_faults *faults);
// "name/version  what  in effect from …"
void document_print(const char *what, const char *name, uint32_t version, int64_t effective_from_ms);

// Publishes it, unless it is there already. CLI_FAULT, with a line on stderr: that version has other content,
// or Kafka is away.
int document_publish(const struct cli *cli, const struct document *document,
                     const struct published *published);
// The documents that are published, a line each. CLI_FAULT when there are none.
int document_list(const struct published *published);
