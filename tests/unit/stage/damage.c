#include "tests/unit/stage/damage.h"

#include <string.h>

#include "common/base/memory.h"

enum { TURNS_LIMIT = 500, TURN_MS = 100 };

enum damage { ALTERED, LOST, REPEATED, CUT, INPUT_GONE, DAMAGES };

static const char *const names[DAMAGES] = {
    [ALTERED] = "a byte of a block was altered",
    [LOST] = "a message was lost",
    [REPEATED] = "a block was overwritten with an earlier one",
    [CUT] = "the end of the log was lost",
    [INPUT_GONE] = "an input was lost before it was taken",
};

static struct hy_message message_at(struct world *world, uint32_t partition, int64_t offset) {
    struct hy_message message = {0};
    hy_mem_broker_read(world->broker, "points", partition, offset, &message);
    return message;
}

static void alter_byte(struct world *world, uint32_t partition, int64_t offset) {
    struct hy_bytes value = message_at(world, partition, offset).value;
    uint8_t *bytes = hy_malloc(value.length);
    memcpy(bytes, value.data, value.length);
    bytes[world_draw(world, value.length)] ^= (uint8_t)(1 << world_draw(world, 8));
    hy_mem_broker_alter(world->broker, "points", partition, offset, hy_bytes(bytes, value.length));
    hy_free(bytes);
}

static void lose_input(struct world *world, uint32_t partition) {
    world_put_at(world, "purchases", partition, hy_bytes_of("m0 gone 1000 5"));
    hy_mem_broker_trim(world->broker, "purchases", partition,
                       hy_mem_broker_end(world->broker, "purchases", partition));
}

// Written again by a retry of the bus: then the second one counts in its place, and nothing is lost.
static bool stands_twice(struct world *world, uint32_t partition, int64_t offset) {
    struct hy_bytes value = message_at(world, partition, offset).value;
    int64_t end = hy_mem_broker_end(world->broker, "points", partition);
    while (++offset < end) {
        if (hy_bytes_equal(message_at(world, partition, offset).value, value)) return true;
    }
    return false;
}

static void damage(struct world *world, uint32_t partition, uint64_t seq, enum damage kind) {
    const struct judge_log *log = &toys(world)->judge.logs[partition];
    int64_t offset = log->blocks[seq].offset;
    // Otherwise Redis would spare the new owner that part of the log.
    if (kind == ALTERED || kind == LOST || kind == REPEATED) hy_mem_table_flush(world->table);
    switch (kind) {
    case ALTERED: alter_byte(world, partition, offset); break;
    case LOST: // claims too, and blocks that do not count
        offset = (int64_t)world_draw(world, (uint64_t)offset + 1);
        hy_mem_broker_alter(world->broker, "points", partition, offset, hy_bytes(NULL, 0));
        break;
    case REPEATED:
        hy_mem_broker_alter(world->broker, "points", partition, offset,
                            message_at(world, partition, log->blocks[seq - 1].offset).value);
        break;
    case CUT: hy_mem_broker_cut(world->broker, "points", partition, offset); break;
    default: lose_input(world, partition);
    }
}

bool damage_noticed(struct world *world) {
    uint32_t partition = (uint32_t)world_draw(world, world->options.partitions);
    enum damage kind = (enum damage)world_draw(world, DAMAGES);
    const struct judge_log *log = &toys(world)->judge.logs[partition];
    if (log->seq < 3) return true;
    // Not the last: what nobody has built upon yet, nobody can miss.
    uint64_t seq = 2 + world_draw(world, log->seq - 2);
    if (stands_twice(world, partition, log->blocks[seq].offset)) return true;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i].alive) world_crash(world, i, 0);
    }
    world_note(world, "partition %u: %s", partition, names[kind]);
    damage(world, partition, seq, kind);
    uint32_t owner = world_start(world);
    world_own(world, owner, partition);
    for (int turn = 0; turn < TURNS_LIMIT; turn++) {
        world_turn(world, owner);
        world->now_ms += TURN_MS;
        if (hy_stage_stopped(world->instances[owner].stage) == 1) return true;
    }
    return judge_fail(&toys(world)->judge, "partition %u: %s, and nobody noticed", partition, names[kind]);
}
