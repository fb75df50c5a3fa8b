#include "tests/unit/stage/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"

enum { QUIET_ROUNDS = 30, ROUND_MS = 100, ROUNDS_LIMIT = 20000 };

uint64_t world_draw(struct world *world, uint64_t bound) {
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

void world_note(struct world *world, const char *format, ...) {
    char *line = world->trace[world->trace_count++ % WORLD_TRACE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, WORLD_TRACE_BYTES, format, arguments);
    va_end(arguments);
    if (world->loud) fprintf(stderr, "%s\n", line);
}

void world_print_trace(const struct world *world) {
    size_t first = world->trace_count > WORLD_TRACE ? world->trace_count - WORLD_TRACE : 0;
    for (size_t i = first; i < world->trace_count; i++)
        fprintf(stderr, "  %s\n", world->trace[i % WORLD_TRACE]);
}

// The toy's input, with a caller at its end.
static struct hy_error read_input(void *context, uint32_t source, struct hy_bytes message,
                                  struct hy_arena *arena, struct hy_input *ret_input) {
    const struct world *world = context;
    const uint8_t *at = message.length > 0 ? memrchr(message.data, '@', message.length) : NULL;
    bool called = at != NULL && at > message.data;
    struct hy_bytes toy = called ? hy_bytes(message.data, (size_t)(at - 1 - message.data)) : message;
    struct hy_error error = toy_brain().read(NULL, source, toy, arena, ret_input);
    if (error.code != HY_OK || !called) return error;
    char *id = hy_arena_zero(arena, HY_COMMAND_ID_BYTES);
    hy_command_id_make(id, hy_partition_of(hy_bytes_of(ret_input->member_id), world->options.partitions),
                       ret_input->member_id, ret_input->id);
    ret_input->command_id = id;
    ret_input->reply_to =
        hy_arena_string(arena, (const char *)at + 1, message.length - (size_t)(at + 1 - message.data));
    return HY_NO_ERROR;
}

static enum hy_mem_fate choose_fate(void *context, struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct world *world = context;
    (void)partition;
    if (world->fate_topic != NULL) {
        if (hy_bus_topic(bus, world->fate_topic) != topic) return HY_MEM_KEPT;
        world->fate_topic = NULL;
        return world->fate;
    }
    const struct world_faults *faults = &world->faults;
    unsigned draw = (unsigned)world_draw(world, 100);
    if (draw < faults->late) return HY_MEM_LATE;
    draw -= faults->late;
    if (draw < faults->late_report) return HY_MEM_LATE_REPORT;
    draw -= faults->late_report;
    if (draw < faults->repeated) return HY_MEM_REPEATED;
    draw -= faults->repeated;
    if (draw < faults->failed_kept) return HY_MEM_FAILED_KEPT;
    draw -= faults->failed_kept;
    return draw < faults->failed_lost ? HY_MEM_FAILED_LOST : HY_MEM_KEPT;
}

static bool took(size_t *count) {
    if (*count == 0) return false;
    --*count;
    return true;
}

static enum hy_mem_request_fate choose_request(void *context, struct hy_store *store) {
    struct world *world = context;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        struct world_instance *instance = &world->instances[i];
        if (instance->store != store) continue;
        if (took(&instance->cut_answered)) return HY_MEM_ANSWERED;
        if (took(&instance->cut_done)) return HY_MEM_DONE_AWAY;
        if (took(&instance->cut_lost)) return HY_MEM_LOST_AWAY;
    }
    if (world_draw(world, 100) < world->faults.refused) return HY_MEM_LOST_AWAY;
    return world_draw(world, 100) < world->faults.held ? HY_MEM_HELD : HY_MEM_ANSWERED;
}

static void heard(void *context, const struct hy_store_answer *answer) {
    struct world *world = context;
    if (answer->status != HY_STORE_OK || answer->count == 0) return;
    world->answers[world->answer_count++ % WORLD_ANSWERS] =
        hy_arena_bytes(&world->judge.arena, answer->values[0]);
    if (judge_logs(&world->judge)) judge_answer(&world->judge, answer->values[0]);
}

