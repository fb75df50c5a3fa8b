#include "common/contract/errors_print.h"

#include "common/base/error.h"

static const char PREAMBLE[] =
    "# Error codes\n"
    "\n"
    "Made from the table in `common/base/error.h` by the program `contract-docs`; change the table, not this "
    "page.\n"
    "Over HTTP an error is problem details (RFC 9457) with the member `code`; `/openapi.json` says which "
    "route gives which.\n"
    "A dead letter carries the code and both texts.\n"
    "\n"
    "- **refuse**: the input is at fault and is not taken.\n"
    "- **retry**: the system is at fault for now; try again later.\n"
    "- **stop**: going on could corrupt state; somebody has to look.\n"
    "\n"
    "| code | HTTP | what to do | English | 中文 |\n"
    "|---|---|---|---|---|\n";

static const char *what_to_do(enum hy_code code) {
    switch (hy_code_disposition(code)) {
    case HY_REJECT: return "refuse";
    case HY_RETRY: return "retry";
    case HY_FATAL: break;
    }
    return "stop";
}

void hy_errors_print(struct hy_buffer *out) {
    hy_buffer_printf(out, "%s", PREAMBLE);
    for (int i = HY_OK + 1; i < HY_CODE_COUNT; i++) {
        enum hy_code code = (enum hy_code)i;
        hy_buffer_printf(out, "| `%s` | %d | %s | %s | %s |\n", hy_code_name(code), hy_code_http_status(code),
                         what_to_do(code), hy_code_english(code), hy_code_chinese(code));
    }
}
