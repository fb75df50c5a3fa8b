#include "cli/lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"

void lines_init(struct lines *lines, size_t limit) {
    *lines = (struct lines){.limit = limit, .items = hy_calloc(limit + 1, sizeof(struct line))};
}

void lines_free(struct lines *lines) {
    for (size_t i = 0; i < lines->limit; i++)
        hy_free(lines->items[i].text);
    hy_free(lines->items);
}

static void print(const void *text, size_t length) {
    fwrite(text, 1, length, stdout);
    fputc('\n', stdout);
}

void lines_add(struct lines *lines, int64_t at_ms, struct hy_bytes text) {
    lines->count++;
    if (lines->limit == 0) {
        print(text.data, text.length);
        return;
    }
    struct line *line = &lines->items[(lines->count - 1) % lines->limit];
    hy_free(line->text);
    *line = (struct line){at_ms, lines->count, hy_malloc(text.length + 1)};
    memcpy(line->text, text.data, text.length);
    line->text[text.length] = '\0';
}

static int by_time(const void *a, const void *b) {
    const struct line *const *left = a;
    const struct line *const *right = b;
    if ((*left)->at_ms != (*right)->at_ms) return (*left)->at_ms < (*right)->at_ms ? -1 : 1;
    return ((*left)->order > (*right)->order) - ((*left)->order < (*right)->order);
}

void lines_print(const struct lines *of, size_t count, size_t limit) {
    size_t total = 0;
    const struct line **all = hy_calloc(count * limit + 1, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < of[i].limit; k++) {
            if (of[i].items[k].text != NULL) all[total++] = &of[i].items[k];
        }
    }
    qsort(all, total, sizeof *all, by_time);
    for (size_t i = total > limit ? total - limit : 0; i < total; i++)
        print(all[i]->text, strlen(all[i]->text));
    hy_free(all);
}