static void set_time(struct world *world) {
    hy_mem_broker_set_time(world->broker, world->now_ms);
    hy_mem_table_set_time(world->table, world->now_ms);
}

static void note_effect(void *context, const char *member_id, struct hy_bytes effect) {
    struct world *world = context;
    world->effects++;
    world_note(world, "effect for %s: %.*s", member_id, (int)effect.length, (const char *)effect.data);
}

static int64_t follower_due(void *context, const void *state) {
    int64_t due_ms = ((const struct toy_state *)state)->due_ms;
    return due_ms == 0 ? 0 : due_ms + ((const struct world *)context)->due_later_ms;
}

static uint64_t follower_due_version(void *context) {
    return ((const struct world *)context)->due_version;
}

struct world *world_new(uint32_t partitions) {
    struct world *world = hy_calloc(1, sizeof *world);
    world->options = hy_stage_defaults();
    world->options.instance = "test";
    world->options.partitions = partitions;
    world->options.fenced_pause_ms = 500;
    world->brain = toy_brain();
    world->brain.context = world;
    world->brain.read = read_input;
    world->follower = toy_follower();
    world->follower.context = world;
    world->follower.effect = note_effect;
    world->follower.due = follower_due;
    world->follower.due_version = follower_due_version;
    world->now_ms = world->seen_ms = INT64_C(1700000000000);
    world->passed_ms = 1;
    world->random = 1;
    world->broker = hy_mem_broker_new();
    world->table = hy_mem_table_new();
    hy_mem_broker_choose(world->broker, choose_fate, world);
    hy_mem_table_choose(world->table, choose_request, world);
    judge_init(&world->judge, world->broker, world->table, world->options.redis_prefix, partitions);
    hy_store_mem_use(world->table);
    world->gateway = hy_store_open("");
    struct hy_key channel = hy_key_replies(world->options.redis_prefix, "gateway");
    hy_store_subscribe(world->gateway, hy_key_bytes(&channel), heard, world);
    set_time(world);
    hy_store_poll(world->gateway, 0);
    return world;
}

static uint32_t start(struct world *world, const struct hy_brain *brain) {
    uint32_t index = 0;
    while (index < WORLD_INSTANCES && world->instances[index].alive)
        index++;
    if (index == WORLD_INSTANCES) abort();
    if (index == world->instance_count) world->instance_count++;
    struct world_instance *instance = &world->instances[index];
    *instance = (struct world_instance){.alive = true, .follows = brain == &world->follower};
    world->options.claim_seed = world_draw(world, UINT64_MAX);
    hy_bus_mem_use(world->broker);
    hy_store_mem_use(world->table);
    instance->metrics = hy_metrics_new(hy_stage_metrics, hy_stage_metric_count);
    instance->stage = hy_stage_new(&world->options, brain, instance->metrics);
    struct hy_bus_options bus = {.partitions = world->options.partitions};
    struct hy_bus_events events = hy_stage_events(instance->stage);
    instance->bus = hy_bus_open(&bus, &events);
    instance->store = hy_store_open("");
    hy_stage_attach(instance->stage, instance->bus, instance->store);
    world_note(world, "start %u%s", index, instance->follows ? " (follower)" : "");
    return index;
}

uint32_t world_start(struct world *world) {
    return start(world, &world->brain);
}

uint32_t world_start_follower(struct world *world) {
    return start(world, &world->follower);
}

void world_own(struct world *world, uint32_t index, uint32_t partition) {
    world_note(world, "own %u p%u", index, partition);
    world->instances[index].owns[partition] = true;
    hy_bus_mem_assign(world->instances[index].bus, partition);
}

