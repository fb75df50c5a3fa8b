#include "common/io/bus_mem_broker.h"

#include <string.h>

#include "common/base/memory.h"
#include "common/io/log.h"

static struct hy_mem_broker *current;

struct hy_mem_broker *hy_mem_broker_new(void) {
    struct hy_mem_broker *broker = hy_calloc(1, sizeof *broker);
    broker->last_late = &broker->first_late;
    return broker;
}

static struct late *take_late(struct hy_mem_broker *broker) {
    struct late *late = broker->first_late;
    if (late == NULL) return NULL;
    broker->first_late = late->next;
    if (broker->first_late == NULL) broker->last_late = &broker->first_late;
    return late;
}

static void free_topic(struct topic *topic) {
    for (uint32_t i = 0; i < topic->partition_count; i++) {
        struct partition *partition = &topic->partitions[i];
        for (size_t offset = 0; offset < partition->count; offset++) {
            hy_free(partition->records[offset]);
        }
        hy_free(partition->records);
    }
    hy_free(topic->partitions);
    hy_free(topic->name);
}

struct hy_mem_broker *mem_broker_current(void) {
    return current;
}

void hy_mem_broker_free(struct hy_mem_broker *broker) {
    for (struct late *late = take_late(broker); late != NULL; late = take_late(broker)) {
        if (!late->written) hy_free(late->record);
        hy_free(late);
    }
    for (uint32_t i = 0; i < broker->topic_count; i++) {
        free_topic(&broker->topics[i]);
    }
    if (current == broker) current = NULL;
    hy_free(broker);
}

void hy_bus_mem_use(struct hy_mem_broker *broker) {
    current = broker;
}

void hy_mem_broker_choose(struct hy_mem_broker *broker, hy_mem_choose_fate choose, void *context) {
    broker->choose = choose;
    broker->choose_context = context;
}

void hy_mem_broker_away(struct hy_mem_broker *broker, bool away) {
    broker->away = away;
}

void hy_mem_broker_set_time(struct hy_mem_broker *broker, int64_t now_ms) {
    broker->now_ms = now_ms;
}

uint32_t mem_topic_index(struct hy_mem_broker *broker, const char *name) {
    for (uint32_t i = 0; i < broker->topic_count; i++) {
        if (strcmp(broker->topics[i].name, name) == 0) return i;
    }
    if (broker->topic_count == MEM_TOPICS_LIMIT) {
        hy_log(HY_LOG_ERROR, "mem_topics", "more than %d topics", MEM_TOPICS_LIMIT);
        return 0;
    }
    broker->topics[broker->topic_count] = (struct topic){.name = hy_strdup(name)};
    return broker->topic_count++;
}

struct partition *mem_partition_at(struct hy_mem_broker *broker, uint32_t topic, uint32_t partition) {
    struct topic *of = &broker->topics[topic];
    if (partition >= of->partition_count) {
        of->partitions = hy_realloc(of->partitions, (partition + 1) * sizeof *of->partitions);
        for (uint32_t i = of->partition_count; i <= partition; i++) {
            of->partitions[i] = (struct partition){.committed = -1};
        }
        of->partition_count = partition + 1;
    }
    return &of->partitions[partition];
}

static struct partition *partition_named(struct hy_mem_broker *broker, const char *topic,
                                         uint32_t partition) {
    return mem_partition_at(broker, mem_topic_index(broker, topic), partition);
}

struct record *mem_record_new(struct hy_bytes key, struct hy_bytes value) {
    struct record *record = hy_calloc(1, sizeof *record + key.length + value.length);
    if (key.length > 0) memcpy(record->bytes, key.data, key.length);
    if (value.length > 0) memcpy(record->bytes + key.length, value.data, value.length);
    record->key = hy_bytes(key.data != NULL ? record->bytes : NULL, key.length);
    record->value = hy_bytes(value.data != NULL ? record->bytes + key.length : NULL, value.length);
    return record;
}

int64_t mem_write(struct hy_mem_broker *broker, struct partition *to, struct record *record) {
    if (to->count == to->capacity) {
        to->capacity = to->capacity == 0 ? 64 : to->capacity * 2;
        to->records = hy_realloc(to->records, to->capacity * sizeof(struct record *));
    }
    record->timestamp_ms = broker->now_ms;
    to->records[to->count] = record;
    return (int64_t)to->count++;
}

