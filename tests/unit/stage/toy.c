#include "tests/unit/stage/toy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "proto/commands.pb-c.h"
#include "proto/points.pb-c.h"

struct toy_input {
    int64_t amount;
    char to[32];
};

static struct hy_error toy_read(void *context, uint32_t source, struct hy_bytes message,
                                struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    char *text = hy_arena_string(arena, (const char *)message.data, message.length);
    char *member = hy_arena_zero(arena, 64);
    char *id = hy_arena_zero(arena, 64);
    struct toy_input *input = hy_arena_zero(arena, sizeof *input);
    if (sscanf(text, "%63s %63s %" SCNd64 " %" SCNd64 " %31s", member, id, &ret_input->event_time_ms,
               &input->amount, input->to) < 4)
        return (struct hy_error){HY_MALFORMED, NULL, NULL};
    ret_input->member_id = member;
    ret_input->id = id;
    ret_input->content_hash = hy_hash64(hy_bytes_of(text));
    ret_input->message = input;
    return HY_NO_ERROR;
}

// The timer that an amount sets; 0: none.
static int64_t toy_timer(const struct hy_input *input, int64_t amount, bool follows) {
    if (amount == 7) return input->event_time_ms + 1000;
    return follows && amount % 10 == 8 ? input->event_time_ms + INT64_C(100) * 86400000 : 0;
}

static void decide(const void *state, const struct hy_input *input, bool follows, struct hy_arena *arena,
                   struct hy_decision *ret_decision) {
    const struct toy_state *toy = state;
    const struct toy_input *message = input->message;
    int64_t amount = input->kind == HY_KIND_TIMER ? 1000 : message->amount;
    if (amount < 0) {
        ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
        ret_decision->code = HY_INVALID_FIELD;
        return;
    }
    Huiyuan__V1__PointsChange *change = hy_arena_alloc(arena, sizeof *change);
    huiyuan__v1__points_change__init(change);
    change->points = amount;
    change->balance_after = toy->sum + amount;
    change->total_fen = toy_timer(input, amount, follows);
    ret_decision->body = &change->base;
    ret_decision->body_bytes = hy_brain_pack(arena, &change->base);
    Huiyuan__V1__PointsNote *note = hy_arena_alloc(arena, sizeof *note);
    huiyuan__v1__points_note__init(note);
    note->balance_after = change->balance_after;
    ret_decision->note = hy_brain_pack(arena, &note->base);
    if (message == NULL || message->to[0] == '\0') return;
    char *half = hy_arena_printf(arena, "%s half-%s %" PRId64 " %" PRId64, message->to, input->id,
                                 input->event_time_ms, amount / 2);
    Huiyuan__V1__Forwarded *forwarded = hy_arena_alloc(arena, sizeof *forwarded);
    huiyuan__v1__forwarded__init(forwarded);
    forwarded->topic = "purchases";
    forwarded->message = (ProtobufCBinaryData){strlen(half), (uint8_t *)half};
    Huiyuan__V1__Command *command = hy_arena_alloc(arena, sizeof *command);
    huiyuan__v1__command__init(command);
    command->body_case = HUIYUAN__V1__COMMAND__BODY_FORWARDED;
    command->forwarded = forwarded;
    struct hy_command_out *out = hy_arena_alloc(arena, sizeof *out);
    *out = (struct hy_command_out){"points", message->to, command};
    ret_decision->commands = out;
    ret_decision->command_count = 1;
}

static void toy_decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                       struct hy_arena *arena, struct hy_decision *ret_decision) {
    (void)context;
    (void)now_ms;
    decide(state, input, false, arena, ret_decision);
}

static void toy_evolve(void *context, void *state, const Huiyuan__V1__Record *record,
                       const ProtobufCMessage *body) {
    (void)context;
    const Huiyuan__V1__PointsChange *change = (const Huiyuan__V1__PointsChange *)body;
    struct toy_state *toy = state;
    toy->sum += change->points;
    if (strncmp(record->input_id, "timer:", 6) == 0) toy->due_ms = 0;
    if (change->total_fen != 0) toy->due_ms = change->total_fen;
}

static void toy_tally(void *context, int64_t *tallies, const Huiyuan__V1__Record *record,
                      const ProtobufCMessage *body) {
    (void)context;
    (void)record;
    tallies[0] += ((const Huiyuan__V1__PointsChange *)body)->points;
}

static int64_t toy_due(void *context, const void *state) {
    (void)context;
    return ((const struct toy_state *)state)->due_ms;
}

static ProtobufCMessage *toy_answer(void *context, const struct hy_input *input, struct hy_bytes note,
                                    struct hy_arena *arena) {
    (void)context;
    (void)input;
    Huiyuan__V1__PointsNote *unpacked =
        huiyuan__v1__points_note__unpack(&arena->protobuf, note.length, note.data);
    return unpacked == NULL ? NULL : &unpacked->base;
}

static void toy_save(void *context, const void *state, struct hy_buffer *out) {
    (void)context;
    hy_buffer_add(out, state, sizeof(struct toy_state));
}

static bool toy_load(void *context, struct hy_bytes bytes, void *ret_state) {
    (void)context;
    if (bytes.length != sizeof(struct toy_state)) return false;
    memcpy(ret_state, bytes.data, bytes.length);
    return true;
}

struct hy_brain toy_brain(void) {
    static const char *const sources[] = {"purchases", "commands"};
    static const char *const tallies[] = {"sum"};
    return (struct hy_brain){
        .log = "points",
        .sources = sources,
        .source_count = 2,
        .window_ms = {TOY_WINDOW_MS},
        .tallies = tallies,
        .tally_count = 1,
        .body = &huiyuan__v1__points_change__descriptor,
        .message_limit = TOY_MESSAGE_LIMIT,
        .future_limit_ms = 86400000,
        .state_bytes = sizeof(struct toy_state),
        .read = toy_read,
        .decide = toy_decide,
        .evolve = toy_evolve,
        .tally = toy_tally,
        .due = toy_due,
        .answer = toy_answer,
        .save = toy_save,
        .load = toy_load,
    };
}

static struct hy_error follower_read(void *context, uint32_t source, const Huiyuan__V1__Record *record,
                                     struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    const Huiyuan__V1__PointsChange *change =
        huiyuan__v1__points_change__unpack(&arena->protobuf, record->body.len, record->body.data);
    if (change == NULL) return (struct hy_error){HY_MALFORMED, NULL, NULL};
    struct toy_input *input = hy_arena_zero(arena, sizeof *input);
    input->amount = change->points;
    ret_input->skip = change->points % 10 == 3;
    ret_input->message = input;
    return HY_NO_ERROR;
}

static void follower_decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                            struct hy_arena *arena, struct hy_decision *ret_decision) {
    (void)context;
    (void)now_ms;
    decide(state, input, true, arena, ret_decision);
    ret_decision->effect = hy_bytes_of(input->id);
}

struct hy_brain toy_follower(void) {
    static const char *const sources[] = {"points"};
    struct hy_brain brain = toy_brain();
    brain.log = "tiers";
    brain.sources = sources;
    brain.source_count = 1;
    brain.read_record = follower_read;
    brain.decide = follower_decide;
    brain.answer = NULL;
    return brain;
}
