// `status`: who owns what, what waits, how far Redis is.
#include "cli/status.h"

#include <inttypes.h>
#include <string.h>

#include "cli/brains.h"
#include "cli/json.h"
#include "cli/kafka.h"
#include "cli/redis.h"
#include "common/base/memory.h"
#include "common/stage/keys.h"

enum { FIRST_WINDOW = 8, WINDOW_GROWTH = 16, OUT_CEILING_BYTES = 16 << 20 };

static bool as_json, in_full;

static const struct cli_option options[] = {
    {"long", 'l', CLI_SWITCH, NULL, "a line for each partition 逐分区显示", 0, 0, &in_full},
    {"json", 0, CLI_SWITCH, NULL, "one JSON object 输出 JSON", 0, 0, &as_json},
};

// --- the group ---

struct grouping {
    struct status *status;
    char topic[TOPIC_NAME_BYTES]; // the partitions of one source stand for all
};

static void keep_member(struct status *status, const char *name) {
    for (size_t i = 0; i < status->member_count; i++) {
        if (strcmp(status->members[i], name) == 0) return;
    }
    if (status->member_count == sizeof status->members / sizeof status->members[0]) return;
    snprintf(status->members[status->member_count++], sizeof status->members[0], "%s", name);
}

static void take_member(void *context, const struct hy_admin_member *member, const char *topic,
                        uint32_t partition) {
    struct grouping *grouping = context;
    struct status *status = grouping->status;
    keep_member(status, member->client_id);
    if (topic == NULL || strcmp(topic, grouping->topic) != 0 || partition >= status->count) return;
    snprintf(status->parts[partition].owner, sizeof status->parts[partition].owner, "%s", member->client_id);
}

static enum hy_admin_result look_at_group(const struct cli *cli, struct hy_admin *admin,
                                          struct status *status) {
    struct grouping grouping = {.status = status};
    kafka_topic_name(cli, status->brain->sources[0], grouping.topic);
    return hy_admin_group(admin, status->group, take_member, &grouping, status->state);
}

// --- topics ---

static enum hy_admin_result look_at_source(const struct cli *cli, struct hy_admin *admin,
                                           struct status *status, size_t s) {
    char name[TOPIC_NAME_BYTES];
    kafka_topic_name(cli, status->brain->sources[s], name);
    int64_t *committed = hy_calloc(status->count, sizeof *committed);
    enum hy_admin_result result = hy_admin_committed(admin, status->group, name, committed, status->count);
    for (uint32_t p = 0; p < status->count && result == HY_ADMIN_OK; p++) {
        struct status_source *source = &status->parts[p].sources[s];
        *source = (struct status_source){.position = -1, .committed = committed[p]};
        result = hy_admin_range(admin, name, p, &source->low, &source->high);
    }
    hy_free(committed);
    return result;
}

static enum hy_admin_result look_at_topics(const struct cli *cli, struct hy_admin *admin,
                                           struct status *status) {
    char name[TOPIC_NAME_BYTES];
    enum hy_admin_result result = HY_ADMIN_OK;
    kafka_topic_name(cli, status->brain->log, name);
    for (uint32_t p = 0; p < status->count && result == HY_ADMIN_OK; p++)
        result = hy_admin_range(admin, name, p, &status->parts[p].log_low, &status->parts[p].log_high);
    for (size_t s = 0; s < status->brain->source_count && result == HY_ADMIN_OK; s++)
        result = look_at_source(cli, admin, status, s);
    return result;
}

// --- the end of the log ---

static void take_positions(struct status *status, struct status_part *part, const Huiyuan__V1__Block *block) {
    part->seq = block->seq;
    for (size_t i = 0; i < block->n_positions; i++) {
        for (size_t s = 0; s < status->brain->source_count; s++) {
            if (strcmp(block->positions[i]->topic, status->brain->sources[s]) == 0)
                part->sources[s].position = block->positions[i]->next_offset;
        }
    }
}

// Blocks that do not count never have a seq above those that do.
static bool take_message(void *context, const struct hy_message *message) {
    struct status *status = context;
    Huiyuan__V1__LogMessage *decoded =
        huiyuan__v1__log_message__unpack(NULL, message->value.length, message->value.data);
    if (decoded == NULL) return true;
    struct status_part *part = &status->parts[message->partition];
    if (decoded->kind_case == HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK && decoded->block->seq >= part->seq)
        take_positions(status, part, decoded->block);
    huiyuan__v1__log_message__free_unpacked(decoded, NULL);
    return true;
}

// The last block of each partition: from the end, further and further back.
static bool look_at_ends(const struct cli *cli, struct status *status) {
    struct kafka_span *spans = hy_calloc(status->count, sizeof *spans);
    bool good = true;
    bool done = false;
    for (int64_t window = FIRST_WINDOW; good && !done; window *= WINDOW_GROWTH) {
        done = true;
        for (uint32_t p = 0; p < status->count; p++) {
            const struct status_part *part = &status->parts[p];
            int64_t from = part->log_high - window > part->log_low ? part->log_high - window : part->log_low;
            bool wanted = part->seq == 0 && part->log_high > part->log_low;
            spans[p] = (struct kafka_span){p, wanted ? from : part->log_high, part->log_high, 0};
        }
        good = kafka_read(cli, status->brain->log, spans, status->count, take_message, status);
        for (uint32_t p = 0; p < status->count; p++)
            done = done && (status->parts[p].seq > 0 || spans[p].from <= status->parts[p].log_low);
    }
    hy_free(spans);
    return good;
}

