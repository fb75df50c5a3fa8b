// Membership of the group, and nothing else: every assignment that librdkafka is given back is empty, so it
// never fetches.
//
// An eager rebalance first takes everything away and then gives most of it back. Nobody else can be given our
// partitions before we have rejoined, so work goes on until the new assignment is here, and only the
// difference is reported.
#include <stdlib.h>

#include "common/io/bus_kafka.h"
#include "common/io/clock.h"
#include "common/io/log.h"

static const uint64_t COMMIT_EVERY_NS = UINT64_C(1000000000);

static const struct bus_setting SETTINGS[] = {
    {"partition.assignment.strategy", "range"}, // gives partition p of all topics to the same member
    {"max.poll.interval.ms", "300000"},         {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},      {"auto.offset.reset", "error"},
};

static uint64_t session_ns(const struct hy_bus *bus) {
    return (uint64_t)bus->options.session_ms * UINT64_C(1000000);
}

static void report_gone(struct hy_bus *bus, uint32_t partition, bool lost) {
    bus->group.owned[partition] = false;
    bus->called++;
    if (bus->events.revoked != NULL) bus->events.revoked(bus->events.context, partition, lost);
}

static void report_new(struct hy_bus *bus, uint32_t partition) {
    bus->group.owned[partition] = true;
    bus->called++;
    if (bus->events.assigned != NULL) bus->events.assigned(bus->events.context, partition);
}

static void all_gone(struct hy_bus *bus, bool lost) {
    bus->group.pending_ns = 0;
    bus->group.member = false;
    for (uint32_t i = 0; i < bus->options.partitions; i++) {
        if (bus->group.owned[i]) report_gone(bus, i, lost);
    }
}

void bus_group_fatal(struct hy_bus *bus) {
    if (bus->group.fatal_ns != 0) return;
    all_gone(bus, true);
    bus->group.fatal_ns = hy_clock_monotonic_ns();
}

static void note_offer(struct hy_bus *bus, const rd_kafka_topic_partition_list_t *list) {
    for (uint32_t i = 0; i < bus->options.partitions; i++) {
        bus->group.offered[i] = false;
    }
    for (int i = 0; i < list->cnt; i++) {
        if ((uint32_t)list->elems[i].partition < bus->options.partitions) {
            bus->group.offered[list->elems[i].partition] = true;
        } else {
            hy_log(HY_LOG_ERROR, "partition_unknown", "%s/%d: topics are meant to have %u partitions",
                   list->elems[i].topic, list->elems[i].partition, bus->options.partitions);
        }
    }
}

static void take_offer(struct hy_bus *bus) {
    struct bus_group *group = &bus->group;
    group->pending_ns = 0;
    group->member = true;
    bus_append_heard(bus);
    for (uint32_t i = 0; i < bus->options.partitions; i++) {
        if (group->owned[i] && !group->offered[i]) report_gone(bus, i, false);
    }
    for (uint32_t i = 0; i < bus->options.partitions; i++) {
        if (!group->owned[i] && group->offered[i]) report_new(bus, i);
    }
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *list,
                         void *opaque) {
    struct hy_bus *bus = opaque;
    bool lost = rd_kafka_assignment_lost(client) != 0; // the answer to the call-back below resets it
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(0);
        rd_kafka_assign(client, nothing);
        rd_kafka_topic_partition_list_destroy(nothing);
        if (bus->group.leaving) return;
        note_offer(bus, list);
        take_offer(bus);
        return;
    }
    rd_kafka_assign(client, NULL);
    if (error != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        hy_log(HY_LOG_WARN, "rebalance_failed", "%s", rd_kafka_err2str(error));
    }
    if (lost || bus->group.leaving) {
        all_gone(bus, lost);
    } else {
        bus->group.pending_ns = hy_clock_monotonic_ns();
    }
}

// Only so that librdkafka does not warn by itself: a commit that failed is followed by another.
static void on_commit(rd_kafka_t *client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *list,
                      void *opaque) {
    (void)client;
    (void)list;
    (void)opaque;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        hy_log(HY_LOG_DEBUG, "commit_failed", "%s", rd_kafka_err2str(error));
}

static void open_client(struct hy_bus *bus) {
    struct bus_group *group = &bus->group;
    if (group->client != NULL) return;
    const struct hy_bus_options *options = &bus->options;
    rd_kafka_conf_t *conf = bus_conf_new(bus, SETTINGS, sizeof SETTINGS / sizeof SETTINGS[0]);
    if (conf != NULL && bus_conf_set(conf, "group.id", options->group) &&
        bus_conf_number(conf, "session.timeout.ms", options->session_ms) &&
        bus_conf_number(conf, "heartbeat.interval.ms",
                        options->session_ms > 3 ? options->session_ms / 3 : 1) &&
        (!options->static_membership || bus_conf_set(conf, "group.instance.id", options->instance))) {
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
        group->client = bus_client_new(RD_KAFKA_CONSUMER, conf);
    }
    if (group->client == NULL) abort(); // said why; hy_bus_open has checked the options
    rd_kafka_poll_set_consumer(group->client);
    group->queue = rd_kafka_queue_get_consumer(group->client);
    bus_wake_on(bus, group->queue);
}

