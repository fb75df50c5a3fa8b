#include "tests/sim/judge_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t judge_marks_get(const struct judge_marks *marks, const char *log, uint32_t partition) {
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->items[i].partition == partition && strcmp(marks->items[i].log, log) == 0)
            return marks->items[i].number;
    }
    return 0;
}

void judge_marks_set(struct judge_marks *marks, const char *log, uint32_t partition, uint64_t number) {
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->items[i].partition != partition || strcmp(marks->items[i].log, log) != 0) continue;
        marks->items[i].number = number;
        return;
    }
    if (marks->count == JUDGE_MARKS) {
        fprintf(stderr, "more than %d emission marks\n", JUDGE_MARKS);
        abort();
    }
    marks->items[marks->count++] = (struct judge_mark){log, partition, number};
}

bool judge_receipt_is_of(const Huiyuan__V1__Receipt *receipt, uint64_t entry,
                         const Huiyuan__V1__Record *record, uint64_t seq, uint32_t index) {
    return receipt->entry == entry && strcmp(receipt->input_id, record->input_id) == 0 &&
           receipt->content_hash == record->content_hash && receipt->event_time_ms == record->event_time_ms &&
           receipt->seq == seq && receipt->index == index && receipt->outcome == record->outcome &&
           receipt->input_class == record->input_class && strcmp(receipt->code, record->code) == 0 &&
           receipt->note.len == record->note.len &&
           (receipt->note.len == 0 || memcmp(receipt->note.data, record->note.data, receipt->note.len) == 0);
}
