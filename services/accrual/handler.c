// Accrual as a brain of the stage: reads purchases and tiers, decides what they earn, evolves the member's
// points.
#include <string.h>

#include "common/base/memory.h"
#include "common/contract/limits.h"
#include "common/contract/purchase.h"
#include "common/contract/store_event.h"
#include "common/program/published.h"
#include "proto/tiers.pb-c.h"
#include "services/accrual/accrual.h"

enum { SOURCE_PURCHASES, SOURCE_COMMANDS, SOURCE_TIERS };
enum { KIND_PURCHASE, KIND_TIER };
enum { TALLY_ISSUED, TALLY_OUTSTANDING, TALLY_PURCHASES, TALLY_SPEND };

static const char *const sources[] = {"purchases", "commands", "tiers"};
static const char *const references[] = {"program"};
static const char *const tallies[] = {"issued", "outstanding", "purchases", "spend_fen"};

static struct hy_error read_input(void *context, uint32_t source, struct hy_bytes message,
                                  struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    if (source != SOURCE_PURCHASES)
        return (struct hy_error){HY_INVALID_FIELD, "body",
                                 "a command that accrual knows 应为积分服务支持的指令"};
    struct hy_store_event *event = hy_arena_alloc(arena, sizeof *event);
    struct hy_error error = hy_store_event_read(message, arena, event);
    if (event->message == NULL) return error;
    ret_input->command_id = event->message->command_id;
    ret_input->reply_to = event->message->reply_to;
    if (error.code != HY_OK) return error;
    const Huiyuan__V1__Purchase *purchase = event->message->purchase;
    ret_input->id = purchase->purchase_id;
    ret_input->member_id = purchase->member_id;
    ret_input->content_hash = event->content_hash;
    ret_input->event_time_ms = purchase->occurred_at_ms;
    ret_input->time_field = "occurred_at_ms";
    ret_input->message = event;
    return HY_NO_ERROR;
}

// Of the log of tiers the rises and falls: the others do not change the tier.
static struct hy_error read_record(void *context, uint32_t source, const Huiyuan__V1__Record *record,
                                   struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    const Huiyuan__V1__TierChange *change =
        huiyuan__v1__tier_change__unpack(&arena->protobuf, record->body.len, record->body.data);
    if (change == NULL)
        return (struct hy_error){HY_MALFORMED, "body",
                                 "a TierChange of huiyuan.v1 应为 huiyuan.v1 的 TierChange"};
    ret_input->kind = KIND_TIER;
    ret_input->skip = change->kind != HUIYUAN__V1__TIER_CHANGE_KIND__RAISED &&
                      change->kind != HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
    ret_input->message = change;
    return HY_NO_ERROR;
}

static void refer(void *context, uint32_t reference, struct hy_bytes key, struct hy_bytes value) {
    struct accrual *accrual = context;
    (void)reference;
    (void)key;
    if (value.data == NULL) return;
    if (!hy_programs_take(&accrual->programs, value, accrual->load_zone) ||
        !hy_campaigns_take(&accrual->campaigns, value, accrual->load_zone))
        accrual->unreadable = true;
}

static bool ready(void *context, const char **ret_reason) {
    const struct accrual *accrual = context;
    if (accrual->unreadable)
        *ret_reason = "a published program version or campaign cannot be read";
    else if (accrual->programs.count == 0)
        *ret_reason = "no program is published";
    else
        return true;
    return false;
}

static void reject(struct hy_decision *decision, enum hy_code code, const char *field) {
    decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED;
    decision->code = code;
    decision->field = field;
}

// A currency that was checked is three letters, or none.
static bool accepts_currency(const struct hy_program *program, const Huiyuan__V1__Purchase *purchase) {
    const char *currency = purchase->currency[0] == '\0' ? "CNY" : purchase->currency;
    return memcmp(currency, program->currency, sizeof program->currency) == 0;
}

