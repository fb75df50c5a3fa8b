#include "cli/kafka.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/clock.h"

enum {
    QUEUE_KBYTES = 65536,
    READ_MESSAGES = 10000, // of one poll
    SILENT_MS = 15000,     // Kafka is away when nothing came for so long
    // A partition may end with offsets that hold no message: transaction markers, or compaction. When nothing
    // came for so long though Kafka is there, that was all.
    ALL_READ_MS = 3000,
    CLOSE_MS = 100,
};

static int64_t queue_kbytes = QUEUE_KBYTES;

void kafka_queue_limit(int64_t kbytes) {
    queue_kbytes = kbytes < QUEUE_KBYTES ? kbytes : QUEUE_KBYTES;
}

void kafka_topic_name(const struct cli *cli, const char *topic, char ret_name[TOPIC_NAME_BYTES]) {
    snprintf(ret_name, TOPIC_NAME_BYTES, "%s%s", cli->topic_prefix, topic);
}

struct hy_admin *kafka_admin(const struct cli *cli) {
    struct hy_admin *admin = hy_admin_open(cli->brokers, KAFKA_TIMEOUT_MS);
    if (admin == NULL) say_error("HY_KAFKA_BROKERS=%s cannot be used / 无法使用该设置", cli->brokers);
    return admin;
}

void kafka_complain(const struct cli *cli, const struct hy_admin *admin, enum hy_admin_result result) {
    if (result == HY_ADMIN_AWAY)
        say_away("Kafka", cli->brokers);
    else
        say_error("Kafka refused: %s / Kafka 拒绝了请求", hy_admin_reason(admin));
}

static void say_no_topic(const char *name) {
    say_error("topic %s does not exist; `huiyuanctl topics create` makes it / 主题 %s 不存在，请先运行 "
              "huiyuanctl topics create",
              name, name);
}

bool kafka_partitions(const struct cli *cli, struct hy_admin *admin, const char *topic,
                      uint32_t *ret_partitions) {
    char name[TOPIC_NAME_BYTES];
    uint32_t partitions;
    kafka_topic_name(cli, topic, name);
    enum hy_admin_result result = hy_admin_partitions(admin, name, &partitions);
    if (result == HY_ADMIN_UNKNOWN) {
        say_no_topic(name);
        return false;
    }
    if (result != HY_ADMIN_OK) {
        kafka_complain(cli, admin, result);
        return false;
    }
    const struct hy_topic *known = hy_topic_find(topic);
    bool keyed = known != NULL && known->keyed_by_member;
    if (keyed && cli->partitions != 0 && cli->partitions != partitions) {
        say_error("topic %s has %" PRIu32 " partitions, but HY_PARTITIONS is %" PRId64
                  " / 主题的分区数与 HY_PARTITIONS 不一致",
                  name, partitions, cli->partitions);
        return false;
    }
    *ret_partitions = partitions;
    return true;
}

bool kafka_topic_partitions(const struct cli *cli, const char *topic, uint32_t *ret_partitions) {
    struct hy_admin *admin = kafka_admin(cli);
    if (admin == NULL) return false;
    bool good = kafka_partitions(cli, admin, topic, ret_partitions);
    hy_admin_close(admin);
    return good;
}

struct hy_bus *kafka_bus(const struct cli *cli, const struct hy_bus_events *events, uint32_t partitions) {
    const struct hy_bus_options options = {
        .brokers = cli->brokers,
        .topic_prefix = cli->topic_prefix,
        .instance = "huiyuanctl",
        .partitions = partitions,
        .queue_kbytes = queue_kbytes,
    };
    struct hy_bus *bus = hy_bus_open(&options, events);
    if (bus == NULL) say_error("HY_KAFKA_BROKERS=%s cannot be used / 无法使用该设置", cli->brokers);
    return bus;
}

static bool find_span(struct hy_admin *admin, const char *name, struct kafka_span *span,
                      enum hy_admin_result *ret_result) {
    *ret_result = hy_admin_range(admin, name, span->partition, &span->from, &span->to);
    span->next = span->from;
    return *ret_result == HY_ADMIN_OK;
}

static struct kafka_span *find_spans(const struct cli *cli, struct hy_admin *admin, const char *topic,
                                     int64_t partition, size_t *ret_count) {
    char name[TOPIC_NAME_BYTES];
    uint32_t partitions;
    kafka_topic_name(cli, topic, name);
    if (!kafka_partitions(cli, admin, topic, &partitions)) return NULL;
    if (partition >= (int64_t)partitions) {
        say_error("%s has the partitions 0 … %" PRIu32 " / 分区号超出范围", name, partitions - 1);
        return NULL;
    }
    size_t count = partition < 0 ? partitions : 1;
    struct kafka_span *spans = hy_calloc(count, sizeof *spans);
    enum hy_admin_result result = HY_ADMIN_OK;
    for (size_t i = 0; i < count && result == HY_ADMIN_OK; i++) {
        spans[i].partition = (uint32_t)(partition < 0 ? (int64_t)i : partition);
        find_span(admin, name, &spans[i], &result);
    }
    if (result == HY_ADMIN_OK) {
        *ret_count = count;
        return spans;
    }
    kafka_complain(cli, admin, result);
    hy_free(spans);
    return NULL;
}

