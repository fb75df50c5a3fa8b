// `explain`: why so many points — from the record itself, in words.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/brains.h"
#include "cli/explain_words.h"
#include "cli/find.h"
#include "cli/published.h"
#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/io/zone.h"

static const char *member, *language = "both";

static const struct cli_option options[] = {
    {"member", 'm', CLI_TEXT, "ID", "whose purchase it is: faster 指定会员，更快", 0, 0, &member},
    {"lang", 0, CLI_TEXT, "zh|en|both", "in which language (both) 语言", 0, 0, &language},
};

// "3-12-111"
static bool parse_entry(const char *text, struct find_query *query) {
    unsigned partition;
    unsigned long long seq;
    unsigned index;
    char rest;
    if (strspn(text, "0123456789-") != strlen(text)) return false;
    if (sscanf(text, "%u-%llu-%u%c", &partition, &seq, &index, &rest) != 3) return false;
    *query = (struct find_query){.partition = partition, .seq = seq, .index = index};
    return true;
}

static bool make_query(const struct cli *cli, const char *text, struct find_query *query) {
    uint32_t partitions;
    if (!kafka_topic_partitions(cli, "points", &partitions)) return false;
    if (parse_entry(text, query) && query->partition < (int64_t)partitions) return true;
    *query = (struct find_query){.input_id = text, .member_id = member, .partition = -1};
    if (member != NULL) query->partition = hy_partition_of(hy_bytes_of(member), partitions);
    return true;
}

// True when the points follow from the record.
static bool explain(const struct found_record *found, const struct published *published,
                    const struct hy_campaigns *campaigns) {
    bool good = true;
    struct hy_program *program = published_program(published, found->record->program_version);
    if (strcmp(language, "zh") != 0) good = explain_print(EXPLAIN_ENGLISH, found, program, campaigns);
    if (strcmp(language, "both") == 0) putchar('\n');
    if (strcmp(language, "en") != 0) good = explain_print(EXPLAIN_CHINESE, found, program, campaigns) && good;
    hy_program_free(program);
    return good;
}

static bool is_result(const struct found_record *found) {
    return found->record->entry > 0;
}

// Of an input id: what became of it, and then how often it came again.
static int explain_all(const struct found *found, const struct published *published,
                       const struct hy_campaigns *campaigns, bool by_place) {
    bool good = true;
    size_t shown = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (!by_place && !is_result(&found->items[i])) continue;
        if (shown++ > 0) putchar('\n');
        good = explain(&found->items[i], published, campaigns) && good;
    }
    for (size_t i = 0; i < found->count; i++) {
        if (by_place || is_result(&found->items[i])) continue;
        if (shown++ > 0) putchar('\n');
        explain(&found->items[i], published, campaigns);
    }
    return good ? CLI_OK : CLI_FAULT;
}

static void read_campaigns(const struct cli *cli, struct hy_campaigns *campaigns) {
    struct published published;
    published_read_campaigns(cli, &published);
    for (size_t i = 0; i < published.count; i++) {
        struct hy_program_faults faults = {0};
        struct hy_bytes yaml = hy_bytes(published.versions[i]->yaml.data, published.versions[i]->yaml.len);
        struct hy_campaign *campaign = hy_campaign_parse(yaml, hy_zone_load, &faults);
        if (campaign != NULL) hy_campaigns_add(campaigns, campaign);
    }
    published_free(&published);
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    struct find_query query;
    if (strcmp(language, "zh") != 0 && strcmp(language, "en") != 0 && strcmp(language, "both") != 0) {
        say_error("--lang %s: zh, en or both / 语言只能为 zh、en 或 both", language);
        return CLI_USAGE;
    }
    if (!make_query(cli, arguments[0], &query)) return CLI_FAULT;
    struct found found;
    int status = CLI_FAULT;
    if (find_records(cli, "points", &query, &found)) {
        // Without them the rules have no names, but their factors stand in the record.
        struct published published;
        struct hy_campaigns campaigns = {0};
        published_read(cli, &published);
        read_campaigns(cli, &campaigns);
        if (found.count > 0)
            status = explain_all(&found, &published, &campaigns, query.input_id == NULL);
        else
            say_error("%s: no such record in the log; it may be in dead-letters, or on its way / "
                      "账本中没有该记录，可能在 dead-letters 中，或尚未处理",
                      arguments[0]);
        published_free(&published);
        hy_campaigns_free(&campaigns);
    }
    found_free(&found);
    return status;
}

const struct cli_command command_explain = {
    .name = "explain",
    .arguments = "PURCHASE|ENTRY",
    .english = "why so many points",
    .chinese = "解释积分是如何计算的",
    .more = "PURCHASE is a purchase id; ENTRY names a record: partition-block-index, as `tail` and the "
            "gateway show it.\n"
            "The points are worked out again from the record, and compared with what was posted.\n"
            "PURCHASE 为消费编号，ENTRY 为流水号（分区-区块-序号）；按账本记录重新计算并核对。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