static void accept(struct hy_decision *decision, const struct points_earned *earned) {
    decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    decision->body = &earned->change->base;
    decision->body_bytes = earned->change_bytes;
    decision->note = earned->note;
}

static void take_tier(const struct points_state *points, const Huiyuan__V1__TierChange *tier,
                      struct hy_arena *arena, struct hy_decision *ret_decision) {
    Huiyuan__V1__PointsChange *change = hy_arena_alloc(arena, sizeof *change);
    huiyuan__v1__points_change__init(change);
    change->type = HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN;
    change->balance_after = points->balance;
    change->tier = tier->tier;
    change->tier_since_ms = tier->since_ms;
    struct points_earned nothing;
    points_tier_encode(change, arena, &nothing);
    accept(ret_decision, &nothing);
}

// The place in the program's ladder of the tier that held.
static size_t tier_of(const struct points_state *points, const struct hy_program *program, int64_t time_ms) {
    const char *tier = points_tier_at(points, time_ms);
    return tier == NULL ? 0 : hy_program_tier(program, tier);
}

static void decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                   struct hy_arena *arena, struct hy_decision *ret_decision) {
    const struct accrual *accrual = context;
    const struct points_state *points = state;
    (void)now_ms;
    if (input->kind == KIND_TIER) {
        take_tier(points, input->message, arena, ret_decision);
        return;
    }
    const struct hy_store_event *event = input->message;
    const Huiyuan__V1__Purchase *purchase = event->message->purchase;
    const struct hy_program *program = hy_programs_at(&accrual->programs, purchase->occurred_at_ms);
    if (program == NULL) {
        reject(ret_decision, HY_NO_PROGRAM, "occurred_at_ms");
        return;
    }
    ret_decision->program_version = program->version;
    if (!accepts_currency(program, purchase)) {
        reject(ret_decision, HY_CURRENCY_NOT_ACCEPTED, "currency");
        return;
    }
    struct hy_member_days days;
    hy_member_days_at(&accrual->campaigns, purchase->occurred_at_ms, &days);
    struct points_order order = {program, tier_of(points, program, purchase->occurred_at_ms), &days, purchase,
                                 event->lengths};
    struct points_earned earned;
    if (points_earn(&order, points, arena, &earned)) {
        accept(ret_decision, &earned);
    } else {
        reject(ret_decision, HY_OVERFLOW, NULL);
    }
}

static void evolve(void *context, void *state, const Huiyuan__V1__Record *record,
                   const ProtobufCMessage *body) {
    (void)context;
    struct points_state *points = state;
    const Huiyuan__V1__PointsChange *change = (const Huiyuan__V1__PointsChange *)body;
    if (change->type == HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN) {
        points_tier_take(points, change->tier, change->tier_since_ms);
        return;
    }
    points->balance = change->balance_after;
    points->earned += change->points;
    points->spend_fen += change->money_fen;
    points->purchases++;
    if (record->event_time_ms > points->last_purchase_at_ms)
        points->last_purchase_at_ms = record->event_time_ms;
}

static void tally(void *context, int64_t *totals, const Huiyuan__V1__Record *record,
                  const ProtobufCMessage *body) {
    (void)context;
    (void)record;
    const Huiyuan__V1__PointsChange *change = (const Huiyuan__V1__PointsChange *)body;
    if (change->type == HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN) return;
    totals[TALLY_ISSUED] += change->points;
    totals[TALLY_OUTSTANDING] += change->points;
    totals[TALLY_PURCHASES]++;
    totals[TALLY_SPEND] += change->money_fen;
}

