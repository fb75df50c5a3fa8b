#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/stage/keys.h"

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

static enum hy_mem_fate draw_fate(void *context, struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct world *world = context;
    (void)partition;
    if (world->fate_topic != NULL) {
        if (hy_bus_topic(bus, world->fate_topic) != topic) return HY_MEM_KEPT;
        world->fate_topic = NULL;
        return world->fate;
    }
    const struct world_faults *faults = &world->faults;
    if (world->faulty_topic != NULL && hy_bus_topic(bus, world->faulty_topic) != topic) return HY_MEM_KEPT;
    unsigned draw = (unsigned)world_draw(world, 100);
    if (draw < faults->late) return HY_MEM_LATE;
    draw -= faults->late;
    if (draw < faults->late_report) return HY_MEM_LATE_REPORT;
    draw -= faults->late_report;
    if (draw < faults->repeated) return HY_MEM_REPEATED;
    draw -= faults->repeated;
    if (draw < faults->failed_kept) return HY_MEM_FAILED_KEPT;
    draw -= faults->failed_kept;
    if (draw < faults->failed_lost) return HY_MEM_FAILED_LOST;
    draw -= faults->failed_lost;
    return draw < faults->overtaken ? HY_MEM_OVERTAKEN : HY_MEM_KEPT;
}

static enum hy_mem_fate choose_fate(void *context, struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    struct world *world = context;
    enum hy_mem_fate fate = draw_fate(context, bus, topic, partition);
    world->fates[fate]++;
    return fate;
}

static bool took(size_t *count) {
    if (*count == 0) return false;
    --*count;
    return true;
}

