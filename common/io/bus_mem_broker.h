// What the two files of the bus in memory share; private to them.
//   bus_mem_broker.c  the topics and what is under way to them: outlives every bus
//   bus_mem.c         one instance's door
#pragma once

#include "common/io/bus_mem.h"

enum { MEM_TOPICS_LIMIT = 64 };

// Never moves and lives as long as the broker: messages borrow from it.
struct record {
    int64_t timestamp_ms;
    struct hy_bytes key;
    struct hy_bytes value;
    uint8_t bytes[];
};

struct partition {
    struct record **records; // by offset; NULL: lost
    size_t count, capacity;
    int64_t low;
    int64_t committed;
};

struct topic {
    char *name;
    struct partition *partitions;
    uint32_t partition_count;
};

// An append that is late.
struct late {
    struct late *next;
    struct hy_bus *bus; // NULL: it died
    struct hy_delivery delivery;
    uint32_t broker_topic;
    struct record *record;
    bool written;
    enum hy_mem_fate fate;
};

struct hy_mem_broker {
    struct topic topics[MEM_TOPICS_LIMIT];
    uint32_t topic_count;
    struct late *first_late;
    struct late **last_late;
    hy_mem_choose_fate choose;
    void *choose_context;
    bool away;
    int64_t now_ms;
};

struct hy_mem_broker *mem_broker_current(void); // NULL: hy_bus_mem_use was not called
uint32_t mem_topic_index(struct hy_mem_broker *broker, const char *name);
struct partition *mem_partition_at(struct hy_mem_broker *broker, uint32_t topic, uint32_t partition);
struct record *mem_record_new(struct hy_bytes key, struct hy_bytes value);
int64_t mem_write(struct hy_mem_broker *broker, struct partition *to, struct record *record);
bool mem_in_range(const struct partition *partition, int64_t offset);
struct hy_message mem_message_of(const struct partition *partition, int64_t offset);
// An append whose time has come.
void mem_finish(struct hy_mem_broker *broker, struct late *append);
void mem_make_late(struct hy_mem_broker *broker, const struct late *append); // copies it
bool mem_behind_a_late_one(const struct hy_mem_broker *broker, const struct late *append);
// Those that `append`, which is written, has overtaken.
void mem_finish_overtaken(struct hy_mem_broker *broker, const struct late *append);
// Tells the bus what became of its append.
void mem_report_append(struct hy_bus *bus, const struct hy_delivery *delivery);
