#include "common/stage/keys.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"

// Ids are bounded by the contract, so a name that does not fit is a mistake in the program.
__attribute__((format(printf, 1, 2))) static struct hy_key make(const char *format, ...) {
    struct hy_key key;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(key.text, sizeof key.text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof key.text) abort();
    key.length = (uint32_t)length;
    return key;
}

struct hy_key hy_key_watermark(const struct hy_key_space *space) {
    return make("%s{%" PRIu32 "}:%s:w", space->prefix, space->partition, space->log);
}

// On the hot path: once for each member of a batch, so without printf.
struct hy_key hy_key_member(const struct hy_key_space *space, const char *member_id) {
    struct hy_key key = make("%s{%" PRIu32 "}:%s:m:", space->prefix, space->partition, space->log);
    size_t length = strlen(member_id);
    if (key.length + length >= sizeof key.text) abort();
    memcpy(key.text + key.length, member_id, length + 1);
    key.length += (uint32_t)length;
    return key;
}

struct hy_key hy_key_page(const struct hy_key_space *space, const char *member_id, uint64_t page) {
    return make("%s{%" PRIu32 "}:%s:p:%" PRIu64 ":%s", space->prefix, space->partition, space->log, page,
                member_id);
}

struct hy_key hy_key_timers(const struct hy_key_space *space) {
    return make("%s{%" PRIu32 "}:%s:t", space->prefix, space->partition, space->log);
}

struct hy_key hy_key_answer(const struct hy_key_space *space, const char *command_id) {
    return make("%s{%" PRIu32 "}:%s:a:%s", space->prefix, space->partition, space->log, command_id);
}

struct hy_key hy_key_pattern(const struct hy_key_space *space) {
    return make("%s{%" PRIu32 "}:%s:*", space->prefix, space->partition, space->log);
}

struct hy_key hy_key_replies(const char *prefix, const char *instance) {
    return make("%sreplies:%s", prefix, instance);
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
