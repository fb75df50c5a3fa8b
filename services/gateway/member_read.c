#include "services/gateway/member_read.h"

#include "common/base/hash.h"
#include "services/gateway/member_view.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"

static void refuse_unknown(struct request *request) {
    request_refuse(request, (struct hy_error){.code = HY_NOT_FOUND, .field = "member_id"});
}

static void read_done(void *context, const struct hy_store_answer *answer) {
    struct member_read *read = context;
    static const Huiyuan__V1__MemberState empty = HUIYUAN__V1__MEMBER_STATE__INIT;
    if (answer->status != HY_STORE_OK || answer->count < 2) {
        outcome_away(read->request);
        return;
    }
    struct hy_bytes saved = answer->values[0];
    if (saved.data == NULL) {
        if (answer->values[1].data == NULL)
            refuse_unknown(read->request);
        else
            read->found(read, &empty);
        return;
    }
    const Huiyuan__V1__MemberState *state =
        huiyuan__v1__member_state__unpack(&read->request->arena.protobuf, saved.length, saved.data);
    if (state == NULL)
        request_refuse(read->request, (struct hy_error){.code = HY_CORRUPT});
    else
        read->found(read, state);
}

bool member_read(struct request *request,
                 void (*found)(struct member_read *read, const Huiyuan__V1__MemberState *state),
                 void *context) {
    struct gateway *gateway = request->gateway;
    if (!is_member_id(request->id)) {
        refuse_unknown(request);
        return false;
    }
    if (!request_await(request)) return false;
    struct member_read *read = hy_arena_zero(&request->arena, sizeof *read);
    *read = (struct member_read){.request = request, .found = found, .context = context};
    uint32_t partition = hy_partition_of(hy_bytes_of(request->id), gateway->partitions);
    read->space = (struct hy_key_space){gateway->redis_prefix, "points", partition};
    struct hy_key_space members = {gateway->redis_prefix, "members", partition};
    read->keys[0] = hy_key_member(&read->space, request->id);
    read->keys[1] = hy_key_member(&members, request->id);
    for (int i = 0; i < 2; i++)
        read->key_bytes[i] = hy_key_bytes(&read->keys[i]);
    read->job = (struct engine_read){.keys = read->key_bytes, .count = 2, .done = read_done, .context = read};
    engine_read(gateway->engine, &read->job);
    return true;
}
