// The services together, in one process and without Kafka: an input goes to a service, and what comes of it,
// records and commands, to the others, until nothing is left. What one service writes, every other one can
// read; folding a record again gives the same state; what a state promises holds after every record.
//
// Parts: 1 … 5 a message for the service of that log (enum world_log, from 1); 11 … 15 a record of that log,
// as another service reads it; 20 seconds that pass.
#include <inttypes.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/contract/limits.h"
#include "proto/commands.pb-c.h"
#include "proto/points.pb-c.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

typedef Huiyuan__V1__Record Record;

enum { ENTITIES_LIMIT = 24, STEPS_LIMIT = 200, STATE_LIMIT_BYTES = 64 * 1024 };
enum { RECORDS_AT = 11, TIME_PASSES = 20 };

static const int64_t BEGIN_MS = INT64_C(1779955200000); // 2026-05-28, a member day in China
static const int64_t LONGEST_WAIT_S = INT64_C(400) * 24 * 3600;

// A member, identity, budget or coupon of one log.
struct entity {
    enum world_log log;
    const char *id;
    void *state;
    int64_t newest_ms; // event time of its inputs
};

// Something that is under way to a service.
struct step {
    enum world_log to;
    bool from_log; // a record; otherwise a message
    uint32_t source;
    struct hy_bytes bytes;
    bool ours; // made by a service: it must be readable
    struct step *next;
};

struct run {
    struct hy_arena *arena;
    int64_t now_ms;
    struct entity entities[ENTITIES_LIMIT];
    size_t entity_count;
    struct step *first, **end;
    size_t steps;
    uint64_t numbers;
};

static struct entity *entity_of(struct run *run, enum world_log log, const char *id) {
    for (size_t i = 0; i < run->entity_count; i++) {
        if (run->entities[i].log == log && strcmp(run->entities[i].id, id) == 0) return &run->entities[i];
    }
    if (run->entity_count == ENTITIES_LIMIT) return NULL;
    struct entity *entity = &run->entities[run->entity_count++];
    *entity = (struct entity){log, hy_arena_string(run->arena, id, strlen(id)),
                              hy_calloc(1, world_brain(log)->state_bytes), 0};
    return entity;
}

static void send(struct run *run, const struct step *step) {
    if (run->steps++ >= STEPS_LIMIT) return;
    struct step *made = hy_arena_alloc(run->arena, sizeof *made);
    *made = *step;
    made->next = NULL;
    *run->end = made;
    run->end = &made->next;
}

// --- what a decision leads to ---

static struct hy_bytes saved(const struct hy_brain *brain, const void *state, struct hy_arena *arena) {
    struct hy_buffer out;
    hy_buffer_init(&out, STATE_LIMIT_BYTES);
    brain->save(brain->context, state, &out);
    PROMISE(!out.failed);
    struct hy_bytes bytes = hy_arena_bytes(arena, hy_buffer_bytes(&out));
    hy_buffer_free(&out);
    return bytes;
}

// The state and the totals by what was decided, and once more from Redis and from the log: the same.
static void fold(struct run *run, struct entity *entity, const Record *record, const ProtobufCMessage *body) {
    const struct hy_brain *brain = world_brain(entity->log);
    const char *reason = "";
    void *again = hy_calloc(1, brain->state_bytes);
    struct hy_bytes before = saved(brain, entity->state, run->arena);
    PROMISE(brain->load(brain->context, before, again));
    PROMISE(hy_bytes_equal(before, saved(brain, again, run->arena)));
    const ProtobufCMessage *read = hy_brain_body(brain, record, run->arena);
    PROMISE(read != NULL &&
            hy_bytes_equal(fuzz_pack(read, run->arena), hy_bytes(record->body.data, record->body.len)));
    brain->evolve(brain->context, again, record, read);
    brain->evolve(brain->context, entity->state, record, body);
    PROMISE(hy_bytes_equal(saved(brain, entity->state, run->arena), saved(brain, again, run->arena)));
    PROMISE(brain->check(brain->context, entity->state, &reason));
    int64_t tallies[HY_TALLIES_LIMIT] = {0}, again_tallies[HY_TALLIES_LIMIT] = {0};
    brain->tally(brain->context, tallies, record, body);
    brain->tally(brain->context, again_tallies, record, read);
    PROMISE(memcmp(tallies, again_tallies, sizeof tallies) == 0);
    brain->release(brain->context, again);
    hy_free(again);
}

static void send_record(struct run *run, enum world_log from, const Record *record) {
    struct hy_bytes bytes = fuzz_pack(&record->base, run->arena);
    for (enum world_log to = 0; to < WORLD_LOGS; to++) {
        const struct hy_brain *brain = world_brain(to);
        for (uint32_t source = 0; source < brain->source_count; source++) {
            if (world_log(brain->sources[source]) == from)
                send(run, &(struct step){
                              .to = to, .from_log = true, .source = source, .bytes = bytes, .ours = true});
        }
    }
}

