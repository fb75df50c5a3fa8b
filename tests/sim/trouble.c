// What goes wrong, and what the clock does: one thing at a time, drawn.
#include <inttypes.h>

#include "tests/sim/sim.h"

static uint32_t some_instance(struct sim *sim) {
    struct world *world = &sim->world;
    uint32_t first = sim_draw(sim, world->instance_count);
    for (uint32_t i = 0; i < world->instance_count; i++) {
        uint32_t index = (first + i) % world->instance_count;
        if (world->instances[index].alive) return index;
    }
    return world_start_service(world, SIM_ACCRUAL);
}

static void step(struct sim *sim) {
    struct world *world = &sim->world;
    uint32_t index = some_instance(sim);
    const struct world_instance *instance = &world->instances[index];
    const char *name = world->services[instance->service].name;
    switch (sim_draw(sim, 8)) {
    case 0:
        world_note(world, "%s %u polls the bus", name, index);
        hy_bus_poll(instance->bus, 1 + sim_draw(sim, 4), 0);
        break;
    case 1:
        world_note(world, "%s %u polls Redis", name, index);
        hy_store_poll(instance->store, 0);
        break;
    case 2:
        world_note(world, "%s %u steps", name, index);
        world_step(world, index);
        break;
    default: world_note(world, "%s %u turns", name, index); world_turn(world, index);
    }
}

static void round_of_all(struct sim *sim) {
    world_note(&sim->world, "all turn");
    for (uint32_t i = 0; i < sim->world.instance_count; i++)
        world_turn(&sim->world, i);
}

static void rebalance(struct sim *sim) {
    struct world *world = &sim->world;
    uint32_t partition = sim_draw(sim, world->options.partitions);
    uint32_t index = some_instance(sim);
    sim->events[EVENT_REBALANCE]++;
    if (sim_draw(sim, 3) > 0) { // from all that know of it; some do not for a while
        for (uint32_t i = 0; i < world->instance_count; i++) {
            const struct world_instance *other = &world->instances[i];
            if (other->alive && other->owns[partition] && other->service == world->instances[index].service &&
                sim_draw(sim, 2) == 0)
                world_disown(world, i, partition, sim_draw(sim, 2) == 0);
        }
    }
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct world_instance *other = &world->instances[i];
        sim->events[EVENT_TWO_OWNERS] += i != index && other->alive && other->owns[partition] &&
                                         other->service == world->instances[index].service;
    }
    if (!world->instances[index].owns[partition]) world_own(world, index, partition);
}

// Seconds mostly, hours seldom.
static int64_t some_skew(struct sim *sim) {
    if (sim_draw(sim, 8) == 0) {
        sim->events[EVENT_SKEW_HOURS]++;
        return (int64_t)sim_draw(sim, 7200000) - 3600000;
    }
    return (int64_t)sim_draw(sim, 4000) - 2000;
}

static void crash(struct sim *sim) {
    struct world *world = &sim->world;
    uint32_t index = some_instance(sim);
    size_t service = world->instances[index].service;
    sim->events[EVENT_CRASH]++;
    if (sim_draw(sim, 2) == 0) { // in the middle of a turn
        hy_bus_poll(world->instances[index].bus, 1 + sim_draw(sim, 8), 0);
        world_step(world, index);
    }
    sim->events[EVENT_CRASH_BUSY] += hy_store_pending(world->instances[index].store) > 0;
    world_crash(world, index, sim_draw(sim, 4));
    index = world_start_service(world, service);
    world->instances[index].skew_ms = some_skew(sim);
    for (uint32_t p = 0; p < world->options.partitions; p++) {
        if (sim_draw(sim, 3) > 0) world_own(world, index, p);
    }
}

// As a process that is asked to stop; it drains when nothing is in its way.
static void stop(struct sim *sim) {
    struct world *world = &sim->world;
    uint32_t index = some_instance(sim);
    size_t service = world->instances[index].service;
    bool free = !sim->broker_away && !sim->table_away;
    bool drained = world_stop(world, index);
    sim->events[EVENT_STOP] += drained;
    sim->events[EVENT_STOP_IN_TROUBLE] += !drained && !free;
    index = world_start_service(world, service);
    for (uint32_t p = 0; p < world->options.partitions; p++)
        world_own(world, index, p);
}

