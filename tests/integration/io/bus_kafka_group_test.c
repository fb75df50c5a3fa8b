// Membership and commits on a real Kafka.
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "tests/integration/io/kafka_probe.h"

static struct probe left;
static struct probe right;
static const char *prefix;

static void join(struct probe *probe, const char *instance, bool static_membership) {
    struct hy_bus_options options = probe_options(prefix);
    options.group = prefix;
    options.instance = instance;
    options.static_membership = static_membership;
    probe_open(probe, &options);
    const uint32_t topics[] = {probe->topic, hy_bus_topic(probe->bus, "second")};
    hy_bus_join(probe->bus, topics, 2);
}

static void poll_both_until(const size_t *counter, size_t wanted) {
    for (int i = 0; i < 6000 && *counter != wanted; i++) {
        hy_bus_poll(left.bus, 100, 5);
        if (right.bus != NULL) hy_bus_poll(right.bus, 100, 5);
    }
    cr_assert(*counter == wanted, "%zu instead of %zu", *counter, wanted);
}

static void setup(void) {
    prefix = probe_prefix();
    probe_make_topic(prefix, "first", PROBE_PARTITIONS);
    probe_make_topic(prefix, "second", PROBE_PARTITIONS);
    join(&left, "left", false);
    poll_both_until(&left.owned_count, PROBE_PARTITIONS);
}

TestSuite(bus_kafka_group, .timeout = 120, .init = setup);
TestSuite(bus_kafka_stopped, .timeout = 120);

Test(bus_kafka_group, a_newcomer_takes_only_what_it_is_given) {
    cr_assert(left.assigned == PROBE_PARTITIONS, "each partition number once, not once a topic");
    join(&right, "right", false);
    poll_both_until(&right.owned_count, PROBE_PARTITIONS / 2);
    poll_both_until(&left.owned_count, PROBE_PARTITIONS / 2);
    cr_assert(left.revoked == PROBE_PARTITIONS / 2 && left.assigned == PROBE_PARTITIONS,
              "the others go on undisturbed");
    for (int i = 0; i < PROBE_PARTITIONS; i++) {
        cr_assert(left.owned[i] != right.owned[i]);
    }
    hy_bus_leave(right.bus);
    poll_both_until(&right.owned_count, 0);
    poll_both_until(&left.owned_count, PROBE_PARTITIONS);
    cr_assert(left.revoked == PROBE_PARTITIONS / 2 && left.lost == 0 && right.lost == 0);
    probe_close(&right);
    probe_close(&left);
}

Test(bus_kafka_group, closing_hands_over_at_once) {
    join(&right, "right", false);
    poll_both_until(&right.owned_count, PROBE_PARTITIONS / 2);
    uint64_t start = hy_clock_monotonic_ns();
    probe_close(&right);
    right.bus = NULL;
    poll_both_until(&left.owned_count, PROBE_PARTITIONS);
    cr_assert(hy_clock_monotonic_ns() - start < UINT64_C(5000000000), "the session's time-out is 6 s");
    probe_close(&left);
}

Test(bus_kafka_group, a_static_member_comes_back_to_its_partitions_without_disturbing_the_others) {
    join(&right, "right", true);
    poll_both_until(&right.owned_count, PROBE_PARTITIONS / 2);
    poll_both_until(&left.owned_count, PROBE_PARTITIONS / 2);
    bool before[PROBE_PARTITIONS];
    for (int i = 0; i < PROBE_PARTITIONS; i++) {
        before[i] = right.owned[i];
    }
    size_t changes = left.assigned + left.revoked;
    probe_close(&right);
    join(&right, "right", true);
    poll_both_until(&right.owned_count, PROBE_PARTITIONS / 2);
    for (int i = 0; i < PROBE_PARTITIONS; i++) {
        cr_assert(right.owned[i] == before[i]);
    }
    cr_assert(left.assigned + left.revoked == changes);
    probe_close(&right);
    probe_close(&left);
}

Test(bus_kafka_group, a_static_member_that_was_shut_out_joins_anew) {
    probe_close(&left);
    join(&left, "twin", true);
    poll_both_until(&left.owned_count, PROBE_PARTITIONS);
    join(&right, "twin", true);
    poll_both_until(&left.lost, PROBE_PARTITIONS);
    poll_both_until(&right.owned_count, PROBE_PARTITIONS);
    cr_assert(!hy_bus_member(left.bus));
    probe_close(&right);
    right.bus = NULL;
    poll_both_until(&left.owned_count, PROBE_PARTITIONS);
    cr_assert(hy_bus_member(left.bus));
    probe_close(&left);
}

// What any tool sees of the group.
static int64_t committed(uint32_t partition) {
    char why[256];
    char topic[128];
    snprintf(topic, sizeof topic, "%sfirst", prefix);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", probe_brokers(), why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", prefix, why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition);
    cr_assert(rd_kafka_committed(client, list, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
    return offset;
}

Test(bus_kafka_group, commits_are_sent_now_and_then_and_when_closing) {
    hy_bus_commit(left.bus, left.topic, 3, 100);
    hy_bus_commit(left.bus, left.topic, 3, 123);
    probe_for(&left, 2500);
    cr_assert(committed(3) == 123);
    hy_bus_commit(left.bus, left.topic, 4, 456);
    probe_close(&left);
    cr_assert(committed(4) == 456);
}

// In a process of its own, so that it can be stopped: tells through its exit code whether it heard that all
// was lost.
static void be_right_until_lost(void) {
    join(&right, "right", false);
    probe_until(&right, &right.owned_count, PROBE_PARTITIONS / 2, 30);
    size_t mine = right.owned_count;
    probe_until(&right, &right.lost, mine, 60);
    _exit(right.lost == mine ? 0 : 1);
}

Test(bus_kafka_stopped, who_was_stopped_for_too_long_hears_that_everything_was_lost) {
    prefix = probe_prefix();
    probe_make_topic(prefix, "first", PROBE_PARTITIONS);
    probe_make_topic(prefix, "second", PROBE_PARTITIONS);
    pid_t child = fork(); // before there are clients: their threads would not come along
    if (child == 0) be_right_until_lost();
    join(&left, "left", false);
    poll_both_until(&left.owned_count, PROBE_PARTITIONS / 2);
    probe_for(&left, 1000);
    kill(child, SIGSTOP);
    probe_until(&left, &left.owned_count, PROBE_PARTITIONS, 60);
    kill(child, SIGCONT);
    int status = -1;
    cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    probe_close(&left);
}
