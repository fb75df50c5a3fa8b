#include "common/stage/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"

// Built without printf: two keys for each member of a batch. Ids are bounded by the contract, so a name that
// does not fit is a mistake in the program.
static void add(struct hy_key *key, const char *text) {
    size_t length = strlen(text);
    if (key->length + length >= sizeof key->text) abort();
    memcpy(key->text + key->length, text, length + 1);
    key->length += (uint32_t)length;
}

static void add_number(struct hy_key *key, uint64_t number) {
    char digits[21];
    char *p = digits + sizeof digits - 1;
    *p = '\0';
    do
        *--p = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add(key, p);
}

// "hy:{3}:"
static struct hy_key make_in(const char *prefix, uint32_t partition) {
    struct hy_key key;
    key.length = 0;
    add(&key, prefix);
    add(&key, "{");
    add_number(&key, partition);
    add(&key, "}:");
    return key;
}

// "hy:{3}:points" and the kind of what follows.
static struct hy_key make(const struct hy_key_space *space, const char *kind) {
    struct hy_key key = make_in(space->prefix, space->partition);
    add(&key, space->log);
    add(&key, kind);
    return key;
}

struct hy_key hy_key_watermark(const struct hy_key_space *space) {
    return make(space, ":w");
}

struct hy_key hy_key_member(const struct hy_key_space *space, const char *member_id) {
    struct hy_key key = make(space, ":m:");
    add(&key, member_id);
    return key;
}

struct hy_key hy_key_page(const struct hy_key_space *space, const char *member_id, uint64_t page) {
    struct hy_key key = make(space, ":p:");
    add_number(&key, page);
    add(&key, ":");
    add(&key, member_id);
    return key;
}

struct hy_key hy_key_timers(const struct hy_key_space *space) {
    return make(space, ":t");
}

struct hy_key hy_key_answer(const struct hy_key_space *space, const char *command_id) {
    struct hy_key key = make(space, ":a:");
    add(&key, command_id);
    return key;
}

struct hy_key hy_key_pattern(const struct hy_key_space *space) {
    return make(space, ":*");
}

struct hy_key hy_key_member_key(const char *prefix, uint32_t partition, const char *member_id) {
    struct hy_key key = make_in(prefix, partition);
    add(&key, "key:");
    add(&key, member_id);
    return key;
}

struct hy_key hy_key_member_keys_watermark(const char *prefix, uint32_t partition) {
    struct hy_key key = make_in(prefix, partition);
    add(&key, "keys:w");
    return key;
}

struct hy_key hy_key_replies(const char *prefix, const char *instance) {
    struct hy_key key;
    key.length = 0;
    add(&key, prefix);
    add(&key, "replies:");
    add(&key, instance);
    return key;
}

void hy_command_id_make(char ret_id[HY_COMMAND_ID_BYTES], uint32_t partition, const char *member_id,
                        const char *input_id) {
    char both[HY_KEY_LIMIT_BYTES];
    int length = snprintf(both, sizeof both, "%s\n%s", member_id, input_id);
    size_t used = length < 0 ? 0 : (size_t)length < sizeof both ? (size_t)length : sizeof both - 1;
    snprintf(ret_id, HY_COMMAND_ID_BYTES, "%" PRIu32 "-%016" PRIx64, partition,
             hy_hash64(hy_bytes(both, used)));
}

bool hy_command_id_partition(const char *command_id, uint32_t *ret_partition) {
    uint32_t partition = 0;
    const char *p = command_id;
    for (; *p >= '0' && *p <= '9' && p - command_id < 6; p++)
        partition = partition * 10 + (uint32_t)(*p - '0');
    if (p == command_id || *p != '-' || strlen(p + 1) != 16 || strspn(p + 1, "0123456789abcdef") != 16)
        return false;
    *ret_partition = partition;
    return true;
}
