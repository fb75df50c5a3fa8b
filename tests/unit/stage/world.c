#include "tests/unit/stage/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"

enum { TOY, FOLLOWER };

// The toy's input, with a caller at its end.
static struct hy_error read_input(void *context, uint32_t source, struct hy_bytes message,
                                  struct hy_arena *arena, struct hy_input *ret_input) {
    const struct toy_world *toys = context;
    const uint8_t *at = message.length > 0 ? memrchr(message.data, '@', message.length) : NULL;
    bool called = at != NULL && at > message.data;
    struct hy_bytes toy = called ? hy_bytes(message.data, (size_t)(at - 1 - message.data)) : message;
    struct hy_error error = toy_brain().read(NULL, source, toy, arena, ret_input);
    if (error.code != HY_OK || !called) return error;
    char *id = hy_arena_zero(arena, HY_COMMAND_ID_BYTES);
    hy_command_id_make(id, hy_partition_of(hy_bytes_of(ret_input->member_id), toys->world.options.partitions),
                       ret_input->member_id, ret_input->id);
    ret_input->command_id = id;
    ret_input->reply_to =
        hy_arena_string(arena, (const char *)at + 1, message.length - (size_t)(at + 1 - message.data));
    return HY_NO_ERROR;
}

static bool look(void *context) {
    struct judge *judge = &((struct toy_world *)context)->judge;
    return judge_logs(judge) && judge_redis(judge, false);
}

static void heard(void *context, struct hy_bytes answer) {
    struct toy_world *toys = context;
    toys->answers[toys->answer_count++ % WORLD_ANSWERS] = hy_arena_bytes(&toys->judge.arena, answer);
    if (judge_logs(&toys->judge)) judge_answer(&toys->judge, answer);
}

static void world_fails(void *context, const char *text) {
    judge_fail(&((struct toy_world *)context)->judge, "%s", text);
}

static void note_effect(void *context, const char *member_id, struct hy_bytes effect) {
    struct toy_world *toys = context;
    toys->effects++;
    world_note(&toys->world, "effect for %s: %.*s", member_id, (int)effect.length, (const char *)effect.data);
    char input_id[64];
    snprintf(input_id, sizeof input_id, "%.*s", (int)effect.length, (const char *)effect.data);
    judge_effect(&toys->judge, member_id, input_id);
}

static int64_t follower_due(void *context, const void *state) {
    int64_t due_ms = ((const struct toy_state *)state)->due_ms;
    return due_ms == 0 ? 0 : due_ms + ((const struct toy_world *)context)->due_later_ms;
}

static uint64_t follower_due_version(void *context) {
    return ((const struct toy_world *)context)->due_version;
}

static const struct hy_brain *open_toy(struct world *world, struct world_instance *instance) {
    (void)instance;
    return &toys(world)->brain;
}

static const struct hy_brain *open_follower(struct world *world, struct world_instance *instance) {
    (void)instance;
    return &toys(world)->follower;
}

struct world *world_new(uint32_t partitions) {
    static const struct world_service services[] = {
        [TOY] = {.name = "toy", .open = open_toy},
        [FOLLOWER] = {.name = "follower", .open = open_follower},
    };
    struct toy_world *toys = hy_calloc(1, sizeof *toys);
    struct world *world = &toys->world;
    world_open(world, partitions, services, 2, &(struct world_watch){toys, look, heard, world_fails});
    toys->brain = toy_brain();
    toys->brain.context = toys;
    toys->brain.read = read_input;
    toys->follower = toy_follower();
    toys->follower.context = toys;
    toys->follower.effect = note_effect;
    toys->follower.due = follower_due;
    toys->follower.due_version = follower_due_version;
    judge_init(&toys->judge, world->broker, world->table, world->options.redis_prefix, partitions);
    return world;
}

uint32_t world_start(struct world *world) {
    return world_start_service(world, TOY);
}

uint32_t world_start_follower(struct world *world) {
    return world_start_service(world, FOLLOWER);
}

bool world_follows(const struct world_instance *instance) {
    return instance->alive && instance->service == FOLLOWER;
}

void world_one_owner(struct world *world, bool follower) {
    world_one_owner_each(world, follower ? FOLLOWER : TOY);
}

uint32_t world_start_owner(struct world *world) {
    uint32_t index = world_start(world);
    for (uint32_t p = 0; p < world->options.partitions; p++)
        world_own(world, index, p);
    return index;
}

bool world_check(struct world *world) {
    return judge_logs(&toys(world)->judge) && judge_redis(&toys(world)->judge, true);
}

static bool follower_at_rest(struct world *world) {
    struct judge *judge = &toys(world)->judge;
    if (!judge_followers_rest(judge)) return false;
    for (size_t i = 0; i < judge->member_count; i++) {
        const struct judge_member *member = &judge->members[i];
        int64_t sum = world_sum_in(world, "tiers", member->id);
        if (sum != member->followed)
            return judge_fail(judge, "the follower has %" PRId64 " instead of %" PRId64 " for %s", sum,
                              member->followed, member->id);
        int64_t due_ms = world_due_in(world, "tiers", member->id);
        int64_t wanted_ms =
            member->followed_due_ms == 0 ? 0 : member->followed_due_ms + toys(world)->due_later_ms;
        if (due_ms != wanted_ms)
            return judge_fail(judge, "the follower's timer of %s is at %" PRId64 " instead of %" PRId64,
                              member->id, due_ms, wanted_ms);
    }
    return true;
}

bool world_at_rest(struct world *world) {
    if (!world_idle(world)) return false;
    if (!judge_rest(&toys(world)->judge)) return false;
    if (toys(world)->judge.followed && !follower_at_rest(world)) return false;
    for (uint32_t p = 0; p < world->options.partitions; p++) {
        if (world_seq(world, p) != toys(world)->judge.logs[p].seq)
            return judge_fail(&toys(world)->judge,
                              "Redis is at seq %" PRIu64 " of %" PRIu64 " in partition %u",
                              world_seq(world, p), toys(world)->judge.logs[p].seq, p);
    }
    return true;
}

const char *world_fault(const struct world *world) {
    return toys(world)->judge.fault;
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
    world_close(world);
    judge_free(&toys(world)->judge);
    hy_free(toys(world));
}
