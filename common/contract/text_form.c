// Which bytes a text of the contract may consist of.
#include "common/contract/text_form.h"

enum { OTHER = 0, PRINTABLE = 1, IN_ID = 2, CAPITAL = 4 };

// What each ASCII byte may be part of. A table, because every text of every purchase passes here.
#define P PRINTABLE
#define I (PRINTABLE | IN_ID)
#define C (PRINTABLE | IN_ID | CAPITAL)
// clang-format off
static const uint8_t CLASSES[256] = {
    [' '] = P, ['!'] = P, ['"'] = P, ['#'] = P, ['$'] = P, ['%'] = P, ['&'] = P, ['\''] = P, ['('] = P, [')'] = P,
    ['*'] = P, ['+'] = I, [','] = P, ['-'] = I, ['.'] = I, ['/'] = P, ['0'] = I, ['1'] = I, ['2'] = I, ['3'] = I,
    ['4'] = I, ['5'] = I, ['6'] = I, ['7'] = I, ['8'] = I, ['9'] = I, [':'] = I, [';'] = P, ['<'] = P, ['='] = I,
    ['>'] = P, ['?'] = P, ['@'] = I, ['A'] = C, ['B'] = C, ['C'] = C, ['D'] = C, ['E'] = C, ['F'] = C, ['G'] = C,
    ['H'] = C, ['I'] = C, ['J'] = C, ['K'] = C, ['L'] = C, ['M'] = C, ['N'] = C, ['O'] = C, ['P'] = C, ['Q'] = C,
    ['R'] = C, ['S'] = C, ['T'] = C, ['U'] = C, ['V'] = C, ['W'] = C, ['X'] = C, ['Y'] = C, ['Z'] = C, ['['] = P,
    ['\\'] = P, [']'] = P, ['^'] = P, ['_'] = I, ['`'] = P, ['a'] = I, ['b'] = I, ['c'] = I, ['d'] = I, ['e'] = I,
    ['f'] = I, ['g'] = I, ['h'] = I, ['i'] = I, ['j'] = I, ['k'] = I, ['l'] = I, ['m'] = I, ['n'] = I, ['o'] = I,
    ['p'] = I, ['q'] = I, ['r'] = I, ['s'] = I, ['t'] = I, ['u'] = I, ['v'] = I, ['w'] = I, ['x'] = I, ['y'] = I,
    ['z'] = I, ['{'] = P, ['|'] = P, ['}'] = P, ['~'] = I,
};
// clang-format on
#undef P
#undef I
#undef C

const uint8_t hy_text_inside[2 * HY_TEXT_STEP_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                        255, 255, 255, 255, 255, 255, 255, 255};

static bool is_continuation(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

// Length of the well-formed sequence of more than one byte at `text` that is no control character (U+0080 …
// U+009F are); 0: there is none. The table of Unicode 15, section 3.9: no overlong forms, no surrogates,
// nothing above U+10FFFF.
static size_t sequence_length(const uint8_t *text, size_t left) {
    uint8_t first = text[0];
    if (left < 2 || first < 0xc2 || first > 0xf4 || !is_continuation(text[1])) return 0;
    if (first < 0xe0) return first == 0xc2 && text[1] < 0xa0 ? 0 : 2;
    if (first == 0xe0 && text[1] < 0xa0) return 0;
    if (first == 0xed && text[1] >= 0xa0) return 0;
    if (first == 0xf0 && text[1] < 0x90) return 0;
    if (first == 0xf4 && text[1] >= 0x90) return 0;
    size_t length = first < 0xf0 ? 3 : 4;
    for (size_t i = 2; i < length; i++) {
        if (i >= left || !is_continuation(text[i])) return 0;
    }
    return length;
}

static size_t span_of_utf8(const uint8_t *text, size_t limit) {
    size_t at = 0;
    while (at < limit) {
        size_t step = (CLASSES[text[at]] & PRINTABLE) != 0 ? 1 : sequence_length(text + at, limit - at);
        if (step == 0) break;
        at += step;
    }
    return at;
}

static size_t span_of_class(const uint8_t *text, size_t limit, uint8_t class) {
    size_t at = 0;
    while (at < limit && (CLASSES[text[at]] & class) != 0) {
        at++;
    }
    return at;
}

// The terminator is of no class: one look at each byte.
static const uint8_t *end_of_class(const uint8_t *text, uint8_t class) {
    while ((CLASSES[*text] & class) != 0)
        text++;
    return text;
}

size_t hy_text_length(enum hy_text_form form, const char *text) {
    const uint8_t *bytes = (const uint8_t *)text;
    if (form == HY_FORM_ID) return (size_t)(end_of_class(bytes, IN_ID) - bytes);
    if (form == HY_FORM_CURRENCY) return (size_t)(end_of_class(bytes, CAPITAL) - bytes);
    const uint8_t *end = end_of_class(bytes, PRINTABLE);
    return *end == '\0' ? (size_t)(end - bytes) : span_of_utf8(bytes, strlen(text));
}

static size_t span(enum hy_text_form form, const char *text, size_t limit) {
    const uint8_t *bytes = (const uint8_t *)text;
    switch (form) {
    case HY_FORM_TEXT: return span_of_utf8(bytes, limit);
    case HY_FORM_ID: return span_of_class(bytes, limit, IN_ID);
    case HY_FORM_CURRENCY: break;
    }
    return span_of_class(bytes, limit, CAPITAL);
}

bool hy_text_has_form(enum hy_text_form form, const char *text, size_t length) {
    return span(form, text, length) == length;
}
