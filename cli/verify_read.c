// Reading the log for `verify` and `rebuild`.
#include <inttypes.h>

#include "cli/progress.h"
#include "cli/verify.h"
#include "common/base/memory.h"

struct reading {
    struct verify *verify;
    struct progress progress;
    uint64_t messages, total, records;
    bool bounded; // a share that is too big is given up
};

static void show(struct reading *reading) {
    char detail[96];
    uint64_t records = 0;
    for (size_t i = 0; i < reading->verify->count; i++)
        records += reading->verify->parts[i].records;
    snprintf(detail, sizeof detail, "%" PRIu64 " records 条, %.0f/s", records,
             (double)(records - reading->records) / progress_seconds(&reading->progress));
    progress_show(&reading->progress, reading->messages, reading->total, detail);
}

static bool take(void *context, const struct hy_message *message) {
    struct reading *reading = context;
    struct verify *verify = reading->verify;
    struct verify_part *part = &verify->parts[message->partition];
    verify_log_message(verify, part, message);
    reading->messages++;
    if (verify->meanwhile != NULL) verify->meanwhile(verify->context);
    if (progress_due(&reading->progress)) show(reading);
    if (!verify->first && !part->broken && part->reader.next_offset == verify->ends[part->partition].offset)
        verify_sum_members(verify, part);
    if (!reading->bounded || !verify_memory_exceeded(verify)) return true;
    verify->too_big = true;
    return false;
}

static bool read_spans(struct verify *verify, struct kafka_span *spans, bool bounded) {
    struct reading reading = {.verify = verify, .bounded = bounded};
    for (size_t i = 0; i < verify->count; i++) {
        if (spans[i].to > spans[i].from) reading.total += (uint64_t)(spans[i].to - spans[i].from);
        reading.records += verify->parts[i].records;
    }
    progress_begin(&reading.progress, "reading the log 读取日志", 0);
    bool good = kafka_read_some(verify->cli, verify->brain->log, spans, verify->count,
                                verify->at_once == 0 ? verify->count : verify->at_once, take, &reading);
    progress_end(&reading.progress);
    for (size_t i = 0; good && !verify->too_big && i < verify->count; i++) {
        struct verify_part *part = &verify->parts[i];
        if (spans[i].from >= spans[i].to || spans[i].next >= spans[i].to || part->broken) continue;
        const struct verify_where where = {part->partition, part->reader.seq + 1, VERIFY_WHOLE_BLOCK,
                                           spans[i].next};
        verify_fault(verify, CHECK_CHAIN, &where,
                     "Kafka gives nothing from this offset on, the log ends at %" PRId64
                     " / Kafka 自该位点起没有数据，日志应止于 %" PRId64,
                     spans[i].to, spans[i].to);
        part->broken = true;
    }
    return good;
}

bool verify_read(struct verify *verify, struct kafka_span *spans) {
    return read_spans(verify, spans, true);
}

bool verify_read_on(struct verify *verify) {
    size_t count;
    struct kafka_span *before = verify->spans;
    verify->spans = kafka_spans(verify->cli, verify->brain->log, -1, &count);
    if (verify->spans != NULL) {
        for (size_t i = 0; i < verify->count; i++) {
            struct kafka_span *span = &verify->spans[i];
            span->from = span->next =
                verify->parts[i].broken ? span->to : verify->parts[i].reader.next_offset;
        }
    }
    // What was written meanwhile is not much.
    bool good = verify->spans != NULL && read_spans(verify, verify->spans, false);
    hy_free(verify->spans);
    verify->spans = before;
    return good;
}
