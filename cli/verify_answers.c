// Answers: what Redis would tell a caller is what a record of the log says. So nothing was answered before it
// was durable.
#include <string.h>

#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/hash.h"
#include "common/base/memory.h"

enum { KEYS_A_CALL = 400 };

struct found {
    uint32_t partition;
    struct hy_key key;
    uint64_t command_hash;
};

// Some that are asked for together.
struct verify_answers {
    struct verify *verify;
    size_t count;
    struct found items[KEYS_A_CALL];
};

// One that no record explains yet: it may be newer than the fold.
struct unexplained {
    struct unexplained *next;
    uint32_t partition;
    uint64_t hash;
    struct hy_key key;
};

static struct verify_answers *gathering;
static struct unexplained *unexplained;
static bool away;

static void take_answers(void *context, const struct hy_store_answer *answer) {
    struct verify_answers *asked = context;
    away |= answer->status == HY_STORE_AWAY;
    for (size_t i = 0; answer->status == HY_STORE_OK && i < asked->count; i++) {
        const struct found *found = &asked->items[i];
        if (answer->values[i].data == NULL) continue; // it has expired
        verify_count(asked->verify, CHECK_ANSWERS, 1);
        uint64_t hash = seen_mix(found->command_hash, hy_hash64(answer->values[i]));
        if (seen_has(&asked->verify->parts[found->partition].answers, hash)) continue;
        struct unexplained *kept = hy_malloc(sizeof *kept);
        *kept = (struct unexplained){unexplained, found->partition, hash, found->key};
        unexplained = kept;
    }
    hy_free(asked);
}

static void ask(struct hy_store *store) {
    struct hy_bytes keys[KEYS_A_CALL];
    for (size_t i = 0; i < gathering->count; i++)
        keys[i] = hy_key_bytes(&gathering->items[i].key);
    hy_store_get(store, keys, gathering->count, take_answers, gathering);
    gathering = NULL;
}

void verify_answer_found(struct verify *verify, struct hy_store *store, uint32_t partition,
                         struct hy_bytes key, const char *command_id) {
    if (gathering == NULL) {
        gathering = hy_malloc(sizeof *gathering);
        gathering->verify = verify;
        gathering->count = 0;
    }
    struct found *found = &gathering->items[gathering->count++];
    found->partition = partition;
    found->command_hash = hy_hash64(hy_bytes_of(command_id));
    found->key.length = (uint32_t)key.length; // verify_keys took it apart, so it has room
    memcpy(found->key.text, key.data, key.length);
    found->key.text[key.length] = '\0';
    if (gathering->count == KEYS_A_CALL) ask(store);
}

bool verify_answers(struct verify *verify, struct hy_store *store) {
    if (gathering != NULL) ask(store);
    redis_wait(store, 0);
    bool good = !away;
    if (away) redis_say_away(verify->cli);
    away = false;
    return good;
}

void verify_answers_end(struct verify *verify) {
    while (unexplained != NULL) {
        struct unexplained *first = unexplained;
        const struct verify_part *part = &verify->parts[first->partition];
        unexplained = first->next;
        if (!part->broken && !seen_has(&part->answers, first->hash))
            verify_fault(verify, CHECK_ANSWERS, NULL,
                         "key %s: no record of the log answers so / 日志中没有与该答复一致的流水",
                         first->key.text);
        hy_free(first);
    }
}
