// One purchase of a file, or why there is none; and the two ways to read them.
#pragma once

#include "cli/source.h"
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/contract/limits.h"
#include "proto/purchases.pb-c.h"

// Texts live in the arena, or are constants.
struct import_item {
    Huiyuan__V1__Purchase *purchase;
    struct hy_error error;   // the first fault; HY_OK: it can be sent
    const char *purchase_id; // "" when it is not known
    uint64_t line;           // of the file: of the fault, else of the beginning
    uint64_t rows;
    uint64_t end;       // offset in the file behind it
    uint64_t next_line; // number of the line there
};

// Reads a purchase after the other. Only one of `rows` and `lines` is used: by format.
struct import_reader;

struct import_reader *import_rows_open(struct source *source, bool ignore_unknown);
// A CSV reader is made from the header, so it may be told afterwards to go on further down.
struct import_reader *import_lines_open(struct source *source);
bool import_reader_go_on(struct import_reader *reader, uint64_t offset, uint64_t line);
// False at the end of the file. The item lives until the arena is reset.
bool import_reader_next(struct import_reader *reader, struct hy_arena *arena, struct import_item *ret_item);
void import_reader_close(struct import_reader *reader);
