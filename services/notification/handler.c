// Notification as a brain of the stage.
#include "common/base/hash.h"
#include "common/base/message.h"
#include "common/contract/limits.h"
#include "common/program/published.h"
#include "services/notification/notification.h"

enum { SOURCE_MEMBERS, SOURCE_CAMPAIGNS, SOURCE_TIERS, SOURCE_COMMANDS };
enum { KIND_CONTACT = 1, KIND_WANTED, KIND_RESULT };
enum { TALLY_SENT, TALLY_SUPPRESSED, TALLY_GIVEN_UP, TALLY_UNCERTAIN };
enum { COMMAND_LIMIT_BYTES = 8 * 1024 };

static const char *const sources[] = {"members", "campaigns", "tiers", "commands"};
static const char *const references[] = {"program"};
static const char *const tallies[] = {"sent", "suppressed", "given_up", "uncertain"};

// --- reading ---

static struct hy_error read_input(void *context, uint32_t source, struct hy_bytes message,
                                  struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    const Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&arena->protobuf, message.length, message.data);
    if (command == NULL) return (struct hy_error){HY_MALFORMED, NULL, NULL};
    ret_input->id = command->command_id;
    ret_input->member_id = command->member_id;
    if (command->body_case != HUIYUAN__V1__COMMAND__BODY_DELIVERY_RESULT)
        return (struct hy_error){HY_INVALID_FIELD, "body",
                                 "a command that notification knows / 应为通知服务支持的指令"};
    if (command->command_id[0] == '\0') return (struct hy_error){HY_MISSING_FIELD, "command_id", NULL};
    if (command->member_id[0] == '\0') return (struct hy_error){HY_MISSING_FIELD, "member_id", NULL};
    const Huiyuan__V1__DeliveryResult *result = command->delivery_result;
    if (result->delivery_id[0] == '\0')
        return (struct hy_error){HY_MISSING_FIELD, "delivery_result.delivery_id", NULL};
    ret_input->kind = KIND_RESULT;
    ret_input->input_class = HY_SINGLE_CLASS; // a repeated one finds no attempt that waits for it
    ret_input->content_hash = hy_hash64(hy_brain_pack(arena, &result->base));
    ret_input->event_time_ms = command->issued_at_ms;
    ret_input->time_field = "issued_at_ms";
    ret_input->message = result;
    return HY_NO_ERROR;
}

static ProtobufCMessage *body_of(const ProtobufCMessageDescriptor *descriptor,
                                 const Huiyuan__V1__Record *record, struct hy_arena *arena) {
    return protobuf_c_message_unpack(descriptor, &arena->protobuf, record->body.len, record->body.data);
}

static bool is_contact(const Huiyuan__V1__MemberChange *change) {
    return change->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED ||
           change->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED ||
           change->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
}

static bool read_member(const Huiyuan__V1__Record *record, struct hy_arena *arena,
                        struct hy_input *ret_input) {
    const ProtobufCMessage *body = body_of(&huiyuan__v1__member_change__descriptor, record, arena);
    if (body == NULL) return false;
    ret_input->kind = KIND_CONTACT;
    ret_input->message = body;
    ret_input->skip = !is_contact((const Huiyuan__V1__MemberChange *)body);
    return true;
}

static bool read_wish(uint32_t source, const Huiyuan__V1__Record *record, struct hy_arena *arena,
                      struct hy_input *ret_input) {
    bool campaign = source == SOURCE_CAMPAIGNS;
    const ProtobufCMessage *body =
        body_of(campaign ? &huiyuan__v1__campaign_change__descriptor : &huiyuan__v1__tier_change__descriptor,
                record, arena);
    if (body == NULL) return false;
    struct wanted *wanted = hy_arena_alloc(arena, sizeof *wanted);
    ret_input->kind = KIND_WANTED;
    ret_input->message = wanted;
    ret_input->skip = !(campaign ? wanted_by_campaign((const Huiyuan__V1__CampaignChange *)body, wanted)
                                 : wanted_by_tier((const Huiyuan__V1__TierChange *)body, wanted));
    return true;
}

static struct hy_error read_record(void *context, uint32_t source, const Huiyuan__V1__Record *record,
                                   struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    bool good = source == SOURCE_MEMBERS ? read_member(record, arena, ret_input)
                                         : read_wish(source, record, arena, ret_input);
    return good ? HY_NO_ERROR : (struct hy_error){HY_MALFORMED, "body", NULL};
}

static void refer(void *context, uint32_t reference, struct hy_bytes key, struct hy_bytes value) {
    struct notification *notification = context;
    (void)reference;
    (void)key;
    if (value.data != NULL && !hy_programs_take(&notification->programs, value, notification->load_zone))
        notification->unreadable = true;
}

static bool ready(void *context, const char **ret_reason) {
    const struct notification *notification = context;
    if (notification->unreadable)
        *ret_reason = "a published program version cannot be read";
    else if (notification->programs.count == 0)
        *ret_reason = "no program is published";
    else
        return true;
    return false;
}

// --- deciding ---

// The clocks of a program count before its first version as well.
static const struct hy_program *program_at(const struct notification *notification, int64_t time_ms) {
    const struct hy_program *program = hy_programs_at(&notification->programs, time_ms);
    return program != NULL ? program : notification->programs.versions[0];
}

static const Huiyuan__V1__DeliveryChange *change_for(const struct delivery_rules *rules,
                                                     const Huiyuan__V1__DeliveryState *member,
                                                     const struct hy_input *input, struct hy_arena *arena) {
    switch (input->kind) {
    case KIND_CONTACT: return consent_seen(input->message, arena);
    case KIND_WANTED:
        return deliver_wanted(rules, member, input->message, input->id, input->event_time_ms, arena);
    case KIND_RESULT: return deliver_result(rules, member, input->message, arena);
    default: return deliver_due(rules, member, arena);
    }
}

