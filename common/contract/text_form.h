// Looking at the bytes of many short texts, several at once.
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/contract/limits.h"

enum { HY_TEXT_SLACK_BYTES = 8 }; // that must be readable behind a text

// Whether a text is all of the form HY_FORM_TEXT. Eight bytes at a time while it is printable ASCII.
static inline bool hy_text_is_free(const char *text, size_t length) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t bad = 0;
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        word = le64toh(word);
        size_t left = length - at;
        if (left < 8) word = (word & ((UINT64_C(1) << 8 * left) - 1)) | (ones * ' ') << 8 * left;
        // Not ASCII, below the space, or the byte 0x7f. A borrow or carry comes only from a byte that is bad.
        bad |= word | (word - ones * ' ') | (word + ones);
    }
    return (bad & ones << 7) == 0 || hy_text_has_form(HY_FORM_TEXT, text, length);
}