static void send_command(struct run *run, enum world_log from, const struct hy_command_out *out) {
    Huiyuan__V1__Origin origin = HUIYUAN__V1__ORIGIN__INIT;
    Huiyuan__V1__Command command = *(const Huiyuan__V1__Command *)out->command;
    origin.log = (char *)(uintptr_t)world_brain(from)->log;
    origin.number = ++run->numbers;
    command.origin = &origin;
    command.command_id = hy_arena_printf(run->arena, "%s-0-0-%" PRIu64, origin.log, origin.number);
    command.to = (char *)(uintptr_t)out->to;
    command.member_id = (char *)(uintptr_t)out->member_id;
    command.issued_at_ms = run->now_ms;
    PROMISE(world_log(out->to) != WORLD_LOGS);
    send(run, &(struct step){
                  .to = world_log(out->to), .bytes = fuzz_pack(&command.base, run->arena), .ours = true});
}

static void accept(struct run *run, struct entity *entity, const struct hy_input *input,
                   const struct hy_decision *decision) {
    Record record = HUIYUAN__V1__RECORD__INIT;
    record.input_id = (char *)(uintptr_t)input->id;
    record.member_id = (char *)(uintptr_t)input->member_id;
    record.event_time_ms = input->event_time_ms;
    record.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    record.program_version = decision->program_version;
    record.body =
        (ProtobufCBinaryData){decision->body_bytes.length, (uint8_t *)(uintptr_t)decision->body_bytes.data};
    fold(run, entity, &record, decision->body);
    for (size_t i = 0; i < decision->command_count; i++)
        send_command(run, entity->log, &decision->commands[i]);
    send_record(run, entity->log, &record);
}

static void decide(struct run *run, enum world_log log, const struct hy_input *input) {
    const struct hy_brain *brain = world_brain(log);
    struct entity *entity = entity_of(run, log, input->member_id);
    if (entity == NULL) return;
    // What the stage refuses before it asks: the future, and what is older than a member's window.
    if (input->event_time_ms > run->now_ms + brain->future_limit_ms) return;
    if (input->input_class < HY_CLASSES_LIMIT) {
        if (input->event_time_ms < entity->newest_ms - brain->window_ms[input->input_class]) return;
        if (input->event_time_ms > entity->newest_ms) entity->newest_ms = input->event_time_ms;
    }
    struct hy_decision decision = {.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED};
    brain->decide(brain->context, entity->state, input, run->now_ms, run->arena, &decision);
    if (decision.outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) {
        fuzz_check_refusal((struct hy_error){decision.code, decision.field, NULL});
        return;
    }
    accept(run, entity, input, &decision);
    if (brain->answer != NULL && input->command_id[0] != '\0')
        brain->answer(brain->context, input, decision.note, run->arena);
}

// --- inputs ---

static void take_record(struct run *run, const struct step *step) {
    const struct hy_brain *brain = world_brain(step->to);
    const Record *record =
        huiyuan__v1__record__unpack(&run->arena->protobuf, step->bytes.length, step->bytes.data);
    if (record == NULL || record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return;
    struct hy_input input = {
        .input_class = HY_SINGLE_CLASS,
        .id = hy_arena_printf(run->arena, "%s-0-%zu-0", brain->sources[step->source], run->steps),
        .member_id = record->member_id,
        .event_time_ms = record->event_time_ms,
        .command_id = "",
        .reply_to = "",
    };
    struct hy_error error = brain->read_record(brain->context, step->source, record, run->arena, &input);
    PROMISE(!step->ours || error.code == HY_OK);
    if (error.code == HY_OK && !input.skip) decide(run, step->to, &input);
}

// Of a command that was read, the same bytes again are the same input; packed anew as well.
static void check_again(struct run *run, const struct step *step, const struct hy_input *input) {
    const struct hy_brain *brain = world_brain(step->to);
    Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&run->arena->protobuf, step->bytes.length, step->bytes.data);
    if (step->to == WORLD_POINTS || command == NULL) return;
    fuzz_strip(&command->base);
    struct hy_input again = {.id = "", .member_id = "", .command_id = "", .reply_to = ""};
    struct hy_error error =
        brain->read(brain->context, step->source, fuzz_pack(&command->base, run->arena), run->arena, &again);
    PROMISE(error.code == HY_OK && again.kind == input->kind);
    // Results of deliveries are recognised by the attempt that waits for them, not by what they say.
    PROMISE(step->to == WORLD_DELIVERIES || again.content_hash == input->content_hash);
    PROMISE(strcmp(again.id, input->id) == 0 && strcmp(again.member_id, input->member_id) == 0);
}