static enum hy_mem_request_fate draw_request(void *context, struct hy_store *store) {
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

static enum hy_mem_request_fate choose_request(void *context, struct hy_store *store) {
    struct world *world = context;
    enum hy_mem_request_fate fate = draw_request(context, store);
    world->request_fates[fate]++;
    return fate;
}

static void heard(void *context, const struct hy_store_answer *answer) {
    struct world *world = context;
    if (answer->status == HY_STORE_OK && answer->count > 0 && world->watch.answer != NULL)
        world->watch.answer(world->watch.context, answer->values[0]);
}

static bool fault(struct world *world, const char *text) {
    if (world->watch.fault != NULL) world->watch.fault(world->watch.context, text);
    return false;
}

static void set_time(struct world *world) {
    hy_mem_broker_set_time(world->broker, world->now_ms);
    hy_mem_table_set_time(world->table, world->now_ms);
}

void world_open(struct world *world, uint32_t partitions, const struct world_service *services, size_t count,
                const struct world_watch *watch) {
    *world = (struct world){.services = services, .service_count = count, .watch = *watch};
    world->options = hy_stage_defaults();
    world->options.instance = "test";
    world->options.partitions = partitions;
    world->options.fenced_pause_ms = 500;
    world->now_ms = world->seen_ms = INT64_C(1700000000000);
    world->passed_ms = 1;
    world->random = 1;
    world->broker = hy_mem_broker_new();
    world->table = hy_mem_table_new();
    hy_mem_broker_choose(world->broker, choose_fate, world);
    hy_mem_table_choose(world->table, choose_request, world);
    hy_store_mem_use(world->table);
    world->gateway = hy_store_open("");
    struct hy_key channel = hy_key_replies(world->options.redis_prefix, "gateway");
    hy_store_subscribe(world->gateway, hy_key_bytes(&channel), heard, world);
    set_time(world);
    hy_store_poll(world->gateway, 0);
}

uint32_t world_start_service(struct world *world, size_t service) {
    uint32_t index = 0;
    while (index < WORLD_INSTANCES && world->instances[index].alive)
        index++;
    if (index == WORLD_INSTANCES) abort();
    if (index == world->instance_count) world->instance_count++;
    struct world_instance *instance = &world->instances[index];
    *instance = (struct world_instance){.alive = true, .service = service};
    world->options.claim_seed = world_draw(world, UINT64_MAX);
    hy_bus_mem_use(world->broker);
    hy_store_mem_use(world->table);
    const struct hy_brain *brain = world->services[service].open(world, instance);
    instance->metrics = hy_metrics_new(hy_stage_metrics, hy_stage_metric_count);
    instance->stage = hy_stage_new(&world->options, brain, instance->metrics);
    struct hy_bus_options bus = {.partitions = world->options.partitions};
    struct hy_bus_events events = hy_stage_events(instance->stage);
    instance->bus = hy_bus_open(&bus, &events);
    instance->store = hy_store_open("");
    hy_stage_attach(instance->stage, instance->bus, instance->store);
    world_note(world, "start %u (%s)", index, world->services[service].name);
    return index;
}

void world_own(struct world *world, uint32_t index, uint32_t partition) {
    world_note(world, "own %u p%u", index, partition);
    world->instances[index].owns[partition] = true;
    hy_bus_mem_assign(world->instances[index].bus, partition);
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

static void end_instance(struct world *world, struct world_instance *instance) {
    const struct world_service *service = &world->services[instance->service];
    hy_store_close(instance->store);
    if (service->close != NULL) service->close(world, instance);
    for (size_t i = 0; i < hy_stage_metric_count && i < WORLD_METRICS; i++) {
        if (hy_stage_metrics[i].type == HY_COUNTER)
            world->metrics[i] += hy_metrics_value(instance->metrics, i);
    }
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
    end_instance(world, instance);
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
    end_instance(world, instance);
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

static uint32_t one_of(struct world *world, size_t service) {
    uint32_t first = (uint32_t)world_draw(world, WORLD_INSTANCES);
    for (uint32_t i = 0; i < WORLD_INSTANCES; i++) {
        uint32_t index = (first + i) % WORLD_INSTANCES;
        if (world->instances[index].alive && world->instances[index].service == service) return index;
    }
    return world_start_service(world, service);
}

void world_one_owner_each(struct world *world, size_t service) {
    for (uint32_t p = 0; p < world->options.partitions; p++) {
        uint32_t owner = one_of(world, service);
        for (uint32_t i = 0; i < world->instance_count; i++) {
            const struct world_instance *other = &world->instances[i];
            if (i != owner && other->alive && other->service == service && other->owns[p])
                world_disown(world, i, p, false);
        }
        if (!world->instances[owner].owns[p]) world_own(world, owner, p);
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
    const struct world_service *service = &world->services[instance->service];
    set_time(world);
    size_t events = hy_bus_poll(instance->bus, hy_stage_room(instance->stage), 0);
    hy_store_poll(instance->store, 0);
    bool any = world_step(world, index);
    if (service->step != NULL) any |= service->step(world, instance, world->now_ms + instance->skew_ms);
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
        if (world->watch.look != NULL && !world->watch.look(world->watch.context)) return;
        if (round == ROUNDS_LIMIT) {
            fault(world, "it does not come to rest");
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

static bool instance_idle(struct world *world, const struct world_instance *instance) {
    if (!instance->alive) return true;
    if (!hy_stage_idle(instance->stage)) return fault(world, "an instance is not idle");
    if (hy_stage_stopped(instance->stage) > 0) return fault(world, "a partition is stopped");
    if (hy_store_pending(instance->store) > 0) return fault(world, "a request without an answer");
    if (hy_bus_mem_lent(instance->bus) > 0) return fault(world, "messages were not given back");
    return true;
}

bool world_idle(struct world *world) {
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (!instance_idle(world, &world->instances[i])) return false;
    }
    return true;
}

void world_put_at(struct world *world, const char *topic, uint32_t partition, struct hy_bytes bytes) {
    hy_mem_broker_append(world->broker, topic, partition, hy_bytes(NULL, 0), bytes);
}

void world_next_append(struct world *world, const char *topic, enum hy_mem_fate fate) {
    world->fate_topic = topic;
    world->fate = fate;
}

int64_t world_metric(const struct world *world, uint32_t instance, const char *name) {
    for (size_t i = 0; i < hy_stage_metric_count; i++) {
        if (strcmp(hy_stage_metrics[i].name, name) == 0)
            return hy_metrics_value(world->instances[instance].metrics, i);
    }
    abort(); // a test asks for a metric that does not exist
}

void world_close(struct world *world) {
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i].alive) world_crash(world, i, 0);
    }
    hy_store_close(world->gateway);
    hy_mem_broker_free(world->broker);
    hy_mem_table_free(world->table);
}
