// `topics`: makes what proto/topics.h names, and shows what there is.
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/kafka.h"

enum { AWAIT_TIMES = 100, AWAIT_NS = 100000000 };

static int64_t replication;

static const struct cli_option options[] = {
    {"replication", 0, CLI_NUMBER, "N",
     "copies of each topic; default: the broker's 副本数，默认按 Kafka 设置", 1, 32, &replication},
};

static const char *cleanup_policy(const struct hy_topic *topic) {
    return topic->cleanup == HY_COMPACT ? "compact" : "delete";
}

static void set(struct hy_admin_topic *wanted, const char *name, const char *value) {
    struct hy_admin_setting *setting = &wanted->settings[wanted->setting_count++];
    setting->name = name;
    snprintf(setting->value, sizeof setting->value, "%s", value);
}

static uint32_t partitions_of(const struct cli *cli, const struct hy_topic *topic) {
    if (!topic->keyed_by_member) return 1;
    return cli->partitions == 0 ? HY_DEFAULT_PARTITIONS : (uint32_t)cli->partitions;
}

static struct hy_admin_topic wanted_topic(const struct cli *cli, const struct hy_topic *topic,
                                          const char *name) {
    struct hy_admin_topic wanted = {
        .name = name,
        .partitions = partitions_of(cli, topic),
        .replication = (uint32_t)replication,
    };
    set(&wanted, "cleanup.policy", cleanup_policy(topic));
    set(&wanted, "unclean.leader.election.enable", "false"); // what is acknowledged is kept
    if (topic->cleanup == HY_KEEP_FOR_EVER) {
        set(&wanted, "retention.ms", "-1");
        set(&wanted, "retention.bytes", "-1");
    } else if (topic->cleanup == HY_KEEP_FOR_TIME) {
        set(&wanted, "retention.ms", "604800000"); // 7 days
    } else {
        // What was deleted (an erased member's key) is gone from the disks after a day or two; that it was
        // deleted is said for a year, so that no older copy of Redis misses it.
        set(&wanted, "segment.ms", "86400000");
        set(&wanted, "max.compaction.lag.ms", "86400000");
        set(&wanted, "delete.retention.ms", "31536000000");
    }
    if (replication >= 3) set(&wanted, "min.insync.replicas", "2");
    return wanted;
}

// A log whose topic lets messages go would lose the ledger one day.
static bool settings_good(const struct cli *cli, struct hy_admin *admin, const struct hy_topic *topic,
                          const char *name) {
    struct hy_admin_setting found[] = {{"cleanup.policy", ""},
                                       {"retention.ms", ""},
                                       {"retention.bytes", ""},
                                       {"unclean.leader.election.enable", ""}};
    enum hy_admin_result result = hy_admin_settings(admin, name, found, 4);
    if (result != HY_ADMIN_OK) {
        kafka_complain(cli, admin, result);
        return false;
    }
    const char *policy = cleanup_policy(topic);
    if (strcmp(found[0].value, policy) != 0) {
        say_error("topic %s has cleanup.policy=%s, it must be %s: kafka-configs --alter sets it / 主题 %s 的 "
                  "cleanup.policy 应为 %s",
                  name, found[0].value, policy, name, policy);
        return false;
    }
    if (strcmp(found[3].value, "true") == 0) {
        say_error(
            "topic %s has unclean.leader.election.enable=true: a stale copy could take the place of what was "
            "acknowledged; kafka-configs --alter sets it / 主题 %s "
            "允许不完整副本成为主副本，已确认的消息可能丢失",
            name, name);
        return false;
    }
    bool keeps = strcmp(found[1].value, "-1") == 0 && strcmp(found[2].value, "-1") == 0;
    if (topic->cleanup == HY_KEEP_FOR_EVER && !keeps) {
        say_error(
            "topic %s is a log and must be kept for ever (retention.ms=-1, retention.bytes=-1), but has %s "
            "and %s / 主题 %s 是账本日志，必须永久保留",
            name, found[1].value, found[2].value, name);
        return false;
    }
    return true;
}

// A topic that was just made takes a moment until every broker knows it, and whoever comes next needs it.
static enum hy_admin_result await(struct hy_admin *admin, const char *name, uint32_t *ret_partitions) {
    enum hy_admin_result result = HY_ADMIN_UNKNOWN;
    struct hy_admin_setting any = {"cleanup.policy", ""};
    for (int i = 0; i < AWAIT_TIMES && result == HY_ADMIN_UNKNOWN; i++) {
        if (i > 0) nanosleep(&(struct timespec){.tv_nsec = AWAIT_NS}, NULL);
        result = hy_admin_partitions(admin, name, ret_partitions);
        if (result == HY_ADMIN_OK) result = hy_admin_settings(admin, name, &any, 1);
    }
    return result;
}

