#include "services/gateway/access.h"

#include <pthread.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/map.h"
#include "common/base/memory.h"
#include "common/contract/access_key.h"
#include "common/io/log.h"

struct entry {
    char hash[HY_SECRET_HASH_BYTES];
    Huiyuan__V1__Role role;
};

struct access {
    pthread_rwlock_t lock;
    struct hy_map entries; // by hash
};

static bool same(const void *value, const void *key) {
    return strcmp(((const struct entry *)value)->hash, key) == 0;
}

static struct entry *find(const struct access *access, const char *hash) {
    return hy_map_find(&access->entries, hy_hash64(hy_bytes_of(hash)), same, hash);
}

struct access *access_new(void) {
    struct access *access = hy_calloc(1, sizeof *access);
    pthread_rwlock_init(&access->lock, NULL);
    hy_map_init(&access->entries);
    return access;
}

void access_free(struct access *access) {
    if (access == NULL) return;
    size_t cursor = 0;
    for (struct entry *entry; (entry = hy_map_next(&access->entries, &cursor)) != NULL;)
        hy_free(entry);
    hy_map_free(&access->entries);
    pthread_rwlock_destroy(&access->lock);
    hy_free(access);
}

// No role: the key is not in force.
static void set(struct access *access, const char *hash, Huiyuan__V1__Role role) {
    uint64_t place = hy_hash64(hy_bytes_of(hash));
    struct entry *entry = find(access, hash);
    if (entry != NULL && role == HUIYUAN__V1__ROLE__ROLE_UNSPECIFIED) {
        hy_map_remove(&access->entries, place, entry);
        hy_free(entry);
    } else if (role != HUIYUAN__V1__ROLE__ROLE_UNSPECIFIED) {
        if (entry == NULL) {
            entry = hy_calloc(1, sizeof *entry);
            memcpy(entry->hash, hash, sizeof entry->hash);
            hy_map_add(&access->entries, place, entry);
        }
        entry->role = role;
    }
}

void access_take(void *context, struct hy_bytes key, struct hy_bytes value) {
    struct access *access = context;
    char hash[HY_SECRET_HASH_BYTES] = "";
    Huiyuan__V1__Role role = HUIYUAN__V1__ROLE__ROLE_UNSPECIFIED;
    Huiyuan__V1__AccessKey *message = huiyuan__v1__access_key__unpack(NULL, value.length, value.data);
    if (message == NULL || key.length != sizeof hash - 1) {
        hy_log(HY_LOG_ERROR, "access_unreadable", "a message of topic access cannot be read");
    } else {
        memcpy(hash, key.data, key.length);
        if (hy_role_name(message->role) != NULL) role = message->role; // a role of a newer version: not here
        pthread_rwlock_wrlock(&access->lock);
        set(access, hash, role);
        pthread_rwlock_unlock(&access->lock);
    }
    if (message != NULL) huiyuan__v1__access_key__free_unpacked(message, NULL);
}

bool access_find(struct access *access, const char *secret, Huiyuan__V1__Role *ret_role) {
    char hash[HY_SECRET_HASH_BYTES];
    hy_secret_hash(secret, hash);
    pthread_rwlock_rdlock(&access->lock);
    const struct entry *entry = find(access, hash);
    if (entry != NULL) *ret_role = entry->role;
    pthread_rwlock_unlock(&access->lock);
    return entry != NULL;
}
