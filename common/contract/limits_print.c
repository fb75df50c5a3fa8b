// The table of limits as a page of documentation.
#include <inttypes.h>

#include "common/contract/limits.h"

static const char *type_name(const struct hy_limit *limit) {
    switch (limit->type) {
    case HY_FIELD_TEXT: return "text";
    case HY_FIELD_INTEGER: return "integer";
    case HY_FIELD_CHOICE: return "choice";
    case HY_FIELD_LIST: break;
    }
    return "list";
}

static void print_range(struct hy_buffer *out, const struct hy_limit *limit, const char *unit) {
    if (limit->min == limit->max) {
        hy_buffer_printf(out, "%" PRId64 "%s", limit->min, unit);
    } else {
        hy_buffer_printf(out, "%" PRId64 " … %" PRId64 "%s", limit->min, limit->max, unit);
    }
}

static void print_text_values(struct hy_buffer *out, const struct hy_limit *limit) {
    print_range(out, limit, " bytes");
    hy_buffer_printf(out, "; %s", limit->form == NULL ? "UTF-8 without control characters" : limit->form);
}

static void print_choices(struct hy_buffer *out, const struct hy_limit *limit) {
    for (size_t i = 0; limit->choices[i] != NULL; i++) {
        hy_buffer_printf(out, "%s`%s`", i == 0 ? "" : " ", limit->choices[i]);
    }
}

static void print_values(struct hy_buffer *out, const struct hy_limit *limit) {
    switch (limit->type) {
    case HY_FIELD_TEXT: print_text_values(out, limit); break;
    case HY_FIELD_INTEGER: print_range(out, limit, ""); break;
    case HY_FIELD_CHOICE: print_choices(out, limit); break;
    case HY_FIELD_LIST: print_range(out, limit, " elements"); break;
    }
}

static void print_row(struct hy_buffer *out, const struct hy_limit *limit) {
    hy_buffer_printf(out, "| `%s` | %s | %s | ", limit->field, type_name(limit),
                     limit->required ? "yes" : "");
    print_values(out, limit);
    hy_buffer_printf(out, " | %s |\n", limit->help);
}

static const char PREAMBLE[] =
    "# Contract: the limits of every field\n"
    "\n"
    "Made from the table in `common/contract/limits.c` by the program `contract-docs`; change the table, not "
    "this page.\n"
    "Purchases are defined in `proto/purchases.proto`. JSON (`POST /v1/purchases`) uses the same names:\n"
    "choices by name, integers without point or exponent; instead of `occurred_at_ms`, `occurred_at` may "
    "give the time as\n"
    "RFC 3339 text with an offset (`2026-11-22T14:03:00+08:00`). Unknown and repeated fields are refused.\n"
    "\n"
    "- One message is at most %d bytes.\n"
    "- An event time may lie at most %d hours ahead of the service's clock.\n"
    "- When payments are named they must add up to the lines. A text that is not required may be absent or "
    "empty.\n"
    "- `NewMember` (`POST /v1/members`; `PATCH` takes the same fields but `phone`, and null takes one away) "
    "also has "
    "`consents`:\n"
    "  an object of `email`, `sms`, `push`, `social`, each true or false; none is given unless it says so.\n";

static void print_heading(struct hy_buffer *out, const char *message) {
    hy_buffer_printf(
        out, "\n## %s\n\n| field | type | required | allowed | meaning |\n|---|---|---|---|---|\n", message);
}

void hy_limits_print(struct hy_buffer *out) {
    hy_buffer_printf(out, PREAMBLE, HY_MESSAGE_LIMIT_BYTES, HY_FUTURE_LIMIT_MS / 3600000);
    const char *message = NULL;
    for (size_t i = 0; i < hy_limit_count; i++) {
        // A row that is not found under the message before it begins the next one.
        if (message == NULL || hy_limit_find(message, hy_limits[i].field) != &hy_limits[i]) {
            message = hy_limits[i].message;
            print_heading(out, message);
        }
        print_row(out, &hy_limits[i]);
    }
}
