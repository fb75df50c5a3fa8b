// What one partition took of another, that one has sent: a step that nobody decided pays nobody. The sender's
// log is read on when it was read before the taker's.
#include <inttypes.h>
#include <string.h>

#include "cli/brains.h"
#include "cli/verify.h"
#include "common/base/memory.h"

struct place {
    struct hy_reader reader;
    struct hy_marks emitted, taken;
};

struct log_marks {
    const char *log;
    struct place *places; // by partition; NULL: this log was not verified
    size_t count;
};

enum { LOGS_LIMIT = 16 };
static struct log_marks logs[LOGS_LIMIT];
static size_t log_count;

static void copy(struct hy_marks *to, const struct hy_marks *from) {
    for (size_t i = 0; i < from->count; i++)
        hy_marks_raise(to, from->items[i].log, from->items[i].partition, from->items[i].number);
}

void verify_settled_keep(const struct verify *verify) {
    if (log_count == LOGS_LIMIT) return;
    struct log_marks *marks = &logs[log_count++];
    *marks = (struct log_marks){verify->brain->log, hy_calloc(verify->count, sizeof *marks->places),
                                verify->count};
    for (size_t i = 0; i < verify->count; i++) {
        marks->places[i].reader = verify->parts[i].reader;
        copy(&marks->places[i].emitted, &verify->parts[i].totals.emitted);
        copy(&marks->places[i].taken, &verify->parts[i].totals.taken);
    }
}

static struct log_marks *find(const char *log) {
    for (size_t i = 0; i < log_count; i++) {
        if (strcmp(logs[i].log, log) == 0) return &logs[i];
    }
    return NULL;
}

// --- the sender's log, read on ---

struct going_on {
    struct log_marks *marks;
    struct hy_arena arena;
};

static bool take(void *context, const struct hy_message *message) {
    struct going_on *going = context;
    struct place *place = &going->marks->places[message->partition];
    hy_arena_reset(&going->arena);
    struct hy_read read = hy_reader_take(&place->reader, message->offset, message->value, &going->arena);
    for (size_t i = 0; read.what == HY_READ_BLOCK && i < read.block->n_records; i++) {
        const Huiyuan__V1__Record *record = read.block->records[i];
        for (size_t e = 0; e < record->n_emissions; e++)
            hy_marks_raise(&place->emitted, record->emissions[e]->to, record->emissions[e]->partition,
                           record->emissions[e]->number);
    }
    return true;
}

static bool read_on(const struct cli *cli, struct log_marks *marks) {
    size_t count;
    struct kafka_span *spans = kafka_spans(cli, marks->log, -1, &count);
    if (spans == NULL) return false;
    struct going_on going = {.marks = marks};
    hy_arena_init(&going.arena);
    for (size_t i = 0; i < count && i < marks->count; i++)
        spans[i].from = marks->places[i].reader.next_offset;
    bool good = kafka_read(cli, marks->log, spans, count < marks->count ? count : marks->count, take, &going);
    hy_arena_free(&going.arena);
    hy_free(spans);
    return good;
}

// --- comparing ---

// What this partition took beyond what was sent to it; NULL: nothing.
static const struct hy_mark *beyond(const struct log_marks *taker, uint32_t partition, uint64_t *ret_sent) {
    const struct hy_marks *taken = &taker->places[partition].taken;
    for (size_t i = 0; i < taken->count; i++) {
        const struct log_marks *sender = find(taken->items[i].log);
        if (sender == NULL || taken->items[i].partition >= sender->count) continue;
        *ret_sent = hy_marks_get(&sender->places[taken->items[i].partition].emitted, taker->log, partition);
        if (taken->items[i].number > *ret_sent) return &taken->items[i];
    }
    return NULL;
}

static bool compare(struct verify *verify, const struct log_marks *taker, uint32_t partition) {
    uint64_t sent;
    const struct hy_mark *mark = beyond(taker, partition, &sent);
    if (mark != NULL && !read_on(verify->cli, find(mark->log))) return false;
    verify_count(verify, CHECK_SETTLED, taker->places[partition].taken.count);
    mark = beyond(taker, partition, &sent);
    if (mark != NULL)
        verify_fault(verify, CHECK_SETTLED, NULL,
                     "%s-%" PRIu32 " took emission %" PRIu64 " of %s-%" PRIu32 ", which sent %" PRIu64
                     " / 收到的内部消息编号 %" PRIu64 " 大于已发出的 %" PRIu64,
                     taker->log, partition, mark->number, mark->log, mark->partition, sent, mark->number,
                     sent);
    return true;
}

bool verify_settled(struct verify *verify) {
    bool good = true;
    for (size_t i = 0; good && i < log_count; i++) {
        for (uint32_t p = 0; good && p < logs[i].count; p++)
            good = compare(verify, &logs[i], p);
    }
    return good;
}
