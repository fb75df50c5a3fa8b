// The limits of every field that comes from outside, in one table: what the checks apply, what
// docs/contract.md and /openapi.json print.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum hy_field_type { HY_FIELD_TEXT, HY_FIELD_INTEGER, HY_FIELD_CHOICE, HY_FIELD_LIST };

// The rows of the table, in the order of the fields.
enum hy_limit_row {
    HY_LIMIT_PURCHASE_ID,
    HY_LIMIT_MEMBER_ID,
    HY_LIMIT_STORE_ID,
    HY_LIMIT_CHANNEL,
    HY_LIMIT_OCCURRED_AT_MS,
    HY_LIMIT_LINES,
    HY_LIMIT_PAYMENTS,
    HY_LIMIT_CURRENCY,
    HY_LIMIT_LINE_ID,
    HY_LIMIT_SKU,
    HY_LIMIT_CATEGORY,
    HY_LIMIT_BRAND,
    HY_LIMIT_QUANTITY,
    HY_LIMIT_PAID_FEN,
    HY_LIMIT_METHOD,
    HY_LIMIT_AMOUNT_FEN,
    HY_LIMIT_PHONE,
    HY_LIMIT_NAME,
    HY_LIMIT_BIRTHDAY,
    HY_LIMIT_EMAIL,
    HY_LIMIT_LANGUAGE,
    HY_LIMIT_REDEEM_STORE_ID,
    HY_LIMIT_REDEEM_PURCHASE_ID,
    HY_LIMIT_REDEMPTION_ID,
    HY_LIMIT_COUNT,
};

// What characters a text may consist of.
enum hy_text_form {
    HY_FORM_TEXT,     // any valid UTF-8 without control characters
    HY_FORM_ID,       // ASCII letters and digits and - _ . : @ + = ~
    HY_FORM_CURRENCY, // capital ASCII letters
};

struct hy_limit {
    const char *message; // "Purchase"
    const char *field;   // "purchase_id"
    enum hy_field_type type;
    bool required;
    int64_t min, max; // TEXT: bytes; INTEGER: value; LIST: elements
    const char *form; // TEXT: what characters are allowed, in words; NULL: any valid UTF-8 without controls
    const char *form_zh;         // the same in Chinese
    const char *help;            // meaning, unit
    const char *const *choices;  // CHOICE: NULL-terminated, from value 1 on; otherwise NULL
    enum hy_text_form text_form; // TEXT: the same as `form`, for the check
};

extern const struct hy_limit hy_limits[]; // by enum hy_limit_row
extern const size_t hy_limit_count;

const struct hy_limit *hy_limit_find(const char *message, const char *field); // NULL: none

enum {
    HY_MESSAGE_LIMIT_BYTES = 256 * 1024, // of one message of `purchases`; larger: too_large
    HY_ID_LIMIT_BYTES = 64,              // purchase, member, store, line ids
    HY_LINES_LIMIT = 500,
    HY_PAYMENTS_LIMIT = 16,
    HY_FUTURE_LIMIT_MS = 24 * 3600 * 1000, // how far an event time may lie ahead of the service's clock
};
// Of a line, a payment, and of a whole purchase: ¥10 million. Keeps the exact arithmetic of points within 127
// bits.
#define HY_AMOUNT_LIMIT_FEN INT64_C(1000000000)

// True when every byte of the text is of that form (UTF-8 well-formed); the length is not looked at.
bool hy_text_has_form(enum hy_text_form form, const char *text, size_t length);
// How many bytes of a terminated text, from the beginning on, are of that form: all of them when the
// terminator stands there.
size_t hy_text_length(enum hy_text_form form, const char *text);

// The table as Markdown (docs/contract.md).
void hy_limits_print(struct hy_buffer *out);