static void trouble_broker(struct sim *sim) {
    struct world *world = &sim->world;
    switch (sim_draw(sim, 5)) {
    case 0:
        sim->broker_away = !sim->broker_away;
        sim->events[EVENT_BROKER_AWAY] += sim->broker_away;
        world_note(world, "broker %s", sim->broker_away ? "away" : "back");
        hy_mem_broker_away(world->broker, sim->broker_away);
        break;
    case 1: {
        uint32_t index = some_instance(sim);
        bool full = sim_draw(sim, 2) == 0;
        sim->events[EVENT_QUEUE_FULL] += full;
        world_note(world, "queue of %u %s", index, full ? "full" : "free");
        hy_bus_mem_refuse(world->instances[index].bus, full);
        break;
    }
    default: {
        size_t released = hy_mem_broker_release(world->broker, 1 + sim_draw(sim, 3));
        sim->events[EVENT_RELEASE] += released > 0;
        world_note(world, "release %zu", released);
    }
    }
}

static void restore(struct sim *sim, unsigned place) {
    if (sim->snapshots[place] == NULL) return;
    world_cut_all(&sim->world);
    world_note(&sim->world, "Redis loses its tail");
    sim->events[EVENT_REDIS_TAIL]++;
    hy_mem_table_restore(sim->world.table, sim->snapshots[place]);
}

static void trouble_store(struct sim *sim) {
    struct world *world = &sim->world;
    unsigned place = sim_draw(sim, SIM_SNAPSHOTS);
    switch (sim_draw(sim, 9)) {
    case 0: restore(sim, place); break;
    case 1:
        if (sim_draw(sim, 3) > 0) break;
        world_note(world, "Redis loses everything");
        sim->events[EVENT_REDIS_ALL]++;
        world_cut_all(world);
        hy_mem_table_flush(world->table);
        break;
    case 2:
        sim->table_away = !sim->table_away;
        sim->events[EVENT_REDIS_AWAY] += sim->table_away;
        world_redis_away(world, sim->table_away);
        break;
    case 3:
    case 4:
        world_note(world, "snapshot of Redis");
        if (sim->snapshots[place] != NULL) hy_mem_snapshot_free(sim->snapshots[place]);
        sim->snapshots[place] = hy_mem_table_snapshot(world->table);
        break;
    default:
        sim->events[EVENT_REDIS_CUT]++;
        world_cut(world, some_instance(sim), sim_draw(sim, 4), sim_draw(sim, 4));
    }
}

static void pass_time(struct sim *sim) {
    static const int64_t jumps_ms[] = {1,     10,    100,    300,     1000,    2500,
                                       -3000, 60000, 600000, 3600000, 7200000, 28800000};
    int64_t jump_ms = jumps_ms[sim_draw(sim, sizeof jumps_ms / sizeof jumps_ms[0])];
    if (sim_draw(sim, 25) == 0) jump_ms = (int64_t)(1 + sim_draw(sim, 9)) * SIM_DAY_MS;
    world_note(&sim->world, "time %+" PRId64, jump_ms);
    sim->events[EVENT_TIME_BACK] += jump_ms < 0;
    sim->events[EVENT_TIME_DAYS] += jump_ms >= SIM_DAY_MS;
    sim->world.now_ms += jump_ms;
}

void trouble_act(struct sim *sim) {
    unsigned kind = sim_draw(sim, 1000);
    if (kind < 520)
        step(sim);
    else if (kind < 640)
        round_of_all(sim);
    else if (kind < 800)
        shop_publish(sim);
    else if (kind < 870)
        pass_time(sim);
    else if (kind < 900)
        rebalance(sim);
    else if (kind < 915)
        crash(sim);
    else if (kind < 920)
        shop_document(sim);
    else if (kind < 926)
        stop(sim);
    else if (kind < 960)
        trouble_broker(sim);
    else
        trouble_store(sim);
}

void trouble_calm(struct sim *sim) {
    struct world *world = &sim->world;
    world_note(world, "calm");
    world->faults = (struct world_faults){0};
    sim->broker_away = sim->table_away = false;
    hy_mem_broker_away(world->broker, false);
    world_redis_away(world, false);
    hy_mem_broker_release(world->broker, SIZE_MAX);
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i].alive) hy_bus_mem_refuse(world->instances[i].bus, false);
        world->instances[i].skew_ms = 0;
    }
    for (size_t service = 0; service < SIM_SERVICES; service++)
        world_one_owner_each(world, service);
}
