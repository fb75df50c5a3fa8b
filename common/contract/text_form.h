// Looking at the bytes of many short texts, sixteen at once: by the compiler's vectors, which every CPU has.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/contract/limits.h"

enum {
    HY_TEXT_STEP_BYTES = 16,
    HY_TEXT_SLACK_BYTES = HY_TEXT_STEP_BYTES
}; // that must be readable behind a text

typedef uint8_t hy_text_step __attribute__((vector_size(HY_TEXT_STEP_BYTES)));
typedef int8_t hy_text_signed __attribute__((vector_size(HY_TEXT_STEP_BYTES)));

// As many set bytes as a step, and as many clear ones: from some place on, those that belong to a text.
extern const uint8_t hy_text_inside[2 * HY_TEXT_STEP_BYTES];

static inline hy_text_step hy_text_load(const void *bytes) {
    hy_text_step step;
    memcpy(&step, bytes, sizeof step);
    return step;
}

// Marks what is from `first` to `last`. One comparison: in signed numbers, which begin at -128.
static inline hy_text_step hy_text_within(hy_text_step step, uint8_t first, uint8_t last) {
    return (hy_text_step)((hy_text_signed)(step - (uint8_t)(first + 128)) < (int8_t)(last - first + 1 - 128));
}

// Marks printable ASCII.
static inline hy_text_step hy_text_mark_free(hy_text_step step) {
    return hy_text_within(step, ' ', '~');
}

// Marks letters, digits, - . _ and the colon: nearly all of what HY_FORM_ID allows.
static inline hy_text_step hy_text_mark_id(hy_text_step step) {
    return hy_text_within(step | 0x20, 'a', 'z') | hy_text_within(step, '0', ':') |
           hy_text_within(step, '-', '.') | (hy_text_step)(step == '_');
}

// Whether all of the first bytes are marked.
static inline bool hy_text_all_marked(hy_text_step marks, size_t count) {
    hy_text_step others = ~marks & hy_text_load(hy_text_inside + HY_TEXT_STEP_BYTES - count);
    uint64_t halves[2];
    memcpy(halves, &others, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

// Whether a text is of a form that `mark` knows the most common bytes of: the others are for the table.
static inline __attribute__((always_inline)) bool hy_text_is(enum hy_text_form form,
                                                             hy_text_step (*mark)(hy_text_step),
                                                             const char *text, size_t length) {
    size_t at = 0;
    for (; length - at > HY_TEXT_STEP_BYTES; at += HY_TEXT_STEP_BYTES) {
        if (!hy_text_all_marked(mark(hy_text_load(text + at)), HY_TEXT_STEP_BYTES))
            return hy_text_has_form(form, text, length);
    }
    return hy_text_all_marked(mark(hy_text_load(text + at)), length - at) ||
           hy_text_has_form(form, text, length);
}

static inline bool hy_text_is_free(const char *text, size_t length) {
    return hy_text_is(HY_FORM_TEXT, hy_text_mark_free, text, length);
}

static inline bool hy_text_is_id(const char *text, size_t length) {
    return hy_text_is(HY_FORM_ID, hy_text_mark_id, text, length);
}