uint32_t world_start_owner(struct world *world) {
    uint32_t index = world_start(world);
    for (uint32_t p = 0; p < world->options.partitions; p++)
        world_own(world, index, p);
    return index;
}

void world_disown(struct world *world, uint32_t index, uint32_t partition, bool lost) {
    world_note(world, "disown %u p%u%s", index, partition, lost ? " (lost)" : "");
    world->instances[index].owns[partition] = false;
    hy_bus_mem_revoke(world->instances[index].bus, partition, lost);
}

static void set_cut(struct world_instance *instance, size_t answered, size_t done) {
    size_t pending = hy_store_pending(instance->store);
    instance->cut_answered = answered < pending ? answered : pending;
    pending -= instance->cut_answered;
    instance->cut_done = done < pending ? done : pending;
    instance->cut_lost = pending - instance->cut_done;
}

static void end_instance(struct world_instance *instance) {
    hy_store_close(instance->store);
    hy_metrics_free(instance->metrics);
    *instance = (struct world_instance){0};
}

void world_crash(struct world *world, uint32_t index, size_t carried_out) {
    struct world_instance *instance = &world->instances[index];
    world_note(world, "crash %u, %zu of %zu requests done", index, carried_out,
               hy_store_pending(instance->store));
    hy_stage_free(instance->stage);
    hy_bus_mem_crash(instance->bus);
    set_cut(instance, 0, carried_out);
    hy_store_poll(instance->store, 0);
    end_instance(instance);
}

bool world_stop(struct world *world, uint32_t index) {
    struct world_instance *instance = &world->instances[index];
    world_note(world, "stop %u", index);
    hy_stage_drain(instance->stage);
    for (int i = 0; i < 1000 && !hy_stage_idle(instance->stage); i++) {
        world_turn(world, index);
        world->now_ms++;
    }
    bool idle = hy_stage_idle(instance->stage);
    hy_stage_end(instance->stage);
    hy_bus_close(instance->bus, 0);
    hy_stage_free(instance->stage);
    end_instance(instance);
    return idle;
}

void world_cut(struct world *world, uint32_t index, size_t answered, size_t done) {
    struct world_instance *instance = &world->instances[index];
    world_note(world, "cut %u: %zu answered, %zu done, of %zu", index, answered, done,
               hy_store_pending(instance->store));
    set_cut(instance, answered, done);
    hy_store_poll(instance->store, 0);
    instance->cut_answered = instance->cut_done = instance->cut_lost =
        0; // with Redis away all were lost anyway
}

void world_redis_away(struct world *world, bool away) {
    world_note(world, "Redis %s", away ? "away" : "back");
    hy_mem_table_away(world->table, away);
    hy_store_poll(world->gateway, 0); // it is the first to notice
}

void world_cut_all(struct world *world) {
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i].alive) world_cut(world, i, 0, 0);
    }
}

bool world_step(struct world *world, uint32_t index) {
    const struct world_instance *instance = &world->instances[index];
    if (world->now_ms > world->seen_ms) world->passed_ms += world->now_ms - world->seen_ms;
    world->seen_ms = world->now_ms;
    return hy_stage_step(instance->stage, world->now_ms + instance->skew_ms, world->passed_ms);
}

bool world_turn(struct world *world, uint32_t index) {
    struct world_instance *instance = &world->instances[index];
    if (!instance->alive) return false;
    set_time(world);
    size_t events = hy_bus_poll(instance->bus, hy_stage_room(instance->stage), 0);
    hy_store_poll(instance->store, 0);
    bool any = world_step(world, index);
    hy_store_poll(instance->store, 0);
    hy_store_poll(world->gateway, 0);
    return any || events > 0;
}

void world_turns(struct world *world, uint32_t instance, int count) {
    for (int i = 0; i < count; i++) {
        world_turn(world, instance);
        world->now_ms++;
    }
}

static bool turn_all(struct world *world, uint32_t first, uint32_t end) {
    bool any = false;
    for (uint32_t i = first; i < end; i++)
        any |= world_turn(world, i);
    return any;
}