static struct hy_bytes note_of(const Huiyuan__V1__DeliveryChange *change, struct hy_arena *arena) {
    Huiyuan__V1__DeliveryNote note = HUIYUAN__V1__DELIVERY_NOTE__INIT;
    note.kind = change->kind;
    note.delivery_id = change->delivery_id;
    note.template_ = change->template_;
    return hy_brain_pack(arena, &note.base);
}

static void decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                   struct hy_arena *arena, struct hy_decision *ret_decision) {
    const struct notification *notification = context;
    const Huiyuan__V1__DeliveryState *member = ((const struct deliveries_state *)state)->kept;
    struct delivery_rules rules = {&notification->policy, program_at(notification, now_ms),
                                   notification->templates, now_ms};
    const Huiyuan__V1__DeliveryChange *change = change_for(&rules, member, input, arena);
    ret_decision->program_version = rules.program->version;
    if (change == NULL) { // a result that came too late
        ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
        ret_decision->code = HY_NOT_FOUND;
        ret_decision->field = "delivery_result.delivery_id";
        return;
    }
    ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    ret_decision->body = &change->base;
    ret_decision->body_bytes = hy_brain_pack(arena, &change->base);
    ret_decision->note = note_of(change, arena);
    if (change->kind == HUIYUAN__V1__DELIVERY_CHANGE_KIND__ATTEMPTED)
        ret_decision->effect = deliver_order(change, member, arena);
}

static void effect(void *context, const char *member_id, struct hy_bytes order) {
    const struct notification *notification = context;
    if (notification->send != NULL) notification->send(notification->sender, member_id, order);
}

// --- state ---

static void evolve(void *context, void *state, const Huiyuan__V1__Record *record,
                   const ProtobufCMessage *body) {
    (void)context;
    state_apply(state, (const Huiyuan__V1__DeliveryChange *)body, record->event_time_ms);
}

static void tally(void *context, int64_t *totals, const Huiyuan__V1__Record *record,
                  const ProtobufCMessage *body) {
    (void)context;
    (void)record;
    switch (((const Huiyuan__V1__DeliveryChange *)body)->kind) {
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__SENT: totals[TALLY_SENT]++; break;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__SUPPRESSED: totals[TALLY_SUPPRESSED]++; break;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__GIVEN_UP: totals[TALLY_GIVEN_UP]++; break;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__UNCERTAIN: totals[TALLY_UNCERTAIN]++; break;
    default: break;
    }
}

static int64_t due(void *context, const void *state) {
    (void)context;
    const Huiyuan__V1__PendingDelivery *first = queue_first(((const struct deliveries_state *)state)->kept);
    return first == NULL ? 0 : first->due_ms;
}

static void save(void *context, const void *state, struct hy_buffer *out) {
    (void)context;
    const Huiyuan__V1__DeliveryState *member = ((const struct deliveries_state *)state)->kept;
    if (member != NULL) hy_message_pack(&member->base, out);
}

static bool load(void *context, struct hy_bytes bytes, void *ret_state) {
    (void)context;
    struct deliveries_state *state = ret_state;
    state->kept = hy_message_unpack(&huiyuan__v1__delivery_state__descriptor, bytes);
    return state->kept != NULL;
}

static void release(void *context, void *state) {
    (void)context;
    struct deliveries_state *deliveries = state;
    hy_message_free((ProtobufCMessage *)deliveries->kept);
    deliveries->kept = NULL;
}

static const char *fault_of(const Huiyuan__V1__DeliveryState *member) {
    if (member->erased && (member->personal != NULL || member->n_consents > 0))
        return "an erased member can still be written to";
    for (size_t i = 0; i < member->n_pending; i++) {
        const Huiyuan__V1__PendingDelivery *pending = member->pending[i];
        if (pending->due_ms <= 0) return "a message waits for nothing";
        if (pending->under_way && pending->attempt == 0) return "a message is under way without an attempt";
        if (queue_find(member, pending->delivery_id) != pending) return "a message waits twice";
    }
    return NULL;
}

static bool check(void *context, const void *state, const char **ret_reason) {
    (void)context;
    const Huiyuan__V1__DeliveryState *member = ((const struct deliveries_state *)state)->kept;
    const char *fault = member == NULL ? NULL : fault_of(member);
    if (fault != NULL) *ret_reason = fault;
    return fault == NULL;
}

void notification_init(struct notification *notification, hy_zone_loader load_zone) {
    *notification = (struct notification){.load_zone = load_zone, .policy = delivery_policy_defaults()};
    hy_programs_init(&notification->programs);
}

void notification_free(struct notification *notification) {
    hy_programs_free(&notification->programs);
}

struct hy_brain notification_brain(struct notification *notification) {
    return (struct hy_brain){
        .context = notification,
        .log = "deliveries",
        .sources = sources,
        .source_count = sizeof sources / sizeof sources[0],
        .tallies = tallies,
        .tally_count = sizeof tallies / sizeof tallies[0],
        .body = &huiyuan__v1__delivery_change__descriptor,
        .message_limit = COMMAND_LIMIT_BYTES,
        .future_limit_ms = HY_FUTURE_LIMIT_MS,
        .state_bytes = sizeof(struct deliveries_state),
        .read = read_input,
        .read_record = read_record,
        .references = references,
        .reference_count = sizeof references / sizeof references[0],
        .refer = refer,
        .ready = ready,
        .decide = decide,
        .evolve = evolve,
        .tally = tally,
        .due = due,
        .effect = effect,
        .save = save,
        .load = load,
        .release = release,
        .check = check,
    };
}
