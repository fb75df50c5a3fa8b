// Reading the log for `verify` and `rebuild`.
#include <inttypes.h>

#include "cli/progress.h"
#include "cli/verify.h"
#include "common/base/memory.h"

struct reading {
    struct verify *verify;
    struct progress progress;
    uint64_t messages, total, records;
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
    verify_log_message(reading->verify, &reading->verify->parts[message->partition], message);
    reading->messages++;
    if (progress_due(&reading->progress)) show(reading);
    return true;
}

bool verify_read(struct verify *verify, struct kafka_span *spans) {
    struct reading reading = {.verify = verify};
    for (size_t i = 0; i < verify->count; i++) {
        if (spans[i].to > spans[i].from) reading.total += (uint64_t)(spans[i].to - spans[i].from);
        reading.records += verify->parts[i].records;
    }
    progress_begin(&reading.progress, "reading the log 读取日志", 0);
    bool good = kafka_read(verify->cli, verify->brain->log, spans, verify->count, take, &reading);
    progress_end(&reading.progress);
    for (size_t i = 0; good && i < verify->count; i++) {
        if (spans[i].from < spans[i].to && spans[i].next < spans[i].to && !verify->parts[i].broken) {
            verify_fault(verify, CHECK_CHAIN,
                         "partition %" PRIu32 ": Kafka gave nothing from offset %" PRId64 " on",
                         spans[i].partition, spans[i].next);
            verify->parts[i].broken = true;
        }
    }
    return good;
}

bool verify_read_on(struct verify *verify) {
    size_t count;
    struct kafka_span *spans = kafka_spans(verify->cli, verify->brain->log, -1, &count);
    if (spans == NULL) return false;
    for (size_t i = 0; i < verify->count; i++) {
        spans[i].from = verify->parts[i].reader.next_offset;
        if (verify->parts[i].broken) spans[i].from = spans[i].to;
    }
    bool good = verify_read(verify, spans);
    hy_free(spans);
    return good;
}
