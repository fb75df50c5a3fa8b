// Looking after Kafka through librdkafka's admin requests: each is sent, and its one answer waited for.
#include "common/io/admin.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/log.h"

struct hy_admin {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    int timeout_ms;
    char reason[256];
};

static void log_line(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client;
    (void)level;
    hy_log(HY_LOG_DEBUG, "kafka", "%s: %s", facility, text);
}

struct hy_admin *hy_admin_open(const char *brokers, int timeout_ms) {
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, log_line);
    rd_kafka_t *client = NULL;
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why) == RD_KAFKA_CONF_OK &&
        rd_kafka_conf_set(conf, "client.id", "huiyuanctl", why, sizeof why) == RD_KAFKA_CONF_OK)
        client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        hy_log(HY_LOG_ERROR, "kafka_setting", "%s", why);
        return NULL;
    }
    struct hy_admin *admin = hy_calloc(1, sizeof *admin);
    admin->client = client;
    admin->queue = rd_kafka_queue_new(client);
    admin->timeout_ms = timeout_ms;
    return admin;
}

void hy_admin_close(struct hy_admin *admin) {
    rd_kafka_queue_destroy(admin->queue);
    rd_kafka_destroy(admin->client);
    hy_free(admin);
}

const char *hy_admin_reason(const struct hy_admin *admin) {
    return admin->reason;
}

static enum hy_admin_result result_of(struct hy_admin *admin, rd_kafka_resp_err_t error, const char *text) {
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return HY_ADMIN_OK;
    snprintf(admin->reason, sizeof admin->reason, "%s", text != NULL ? text : rd_kafka_err2str(error));
    switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: return HY_ADMIN_EXISTS;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return HY_ADMIN_UNKNOWN;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE: return HY_ADMIN_AWAY;
    default: return HY_ADMIN_FAILED;
    }
}

void hy_admin_cluster(struct hy_admin *admin, char *ret_id, size_t size) {
    char *id = rd_kafka_clusterid(admin->client, admin->timeout_ms);
    snprintf(ret_id, size, "%s", id == NULL ? "" : id);
    if (id != NULL) rd_kafka_mem_free(admin->client, id);
}

static rd_kafka_AdminOptions_t *options_for(struct hy_admin *admin, rd_kafka_admin_op_t request) {
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->client, request);
    rd_kafka_AdminOptions_set_request_timeout(options, admin->timeout_ms, NULL, 0);
    return options;
}

// The answer to the one request on its way; NULL (and the reason kept) when it failed as a whole.
static rd_kafka_event_t *answer(struct hy_admin *admin, enum hy_admin_result *ret_result) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, admin->timeout_ms + 1000);
    if (event == NULL) {
        *ret_result = result_of(admin, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
        return NULL;
    }
    *ret_result = result_of(admin, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    if (*ret_result == HY_ADMIN_OK) return event;
    rd_kafka_event_destroy(event);
    return NULL;
}

enum hy_admin_result hy_admin_create_topic(struct hy_admin *admin, const struct hy_admin_topic *topic) {
    char why[256];
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic->name, (int)topic->partitions,
                              topic->replication == 0 ? -1 : (int)topic->replication, why, sizeof why);
    if (wanted == NULL) return result_of(admin, RD_KAFKA_RESP_ERR__INVALID_ARG, why);
    for (size_t i = 0; i < topic->setting_count; i++)
        rd_kafka_NewTopic_set_config(wanted, topic->settings[i].name, topic->settings[i].value);
    rd_kafka_AdminOptions_t *options = options_for(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(options, admin->timeout_ms, NULL, 0);
    rd_kafka_CreateTopics(admin->client, &wanted, 1, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(wanted);
    enum hy_admin_result result;
    rd_kafka_event_t *event = answer(admin, &result);
    if (event == NULL) return result;
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    result = result_of(admin, rd_kafka_topic_result_error(results[0]),
                       rd_kafka_topic_result_error_string(results[0]));
    rd_kafka_event_destroy(event);
    return result;
}

// All topics are asked for: to ask for one that does not exist may make it (auto.create.topics.enable).
enum hy_admin_result hy_admin_partitions(struct hy_admin *admin, const char *topic,
                                         uint32_t *ret_partitions) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(admin->client, 1, NULL, &metadata, admin->timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return result_of(admin, error, NULL);
    error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, topic) != 0) continue;
        error = metadata->topics[i].err;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            *ret_partitions = (uint32_t)metadata->topics[i].partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    return result_of(admin, error, NULL);
}

