// A purchase that is right, for tests to spoil.
#pragma once

#include "common/contract/limits.h"
#include "common/contract/purchase.h"

// Three lines, two payments, everything filled. Free to change: it and all its parts live in the arena.
Huiyuan__V1__Purchase *right_purchase(struct hy_arena *arena);
// `length` times the same letter.
char *letters(struct hy_arena *arena, size_t length);
// The same through the wire: packed and unpacked.
Huiyuan__V1__Purchase *through_the_wire(const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);
