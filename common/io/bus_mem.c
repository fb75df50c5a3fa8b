#include "common/io/bus_mem_broker.h"

#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/log.h"

enum event_kind { EVENT_DELIVERED, EVENT_ASSIGNED, EVENT_REVOKED, EVENT_LOST };

struct event {
    struct event *next;
    enum event_kind kind;
    uint32_t partition;
    struct hy_delivery delivery;
};

struct reading {
    bool active;
    uint32_t topic, partition;
    int64_t next;
};

struct hy_bus {
    struct hy_mem_broker *broker;
    struct hy_bus_events events;
    char *prefix;
    uint32_t topics[MEM_TOPICS_LIMIT]; // index in the broker
    uint32_t topic_count;
    struct reading *readings;
    size_t reading_count;
    size_t turn; // which reading is next
    struct event *first_event;
    struct event **last_event;
    bool *owned; // as commanded, by partition
    uint32_t owned_count;
    bool joined, full;
    size_t lent;
    size_t called;
};

static void push_event(struct hy_bus *bus, struct event event) {
    struct event *pushed = hy_malloc(sizeof *pushed);
    *pushed = event;
    pushed->next = NULL;
    *bus->last_event = pushed;
    bus->last_event = &pushed->next;
}

void mem_report_append(struct hy_bus *bus, const struct hy_delivery *delivery) {
    push_event(bus, (struct event){.kind = EVENT_DELIVERED, .delivery = *delivery});
}

static bool take_event(struct hy_bus *bus, struct event *ret_event) {
    struct event *first = bus->first_event;
    if (first == NULL) return false;
    *ret_event = *first;
    bus->first_event = first->next;
    if (bus->first_event == NULL) bus->last_event = &bus->first_event;
    hy_free(first);
    return true;
}

bool hy_bus_append(struct hy_bus *bus, uint32_t topic, uint32_t partition, struct hy_bytes key,
                   struct hy_bytes value, uint64_t token) {
    struct hy_mem_broker *broker = bus->broker;
    if (bus->full) return false;
    struct late append = {
        .bus = bus,
        .delivery = {.token = token, .topic = topic, .partition = partition, .offset = -1},
        .broker_topic = bus->topics[topic],
        .record = mem_record_new(key, value),
    };
    if (broker->choose != NULL) append.fate = broker->choose(broker->choose_context, bus, topic, partition);
    bool waits = broker->away || append.fate == HY_MEM_LATE || mem_behind_a_late_one(broker, &append);
    if (!waits && append.fate == HY_MEM_LATE_REPORT) {
        append.delivery.offset =
            mem_write(broker, mem_partition_at(broker, append.broker_topic, partition), append.record);
        append.written = true;
        waits = true;
    }
    if (waits || append.fate == HY_MEM_OVERTAKEN) {
        mem_make_late(broker, &append);
    } else {
        mem_finish(broker, &append);
        mem_finish_overtaken(broker, &append);
    }
    return true;
}

struct hy_bus *hy_bus_open(const struct hy_bus_options *options, const struct hy_bus_events *events) {
    if (mem_broker_current() == NULL) {
        hy_log(HY_LOG_ERROR, "mem_bus", "hy_bus_mem_use comes first");
        return NULL;
    }
    struct hy_bus *bus = hy_calloc(1, sizeof *bus);
    bus->broker = mem_broker_current();
    bus->events = *events;
    bus->prefix = hy_strdup(options->topic_prefix != NULL ? options->topic_prefix : "");
    bus->last_event = &bus->first_event;
    bus->owned_count = options->partitions;
    bus->owned = hy_calloc(options->partitions, sizeof(bool));
    return bus;
}

static void report(struct hy_bus *bus, const struct event *event) {
    const struct hy_bus_events *events = &bus->events;
    bus->called++;
    switch (event->kind) {
    case EVENT_DELIVERED:
        if (events->delivered != NULL) events->delivered(events->context, &event->delivery);
        break;
    case EVENT_ASSIGNED:
        if (events->assigned != NULL) events->assigned(events->context, event->partition);
        break;
    case EVENT_REVOKED:
    case EVENT_LOST:
        if (events->revoked != NULL)
            events->revoked(events->context, event->partition, event->kind == EVENT_LOST);
        break;
    }
}

void hy_bus_mem_crash(struct hy_bus *bus) {
    for (struct late *late = bus->broker->first_late; late != NULL; late = late->next) {
        if (late->bus == bus) late->bus = NULL;
    }
    struct event event;
    while (take_event(bus, &event)) {}
    hy_free(bus->readings);
    hy_free(bus->owned);
    hy_free(bus->prefix);
    hy_free(bus);
}

void hy_bus_close(struct hy_bus *bus, int timeout_ms) {
    (void)timeout_ms;
    struct event event;
    while (take_event(bus, &event)) {
        if (event.kind == EVENT_DELIVERED) report(bus, &event);
    }
    for (struct late *late = bus->broker->first_late; late != NULL; late = late->next) {
        if (late->bus != bus) continue;
        event = (struct event){.kind = EVENT_DELIVERED, .delivery = late->delivery};
        event.delivery.offset = -1;
        event.delivery.failed = true;
        report(bus, &event);
    }
    hy_bus_mem_crash(bus);
}

uint32_t hy_bus_topic(struct hy_bus *bus, const char *name) {
    char full[256];
    snprintf(full, sizeof full, "%s%s", bus->prefix, name);
    uint32_t index = mem_topic_index(bus->broker, full);
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        if (bus->topics[i] == index) return i;
    }
    bus->topics[bus->topic_count] = index;
    return bus->topic_count++;
}

