#include "common/io/heap.h"

#ifdef HY_MIMALLOC
#    include <mimalloc.h>
#    include <pthread.h>
#    include <stdbool.h>
#    include <stddef.h>
#    include <stdint.h>
#    include <sys/mman.h>
#    include <time.h>

enum {
    ALIGNMENT = 64 << 20,     // of mimalloc's parts of memory, at most
    LARGE_PAGE = 2 << 20,     // of the processor
    STRETCH_PAGES = 4,        // large ones
    SCATTER = 32,             // stretches between which threads take theirs, at most
    LOOK_EVERY_NS = 50000000, // in which the fastest service takes less than a stretch
    POPULATE_WRITE = 23,      // MADV_POPULATE_WRITE, of Linux 5.14
};

// Address space alone: memory is taken as it is touched.
#    define RESERVED_BYTES ((size_t)8 << 30)
#    define STRETCH_BYTES  ((size_t)STRETCH_PAGES * LARGE_PAGE)
#    define STRETCHES      (RESERVED_BYTES / STRETCH_BYTES)

static uint8_t *heap;
static bool prepared[STRETCHES];

// The first page of a stretch is left to who needs it: that it is there says that the stretch is used.
static bool is_used(size_t stretch) {
    unsigned char there = 0;
    return mincore(heap + stretch * STRETCH_BYTES, 1, &there) == 0 && (there & 1) != 0;
}

static bool prepare(size_t stretch) {
    if (prepared[stretch]) return true;
    prepared[stretch] = true;
    uint8_t *rest = heap + stretch * STRETCH_BYTES + LARGE_PAGE;
    return madvise(rest, STRETCH_BYTES - LARGE_PAGE, POPULATE_WRITE) == 0;
}

// Pages are cleared when they are touched first, and a virtual machine must ask for them too: that took a
// fifth of the deciding thread's time, and stopped it for milliseconds. Threads take memory in ascending
// order, so this one gets ready what follows a stretch that is used.
static void *stay_ahead(void *unused) {
    (void)unused;
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    size_t end = SCATTER;
    for (;;) {
        for (size_t i = 0; i < end && i + 1 < STRETCHES; i++) {
            if (prepared[i + 1] || !is_used(i)) continue;
            if (!prepare(i) || !prepare(i + 1))
                return NULL; // an older system: pages come as they are touched
            if (end < i + SCATTER) end = i + SCATTER;
        }
        nanosleep(&pause, NULL);
    }
}

// One place of memory for everything, never given back: freed pages are used again as they are. Members lie
// anywhere in it: large pages, where the system has them, make finding them cheaper. When it is full, or
// refused, mimalloc asks for more by itself.
static void reserve(void) {
    uint8_t *start = mmap(NULL, RESERVED_BYTES + ALIGNMENT, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) return;
    heap = start + (ALIGNMENT - (uintptr_t)start % ALIGNMENT);
    (void)madvise(heap, RESERVED_BYTES, MADV_HUGEPAGE);
    pthread_t thread;
    if (!mi_manage_os_memory(heap, RESERVED_BYTES, true, true, true, -1)) return;
    if (pthread_create(&thread, NULL, stay_ahead, NULL) == 0) pthread_detach(thread);
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