static void take_message(struct run *run, const struct step *step) {
    const struct hy_brain *brain = world_brain(step->to);
    struct hy_input input = {.id = "", .member_id = "", .command_id = "", .reply_to = ""};
    if (step->bytes.length > brain->message_limit) return;
    struct hy_error error = brain->read(brain->context, step->source, step->bytes, run->arena, &input);
    PROMISE(!step->ours || error.code == HY_OK);
    if (error.code != HY_OK) {
        fuzz_check_refusal(error);
        return;
    }
    PROMISE(input.id[0] != '\0' && input.member_id[0] != '\0');
    check_again(run, step, &input);
    decide(run, step->to, &input);
}

static void run_steps(struct run *run) {
    while (run->first != NULL) {
        struct step *step = run->first;
        run->first = step->next;
        if (run->first == NULL) run->end = &run->first;
        if (step->from_log)
            take_record(run, step);
        else
            take_message(run, step);
    }
}

// The first that is no log: purchases of accrual, commands of the others.
static uint32_t message_source(const struct hy_brain *brain) {
    uint32_t source = 0;
    while (source + 1 < brain->source_count && world_log(brain->sources[source]) != WORLD_LOGS)
        source++;
    return source;
}

// Each timer that is due fires once; one that stays due for ever would hang the service.
static void fire(struct run *run) {
    for (size_t i = 0; i < run->entity_count; i++) {
        struct entity *entity = &run->entities[i];
        const struct hy_brain *brain = world_brain(entity->log);
        for (int times = 0; brain->due != NULL; times++) {
            int64_t due_ms = brain->due(brain->context, entity->state);
            if (due_ms == 0 || due_ms > run->now_ms) break;
            PROMISE(times < 3000);
            struct hy_input input = {.input_class = HY_SINGLE_CLASS,
                                     .kind = HY_KIND_TIMER,
                                     .id = hy_arena_printf(run->arena, "timer:%" PRId64, due_ms),
                                     .member_id = entity->id,
                                     .event_time_ms = due_ms,
                                     .command_id = "",
                                     .reply_to = ""};
            decide(run, entity->log, &input);
            run_steps(run);
        }
    }
}

// What no service would write is not another's to survive: moments and amounts beyond the contract's.
static bool is_possible(struct run *run, enum world_log from, const Record *record) {
    const struct hy_limit *time = &hy_limits[HY_LIMIT_OCCURRED_AT_MS];
    if (record->member_id[0] == '\0' || record->event_time_ms < time->min ||
        record->event_time_ms > run->now_ms + HY_FUTURE_LIMIT_MS)
        return false;
    const ProtobufCMessage *body = hy_brain_body(world_brain(from), record, run->arena);
    if (body == NULL || !fuzz_is_moderate(body)) return false;
    int64_t money_fen = from == WORLD_POINTS ? ((const Huiyuan__V1__PointsChange *)body)->money_fen : 0;
    return money_fen >= 0 && money_fen <= HY_AMOUNT_LIMIT_FEN;
}

static void take(struct run *run, const struct fuzz_part *part) {
    if (part->field >= 1 && part->field <= WORLD_LOGS) {
        enum world_log to = part->field - 1;
        send(run, &(struct step){.to = to, .source = message_source(world_brain(to)), .bytes = part->bytes});
    } else if (part->field == TIME_PASSES) {
        run->now_ms += (int64_t)(part->number % (uint64_t)LONGEST_WAIT_S) * 1000;
        fire(run);
    } else if (part->field >= RECORDS_AT && part->field < RECORDS_AT + WORLD_LOGS) {
        enum world_log from = part->field - RECORDS_AT;
        Record *record =
            huiyuan__v1__record__unpack(&run->arena->protobuf, part->bytes.length, part->bytes.data);
        if (record == NULL || !is_possible(run, from, record)) return;
        send_record(run, from, record);
        for (struct step *step = run->first; step != NULL; step = step->next)
            step->ours = false;
    }
    run_steps(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run run = {.arena = fuzz_arena(), .now_ms = BEGIN_MS};
    struct fuzz_parts parts = fuzz_parts(data, size);
    struct fuzz_part part;
    run.end = &run.first;
    while (fuzz_next(&parts, &part))
        take(&run, &part);
    for (size_t i = 0; i < run.entity_count; i++) {
        const struct hy_brain *brain = world_brain(run.entities[i].log);
        if (brain->release != NULL) brain->release(brain->context, run.entities[i].state);
        hy_free(run.entities[i].state);
    }
    return 0;
}