// --- Redis ---

static void take_watermark(void *context, const struct hy_store_answer *answer) {
    struct status_part *part = context;
    if (answer->values[0].data != NULL) hy_watermark_load(answer->values[0], &part->watermark, NULL, NULL);
}

static bool look_at_redis(const struct cli *cli, struct hy_store *store, struct status *status) {
    for (uint32_t p = 0; p < status->count; p++) {
        const struct hy_key_space space = {cli->redis_prefix, status->brain->log, p};
        struct hy_key name = hy_key_watermark(&space);
        struct hy_bytes key = hy_key_bytes(&name);
        if (!redis_get(cli, store, &key, 1, take_watermark, &status->parts[p])) return false;
    }
    return true;
}

// --- the whole ---

static bool collect(const struct cli *cli, struct hy_admin *admin, struct hy_store *store, const char *log,
                    struct status *status) {
    *status = (struct status){.brain = brain_of(log), .service = brain_service(log)};
    kafka_topic_name(cli, status->service, status->group);
    if (!kafka_partitions(cli, admin, log, &status->count)) return false;
    status->parts = hy_calloc(status->count, sizeof *status->parts);
    for (uint32_t p = 0; p < status->count; p++)
        status->parts[p].partition = p;
    enum hy_admin_result result = look_at_group(cli, admin, status);
    if (result == HY_ADMIN_OK) result = look_at_topics(cli, admin, status);
    if (result != HY_ADMIN_OK) {
        kafka_complain(cli, admin, result);
        return false;
    }
    return look_at_ends(cli, status) && look_at_redis(cli, store, status);
}

static bool show_topic(const struct cli *cli, struct hy_admin *admin, const struct hy_topic *topic,
                       bool first, struct hy_buffer *out) {
    char name[TOPIC_NAME_BYTES];
    uint32_t partitions;
    int64_t messages = 0;
    kafka_topic_name(cli, topic->name, name);
    if (!kafka_partitions(cli, admin, topic->name, &partitions)) return false;
    for (uint32_t p = 0; p < partitions; p++) {
        int64_t low;
        int64_t high;
        enum hy_admin_result result = hy_admin_range(admin, name, p, &low, &high);
        if (result != HY_ADMIN_OK) {
            kafka_complain(cli, admin, result);
            return false;
        }
        messages += high - low;
    }
    if (as_json)
        hy_buffer_printf(out, "%s{\"topic\":\"%s\",\"partitions\":%" PRIu32 ",\"messages\":%" PRId64 "}",
                         first ? "" : ",", topic->name, partitions, messages);
    else
        printf("%-24s %5" PRIu32 " %12" PRId64 "\n", name, partitions, messages);
    return true;
}

static bool show_topics(const struct cli *cli, struct hy_admin *admin, struct hy_buffer *out) {
    bool good = true;
    if (!as_json) printf("%-24s %5s %12s\n", "TOPIC", "PARTS", "MESSAGES");
    hy_buffer_printf(out, "{\"topics\":[");
    for (size_t i = 0; i < hy_topic_count && good; i++)
        good = show_topic(cli, admin, &hy_topics[i], i == 0, out);
    hy_buffer_printf(out, "],\"services\":[");
    return good;
}

static bool show_services(const struct cli *cli, struct hy_admin *admin, struct hy_store *store,
                          struct hy_buffer *out) {
    bool good = true;
    bool first = true;
    for (size_t i = 0; i < hy_topic_count && good; i++) {
        struct status status;
        if (!hy_topics[i].is_log || brain_of(hy_topics[i].name) == NULL) continue;
        good = collect(cli, admin, store, hy_topics[i].name, &status);
        if (good && as_json) {
            if (!first) hy_buffer_add(out, ",", 1);
            status_print_json(&status, out);
        } else if (good) {
            status_print(&status, in_full);
        }
        first = false;
        hy_free(status.parts);
    }
    hy_buffer_printf(out, "]}");
    return good;
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    struct hy_admin *admin = kafka_admin(cli);
    if (admin == NULL) return CLI_USAGE;
    struct hy_buffer out;
    hy_buffer_init(&out, OUT_CEILING_BYTES);
    bool good = show_topics(cli, admin, &out);
    struct hy_store *store = good ? redis_open(cli) : NULL;
    good = store != NULL && show_services(cli, admin, store, &out);
    if (good && as_json) printf("%.*s\n", (int)out.length, (const char *)out.data);
    if (store != NULL) hy_store_close(store);
    hy_buffer_free(&out);
    hy_admin_close(admin);
    return good ? CLI_OK : CLI_FAULT;
}

const struct cli_command command_status = {
    .name = "status",
    .arguments = "",
    .english = "who owns what, what waits, how far Redis is",
    .chinese = "查看分区归属、积压和 Redis 进度",
    .more = "WAITING: inputs that the log has not taken yet. BLOCK: the last of the log. BEHIND: blocks that "
            "Redis does not show yet.\nWAITING 为待处理输入数，BLOCK 为日志最新区块，BEHIND 为 Redis "
            "落后的区块数。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run,
};