static void subscribe(struct hy_bus *bus) {
    open_client(bus);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)bus->topic_count);
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        if (!bus->topics[i].joined) continue;
        rd_kafka_topic_partition_list_add(list, bus->topics[i].full_name, RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t error = rd_kafka_subscribe(bus->group.client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        hy_log(HY_LOG_ERROR, "join_failed", "%s", rd_kafka_err2str(error));
    }
}

void hy_bus_join(struct hy_bus *bus, const uint32_t *topics, size_t count) {
    if (bus->options.group == NULL) {
        hy_log(HY_LOG_ERROR, "no_group", "joining needs a group in the options");
        return;
    }
    bus->group.leaving = false;
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        bus->topics[i].joined = false;
    }
    for (size_t i = 0; i < count; i++) {
        bus->topics[topics[i]].joined = true;
    }
    subscribe(bus);
}

// librdkafka never uses a client again that was told of a fatal error: a static member is told so when
// another has joined by its name, but also by a coordinator that was killed just after this one joined and
// remembers the member before it. A new client joins after a session's time, so that two processes that do
// share a name take turns slowly and loudly.
static void join_anew(struct hy_bus *bus) {
    struct bus_group *group = &bus->group;
    hy_log(HY_LOG_WARN, "join_anew", "the group has shut out %s; no other process may use this name",
           bus->options.instance);
    group->fatal_ns = 0;
    rd_kafka_queue_destroy(group->queue);
    rd_kafka_destroy_flags(group->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    group->client = NULL;
    subscribe(bus);
}

static void add_commits(struct hy_bus *bus, rd_kafka_topic_partition_list_t *list,
                        const struct bus_topic *topic) {
    for (uint32_t i = 0; i < topic->reading_count; i++) {
        struct bus_reading *reading = &topic->readings[i];
        if (reading->commit < 0) continue;
        if (bus->group.owned[i]) {
            rd_kafka_topic_partition_list_add(list, topic->full_name, (int32_t)i)->offset = reading->commit;
        }
        reading->commit = -1;
    }
}

// Asynchronous and unchecked: nothing depends on it.
static void send_commits(struct hy_bus *bus) {
    struct bus_group *group = &bus->group;
    if (group->client == NULL || !group->commits_wait || group->pending_ns + group->fatal_ns != 0) return;
    group->commits_wait = false;
    group->commit_ns = hy_clock_monotonic_ns();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        add_commits(bus, list, &bus->topics[i]);
    }
    if (list->cnt > 0) rd_kafka_commit(group->client, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

void hy_bus_commit(struct hy_bus *bus, uint32_t topic, uint32_t partition, int64_t next_offset) {
    if (partition >= bus->options.partitions) return;
    bus_reading_at(bus, topic, partition)->commit = next_offset;
    bus->group.commits_wait = true;
}

void hy_bus_leave(struct hy_bus *bus) {
    if (bus->group.client == NULL || bus->group.leaving) return;
    send_commits(bus);
    bus->group.leaving = true;
    rd_kafka_unsubscribe(bus->group.client);
    bus_wake(bus);
}

// A rebalance that lasts much longer than the group waits for a silent member: we may be the silent one.
static bool overdue(const struct hy_bus *bus, uint64_t now) {
    return bus->group.pending_ns != 0 && now - bus->group.pending_ns > 2 * session_ns(bus);
}

void bus_group_poll(struct hy_bus *bus) {
    struct bus_group *group = &bus->group;
    if (group->client == NULL) return;
    if (group->leaving) all_gone(bus, false);
    rd_kafka_message_t *message = NULL;
    while ((message = rd_kafka_consumer_poll(group->client, 0)) != NULL) {
        hy_log(HY_LOG_WARN, "group_error", "%s", rd_kafka_message_errstr(message));
        if (message->err == RD_KAFKA_RESP_ERR__FATAL) bus_group_fatal(bus);
        rd_kafka_message_destroy(message);
    }
    uint64_t now = hy_clock_monotonic_ns();
    if (group->fatal_ns != 0) {
        if (!group->leaving && now - group->fatal_ns > session_ns(bus)) join_anew(bus);
        return;
    }
    if (overdue(bus, now)) all_gone(bus, true);
    if (group->commits_wait && now - group->commit_ns > COMMIT_EVERY_NS) send_commits(bus);
}

void bus_group_close(struct hy_bus *bus, uint64_t deadline_ns) {
    struct bus_group *group = &bus->group;
    if (group->client == NULL) return;
    send_commits(bus);
    bus->events.assigned = NULL;
    bus->events.revoked = NULL;
    group->leaving = true;
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(group->client, group->queue);
    if (error != NULL) rd_kafka_error_destroy(error);
    while (!rd_kafka_consumer_closed(group->client) && hy_clock_monotonic_ns() < deadline_ns) {
        rd_kafka_queue_poll_callback(group->queue, 10);
    }
    bool closed = rd_kafka_consumer_closed(group->client) != 0;
    rd_kafka_queue_destroy(group->queue);
    rd_kafka_destroy_flags(group->client, closed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

bool hy_bus_member(const struct hy_bus *bus) {
    return bus->group.member;
}
