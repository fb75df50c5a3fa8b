// `keys`: makes, lists and revokes the API keys of the gateway. Kafka holds only their hashes.
#include <stdlib.h>
#include <string.h>

#include "cli/append.h"
#include "cli/kafka.h"
#include "common/base/arena.h"
#include "common/base/calendar.h"
#include "common/base/memory.h"
#include "common/contract/access_key.h"
#include "common/contract/limits.h"
#include "common/io/clock.h"
#include "common/io/crypto.h"

enum { NAME_LIMIT_BYTES = 64 };

#define TOPIC "access"

// --- what is there ---

struct held_key {
    struct hy_bytes hash;        // the key of the topic
    Huiyuan__V1__AccessKey *key; // NULL: revoked
};

struct held {
    struct hy_arena arena;
    struct held_key *keys; // in the order in which they were made
    size_t count, capacity;
};

static struct held_key *place_of(struct held *held, struct hy_bytes hash) {
    for (size_t i = 0; i < held->count; i++) {
        if (hy_bytes_equal(held->keys[i].hash, hash)) return &held->keys[i];
    }
    if (held->count == held->capacity) {
        held->capacity = held->capacity == 0 ? 16 : held->capacity * 2;
        held->keys = hy_realloc(held->keys, held->capacity * sizeof *held->keys);
    }
    held->keys[held->count] = (struct held_key){hy_arena_bytes(&held->arena, hash), NULL};
    return &held->keys[held->count++];
}

static bool take(void *context, const struct hy_message *message) {
    struct held *held = context;
    struct held_key *place = place_of(held, message->key);
    place->key = NULL;
    if (message->value.length > 0)
        place->key = huiyuan__v1__access_key__unpack(&held->arena.protobuf, message->value.length,
                                                     message->value.data);
    return true;
}

// False, with a line on stderr, when Kafka is away or the topic is missing. Free in both cases.
static bool held_read(const struct cli *cli, struct held *ret_held) {
    *ret_held = (struct held){0};
    hy_arena_init(&ret_held->arena);
    size_t count;
    struct kafka_span *spans = kafka_spans(cli, TOPIC, 0, &count);
    if (spans == NULL) return false;
    bool good = kafka_read(cli, TOPIC, spans, count, take, ret_held);
    hy_free(spans);
    return good;
}

static void held_free(struct held *held) {
    hy_free(held->keys);
    hy_arena_free(&held->arena);
}

// --- add ---

static void draw(uint8_t ret_random[HY_SECRET_RANDOM_BYTES]) {
    for (size_t at = 0; at < HY_SECRET_RANDOM_BYTES; at += 4) {
        uint64_t random = hy_random64();
        memcpy(ret_random + at, &random, 4);
    }
}

static bool add(const struct cli *cli, Huiyuan__V1__Role role, char *name, char ret_secret[HY_SECRET_BYTES]) {
    uint8_t random[HY_SECRET_RANDOM_BYTES];
    char beginning[HY_SECRET_BYTES];
    char hash[HY_SECRET_HASH_BYTES];
    uint8_t bytes[512];
    draw(random);
    hy_secret_make(role, random, ret_secret);
    hy_secret_beginning(ret_secret, beginning);
    hy_secret_hash(ret_secret, hash);
    Huiyuan__V1__AccessKey key = HUIYUAN__V1__ACCESS_KEY__INIT;
    key.role = role;
    key.name = name;
    key.beginning = beginning;
    key.created_at_ms = hy_clock_now_ms();
    size_t size = huiyuan__v1__access_key__pack(&key, bytes);
    return append_one(cli, TOPIC, hy_bytes_of(hash), hy_bytes(bytes, size));
}

