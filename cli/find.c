#include "cli/find.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/stage/reader.h"

struct search {
    const struct find_query *query;
    struct hy_reader *readers; // by partition
    struct hy_arena arena;
    struct found *found;
    bool corrupt;
};

static bool by_place(const struct find_query *query) {
    return query->input_id == NULL && query->member_id == NULL;
}

static bool matches(const struct find_query *query, const Huiyuan__V1__Block *block, uint32_t index) {
    const Huiyuan__V1__Record *record = block->records[index];
    if (by_place(query)) return block->seq == query->seq && index == query->index;
    return (query->input_id == NULL || strcmp(record->input_id, query->input_id) == 0) &&
           (query->member_id == NULL || strcmp(record->member_id, query->member_id) == 0);
}

static void keep(struct found *found, const struct words_place *place, const Huiyuan__V1__Record *record) {
    size_t size = huiyuan__v1__record__get_packed_size(record);
    uint8_t *bytes = hy_arena_alloc(&found->arena, size);
    huiyuan__v1__record__pack(record, bytes);
    if (found->count == found->capacity) {
        found->capacity = found->capacity == 0 ? 8 : found->capacity * 2;
        found->items = hy_realloc(found->items, found->capacity * sizeof *found->items);
    }
    found->items[found->count++] =
        (struct found_record){*place, huiyuan__v1__record__unpack(&found->arena.protobuf, size, bytes)};
}

static bool take(void *context, const struct hy_message *message) {
    struct search *search = context;
    hy_arena_reset(&search->arena);
    struct hy_read read =
        hy_reader_take(&search->readers[message->partition], message->offset, message->value, &search->arena);
    if (read.what == HY_READ_CORRUPT) {
        say_error("partition %" PRIu32 " offset %" PRId64 ": %s; `huiyuanctl verify` says more / 日志损坏",
                  message->partition, message->offset, read.reason);
        search->corrupt = true;
        return false;
    }
    if (read.what != HY_READ_BLOCK) return true;
    for (uint32_t i = 0; i < read.block->n_records; i++) {
        const struct words_place place = {message->partition, message->offset, read.block->seq, i,
                                          read.block->recorded_at_ms};
        if (matches(search->query, read.block, i)) keep(search->found, &place, read.block->records[i]);
    }
    return !by_place(search->query) || read.block->seq < search->query->seq;
}

bool find_records(const struct cli *cli, const char *log, const struct find_query *query,
                  struct found *ret_found) {
    *ret_found = (struct found){0};
    hy_arena_init(&ret_found->arena);
    size_t count;
    struct kafka_span *spans = kafka_spans(cli, log, query->partition, &count);
    if (spans == NULL) return false;
    struct search search = {.query = query, .found = ret_found};
    search.readers = hy_calloc((size_t)spans[count - 1].partition + 1, sizeof *search.readers);
    for (size_t i = 0; i < count; i++)
        hy_reader_init(&search.readers[spans[i].partition]);
    hy_arena_init(&search.arena);
    bool good = kafka_read(cli, log, spans, count, take, &search);
    hy_arena_free(&search.arena);
    hy_free(search.readers);
    hy_free(spans);
    return good && !search.corrupt;
}

void found_free(struct found *found) {
    hy_free(found->items);
    hy_arena_free(&found->arena);
}
