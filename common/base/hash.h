// The hashes of the contract, each with one purpose.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

// 64 bits for tables and for recognising ids and contents: XXH3 without a seed, part of the contract (stored
// hashes must mean the same for ever).
uint64_t hy_hash64(struct hy_bytes bytes);

// Draws lots: into which share of the members somebody falls. SipHash-2-4 with a key that is part of the
// contract.
uint64_t hy_share_hash(struct hy_bytes bytes);

// Partition of a member id: murmur2 as Java's default partitioner computes it (seed 0x9747b28c, sign bit
// cleared), so that stock producers agree.
uint32_t hy_partition_of(struct hy_bytes member_id, uint32_t partitions);

enum { HY_CHAIN_HASH_BYTES = 32 };

// SHA-256: chains the blocks of a log. By OpenSSL, which knows the instructions that processors have for it:
// at two gigabytes a second it is a tenth of what a record costs; libsodium's BLAKE2b was more than twice
// that.
void hy_chain_hash(struct hy_bytes bytes, uint8_t ret_hash[HY_CHAIN_HASH_BYTES]);
