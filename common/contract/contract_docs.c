// Prints docs/contract.md.
#include "common/contract/limits.h"

int main(void) {
    hy_limits_print(stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
