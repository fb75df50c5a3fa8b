// The memory allocator of a whole process.
#pragma once

// Call first in main. What the process has freed it keeps for its next use instead of giving it back to the
// system: a service that fetches all the time would get the same pages again at once, each cleared anew by
// the kernel. Its memory is bounded by the bounds of its queues and caches. A thread beside keeps some
// megabytes ahead of what is used.
void hy_heap_init(void);