static bool existing_good(const struct cli *cli, struct hy_admin *admin, const struct hy_topic *topic,
                          const struct hy_admin_topic *wanted) {
    uint32_t partitions;
    enum hy_admin_result result = await(admin, wanted->name, &partitions);
    if (result != HY_ADMIN_OK) {
        kafka_complain(cli, admin, result);
        return false;
    }
    if (partitions != wanted->partitions) {
        say_error(
            "topic %s exists with %" PRIu32 " partitions, not %" PRIu32
            "; the count can never change, because it says which partition a member belongs to / 主题 %s "
            "已存在，分区数为 %" PRIu32 " 而不是 %" PRIu32 "；分区数决定会员归属，不能更改",
            wanted->name, partitions, wanted->partitions, wanted->name, partitions, wanted->partitions);
        return false;
    }
    return settings_good(cli, admin, topic, wanted->name);
}

static bool create(const struct cli *cli, struct hy_admin *admin, const struct hy_topic *topic) {
    char name[TOPIC_NAME_BYTES];
    kafka_topic_name(cli, topic->name, name);
    struct hy_admin_topic wanted = wanted_topic(cli, topic, name);
    uint32_t partitions;
    enum hy_admin_result result = hy_admin_create_topic(admin, &wanted);
    if (result == HY_ADMIN_EXISTS) {
        if (!existing_good(cli, admin, topic, &wanted)) return false;
        printf("%-24s exists 已存在\n", name);
        return true;
    }
    if (result == HY_ADMIN_OK) result = await(admin, name, &partitions);
    if (result != HY_ADMIN_OK) {
        kafka_complain(cli, admin, result);
        return false;
    }
    printf("%-24s created 已创建, %" PRIu32 " partitions 分区\n", name, wanted.partitions);
    return true;
}

static bool kafka_there(const struct cli *cli, struct hy_admin *admin) {
    uint32_t unused;
    enum hy_admin_result result = hy_admin_partitions(admin, "", &unused);
    if (result == HY_ADMIN_AWAY) kafka_complain(cli, admin, result);
    return result != HY_ADMIN_AWAY;
}

static int run_create(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    struct hy_admin *admin = kafka_admin(cli);
    if (admin == NULL) return CLI_USAGE;
    bool there = kafka_there(cli, admin);
    bool good = there;
    for (size_t i = 0; there && i < hy_topic_count; i++)
        good = create(cli, admin, &hy_topics[i]) && good;
    hy_admin_close(admin);
    return good ? CLI_OK : CLI_FAULT;
}

// --- list ---

static void print_topic(const struct hy_topic *topic, const char *name, uint32_t partitions,
                        const struct hy_admin_setting *retention) {
    char kept[HY_ADMIN_VALUE_BYTES + 8] = "compacted 压缩";
    if (topic->cleanup == HY_KEEP_FOR_EVER || strcmp(retention->value, "-1") == 0)
        snprintf(kept, sizeof kept, "for ever 永久");
    else if (topic->cleanup == HY_KEEP_FOR_TIME)
        snprintf(kept, sizeof kept, "%s ms", retention->value);
    printf("%-24s %5" PRIu32 "  %-16s %-32s %s\n", name, partitions, topic->message, topic->writers, kept);
}

static bool list(const struct cli *cli, struct hy_admin *admin, const struct hy_topic *topic) {
    char name[TOPIC_NAME_BYTES];
    uint32_t partitions;
    kafka_topic_name(cli, topic->name, name);
    enum hy_admin_result result = hy_admin_partitions(admin, name, &partitions);
    if (result == HY_ADMIN_UNKNOWN) {
        printf("%-24s     -  %-16s %-32s missing 不存在\n", name, topic->message, topic->writers);
        return true;
    }
    struct hy_admin_setting retention = {"retention.ms", ""};
    if (result == HY_ADMIN_OK) result = hy_admin_settings(admin, name, &retention, 1);
    if (result != HY_ADMIN_OK) {
        kafka_complain(cli, admin, result);
        return false;
    }
    print_topic(topic, name, partitions, &retention);
    return true;
}

static int run_list(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    struct hy_admin *admin = kafka_admin(cli);
    if (admin == NULL) return CLI_USAGE;
    printf("%-24s %5s  %-16s %-32s %s\n", "TOPIC", "PARTS", "MESSAGE", "WRITTEN BY", "KEPT");
    bool good = true;
    for (size_t i = 0; i < hy_topic_count && good; i++)
        good = list(cli, admin, &hy_topics[i]);
    hy_admin_close(admin);
    return good ? CLI_OK : CLI_FAULT;
}

const struct cli_command command_topics_create = {
    .name = "topics create",
    .arguments = "",
    .english = "make every topic that is missing",
    .chinese = "创建缺少的主题",
    .more =
        "Repeatable. Fails when a topic exists with another number of partitions, or a log would not be kept "
        "for ever.\n可重复执行。已有主题的分区数不同，或账本日志不是永久保留时报错。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run_create,
};

const struct cli_command command_topics_list = {
    .name = "topics list",
    .arguments = "",
    .english = "the topics, what they carry, how long they are kept",
    .chinese = "列出主题、内容和保留时间",
    .run = run_list,
};