struct kafka_span *kafka_spans(const struct cli *cli, const char *topic, int64_t partition,
                               size_t *ret_count) {
    struct hy_admin *admin = kafka_admin(cli);
    if (admin == NULL) return NULL;
    struct kafka_span *spans = find_spans(cli, admin, topic, partition, ret_count);
    hy_admin_close(admin);
    return spans;
}

// --- reading ---

struct reading {
    struct hy_bus *bus;
    struct kafka_span *spans;
    size_t count, at_once;
    size_t begun; // spans that have been begun, in their order
    size_t open;  // of those, not read to their end
    uint32_t topic;
    kafka_take take;
    void *context;
    bool ended, lost;
};

static struct kafka_span *span_of(struct reading *reading, uint32_t partition) {
    for (size_t i = 0; i < reading->count; i++) {
        if (reading->spans[i].partition == partition) return &reading->spans[i];
    }
    return NULL;
}

static void on_message(void *context, const struct hy_message *message) {
    struct reading *reading = context;
    struct kafka_span *span = span_of(reading, message->partition);
    bool inside = span != NULL && !reading->ended && message->offset < span->to;
    if (inside) reading->ended = !reading->take(reading->context, message);
    if (span != NULL && span->next < span->to) {
        span->next = message->offset + 1;
        if (span->next >= span->to) reading->open--;
    }
    hy_bus_release(reading->bus, message);
}

static void on_out_of_range(void *context, uint32_t topic, uint32_t partition, int64_t offset) {
    (void)topic;
    struct reading *reading = context;
    reading->lost = true;
    say_error("partition %" PRIu32 " has no offset %" PRId64 " any more / 分区 %" PRIu32 " 已没有该位点",
              partition, offset, partition);
}

// True while there may be more to come.
static bool worth_waiting(const struct cli *cli, struct reading *reading, uint64_t silent_ms) {
    if (reading->spans[0].to == INT64_MAX || silent_ms < ALL_READ_MS) return true;
    int64_t low;
    int64_t high;
    if (hy_bus_range(reading->bus, 0, reading->spans[0].partition, 1000, &low, &high)) return false;
    reading->lost = silent_ms >= SILENT_MS;
    if (reading->lost) say_away("Kafka", cli->brokers);
    return !reading->lost;
}

static void begin_more(struct reading *reading) {
    for (; reading->begun < reading->count && reading->open < reading->at_once; reading->begun++) {
        const struct kafka_span *span = &reading->spans[reading->begun];
        if (span->from >= span->to) continue;
        reading->open++;
        hy_bus_read(reading->bus, reading->topic, span->partition, span->from);
    }
}

static void read_all(const struct cli *cli, struct reading *reading) {
    uint64_t last_ns = hy_clock_monotonic_ns();
    while (begin_more(reading), reading->open > 0 && !reading->ended && !reading->lost) {
        size_t events = hy_bus_poll(reading->bus, READ_MESSAGES, 200);
        uint64_t now_ns = hy_clock_monotonic_ns();
        if (events > 0) last_ns = now_ns;
        if (!worth_waiting(cli, reading, (now_ns - last_ns) / 1000000)) return;
    }
}

bool kafka_read_some(const struct cli *cli, const char *topic, struct kafka_span *spans, size_t count,
                     size_t at_once, kafka_take take, void *context) {
    struct reading reading = {
        .spans = spans, .count = count, .at_once = at_once, .take = take, .context = context};
    const struct hy_bus_events events = {
        .context = &reading, .message = on_message, .out_of_range = on_out_of_range};
    reading.bus = kafka_bus(cli, &events, 1);
    if (reading.bus == NULL) return false;
    reading.topic = hy_bus_topic(reading.bus, topic);
    for (size_t i = 0; i < count; i++)
        spans[i].next = spans[i].from;
    read_all(cli, &reading);
    for (size_t i = 0; i < count; i++)
        hy_bus_stop(reading.bus, reading.topic, spans[i].partition);
    hy_bus_close(reading.bus, CLOSE_MS);
    return !reading.lost;
}

bool kafka_read(const struct cli *cli, const char *topic, struct kafka_span *spans, size_t count,
                kafka_take take, void *context) {
    return kafka_read_some(cli, topic, spans, count, count, take, context);
}
