// Files of purchases for `huiyuanctl import`: CSV and NDJSON. The first byte says which: c, i (unknown
// columns are left out), n.
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/import_item.h"
#include "common/base/memory.h"
#include "common/contract/purchase.h"
#include "tests/fuzz/fuzz.h"

// In place of cli/say.c: what is said is made, and not shown.
void say_error(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    PROMISE(vsnprintf(text, sizeof text, format, arguments) > 0);
    va_end(arguments);
}

// What is taken is what a till could have sent; what is not has its line and its reason; and each item ends
// behind the one before it.
static void check_item(const struct import_item *item, uint64_t before, struct hy_arena *arena) {
    PROMISE(item->end > before && item->line >= 1 && item->rows >= 1 && item->purchase_id != NULL);
    if (item->error.code != HY_OK) {
        fuzz_check_refusal(item->error);
        return;
    }
    PROMISE(hy_purchase_check(item->purchase, arena).code == HY_OK);
    struct hy_bytes packed = fuzz_pack(&item->purchase->base, arena);
    const Huiyuan__V1__Purchase *read =
        huiyuan__v1__purchase__unpack(&arena->protobuf, packed.length, packed.data);
    PROMISE(read != NULL && hy_purchase_hash(read, arena) == hy_purchase_hash(item->purchase, arena));
}

static void read_all(struct import_reader *reader, const struct source *source) {
    struct hy_arena arena;
    struct import_item item;
    uint64_t before = 0;
    hy_arena_init(&arena);
    while (import_reader_next(reader, &arena, &item)) {
        check_item(&item, before, &arena);
        PROMISE(item.end <= source->offset);
        before = item.end;
        hy_arena_reset(&arena);
    }
    hy_arena_free(&arena);
    import_reader_close(reader);
}

// What csv_add wrote, csv_parse reads.
static void check_csv(struct hy_bytes text) {
    struct hy_buffer out;
    struct csv_row row;
    char *field = hy_calloc(1, text.length + 1);
    memcpy(field, text.data, text.length);
    hy_buffer_init(&out, 4 * text.length + 16);
    csv_add(&out, field);
    hy_buffer_add(&out, ",", 1);
    csv_add(&out, field);
    hy_buffer_add(&out, "\n", 1);
    if (csv_parse(out.data, out.length, &row) == CSV_ROW) {
        PROMISE(row.count == 2 && row.used == out.length);
        PROMISE(hy_bytes_equal(row.fields[0], hy_bytes_of(field)) &&
                hy_bytes_equal(row.fields[1], hy_bytes_of(field)));
    } else {
        PROMISE(out.length >= CSV_RECORD_LIMIT_BYTES);
    }
    hy_buffer_free(&out);
    hy_free(field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t length = size - 1;
    // A file that has been read whole, in memory of its very size.
    struct source source = {
        .path = "file", .fd = -1, .data = hy_malloc(length + (length == 0)), .end = length, .ended = true};
    memcpy(source.data, data + 1, length);
    struct import_reader *reader = data[0] == 'n'   ? import_lines_open(&source)
                                   : data[0] == 'c' ? import_rows_open(&source, false)
                                   : data[0] == 'i' ? import_rows_open(&source, true)
                                                    : NULL;
    if (reader != NULL) read_all(reader, &source);
    hy_free(source.data);
    check_csv(hy_bytes(data + 1, length));
    return 0;
}
