// Keys that nobody knows: everything that Redis has of a log must be what the log says.
#include <stdlib.h>
#include <string.h>

#include "cli/redis.h"
#include "cli/verify.h"
#include "common/base/hash.h"
#include "common/base/memory.h"

// A key that the fold did not know when it was found: it may be newer than the fold.
struct unknown {
    struct unknown *next;
    char key[];
};

static struct unknown *unknown_keys;

// The partition in the name of a key, and what follows the name of the log. False: it has another form.
static bool take_apart(const struct verify *verify, char *key, uint32_t *ret_partition, char **ret_kind) {
    char *end;
    size_t log = strlen(verify->brain->log);
    unsigned long partition = strtoul(key + strlen(verify->cli->redis_prefix) + 1, &end, 10);
    if (partition >= verify->count || strncmp(end, "}:", 2) != 0) return false;
    if (strncmp(end + 2, verify->brain->log, log) != 0 || end[2 + log] != ':') return false;
    *ret_partition = (uint32_t)partition;
    *ret_kind = end + 2 + log + 1;
    return true;
}

// A key in Redis, taken apart.
struct key {
    char text[HY_KEY_LIMIT_BYTES];
    uint32_t partition;
    char *kind;     // "m:…"
    const char *id; // of the member, or the command; NULL: the partition's own
    uint64_t page;
};

// False: no service of ours makes such a key.
static bool understand(const struct verify *verify, struct hy_bytes text, struct key *ret_key) {
    char *end;
    if (text.length >= sizeof ret_key->text) return false;
    memcpy(ret_key->text, text.data, text.length);
    ret_key->text[text.length] = '\0';
    if (!take_apart(verify, ret_key->text, &ret_key->partition, &ret_key->kind)) return false;
    ret_key->id = NULL;
    if (strcmp(ret_key->kind, "w") == 0 || strcmp(ret_key->kind, "t") == 0) return true;
    ret_key->id = ret_key->kind + 2;
    if (strncmp(ret_key->kind, "m:", 2) == 0) return true;
    uint32_t home;
    if (strncmp(ret_key->kind, "a:", 2) == 0)
        return hy_command_id_partition(ret_key->id, &home) && home == ret_key->partition;
    ret_key->page = strtoull(ret_key->id, &end, 10);
    ret_key->id = end + 1;
    return strncmp(ret_key->kind, "p:", 2) == 0 && *end == ':';
}

static bool knows(const struct verify *verify, const struct key *key) {
    const struct verify_part *part = &verify->parts[key->partition];
    if (key->id == NULL || key->kind[0] == 'a' || part->broken) return true;
    const struct verify_member *member = verify_member_find(part, key->id);
    if (member == NULL || member->member->entries == 0) return false;
    return key->kind[0] == 'm' || key->page < member->member->entries / HY_PAGE_RECEIPTS;
}

struct scan {
    struct verify *verify;
    struct hy_store *store;
};

static void found_key(void *context, struct hy_bytes text) {
    const struct scan *scan = context;
    struct verify *verify = scan->verify;
    struct key key;
    bool good = understand(verify, text, &key);
    // What belongs to no member is looked at once.
    if (good && key.id != NULL ? !verify_is_ours(verify, hy_hash64(hy_bytes_of(key.id))) : !verify->first)
        return;
    verify_count(verify, CHECK_KEYS, 1);
    if (good && key.kind[0] == 'a' && !verify->fold_only && !verify->parts[key.partition].broken)
        verify_answer_found(verify, scan->store, key.partition, text, key.id);
    if (good && knows(verify, &key)) return;
    struct unknown *unknown = hy_malloc(sizeof *unknown + text.length + 1);
    memcpy(unknown->key, text.data, text.length);
    unknown->key[text.length] = '\0';
    unknown->next = unknown_keys;
    unknown_keys = unknown;
}

static void make_pattern(const struct verify *verify, char ret_pattern[HY_KEY_LIMIT_BYTES]) {
    snprintf(ret_pattern, HY_KEY_LIMIT_BYTES, "%s{*}:%s:*", verify->cli->redis_prefix, verify->brain->log);
}

bool verify_keys_any(const struct verify *verify, struct hy_store *store, bool *ret_any) {
    char pattern[HY_KEY_LIMIT_BYTES];
    make_pattern(verify, pattern);
    return redis_any(verify->cli, store, pattern, ret_any);
}

bool verify_keys(struct verify *verify, struct hy_store *store) {
    char pattern[HY_KEY_LIMIT_BYTES];
    make_pattern(verify, pattern);
    struct scan scan = {verify, store};
    bool good = redis_scan(verify->cli, store, pattern, found_key, &scan);
    return verify_answers(verify, store) && good;
}

void verify_keys_unknown(struct verify *verify, verify_stray stray, void *context) {
    while (unknown_keys != NULL) {
        struct unknown *unknown = unknown_keys;
        struct key key = {.partition = UINT32_MAX};
        unknown_keys = unknown->next;
        if (!understand(verify, hy_bytes_of(unknown->key), &key) || !knows(verify, &key))
            stray(context, key.partition, unknown->key);
        hy_free(unknown);
    }
}

static void report_stray(void *context, uint32_t partition, const char *key) {
    (void)partition;
    verify_fault(context, CHECK_KEYS, NULL,
                 "key %s belongs to nothing that the log knows / 该键不属于日志中的任何内容", key);
}

void verify_keys_end(struct verify *verify) {
    verify_keys_unknown(verify, report_stray, verify);
}

void verify_keys_forget(void) {
    while (unknown_keys != NULL) {
        struct unknown *unknown = unknown_keys;
        unknown_keys = unknown->next;
        hy_free(unknown);
    }
}