static void take_settings(const rd_kafka_ConfigResource_t *resource, struct hy_admin_setting *settings,
                          size_t count) {
    size_t entry_count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &entry_count);
    for (size_t i = 0; i < count; i++) {
        settings[i].value[0] = '\0';
        for (size_t e = 0; e < entry_count; e++) {
            const char *value = rd_kafka_ConfigEntry_value(entries[e]);
            if (value != NULL && strcmp(rd_kafka_ConfigEntry_name(entries[e]), settings[i].name) == 0)
                snprintf(settings[i].value, sizeof settings[i].value, "%s", value);
        }
    }
}

enum hy_admin_result hy_admin_settings(struct hy_admin *admin, const char *topic,
                                       struct hy_admin_setting *settings, size_t count) {
    rd_kafka_ConfigResource_t *wanted = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options = options_for(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(admin->client, &wanted, 1, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(wanted);
    enum hy_admin_result result;
    rd_kafka_event_t *event = answer(admin, &result);
    if (event == NULL) return result;
    size_t found;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &found);
    result = result_of(admin, rd_kafka_ConfigResource_error(resources[0]),
                       rd_kafka_ConfigResource_error_string(resources[0]));
    if (result == HY_ADMIN_OK) take_settings(resources[0], settings, count);
    rd_kafka_event_destroy(event);
    return result;
}

enum hy_admin_result hy_admin_range(struct hy_admin *admin, const char *topic, uint32_t partition,
                                    int64_t *ret_low, int64_t *ret_high) {
    int64_t low;
    int64_t high;
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(admin->client, topic, (int32_t)partition,
                                                                 &low, &high, admin->timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return result_of(admin, error, NULL);
    *ret_low = low;
    *ret_high = high;
    return HY_ADMIN_OK;
}

static void report_member(const rd_kafka_MemberDescription_t *described, hy_admin_found found,
                          void *context) {
    const struct hy_admin_member member = {
        .client_id = rd_kafka_MemberDescription_client_id(described),
        .instance_id = rd_kafka_MemberDescription_group_instance_id(described),
        .host = rd_kafka_MemberDescription_host(described),
    };
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(described);
    const rd_kafka_topic_partition_list_t *list =
        assignment == NULL ? NULL : rd_kafka_MemberAssignment_partitions(assignment);
    if (list == NULL || list->cnt == 0) found(context, &member, NULL, 0);
    for (int i = 0; list != NULL && i < list->cnt; i++)
        found(context, &member, list->elems[i].topic, (uint32_t)list->elems[i].partition);
}

enum hy_admin_result hy_admin_group(struct hy_admin *admin, const char *group, hy_admin_found found,
                                    void *context, char ret_state[32]) {
    rd_kafka_AdminOptions_t *options = options_for(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_DescribeConsumerGroups(admin->client, &group, 1, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    enum hy_admin_result result;
    rd_kafka_event_t *event = answer(admin, &result);
    if (event == NULL) return result;
    size_t count;
    const rd_kafka_ConsumerGroupDescription_t **groups = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event), &count);
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
    result = error == NULL ? HY_ADMIN_OK
                           : result_of(admin, rd_kafka_error_code(error), rd_kafka_error_string(error));
    if (result == HY_ADMIN_OK) {
        rd_kafka_consumer_group_state_t state = rd_kafka_ConsumerGroupDescription_state(groups[0]);
        snprintf(ret_state, 32, "%s", rd_kafka_consumer_group_state_name(state));
        size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
        for (size_t i = 0; i < members; i++)
            report_member(rd_kafka_ConsumerGroupDescription_member(groups[0], i), found, context);
    }
    rd_kafka_event_destroy(event);
    return result;
}

static enum hy_admin_result take_committed(struct hy_admin *admin, const rd_kafka_group_result_t *group,
                                           int64_t *ret_offsets, uint32_t count) {
    const rd_kafka_error_t *error = rd_kafka_group_result_error(group);
    if (error != NULL) return result_of(admin, rd_kafka_error_code(error), rd_kafka_error_string(error));
    const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(group);
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        uint32_t partition = (uint32_t)list->elems[i].partition;
        if (partition < count && list->elems[i].offset >= 0) ret_offsets[partition] = list->elems[i].offset;
    }
    return HY_ADMIN_OK;
}

enum hy_admin_result hy_admin_committed(struct hy_admin *admin, const char *group, const char *topic,
                                        int64_t *ret_offsets, uint32_t count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)i);
        ret_offsets[i] = -1;
    }
    rd_kafka_ListConsumerGroupOffsets_t *wanted = rd_kafka_ListConsumerGroupOffsets_new(group, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_t *options = options_for(admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_ListConsumerGroupOffsets(admin->client, &wanted, 1, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
    enum hy_admin_result result;
    rd_kafka_event_t *event = answer(admin, &result);
    if (event == NULL) return result;
    size_t groups_count;
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &groups_count);
    result = take_committed(admin, groups[0], ret_offsets, count);
    rd_kafka_event_destroy(event);
    return result;
}