static ProtobufCMessage *answer(void *context, const struct hy_input *input, struct hy_bytes note_bytes,
                                struct hy_arena *arena) {
    (void)context;
    const struct hy_store_event *event = input->message;
    const Huiyuan__V1__Purchase *purchase = event->message->purchase;
    const Huiyuan__V1__PointsNote *note =
        huiyuan__v1__points_note__unpack(&arena->protobuf, note_bytes.length, note_bytes.data);
    if (note == NULL || note->n_line_points != purchase->n_lines) return NULL;
    Huiyuan__V1__PointsAnswer *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__points_answer__init(made);
    made->purchase_id = purchase->purchase_id;
    made->member_id = purchase->member_id;
    made->points = note->points;
    made->balance = note->balance_after;
    made->n_lines = purchase->n_lines;
    made->lines = hy_arena_alloc(arena, (made->n_lines + 1) * sizeof(Huiyuan__V1__LinePoints *));
    for (size_t i = 0; i < made->n_lines; i++) {
        made->lines[i] = hy_arena_alloc(arena, sizeof **made->lines);
        huiyuan__v1__line_points__init(made->lines[i]);
        made->lines[i]->line_id = purchase->lines[i]->line_id;
        made->lines[i]->points = note->line_points[i];
    }
    return &made->base;
}

static void save(void *context, const void *state, struct hy_buffer *out) {
    (void)context;
    const struct points_state *points = state;
    points_state_encode(points, out);
    if (points->tiers == NULL) return;
    Huiyuan__V1__PointsState rest =
        HUIYUAN__V1__POINTS_STATE__INIT; // protobuf lets fields be put together so
    struct points_tiers_saved tiers;
    points_tiers_fill(points, &tiers, &rest);
    uint8_t *p = hy_buffer_extend(out, huiyuan__v1__points_state__get_packed_size(&rest));
    if (p != NULL) huiyuan__v1__points_state__pack(&rest, p);
}

static bool load(void *context, struct hy_bytes bytes, void *ret_state) {
    (void)context;
    Huiyuan__V1__PointsState *saved = huiyuan__v1__points_state__unpack(NULL, bytes.length, bytes.data);
    if (saved == NULL) return false;
    *(struct points_state *)ret_state = (struct points_state){
        .balance = saved->balance,
        .earned = saved->earned,
        .last_purchase_at_ms = saved->last_purchase_at_ms,
        .spend_fen = saved->spend_fen,
        .purchases = saved->purchases,
    };
    points_tiers_load(ret_state, saved);
    huiyuan__v1__points_state__free_unpacked(saved, NULL);
    return true;
}

static void release(void *context, void *state) {
    (void)context;
    struct points_state *points = state;
    hy_free(points->tiers);
    points->tiers = NULL;
}

static bool check(void *context, const void *state, const char **ret_reason) {
    (void)context;
    const struct points_state *points = state;
    if (points->balance != points->earned) {
        *ret_reason = "the balance is not the sum of what was earned";
        return false;
    }
    return true;
}

void accrual_init(struct accrual *accrual, hy_zone_loader load_zone) {
    *accrual = (struct accrual){.load_zone = load_zone};
    hy_programs_init(&accrual->programs);
}

void accrual_free(struct accrual *accrual) {
    hy_programs_free(&accrual->programs);
    hy_campaigns_free(&accrual->campaigns);
}

struct hy_brain accrual_brain(struct accrual *accrual, int64_t window_ms) {
    return (struct hy_brain){
        .context = accrual,
        .log = "points",
        .sources = sources,
        .source_count = sizeof sources / sizeof sources[0],
        .window_ms = {window_ms},
        .tallies = tallies,
        .tally_count = sizeof tallies / sizeof tallies[0],
        .body = &huiyuan__v1__points_change__descriptor,
        .decode = points_change_decode,
        .decode_folded = points_change_decode_folded,
        .message_limit = HY_MESSAGE_LIMIT_BYTES,
        .future_limit_ms = HY_FUTURE_LIMIT_MS,
        .state_bytes = sizeof(struct points_state),
        .references = references,
        .reference_count = sizeof references / sizeof references[0],
        .read = read_input,
        .read_record = read_record,
        .refer = refer,
        .ready = ready,
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
