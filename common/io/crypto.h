// libsodium's start.
#pragma once

#include <stdint.h>

// Picks the fastest code for this processor. Once, before threads start; without it everything in
// common/base/hash.h works too. Ends the process when the system has no source of randomness.
void hy_crypto_init(void);

// From the system's source of randomness: for claims and ids, which must differ.
uint64_t hy_random64(void);