static void settle(struct world *world, uint32_t first, uint32_t end) {
    int quiet = 0;
    for (int round = 0; quiet < QUIET_ROUNDS; round++) {
        bool any = turn_all(world, first, end);
        world->now_ms += any ? 1 : ROUND_MS;
        quiet = any ? 0 : quiet + 1;
        if (!judge_logs(&world->judge) || !judge_redis(&world->judge, false)) return;
        if (round == ROUNDS_LIMIT) {
            judge_fail(&world->judge, "it does not come to rest");
            return;
        }
    }
}

void world_settle(struct world *world) {
    settle(world, 0, WORLD_INSTANCES);
}

void world_settle_one(struct world *world, uint32_t instance) {
    settle(world, instance, instance + 1);
}

bool world_check(struct world *world) {
    return judge_logs(&world->judge) && judge_redis(&world->judge, true);
}

static bool instance_at_rest(struct world *world, const struct world_instance *instance) {
    if (!instance->alive) return true;
    if (!hy_stage_idle(instance->stage)) return judge_fail(&world->judge, "an instance is not idle");
    if (hy_stage_stopped(instance->stage) > 0) return judge_fail(&world->judge, "a partition is stopped");
    if (hy_store_pending(instance->store) > 0)
        return judge_fail(&world->judge, "%zu requests without an answer", hy_store_pending(instance->store));
    if (hy_bus_mem_lent(instance->bus) > 0)
        return judge_fail(&world->judge, "%zu messages were not given back", hy_bus_mem_lent(instance->bus));
    return true;
}

static bool follower_at_rest(struct world *world) {
    struct judge *judge = &world->judge;
    if (!judge_followers_rest(judge)) return false;
    if (world->effects > judge->follower_count)
        return judge_fail(judge, "%zu effects of %zu records", world->effects, judge->follower_count);
    for (size_t i = 0; i < judge->member_count; i++) {
        const struct judge_member *member = &judge->members[i];
        int64_t sum = world_sum_in(world, "tiers", member->id);
        if (sum != member->followed)
            return judge_fail(judge, "the follower has %" PRId64 " instead of %" PRId64 " for %s", sum,
                              member->followed, member->id);
        int64_t due_ms = world_due_in(world, "tiers", member->id);
        int64_t wanted_ms = member->followed_due_ms == 0 ? 0 : member->followed_due_ms + world->due_later_ms;
        if (due_ms != wanted_ms)
            return judge_fail(judge, "the follower's timer of %s is at %" PRId64 " instead of %" PRId64,
                              member->id, due_ms, wanted_ms);
    }
    return true;
}

bool world_at_rest(struct world *world) {
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (!instance_at_rest(world, &world->instances[i])) return false;
    }
    if (!judge_rest(&world->judge)) return false;
    if (world->judge.followed && !follower_at_rest(world)) return false;
    for (uint32_t p = 0; p < world->options.partitions; p++) {
        if (world_seq(world, p) != world->judge.logs[p].seq)
            return judge_fail(&world->judge, "Redis is at seq %" PRIu64 " of %" PRIu64 " in partition %u",
                              world_seq(world, p), world->judge.logs[p].seq, p);
    }
    return true;
}

const char *world_fault(const struct world *world) {
    return world->judge.fault;
}

void world_put_at(struct world *world, const char *topic, uint32_t partition, struct hy_bytes bytes) {
    hy_mem_broker_append(world->broker, topic, partition, hy_bytes(NULL, 0), bytes);
}

void world_put(struct world *world, const char *format, ...) {
    char text[512];
    char member[64] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(member, sizeof member, "%.*s", (int)strcspn(text, " "), text);
    world_put_at(world, "purchases", hy_partition_of(hy_bytes_of(member), world->options.partitions),
                 hy_bytes_of(text));
}

