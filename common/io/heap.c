#include "common/io/heap.h"

#ifdef HY_MIMALLOC
#    include <mimalloc.h>
#    include <stddef.h>
#    include <stdint.h>
#    include <sys/mman.h>

enum { LARGE = 64 << 20 }; // what mimalloc's parts of memory are aligned to, at most

// Address space alone: memory is taken as it is touched.
#    define RESERVED_BYTES ((size_t)8 << 30)

// One place of memory for everything, never given back: a system that must clear pages (or a virtual machine
// that must ask for them first) costs more than deciding what was in them. Members lie anywhere in it: large
// pages, where the system has them, make finding them cheaper. When it is full, or refused, mimalloc asks
// for more by itself.
static void reserve(void) {
    uint8_t *start = mmap(NULL, RESERVED_BYTES + LARGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) return;
    start += LARGE - (uintptr_t)start % LARGE;
    (void)madvise(start, RESERVED_BYTES, MADV_HUGEPAGE);
    (void)mi_manage_os_memory(start, RESERVED_BYTES, true, true, true, -1);
}

void hy_heap_init(void) {
#    if MI_MALLOC_VERSION >= 210
    mi_option_set(mi_option_purge_delay, -1);
#    else
    mi_option_disable(mi_option_allow_decommit);
#    endif
    reserve();
}
#else
void hy_heap_init(void) {}
#endif
