// What comes back from Redis: states, watermarks, pages of receipts. Nobody but the services writes there;
// but what is damaged, or of another build, must be refused or read, never crash a service.
//
// Parts: 10 a record; 1 … 5 a brain's state, to which the record before it happens; 6 a watermark; 7 a
// MemberState of the log that 9 (number) names, and after it 8, its pages.
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/stage/member.h"
#include "common/stage/totals.h"
#include "proto/campaigns.pb-c.h"
#include "proto/deliveries.pb-c.h"
#include "proto/members.pb-c.h"
#include "proto/points.pb-c.h"
#include "proto/tiers.pb-c.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

enum { WATERMARK = 6, MEMBER, PAGE, LOG, RECORD, SAVED_LIMIT_BYTES = 1 << 20 };

static struct hy_bytes take(struct hy_buffer *out, struct hy_arena *arena) {
    PROMISE(!out->failed);
    struct hy_bytes bytes = hy_arena_bytes(arena, hy_buffer_bytes(out));
    hy_buffer_free(out);
    return bytes.data == NULL ? hy_bytes("", 0) : bytes;
}

static struct hy_bytes save_state(const struct hy_brain *brain, const void *state, struct hy_arena *arena) {
    struct hy_buffer out;
    hy_buffer_init(&out, SAVED_LIMIT_BYTES);
    brain->save(brain->context, state, &out);
    return take(&out, arena);
}

static bool state_is_moderate(enum world_log log, struct hy_bytes bytes, struct hy_arena *arena) {
    static const ProtobufCMessageDescriptor *const descriptors[WORLD_LOGS] = {
        [WORLD_MEMBERS] = &huiyuan__v1__member_profile__descriptor,
        [WORLD_POINTS] = &huiyuan__v1__points_state__descriptor,
        [WORLD_TIERS] = &huiyuan__v1__tier_state__descriptor,
        [WORLD_CAMPAIGNS] = &huiyuan__v1__campaign_state__descriptor,
        [WORLD_DELIVERIES] = &huiyuan__v1__delivery_state__descriptor,
    };
    return fuzz_is_moderate(
        protobuf_c_message_unpack(descriptors[log], &arena->protobuf, bytes.length, bytes.data));
}

// A state that was loaded is one that goes on.
static void evolve(const struct hy_brain *brain, void *state, struct hy_bytes bytes, struct hy_arena *arena) {
    const Huiyuan__V1__Record *record =
        huiyuan__v1__record__unpack(&arena->protobuf, bytes.length, bytes.data);
    const ProtobufCMessage *body = record == NULL ? NULL : hy_brain_body(brain, record, arena);
    if (body == NULL || !fuzz_is_moderate(body) || !fuzz_is_moderate(&record->base)) return;
    brain->evolve(brain->context, state, record, body);
    save_state(brain, state, arena);
}

// What was loaded is saved and loaded again the same.
static void check_state(enum world_log log, struct hy_bytes bytes, struct hy_bytes record,
                        struct hy_arena *arena) {
    const struct hy_brain *brain = world_brain(log);
    const char *reason = "";
    void *state = hy_calloc(2, brain->state_bytes);
    void *again = (unsigned char *)state + brain->state_bytes;
    if (brain->load(brain->context, bytes, state)) {
        struct hy_bytes saved = save_state(brain, state, arena);
        PROMISE(brain->load(brain->context, saved, again));
        PROMISE(hy_bytes_equal(saved, save_state(brain, again, arena)));
        bool moderate = state_is_moderate(log, bytes, arena);
        if (moderate)
            PROMISE(brain->check(brain->context, state, &reason) ==
                    brain->check(brain->context, again, &reason));
        if (brain->due != NULL)
            PROMISE(brain->due(brain->context, state) == brain->due(brain->context, again));
        if (moderate) evolve(brain, state, record, arena);
    }
    if (brain->release != NULL) {
        brain->release(brain->context, state);
        brain->release(brain->context, again);
    }
    hy_free(state);
}

static struct hy_bytes save_watermark(const struct hy_place places[2], const struct hy_totals *totals,
                                      struct hy_arena *arena) {
    struct hy_buffer out;
    hy_buffer_init(&out, SAVED_LIMIT_BYTES);
    hy_watermark_save(&places[0], &places[1], totals, HY_TALLIES_LIMIT, &out);
    return take(&out, arena);
}