static bool arguments_good(const char *role_name, const char *name, Huiyuan__V1__Role *ret_role) {
    size_t length = strlen(name);
    if (!hy_role_by_name(role_name, ret_role)) {
        say_error("%s: no such role; store, marketing, desk or operations / 没有该角色", role_name);
        return false;
    }
    if (length >= 1 && length <= NAME_LIMIT_BYTES && hy_text_has_form(HY_FORM_TEXT, name, length))
        return true;
    say_error("NAME: 1 to %d bytes of text, for people to know whose key it is / 名称须为 1 到 %d 字节",
              NAME_LIMIT_BYTES, NAME_LIMIT_BYTES);
    return false;
}

static int run_add(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    Huiyuan__V1__Role role;
    char secret[HY_SECRET_BYTES];
    uint32_t partitions;
    if (!arguments_good(arguments[0], arguments[1], &role)) return CLI_USAGE;
    if (!kafka_topic_partitions(cli, TOPIC, &partitions)) return CLI_FAULT;
    if (!add(cli, role, arguments[1], secret)) return CLI_FAULT;
    puts(secret);
    fflush(stdout);
    fputs("This is the only time that the key is shown: keep it / 密钥仅显示这一次，请妥善保存\n", stderr);
    return CLI_OK;
}

// --- list ---

static int run_list(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    struct held held;
    bool good = held_read(cli, &held);
    if (good) printf("%-28s %-12s %-26s %s\n", "BEGINNING", "ROLE", "MADE", "NAME");
    for (size_t i = 0; good && i < held.count; i++) {
        const Huiyuan__V1__AccessKey *key = held.keys[i].key;
        if (key == NULL) continue;
        char made[25];
        const char *role = hy_role_name(key->role);
        hy_time_format(key->created_at_ms, made);
        printf("%-28s %-12s %-26s %s\n", key->beginning, role == NULL ? "?" : role, made, key->name);
    }
    held_free(&held);
    return good ? CLI_OK : CLI_FAULT;
}

// --- revoke ---

// The only key in force that begins so; NULL, with a line on stderr.
static const struct held_key *find_one(const struct held *held, const char *beginning) {
    const struct held_key *found = NULL;
    for (size_t i = 0; i < held->count; i++) {
        const struct held_key *key = &held->keys[i];
        if (key->key == NULL || strncmp(key->key->beginning, beginning, strlen(beginning)) != 0) continue;
        if (found != NULL) {
            say_error("several keys begin with %s / 有多个密钥以此开头", beginning);
            return NULL;
        }
        found = key;
    }
    if (found == NULL)
        say_error(
            "no key in force begins with %s; `huiyuanctl keys list` shows them / 没有以此开头的有效密钥",
            beginning);
    return found;
}

static int run_revoke(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    struct held held;
    const struct held_key *found = held_read(cli, &held) ? find_one(&held, arguments[0]) : NULL;
    bool good = found != NULL && append_one(cli, TOPIC, found->hash, hy_bytes(NULL, 0));
    if (good) printf("revoked 已吊销  %s  %s\n", found->key->beginning, found->key->name);
    held_free(&held);
    return good ? CLI_OK : CLI_FAULT;
}

const struct cli_command command_keys_add = {
    .name = "keys add",
    .arguments = "ROLE NAME",
    .english = "make an API key; prints its secret once",
    .chinese = "生成 API 密钥，密钥仅显示一次",
    .more = "ROLE is store, marketing, desk or operations; NAME says whose it is, for people.\n"
            "The secret alone is on stdout. Only its hash is kept.\n"
            "角色：store 门店、marketing 市场、desk 客服、operations 运营；系统只保存密钥的哈希值。",
    .argument_min = 2,
    .argument_max = 2,
    .run = run_add,
};

const struct cli_command command_keys_list = {
    .name = "keys list",
    .arguments = "",
    .english = "the API keys in force, without their secrets",
    .chinese = "列出有效的 API 密钥（不含密钥本身）",
    .run = run_list,
};

const struct cli_command command_keys_revoke = {
    .name = "keys revoke",
    .arguments = "BEGINNING",
    .english = "end an API key; gateways refuse it at once",
    .chinese = "吊销 API 密钥，立即生效",
    .more = "BEGINNING is as `keys list` shows it, or less of it, as long as one key alone begins so.",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_revoke,
};
