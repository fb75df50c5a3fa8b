#include "services/gateway/member_view.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/contract/limits.h"
#include "services/gateway/outcome.h"
#include "services/gateway/request.h"

static const char *const LOGS[VIEW_LOGS] = {
    [VIEW_PROFILE] = "members",
    [VIEW_POINTS] = "points",
    [VIEW_TIER] = "tiers",
    [VIEW_CAMPAIGNS] = "campaigns",
};

bool is_member_id(const char *id) {
    size_t length = strlen(id);
    return length > 0 && length <= HY_ID_LIMIT_BYTES && hy_text_has_form(HY_FORM_ID, id, length);
}

// The service's own state inside a MemberState. NULL: corrupt.
static ProtobufCMessage *open_state(struct member_view *view, enum view_part part, struct hy_bytes saved) {
    static const ProtobufCMessageDescriptor *const KINDS[VIEW_LOGS] = {
        [VIEW_PROFILE] = &huiyuan__v1__member_profile__descriptor,
        [VIEW_POINTS] = &huiyuan__v1__points_state__descriptor,
        [VIEW_TIER] = &huiyuan__v1__tier_state__descriptor,
        [VIEW_CAMPAIGNS] = &huiyuan__v1__campaign_state__descriptor,
    };
    ProtobufCAllocator *arena = &view->request->arena.protobuf;
    const Huiyuan__V1__MemberState *state =
        huiyuan__v1__member_state__unpack(arena, saved.length, saved.data);
    view->states[part] = state;
    if (state == NULL) return NULL;
    return protobuf_c_message_unpack(KINDS[part], arena, state->state.len, state->state.data);
}

static bool open_states(struct member_view *view, const struct hy_bytes *values) {
    const void *opened[VIEW_LOGS] = {NULL};
    for (int part = 0; part < VIEW_LOGS; part++) {
        if (values[part].data == NULL) continue;
        opened[part] = open_state(view, (enum view_part)part, values[part]);
        if (opened[part] == NULL) return false;
    }
    view->profile = opened[VIEW_PROFILE];
    view->points = opened[VIEW_POINTS];
    view->tier = opened[VIEW_TIER];
    view->campaigns = opened[VIEW_CAMPAIGNS];
    if (values[VIEW_KEY].data != NULL)
        view->wrapped_key = hy_arena_bytes(&view->request->arena, values[VIEW_KEY]);
    return true;
}

static void read_done(void *context, const struct hy_store_answer *answer) {
    struct member_view *view = context;
    if (answer->status != HY_STORE_OK || answer->count < VIEW_PARTS)
        outcome_away(view->request);
    else if (!open_states(view, answer->values))
        request_refuse(view->request, (struct hy_error){.code = HY_CORRUPT});
    else
        view->done(view->context, view);
}

void member_view_read(struct member_view *view, int64_t patience_ms) {
    const struct gateway *gateway = view->request->gateway;
    uint32_t partition = hy_partition_of(hy_bytes_of(view->member_id), gateway->partitions);
    for (int part = 0; part < VIEW_LOGS; part++) {
        struct hy_key_space space = {gateway->redis_prefix, LOGS[part], partition};
        view->keys[part] = hy_key_member(&space, view->member_id);
    }
    view->keys[VIEW_KEY] = hy_key_member_key(gateway->redis_prefix, partition, view->member_id);
    for (int part = 0; part < VIEW_PARTS; part++)
        view->key_bytes[part] = hy_key_bytes(&view->keys[part]);
    view->read = (struct engine_read){.keys = view->key_bytes,
                                      .count = VIEW_PARTS,
                                      .patience_ms = patience_ms,
                                      .done = read_done,
                                      .context = view};
    engine_read(gateway->engine, &view->read);
}

bool member_view_exists(const struct member_view *view) {
    return view->points != NULL || (view->profile != NULL && view->profile->version > 0);
}

// Of what has points alone it is the place in that log; otherwise the places in all four, and the version.
const char *member_view_etag(const struct member_view *view) {
    static const enum view_part ORDER[] = {VIEW_POINTS, VIEW_TIER, VIEW_CAMPAIGNS, VIEW_PROFILE};
    struct hy_arena *arena = &view->request->arena;
    const char *text = "";
    for (size_t i = 0; i < VIEW_LOGS; i++) {
        const Huiyuan__V1__MemberState *state = view->states[ORDER[i]];
        text = hy_arena_printf(arena, "%s%s%" PRIu64 "-%" PRIu64, text, i == 0 ? "" : ".",
                               state == NULL ? 0 : state->seq, state == NULL ? 0 : state->entries);
        if (i == 0 && view->tier == NULL && view->campaigns == NULL && view->profile == NULL) break;
    }
    if (view->profile == NULL) return hy_arena_printf(arena, "\"%s\"", text);
    return hy_arena_printf(arena, "\"%s.v%" PRIu32 "\"", text, view->profile->version);
}
