// Prints a page of documentation: docs/contract.md, or with the argument `errors` docs/errors.md.
#include <stdio.h>
#include <string.h>

#include "common/contract/errors_print.h"
#include "common/contract/limits.h"

int main(int argc, char **argv) {
    bool errors = argc == 2 && strcmp(argv[1], "errors") == 0;
    if (argc > 1 && !errors) {
        fputs("usage: contract-docs [errors]\n", stderr);
        return 2;
    }
    struct hy_buffer page;
    hy_buffer_init(&page, (size_t)1 << 20);
    (errors ? hy_errors_print : hy_limits_print)(&page);
    bool written =
        !page.failed && fwrite(page.data, 1, page.length, stdout) == page.length && fflush(stdout) == 0;
    hy_buffer_free(&page);
    return written ? 0 : 1;
}
