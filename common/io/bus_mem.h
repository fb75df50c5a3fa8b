// The bus in memory, for unit tests and the simulator: several instances share one broker, and the test
// decides what goes wrong. Nothing happens by itself: there is no thread, no clock and no chance in it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/bus.h"

struct hy_mem_broker;

struct hy_mem_broker *hy_mem_broker_new(void);
void hy_mem_broker_free(struct hy_mem_broker *broker); // when no bus is open on it any more
// The broker of every hy_bus_open from here on.
void hy_bus_mem_use(struct hy_mem_broker *broker);

// What becomes of an append.
enum hy_mem_fate {
    HY_MEM_KEPT, // written, reported
    HY_MEM_LATE, // neither written nor reported before hy_mem_broker_release: still under way, even when its
                 // bus dies
    HY_MEM_LATE_REPORT, // written now, reported by hy_mem_broker_release
    HY_MEM_REPEATED,    // written twice, reported at the later offset
    HY_MEM_OVERTAKEN,   // written and reported behind the next append of its bus and partition; or when it is
                        // released
    HY_MEM_FAILED_KEPT, // written, reported as failed
    HY_MEM_FAILED_LOST, // not written, reported as failed
};

// Asked once for each append. The order within one bus and partition stands but for one that is overtaken:
// behind one that is late, all wait.
typedef enum hy_mem_fate (*hy_mem_choose_fate)(void *context, struct hy_bus *bus, uint32_t topic,
                                               uint32_t partition);
void hy_mem_broker_choose(struct hy_mem_broker *broker, hy_mem_choose_fate choose,
                          void *context); // NULL: KEPT
// Lets the oldest `count` late ones happen (SIZE_MAX: all); returns how many there were.
size_t hy_mem_broker_release(struct hy_mem_broker *broker, size_t count);
// While it is away no message or report arrives, and every append is late.
void hy_mem_broker_away(struct hy_mem_broker *broker, bool away);
void hy_mem_broker_set_time(struct hy_mem_broker *broker, int64_t now_ms); // timestamps of what is written

// The topics themselves, by their full names; they come into being when they are named, and have as many
// partitions as needed.
int64_t hy_mem_broker_append(struct hy_mem_broker *broker, const char *topic, uint32_t partition,
                             struct hy_bytes key, struct hy_bytes value);
// Borrows from the broker. False when that offset is not there.
bool hy_mem_broker_read(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t offset,
                        struct hy_message *ret_message);
int64_t hy_mem_broker_end(struct hy_mem_broker *broker, const char *topic, uint32_t partition);
int64_t hy_mem_broker_committed(struct hy_mem_broker *broker, const char *topic,
                                uint32_t partition); // < 0: never
// Retention: what lies below is gone.
void hy_mem_broker_trim(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t low);
// Damage, while no bus holds a message of that topic. Another value in its place (data NULL: none, a gap that
// readers pass over); everything from `end` on is lost.
void hy_mem_broker_alter(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t offset,
                         struct hy_bytes value);
void hy_mem_broker_cut(struct hy_mem_broker *broker, const char *topic, uint32_t partition, int64_t end);

// Membership is commanded: the next poll reports it. Leaving revokes all by itself.
void hy_bus_mem_assign(struct hy_bus *bus, uint32_t partition);
void hy_bus_mem_revoke(struct hy_bus *bus, uint32_t partition, bool lost);
bool hy_bus_mem_joined(const struct hy_bus *bus);
// While set, hy_bus_append says that its queue is full.
void hy_bus_mem_refuse(struct hy_bus *bus, bool full);
// Messages that were not released yet.
size_t hy_bus_mem_lent(const struct hy_bus *bus);
// Ends the instance as a crash does: nothing is reported to it any more, what is late may still be written.
void hy_bus_mem_crash(struct hy_bus *bus);
