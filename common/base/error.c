#include "common/base/error.h"

#include <stddef.h>
#include <string.h>

enum { WIRE_NAME_BYTES = 32 };

struct code_row {
    const char *constant; // "TOO_OLD"
    const char *english;
    const char *chinese;
    enum hy_disposition disposition;
    int http_status;
};

static const struct code_row ROWS[HY_CODE_COUNT] = {
#define X(name, disposition, status, en, zh) [HY_##name] = {#name, en, zh, disposition, status},
    HY_CODES(X)
#undef X
};

#define X(name, disposition, status, en, zh) \
    _Static_assert(sizeof(#name) <= WIRE_NAME_BYTES, "the wire name of HY_" #name " does not fit");
HY_CODES(X)
#undef X

// The preprocessor cannot write lower case. Filled before main starts, never changed after: safe from any
// thread.
static char wire_names[HY_CODE_COUNT][WIRE_NAME_BYTES];

__attribute__((constructor)) static void spell_wire_names(void) {
    for (size_t code = 0; code < HY_CODE_COUNT; code++) {
        const char *from = ROWS[code].constant;
        for (size_t i = 0; from[i] != '\0'; i++) {
            bool upper = from[i] >= 'A' && from[i] <= 'Z';
            wire_names[code][i] = (char)(upper ? from[i] - 'A' + 'a' : from[i]);
        }
    }
}

// A number that is no code (from a newer version, say) reads as INTERNAL.
static size_t known(enum hy_code code) {
    return (size_t)code < HY_CODE_COUNT ? (size_t)code : HY_INTERNAL;
}

enum hy_disposition hy_code_disposition(enum hy_code code) {
    return ROWS[known(code)].disposition;
}

int hy_code_http_status(enum hy_code code) {
    return ROWS[known(code)].http_status;
}

const char *hy_code_name(enum hy_code code) {
    return wire_names[known(code)];
}

const char *hy_code_english(enum hy_code code) {
    return ROWS[known(code)].english;
}

const char *hy_code_chinese(enum hy_code code) {
    return ROWS[known(code)].chinese;
}

bool hy_code_by_name(const char *name, enum hy_code *ret_code) {
    if (name[0] == '\0') return false; // of nearly all records
    for (size_t code = 0; code < HY_CODE_COUNT; code++) {
        if (strcmp(wire_names[code], name) == 0) {
            *ret_code = (enum hy_code)code;
            return true;
        }
    }
    return false;
}
