#include "bench/member_reading.h"

#include "common/base/hash.h"
#include "proto/points.pb-c.h"
#include "proto/projection.pb-c.h"

struct hy_key member_reading_key(const char *redis_prefix, const struct shopping *shopping, uint32_t member) {
    char id[BASKET_TEXT_BYTES];
    shopping_member_id(member, id);
    struct hy_key_space space = {redis_prefix, "points",
                                 hy_partition_of(hy_bytes_of(id), shopping->partitions)};
    return hy_key_member(&space, id);
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