void hy_bus_join(struct hy_bus *bus, const uint32_t *topics, size_t count) {
    (void)topics;
    (void)count;
    bus->joined = true;
}

void hy_bus_leave(struct hy_bus *bus) {
    bus->joined = false;
    for (uint32_t i = 0; i < bus->owned_count; i++) {
        if (bus->owned[i]) hy_bus_mem_revoke(bus, i, false);
    }
}

void hy_bus_mem_assign(struct hy_bus *bus, uint32_t partition) {
    if (bus->owned[partition]) return;
    bus->owned[partition] = true;
    push_event(bus, (struct event){.kind = EVENT_ASSIGNED, .partition = partition});
}

void hy_bus_mem_revoke(struct hy_bus *bus, uint32_t partition, bool lost) {
    if (!bus->owned[partition]) return;
    bus->owned[partition] = false;
    push_event(bus, (struct event){.kind = lost ? EVENT_LOST : EVENT_REVOKED, .partition = partition});
}

bool hy_bus_mem_joined(const struct hy_bus *bus) {
    return bus->joined;
}

void hy_bus_mem_refuse(struct hy_bus *bus, bool full) {
    bus->full = full;
}

size_t hy_bus_mem_lent(const struct hy_bus *bus) {
    return bus->lent;
}

static struct reading *reading_of(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    for (size_t i = 0; i < bus->reading_count; i++) {
        if (bus->readings[i].topic == topic && bus->readings[i].partition == partition)
            return &bus->readings[i];
    }
    bus->readings = hy_realloc(bus->readings, (bus->reading_count + 1) * sizeof *bus->readings);
    bus->readings[bus->reading_count] = (struct reading){.topic = topic, .partition = partition};
    return &bus->readings[bus->reading_count++];
}

void hy_bus_read(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t offset) {
    struct reading *reading = reading_of(bus, topic, partition);
    reading->active = true;
    reading->next = offset;
}

void hy_bus_stop(struct hy_bus *bus, uint32_t topic, uint32_t partition) {
    reading_of(bus, topic, partition)->active = false;
}

void hy_bus_release(struct hy_bus *bus, const struct hy_message *message) {
    (void)message;
    bus->lent--;
}

void hy_bus_commit(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t next_offset) {
    mem_partition_at(bus->broker, bus->topics[topic], partition)->committed = next_offset;
}

bool hy_bus_range(struct hy_bus *bus, uint32_t topic, uint32_t partition, int timeout_ms, int64_t *ret_low,
                  int64_t *ret_high) {
    (void)timeout_ms;
    if (bus->broker->away) return false;
    const struct partition *of = mem_partition_at(bus->broker, bus->topics[topic], partition);
    *ret_low = of->low;
    *ret_high = (int64_t)of->count;
    return true;
}

static void report_message(struct hy_bus *bus, struct reading *reading, const struct partition *from) {
    struct hy_message message = mem_message_of(from, reading->next);
    message.topic = reading->topic;
    message.owner = bus;
    message.partition = reading->partition;
    reading->next++;
    bus->called++;
    if (bus->events.message == NULL) return;
    bus->lent++;
    bus->events.message(bus->events.context, &message);
}

static void report_out_of_range(struct hy_bus *bus, struct reading *reading) {
    reading->active = false;
    bus->called++;
    if (bus->events.out_of_range == NULL) return;
    bus->events.out_of_range(bus->events.context, reading->topic, reading->partition, reading->next);
}

// One message of the next reading that has one, in turn. False: none has.
static bool one_message(struct hy_bus *bus) {
    for (size_t tried = 0; tried < bus->reading_count; tried++) {
        struct reading *reading = &bus->readings[bus->turn++ % bus->reading_count];
        if (!reading->active) continue;
        const struct partition *from =
            mem_partition_at(bus->broker, bus->topics[reading->topic], reading->partition);
        while (mem_in_range(from, reading->next) && from->records[reading->next] == NULL)
            reading->next++;
        if (mem_in_range(from, reading->next)) {
            report_message(bus, reading, from);
            return true;
        }
        if (reading->next != (int64_t)from->count) {
            report_out_of_range(bus, reading);
            return true;
        }
    }
    return false;
}

// Reports that are due; what a call-back adds is for the next poll. While the broker is away, only those of
// membership.
static void report_events(struct hy_bus *bus) {
    struct event *pending = bus->first_event;
    bus->first_event = NULL;
    bus->last_event = &bus->first_event;
    while (pending != NULL) {
        struct event *event = pending;
        pending = event->next;
        if (event->kind == EVENT_DELIVERED && bus->broker->away) {
            push_event(bus, *event);
        } else {
            report(bus, event);
        }
        hy_free(event);
    }
}

size_t hy_bus_poll(struct hy_bus *bus, size_t limit, int timeout_ms) {
    (void)timeout_ms; // what is not here now does not come by waiting
    size_t before = bus->called;
    report_events(bus);
    for (size_t i = 0; i < limit && !bus->broker->away; i++) {
        if (!one_message(bus)) break;
    }
    return bus->called - before;
}

int hy_bus_wait_fd(struct hy_bus *bus) {
    (void)bus;
    return -1;
}

void hy_bus_wait_fd_clear(struct hy_bus *bus) {
    (void)bus;
}

bool hy_bus_connected(const struct hy_bus *bus) {
    return !bus->broker->away;
}

// In memory everything keeps its order.
void hy_bus_topic_unordered(struct hy_bus *bus, uint32_t topic) {
    (void)bus;
    (void)topic;
}

// Whoever commands the membership has said what is whose.
bool hy_bus_member(const struct hy_bus *bus) {
    (void)bus;
    return true;
}
