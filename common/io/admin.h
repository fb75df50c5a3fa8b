// Looking after Kafka: topics are made, topics and groups are looked at. For tools; every call waits for its
// answer. Names of topics are whole, with their prefix.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_admin;

enum hy_admin_result {
    HY_ADMIN_OK,
    HY_ADMIN_EXISTS,  // it was there before; nothing was changed
    HY_ADMIN_UNKNOWN, // there is no such topic
    HY_ADMIN_AWAY,    // no broker answered in time
    HY_ADMIN_FAILED,  // the broker says no
};

enum { HY_ADMIN_SETTINGS_LIMIT = 8, HY_ADMIN_VALUE_BYTES = 64 };

struct hy_admin_setting {
    const char *name; // "retention.ms"
    char value[HY_ADMIN_VALUE_BYTES];
};

struct hy_admin_topic {
    const char *name;
    uint32_t partitions;
    uint32_t replication; // 0: as the broker likes
    struct hy_admin_setting settings[HY_ADMIN_SETTINGS_LIMIT];
    size_t setting_count;
};

struct hy_admin_member {
    const char *client_id; // texts are valid during the call-back
    const char *instance_id;
    const char *host;
};

// NULL, with a line in the log, when the settings are unusable.
struct hy_admin *hy_admin_open(const char *brokers, int timeout_ms);
void hy_admin_close(struct hy_admin *admin);
// Why the last call did not return OK; English, from Kafka.
const char *hy_admin_reason(const struct hy_admin *admin);

// The id that the cluster gave itself when it was made; "" when the broker does not say.
void hy_admin_cluster(struct hy_admin *admin, char *ret_id, size_t size);

enum hy_admin_result hy_admin_create_topic(struct hy_admin *admin, const struct hy_admin_topic *topic);
enum hy_admin_result hy_admin_partitions(struct hy_admin *admin, const char *topic, uint32_t *ret_partitions);
// Fills the values of the settings named in `settings`; "" where the broker names none.
enum hy_admin_result hy_admin_settings(struct hy_admin *admin, const char *topic,
                                       struct hy_admin_setting *settings, size_t count);
// First offset kept, and the next to be written.
enum hy_admin_result hy_admin_range(struct hy_admin *admin, const char *topic, uint32_t partition,
                                    int64_t *ret_low, int64_t *ret_high);

// Calls `found` for each partition that a member of the group was given; also for a member without any (topic
// NULL). An unknown group has no members. `ret_state`: "Stable", "Empty", …
typedef void (*hy_admin_found)(void *context, const struct hy_admin_member *member, const char *topic,
                               uint32_t partition);
enum hy_admin_result hy_admin_group(struct hy_admin *admin, const char *group, hy_admin_found found,
                                    void *context, char ret_state[32]);
// Committed offsets of the partitions 0 … count-1; -1: none.
enum hy_admin_result hy_admin_committed(struct hy_admin *admin, const char *group, const char *topic,
                                        int64_t *ret_offsets, uint32_t count);
