// Tier as a brain of the stage: takes the purchases out of the log of points, decides the tier, evolves the
// member.
#include <string.h>

#include "common/contract/limits.h"
#include "common/program/published.h"
#include "proto/points.pb-c.h"
#include "services/tier/tier.h"

typedef Huiyuan__V1__TierChange Change;

enum { TALLY_RAISED, TALLY_LOWERED, TALLY_GROWTH };

static const char *const sources[] = {"points", "commands"};
static const char *const references[] = {"program"};
static const char *const tallies[] = {"raised", "lowered", "growth"};

static struct hy_error read_command(void *context, uint32_t source, struct hy_bytes message,
                                    struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    (void)message;
    (void)arena;
    (void)ret_input;
    return (struct hy_error){HY_INVALID_FIELD, "body", "a command that tier knows 应为等级服务支持的指令"};
}

// Of the log of points the purchases: all else changes nothing here.
static struct hy_error read_record(void *context, uint32_t source, const Huiyuan__V1__Record *record,
                                   struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    const Huiyuan__V1__PointsChange *change =
        huiyuan__v1__points_change__unpack(&arena->protobuf, record->body.len, record->body.data);
    if (change == NULL)
        return (struct hy_error){HY_MALFORMED, "body",
                                 "a PointsChange of huiyuan.v1 应为 huiyuan.v1 的 PointsChange"};
    ret_input->skip = change->type != HUIYUAN__V1__ENTRY_TYPE__EARN;
    ret_input->message = change;
    return HY_NO_ERROR;
}

static void refer(void *context, uint32_t reference, struct hy_bytes key, struct hy_bytes value) {
    struct tier *tier = context;
    (void)reference;
    (void)key;
    if (value.data != NULL && !hy_programs_take(&tier->programs, value, tier->load_zone))
        tier->unreadable = true;
}

static bool ready(void *context, const char **ret_reason) {
    const struct tier *tier = context;
    if (tier->unreadable)
        *ret_reason = "a published program version cannot be read";
    else if (tier->programs.count == 0)
        *ret_reason = "no program is published";
    else
        return true;
    return false;
}

static uint32_t version_at(const struct tier *tier, int64_t time_ms) {
    const struct hy_program *program = hy_programs_at(&tier->programs, time_ms);
    return program != NULL ? program->version : tier->programs.versions[0]->version;
}

static void decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                   struct hy_arena *arena, struct hy_decision *ret_decision) {
    const struct tier *tier = context;
    const Huiyuan__V1__PointsChange *points = input->message;
    (void)now_ms;
    Change *change =
        input->kind == HY_KIND_TIMER
            ? tier_look_again(&tier->programs, state, input->event_time_ms, arena)
            : tier_count_purchase(&tier->programs, state, input->event_time_ms, points->money_fen, arena);
    ret_decision->program_version = version_at(tier, change->reached_ms);
    ret_decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    ret_decision->body = &change->base;
    ret_decision->body_bytes = hy_brain_pack(arena, &change->base);
}

static void evolve(void *context, void *state, const Huiyuan__V1__Record *record,
                   const ProtobufCMessage *body) {
    (void)context;
    tier_state_follow(state, (const Change *)body, record->event_time_ms, record->program_version);
}

static void tally(void *context, int64_t *totals, const Huiyuan__V1__Record *record,
                  const ProtobufCMessage *body) {
    (void)context;
    (void)record;
    const Change *change = (const Change *)body;
    totals[TALLY_RAISED] += change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    totals[TALLY_LOWERED] += change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
    totals[TALLY_GROWTH] += change->growth_change;
}

static int64_t due(void *context, const void *state) {
    (void)context;
    return ((const struct tier_state *)state)->progress.review_at_ms;
}

static void save(void *context, const void *state, struct hy_buffer *out) {
    (void)context;
    tier_state_save(state, out);
}

static bool load(void *context, struct hy_bytes saved, void *ret_state) {
    (void)context;
    return tier_state_load(saved, ret_state);
}

static void release(void *context, void *state) {
    (void)context;
    tier_state_release(state);
}

// The spend of the year is the sum of its days, and they stand in order.
static bool check(void *context, const void *state, const char **ret_reason) {
    (void)context;
    const struct tier_state *tier = state;
    int64_t sum_fen = 0;
    for (size_t i = 0; i < tier->days.count; i++) {
        sum_fen += tier->days.items[i].money_fen;
        if (i == 0 || tier->days.items[i - 1].day < tier->days.items[i].day) continue;
        *ret_reason = "the days of the year are not in order";
        return false;
    }
    // Days that fell out since the latest purchase still stand in the list.
    if (tier->year_spend_fen > sum_fen ||
        (tier->reached_ms == tier->bought.last_at_ms && tier->year_spend_fen != sum_fen)) {
        *ret_reason = "the spend of the year is not the sum of its days";
        return false;
    }
    return true;
}

void tier_init(struct tier *tier, hy_zone_loader load_zone) {
    *tier = (struct tier){.load_zone = load_zone};
    hy_programs_init(&tier->programs);
}

void tier_free(struct tier *tier) {
    hy_programs_free(&tier->programs);
}

struct hy_brain tier_brain(struct tier *tier) {
    return (struct hy_brain){
        .context = tier,
        .log = "tiers",
        .sources = sources,
        .source_count = sizeof sources / sizeof sources[0],
        .tallies = tallies,
        .tally_count = sizeof tallies / sizeof tallies[0],
        .body = &huiyuan__v1__tier_change__descriptor,
        .message_limit = HY_MESSAGE_LIMIT_BYTES,
        .future_limit_ms = HY_FUTURE_LIMIT_MS,
        .state_bytes = sizeof(struct tier_state),
        .references = references,
        .reference_count = sizeof references / sizeof references[0],
        .read = read_command,
        .read_record = read_record,
        .refer = refer,
        .ready = ready,
        .decide = decide,
        .evolve = evolve,
        .tally = tally,
        .due = due,
        .save = save,
        .load = load,
        .release = release,
        .check = check,
    };
}
