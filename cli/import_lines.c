// Purchases from NDJSON: one JSON object a line, as in POST /v1/purchases. What is the same for both readers
// is here too.
#include <string.h>

#include "cli/import_reader.h"
#include "common/base/memory.h"
#include "common/contract/purchase.h"

// Longer lines are skipped in pieces.
enum { LINE_LIMIT_BYTES = HY_MESSAGE_LIMIT_BYTES + 1024 };

static bool is_blank(struct hy_bytes line) {
    for (size_t i = 0; i < line.length; i++) {
        if (strchr(" \t\r", line.data[i]) == NULL) return false;
    }
    return true;
}

// Skips the rest of a line that is too long.
static void skip_line(struct source *source) {
    for (;;) {
        source_want(source, LINE_LIMIT_BYTES);
        size_t length = source->end - source->begin;
        const uint8_t *end = memchr(source->data + source->begin, '\n', length);
        source_use(source, end == NULL ? length : (size_t)(end - (source->data + source->begin)) + 1);
        if (end != NULL || length == 0) return;
    }
}

// The next line without its end; `too_long` when it is cut off.
static bool next_line(struct import_reader *reader, struct hy_bytes *ret_line, bool *ret_too_long) {
    struct source *source = reader->source;
    source_want(source, LINE_LIMIT_BYTES);
    size_t length = source->end - source->begin;
    if (length == 0) return false;
    const uint8_t *start = source->data + source->begin;
    const uint8_t *end = memchr(start, '\n', length);
    *ret_too_long = end == NULL && length >= LINE_LIMIT_BYTES;
    *ret_line = hy_bytes(start, end == NULL ? length : (size_t)(end - start));
    reader->line++;
    if (*ret_too_long)
        skip_line(source);
    else
        source_use(source, ret_line->length + (end != NULL));
    return true;
}

static void read_purchase(struct hy_bytes line, struct hy_arena *arena, struct import_item *item) {
    item->error = hy_purchase_from_json(line, arena, &item->purchase);
    if (item->error.code != HY_OK) return;
    item->purchase_id = item->purchase->purchase_id;
    item->error = hy_purchase_check(item->purchase, arena);
}

static bool next(struct import_reader *reader, struct hy_arena *arena, struct import_item *ret_item) {
    struct hy_bytes line;
    bool too_long;
    do {
        if (!next_line(reader, &line, &too_long)) return false;
    } while (!too_long && is_blank(line));
    *ret_item = (struct import_item){.purchase_id = "", .line = reader->line - 1, .rows = 1};
    if (too_long)
        ret_item->error = (struct hy_error){HY_TOO_LARGE, NULL, NULL};
    else
        read_purchase(line, arena, ret_item);
    ret_item->end = reader->source->offset;
    ret_item->next_line = reader->line;
    return true;
}

static void close_lines(struct import_reader *reader) {
    hy_free(reader);
}

struct import_reader *import_lines_open(struct source *source) {
    struct import_reader *reader = hy_calloc(1, sizeof *reader);
    *reader = (struct import_reader){.source = source, .line = 1, .next = next, .close = close_lines};
    source_want(source, 3);
    if (source->end >= 3 && memcmp(source->data, "\xef\xbb\xbf", 3) == 0) source_use(source, 3);
    return reader;
}

bool import_reader_go_on(struct import_reader *reader, uint64_t offset, uint64_t line) {
    reader->line = line;
    reader->ahead = false;
    return source_seek(reader->source, offset);
}

bool import_reader_next(struct import_reader *reader, struct hy_arena *arena, struct import_item *ret_item) {
    return reader->next(reader, arena, ret_item);
}

void import_reader_close(struct import_reader *reader) {
    reader->close(reader);
}