void world_put_command(struct world *world, const char *to, uint32_t partition, const char *log,
                       uint32_t log_partition, uint64_t number, const char *text) {
    Huiyuan__V1__Origin origin = HUIYUAN__V1__ORIGIN__INIT;
    origin.log = (char *)(uintptr_t)log;
    origin.partition = log_partition;
    origin.number = number;
    Huiyuan__V1__Forwarded forwarded = HUIYUAN__V1__FORWARDED__INIT;
    forwarded.topic = (char *)(uintptr_t) "purchases";
    forwarded.message = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.to = (char *)(uintptr_t)to;
    if (number > 0) command.origin = &origin;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_FORWARDED;
    command.forwarded = &forwarded;
    uint8_t bytes[1024];
    world_put_at(world, "commands", partition, hy_bytes(bytes, huiyuan__v1__command__pack(&command, bytes)));
}

void world_next_append(struct world *world, const char *topic, enum hy_mem_fate fate) {
    world->fate_topic = topic;
    world->fate = fate;
}

int64_t world_sum(struct world *world, const char *member) {
    return world_sum_in(world, "points", member);
}

int64_t world_due_in(struct world *world, const char *log, const char *member) {
    struct hy_key_space space = {world->options.redis_prefix, log,
                                 hy_partition_of(hy_bytes_of(member), world->options.partitions)};
    struct hy_key key = hy_key_timers(&space);
    return hy_mem_table_due(world->table, hy_key_bytes(&key), hy_bytes_of(member));
}

int64_t world_sum_in(struct world *world, const char *log, const char *member) {
    struct hy_key_space space = {world->options.redis_prefix, log,
                                 hy_partition_of(hy_bytes_of(member), world->options.partitions)};
    struct hy_key key = hy_key_member(&space, member);
    struct hy_bytes bytes = hy_mem_table_get(world->table, hy_key_bytes(&key));
    if (bytes.data == NULL) return 0;
    struct toy_state state = {0};
    Huiyuan__V1__MemberState *saved = huiyuan__v1__member_state__unpack(NULL, bytes.length, bytes.data);
    if (saved != NULL && saved->state.len == sizeof state) memcpy(&state, saved->state.data, sizeof state);
    huiyuan__v1__member_state__free_unpacked(saved, NULL);
    return state.sum;
}

uint64_t world_seq(struct world *world, uint32_t partition) {
    struct hy_key_space space = {world->options.redis_prefix, "points", partition};
    struct hy_key key = hy_key_watermark(&space);
    struct hy_bytes bytes = hy_mem_table_get(world->table, hy_key_bytes(&key));
    if (bytes.data == NULL) return 0;
    Huiyuan__V1__Watermark *watermark = huiyuan__v1__watermark__unpack(NULL, bytes.length, bytes.data);
    uint64_t seq = watermark == NULL ? 0 : watermark->seq;
    huiyuan__v1__watermark__free_unpacked(watermark, NULL);
    return seq;
}

int64_t world_metric(const struct world *world, uint32_t instance, const char *name) {
    for (size_t i = 0; i < hy_stage_metric_count; i++) {
        if (strcmp(hy_stage_metrics[i].name, name) == 0)
            return hy_metrics_value(world->instances[instance].metrics, i);
    }
    abort(); // a test asks for a metric that does not exist
}

const char *world_member(const struct world *world, uint32_t partition, unsigned n) {
    static char names[8][16];
    static unsigned turn;
    char *name = names[turn++ % 8];
    for (unsigned i = 0;; i++) {
        snprintf(name, 16, "m%u", i);
        if (hy_partition_of(hy_bytes_of(name), world->options.partitions) == partition && n-- == 0)
            return name;
    }
}

void world_free(struct world *world) {
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i].alive) world_crash(world, i, 0);
    }
    hy_store_close(world->gateway);
    hy_mem_broker_free(world->broker);
    hy_mem_table_free(world->table);
    judge_free(&world->judge);
    hy_free(world);
}
