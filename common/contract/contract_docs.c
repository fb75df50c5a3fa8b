// Prints docs/contract.md.
#include <stdio.h>

#include "common/contract/limits.h"

int main(void) {
    struct hy_buffer page;
    hy_buffer_init(&page, (size_t)1 << 20);
    hy_limits_print(&page);
    bool written =
        !page.failed && fwrite(page.data, 1, page.length, stdout) == page.length && fflush(stdout) == 0;
    hy_buffer_free(&page);
    return written ? 0 : 1;
}
