#include "common/io/heap.h"

#ifdef HY_MIMALLOC
#    include <mimalloc.h>

// Giving back cost a third of all the time of the thread that fetches, and a seventh of the one that decides.
void hy_heap_init(void) {
#    if MI_MALLOC_VERSION >= 210
    mi_option_set(mi_option_purge_delay, -1);
#    else
    mi_option_disable(mi_option_allow_decommit);
#    endif
}
#else
void hy_heap_init(void) {}
#endif
