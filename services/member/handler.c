// Member as a brain of the stage.
#include "common/contract/limits.h"
#include "services/member/member.h"

enum { TALLY_ENROLLED, TALLY_ERASED, TALLY_MEMBERS };

static const char *const sources[] = {"commands"};
static const char *const tallies[] = {"enrolled", "erased", "members"};

static struct hy_error read_input(void *context, uint32_t source, struct hy_bytes message,
                                  struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    return member_read(message, arena, ret_input);
}

static void decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                   struct hy_arena *arena, struct hy_decision *ret_decision) {
    static const Huiyuan__V1__MemberProfile nothing = HUIYUAN__V1__MEMBER_PROFILE__INIT;
    const struct member_state *member = state;
    (void)context;
    (void)now_ms;
    struct member_case in = {member->profile != NULL ? member->profile : &nothing, input, input->message,
                             arena};
    switch (input->kind) {
    case HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER: member_enrol(&in, ret_decision); return;
    case HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER: member_open(&in, ret_decision); return;
    case HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER: member_update(&in, ret_decision); return;
    case HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER: member_erase(&in, ret_decision); return;
    case HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY: member_release(&in, ret_decision); return;
    default: // member_read lets nothing else through
        ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED;
        ret_decision->code = HY_INVALID_FIELD;
        ret_decision->field = "body";
    }
}

static void evolve(void *context, void *state, const Huiyuan__V1__Record *record,
                   const ProtobufCMessage *body) {
    (void)context;
    member_evolve(state, (const Huiyuan__V1__MemberChange *)body, record->event_time_ms);
}

static void tally(void *context, int64_t *totals, const Huiyuan__V1__Record *record,
                  const ProtobufCMessage *body) {
    const Huiyuan__V1__MemberChange *change = (const Huiyuan__V1__MemberChange *)body;
    (void)context;
    (void)record;
    bool enrolled = change->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED;
    bool erased = change->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
    totals[TALLY_ENROLLED] += enrolled;
    totals[TALLY_ERASED] += erased;
    totals[TALLY_MEMBERS] += (int)enrolled - (int)erased;
}

static ProtobufCMessage *answer(void *context, const struct hy_input *input, struct hy_bytes note_bytes,
                                struct hy_arena *arena) {
    (void)context;
    (void)input;
    const Huiyuan__V1__MemberNote *note =
        huiyuan__v1__member_note__unpack(&arena->protobuf, note_bytes.length, note_bytes.data);
    if (note == NULL) return NULL;
    Huiyuan__V1__MemberAnswer *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__member_answer__init(made);
    made->member_id = note->member_id;
    made->created = note->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN;
    made->version = note->version;
    return &made->base;
}

static void save(void *context, const void *state, struct hy_buffer *out) {
    (void)context;
    member_save(state, out);
}

static bool load(void *context, struct hy_bytes saved, void *ret_state) {
    (void)context;
    return member_load(saved, ret_state);
}

static void release(void *context, void *state) {
    (void)context;
    member_state_free(state);
}

static bool check(void *context, const void *state, const char **ret_reason) {
    (void)context;
    return member_check(state, ret_reason);
}

struct hy_brain member_brain(int64_t window_ms) {
    return (struct hy_brain){
        .log = "members",
        .sources = sources,
        .source_count = sizeof sources / sizeof sources[0],
        .window_ms = {window_ms},
        .tallies = tallies,
        .tally_count = sizeof tallies / sizeof tallies[0],
        .body = &huiyuan__v1__member_change__descriptor,
        .message_limit = HY_MESSAGE_LIMIT_BYTES,
        .future_limit_ms = HY_FUTURE_LIMIT_MS,
        .state_bytes = sizeof(struct member_state),
        .read = read_input,
        .decide = decide,
        .evolve = evolve,
        .tally = tally,
        .answer = answer,
        .save = save,
        .load = load,
        .release = release,
        .check = check,
    };
}
