#include "common/io/heap.h"

#ifdef HY_MIMALLOC
#    include <mimalloc.h>

// Address space alone: memory is taken as it is touched.
#    define RESERVED_BYTES ((size_t)8 << 30)

// What is freed is kept, in one place that is never given back: a system that must clear memory (or a virtual
// machine that must ask for it first) costs more than deciding what was in it. Members lie anywhere in
// memory: with large pages (where the system has them) finding them costs a tenth less.
void hy_heap_init(void) {
#    if MI_MALLOC_VERSION >= 210
    mi_option_set(mi_option_purge_delay, -1);
    mi_option_enable(mi_option_allow_large_os_pages);
#    else
    mi_option_disable(mi_option_allow_decommit);
    mi_option_enable(mi_option_large_os_pages);
#    endif
    (void)mi_reserve_os_memory(RESERVED_BYTES, true, true); // refused: then as without it
}
#else
void hy_heap_init(void) {}
#endif
