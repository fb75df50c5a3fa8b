#include "common/io/heap.h"

#ifdef HY_MIMALLOC
#    include <mimalloc.h>

// Giving back cost a third of all the time of the thread that fetches, and a seventh of the one that decides.
// Members lie anywhere in memory: with large pages (where the system has them) finding them costs a tenth
// less.
void hy_heap_init(void) {
#    if MI_MALLOC_VERSION >= 210
    mi_option_set(mi_option_purge_delay, -1);
    mi_option_enable(mi_option_allow_large_os_pages);
#    else
    mi_option_disable(mi_option_allow_decommit);
    mi_option_enable(mi_option_large_os_pages);
#    endif
}
#else
void hy_heap_init(void) {}
#endif
