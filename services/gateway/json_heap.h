// Memory for jansson. A JSON tree lives for a moment, and is some fifty pieces: they are cut from one block
// of the thread, which is whole again once the last is given back. Measured: a tenth of a purchase's time.
#pragma once

// Once, before the first JSON. What does not fit comes from malloc.
void json_heap_init(void);
