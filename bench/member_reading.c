#include "bench/member_reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "proto/points.pb-c.h"
#include "proto/projection.pb-c.h"

struct hy_key member_reading_key(const char *redis_prefix, uint32_t partitions, const char *member_id) {
    struct hy_key_space space = {redis_prefix, "points", hy_partition_of(hy_bytes_of(member_id), partitions)};
    return hy_key_member(&space, member_id);
}

bool member_reading_parse(struct hy_bytes saved, struct hy_arena *arena, struct member_reading *ret_reading) {
    *ret_reading = (struct member_reading){0};
    if (saved.data == NULL) return true;
    const Huiyuan__V1__MemberState *member =
        huiyuan__v1__member_state__unpack(&arena->protobuf, saved.length, saved.data);
    if (member == NULL) return false;
    const Huiyuan__V1__PointsState *points =
        huiyuan__v1__points_state__unpack(&arena->protobuf, member->state.len, member->state.data);
    if (points == NULL) return false;
    *ret_reading = (struct member_reading){points->balance, points->purchases};
    return true;
}

struct hy_key peer_reading_key(const char *redis_prefix, uint32_t partitions, const char *member_id) {
    struct hy_key key;
    uint32_t partition = hy_partition_of(hy_bytes_of(member_id), partitions);
    key.length = (uint32_t)snprintf(key.text, sizeof key.text, "%speer:{%" PRIu32 "}:%s", redis_prefix,
                                    partition, member_id);
    return key;
}

bool peer_reading_parse(struct hy_bytes saved, struct member_reading *ret_reading) {
    *ret_reading = (struct member_reading){0};
    if (saved.data == NULL) return true;
    if (saved.length < sizeof ret_reading->balance) return false;
    memcpy(&ret_reading->balance, saved.data, sizeof ret_reading->balance); // little-endian, as we are
    return true;
}