int64_t hy_mem_broker_append(struct hy_mem_broker *broker, const char *topic, uint32_t partition,
                             struct hy_bytes key, struct hy_bytes value) {
    return mem_write(broker, partition_named(broker, topic, partition), mem_record_new(key, value));
}

bool mem_in_range(const struct partition *partition, int64_t offset) {
    return offset >= partition->low && offset < (int64_t)partition->count;
}

struct hy_message mem_message_of(const struct partition *partition, int64_t offset) {
    const struct record *record = partition->records[offset];
    return (struct hy_message){
        .offset = offset,
        .timestamp_ms = record->timestamp_ms,
        .key = record->key,
        .value = record->value,
    };
}

bool hy_mem_broker_read(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t offset,
                        struct hy_message *ret_message) {
    const struct partition *from = partition_named(broker, topic, partition);
    if (!mem_in_range(from, offset) || from->records[offset] == NULL) return false;
    *ret_message = mem_message_of(from, offset);
    ret_message->partition = partition;
    return true;
}

int64_t hy_mem_broker_end(struct hy_mem_broker *broker, const char *topic, uint32_t partition) {
    return (int64_t)partition_named(broker, topic, partition)->count;
}

int64_t hy_mem_broker_committed(struct hy_mem_broker *broker, const char *topic, uint32_t partition) {
    return partition_named(broker, topic, partition)->committed;
}

void hy_mem_broker_trim(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t low) {
    partition_named(broker, topic, partition)->low = low;
}

void hy_mem_broker_alter(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t offset,
                         struct hy_bytes value) {
    struct partition *of = partition_named(broker, topic, partition);
    struct record *record = of->records[offset];
    of->records[offset] = value.data == NULL ? NULL : mem_record_new(record->key, value);
    if (value.data != NULL) of->records[offset]->timestamp_ms = record->timestamp_ms;
    hy_free(record);
}

void hy_mem_broker_cut(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t end) {
    struct partition *of = partition_named(broker, topic, partition);
    while ((int64_t)of->count > end)
        hy_free(of->records[--of->count]);
}

void mem_finish(struct hy_mem_broker *broker, struct late *append) {
    struct hy_delivery *delivery = &append->delivery;
    struct partition *to = mem_partition_at(broker, append->broker_topic, delivery->partition);
    delivery->failed = append->fate == HY_MEM_FAILED_KEPT || append->fate == HY_MEM_FAILED_LOST;
    if (append->fate == HY_MEM_FAILED_LOST) {
        hy_free(append->record);
    } else if (!append->written) {
        delivery->offset = mem_write(broker, to, append->record);
    }
    if (append->fate == HY_MEM_REPEATED) {
        delivery->offset = mem_write(broker, to, mem_record_new(append->record->key, append->record->value));
    }
    if (delivery->failed) delivery->offset = -1;
    if (append->bus != NULL) mem_report_append(append->bus, delivery);
}

size_t hy_mem_broker_release(struct hy_mem_broker *broker, size_t count) {
    size_t released = 0;
    while (released < count) {
        struct late *late = take_late(broker);
        if (late == NULL) break;
        mem_finish(broker, late);
        hy_free(late);
        released++;
    }
    return released;
}

static bool same_way(const struct late *one, const struct late *other) {
    return one->bus == other->bus && one->broker_topic == other->broker_topic &&
           one->delivery.partition == other->delivery.partition;
}

bool mem_behind_a_late_one(const struct hy_mem_broker *broker, const struct late *append) {
    for (const struct late *late = broker->first_late; late != NULL; late = late->next) {
        if (late->fate != HY_MEM_OVERTAKEN && same_way(late, append)) return true;
    }
    return false;
}

void mem_finish_overtaken(struct hy_mem_broker *broker, const struct late *append) {
    struct late **link = &broker->first_late;
    while (*link != NULL) {
        struct late *late = *link;
        if (late->fate != HY_MEM_OVERTAKEN || !same_way(late, append)) {
            link = &late->next;
            continue;
        }
        *link = late->next;
        if (broker->last_late == &late->next) broker->last_late = link;
        mem_finish(broker, late);
        hy_free(late);
    }
}

void mem_make_late(struct hy_mem_broker *broker, const struct late *append) {
    struct late *late = hy_malloc(sizeof *late);
    *late = *append;
    *broker->last_late = late;
    broker->last_late = &late->next;
}
