// A member's points as Redis shows them to everybody: as accrual writes them, or a peer of the benchmark.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/bytes.h"
#include "common/stage/keys.h"

struct member_reading {
    int64_t balance;
    uint64_t purchases;
};

struct hy_key member_reading_key(const char *redis_prefix, uint32_t partitions, const char *member_id);
// All zero when there is no such member yet; false when the bytes are not a member.
bool member_reading_parse(struct hy_bytes saved, struct hy_arena *arena, struct member_reading *ret_reading);

// The same of a peer, whose value tells the balance alone (bench/peers/README.md).
struct hy_key peer_reading_key(const char *redis_prefix, uint32_t partitions, const char *member_id);
bool peer_reading_parse(struct hy_bytes saved, struct member_reading *ret_reading);
