#include <inttypes.h>
#include <string.h>

#include "cli/json.h"
#include "cli/status.h"

int64_t status_lag(const struct status_source *source) {
    // What was passed over as nothing for this service is only noted by the group.
    int64_t from = source->position > source->committed ? source->position : source->committed;
    if (from < source->low) from = source->low;
    return from > source->high ? 0 : source->high - from;
}

static int64_t lag_of(const struct status *status, const struct status_part *part) {
    int64_t lag = 0;
    for (size_t s = 0; s < status->brain->source_count; s++)
        lag += status_lag(&part->sources[s]);
    return lag;
}

static uint64_t behind(const struct status_part *part) {
    return part->seq > part->watermark.seq ? part->seq - part->watermark.seq : 0;
}

static void print_partitions(const struct status *status) {
    printf("%5s  %-32s %10s %10s %10s %10s %7s\n", "PART", "OWNER", "WAITING", "LOG END", "BLOCK", "IN REDIS",
           "BEHIND");
    for (uint32_t p = 0; p < status->count; p++) {
        const struct status_part *part = &status->parts[p];
        printf("%5" PRIu32 "  %-32s %10" PRId64 " %10" PRId64 " %10" PRIu64 " %10" PRIu64 " %7" PRIu64 "\n",
               p, part->owner[0] == '\0' ? "- (nobody 无)" : part->owner, lag_of(status, part),
               part->log_high, part->seq, part->watermark.seq, behind(part));
    }
}

// "0-3,7": the partitions of one owner.
static size_t name_partitions(const struct status *status, const char *owner, char *ret_text, size_t size) {
    size_t count = 0;
    size_t length = 0;
    ret_text[0] = '\0';
    for (uint32_t p = 0; p < status->count; p++) {
        if (strcmp(status->parts[p].owner, owner) != 0) continue;
        uint32_t last = p;
        while (last + 1 < status->count && strcmp(status->parts[last + 1].owner, owner) == 0)
            last++;
        const char *comma = length == 0 ? "" : ",";
        if (length + 24 < size)
            length += (size_t)(last == p ? snprintf(ret_text + length, size - length, "%s%" PRIu32, comma, p)
                                         : snprintf(ret_text + length, size - length,
                                                    "%s%" PRIu32 "-%" PRIu32, comma, p, last));
        count += last - p + 1;
        p = last;
    }
    return count;
}

static void print_owner(const struct status *status, const char *owner) {
    char partitions[256];
    int64_t lag = 0;
    uint64_t blocks = 0;
    size_t count = name_partitions(status, owner, partitions, sizeof partitions);
    for (uint32_t p = 0; p < status->count; p++) {
        if (strcmp(status->parts[p].owner, owner) != 0) continue;
        lag += lag_of(status, &status->parts[p]);
        blocks += behind(&status->parts[p]);
    }
    if (count == 0 && owner[0] == '\0') return;
    printf("  %-36s %5zu %10" PRId64 " %7" PRIu64 "  %s\n", owner[0] == '\0' ? "- (nobody 无)" : owner, count,
           lag, blocks, partitions);
}

static void print_instances(const struct status *status) {
    printf("  %-36s %5s %10s %7s  %s\n", "INSTANCE", "PARTS", "WAITING", "BEHIND", "PARTITIONS");
    for (size_t i = 0; i < status->member_count; i++)
        print_owner(status, status->members[i]);
    print_owner(status, "");
}

void status_print(const struct status *status, bool in_full) {
    int64_t lag = 0;
    uint64_t blocks = 0;
    for (uint32_t p = 0; p < status->count; p++) {
        lag += lag_of(status, &status->parts[p]);
        blocks += behind(&status->parts[p]);
    }
    printf("\n%s (log %s): group %s, %zu instance%s 实例\n", status->service, status->brain->log,
           status->state, status->member_count, status->member_count == 1 ? "" : "s");
    (in_full ? print_partitions : print_instances)(status);
    printf("%" PRId64 " inputs wait 待处理, Redis is %" PRIu64 " blocks behind 落后区块\n", lag, blocks);
}

static void add_sources(const struct status *status, const struct status_part *part, struct hy_buffer *out) {
    for (size_t s = 0; s < status->brain->source_count; s++) {
        const struct status_source *source = &part->sources[s];
        hy_buffer_printf(out,
                         "%s\"%s\":{\"low\":%" PRId64 ",\"high\":%" PRId64 ",\"position\":%" PRId64
                         ",\"committed\":%" PRId64 ",\"lag\":%" PRId64 "}",
                         s == 0 ? "" : ",", status->brain->sources[s], source->low, source->high,
                         source->position, source->committed, status_lag(source));
    }
}

static void add_part(const struct status *status, const struct status_part *part, struct hy_buffer *out) {
    hy_buffer_printf(out, "{\"partition\":%" PRIu32 ",\"owner\":", part->partition);
    json_text(out, part->owner);
    hy_buffer_printf(out, ",\"sources\":{");
    add_sources(status, part, out);
    hy_buffer_printf(out,
                     "},\"log\":{\"end\":%" PRId64 ",\"seq\":%" PRIu64 "},\"watermark\":{\"seq\":%" PRIu64
                     ",\"offset\":%" PRId64 ",\"claim\":\"%016" PRIx64 "\",\"behind\":%" PRIu64 "}}",
                     part->log_high, part->seq, part->watermark.seq, part->watermark.offset,
                     part->watermark.claim, behind(part));
}

void status_print_json(const struct status *status, struct hy_buffer *out) {
    hy_buffer_printf(out, "{\"service\":\"%s\",\"log\":\"%s\",\"group\":\"%s\",\"members\":[",
                     status->service, status->brain->log, status->state);
    for (size_t i = 0; i < status->member_count; i++) {
        if (i > 0) hy_buffer_add(out, ",", 1);
        json_text(out, status->members[i]);
    }
    hy_buffer_printf(out, "],\"partitions\":[");
    for (uint32_t p = 0; p < status->count; p++) {
        if (p > 0) hy_buffer_add(out, ",", 1);
        add_part(status, &status->parts[p], out);
    }
    hy_buffer_printf(out, "]}");
}