static void check_watermark(struct hy_bytes bytes, struct hy_arena *arena) {
    struct hy_place places[2], places_again[2];
    struct hy_totals totals = {0}, totals_again = {0};
    if (hy_watermark_load(bytes, &places[0], &places[1], &totals)) {
        struct hy_bytes saved = save_watermark(places, &totals, arena);
        PROMISE(hy_watermark_load(saved, &places_again[0], &places_again[1], &totals_again));
        PROMISE(memcmp(places, places_again, sizeof places) == 0);
        PROMISE(hy_bytes_equal(saved, save_watermark(places_again, &totals_again, arena)));
        struct hy_buffer opened;
        hy_buffer_init(&opened, SAVED_LIMIT_BYTES);
        hy_watermark_open(saved, 7, &opened);
        struct hy_bytes open = take(&opened, arena);
        PROMISE(!hy_watermark_is_open(saved) && hy_watermark_opening(open) == 7);
    }
    hy_totals_free(&totals);
    hy_totals_free(&totals_again);
}

// --- a whole member ---

struct loading {
    struct hy_member *member;
    const struct hy_brain *brain;
    uint64_t first_page, end_page;
};

static struct hy_bytes save_member(const struct hy_brain *brain, const struct hy_member *member,
                                   struct hy_arena *arena) {
    struct hy_buffer out;
    hy_buffer_init(&out, 2 * SAVED_LIMIT_BYTES);
    hy_member_save(brain, member, &out);
    return take(&out, arena);
}

static void begin_member(struct loading *loading, enum world_log log, struct hy_bytes bytes,
                         struct hy_arena *arena) {
    if (loading->member != NULL) return;
    *loading = (struct loading){.brain = world_brain(log)};
    const Huiyuan__V1__MemberState *state =
        huiyuan__v1__member_state__unpack(&arena->protobuf, bytes.length, bytes.data);
    const char *id = state == NULL ? "m1" : state->member_id;
    loading->member = hy_member_new(loading->brain, id, hy_hash64(hy_bytes_of(id)));
    bool good = hy_member_load(loading->brain, loading->member, bytes, arena, &loading->first_page,
                               &loading->end_page);
    PROMISE(!good || loading->first_page <= loading->end_page);
    if (good) return;
    hy_member_free(loading->brain, loading->member);
    loading->member = NULL;
}

static void load_page(struct loading *loading, struct hy_bytes bytes) {
    if (loading->member == NULL || loading->first_page == loading->end_page) return;
    loading->first_page += hy_member_load_page(loading->member, bytes);
}

static void end_member(struct loading *loading, struct hy_arena *arena) {
    if (loading->member == NULL) return;
    hy_member_load_tail(loading->brain, loading->member);
    struct hy_bytes saved = save_member(loading->brain, loading->member, arena);
    struct hy_member *again = hy_member_new(loading->brain, loading->member->id, loading->member->hash);
    uint64_t first, end;
    PROMISE(hy_member_load(loading->brain, again, saved, arena, &first, &end));
    PROMISE(again->entries == loading->member->entries && again->seq == loading->member->seq);
    PROMISE(hy_bytes_equal(hy_window_tail(&again->window), hy_window_tail(&loading->member->window)));
    hy_member_free(loading->brain, again);
    hy_member_free(loading->brain, loading->member);
    loading->member = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hy_arena *arena = fuzz_arena();
    struct fuzz_parts parts = fuzz_parts(data, size);
    struct fuzz_part part;
    struct loading loading = {0};
    enum world_log log = WORLD_POINTS;
    struct hy_bytes record = hy_bytes("", 0);
    while (fuzz_next(&parts, &part)) {
        if (part.field >= 1 && part.field <= WORLD_LOGS)
            check_state(part.field - 1, part.bytes, record, arena);
        if (part.field == RECORD) record = part.bytes;
        if (part.field == WATERMARK) check_watermark(part.bytes, arena);
        if (part.field == MEMBER) begin_member(&loading, log, part.bytes, arena);
        if (part.field == PAGE) load_page(&loading, part.bytes);
        if (part.field == LOG) log = part.number % WORLD_LOGS;
    }
    end_member(&loading, arena);
    return 0;
}
