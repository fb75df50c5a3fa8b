// `explain tier`: why a member has the tier — from the log of tiers, in words.
#include <string.h>

#include "cli/cli.h"
#include "cli/explain_tier_words.h"
#include "cli/published.h"
#include "common/base/hash.h"
#include "common/base/memory.h"

enum { CHANGES_SHOWN = 10 };

static const char *language = "both";

static const struct cli_option options[] = {
    {"lang", 0, CLI_TEXT, "zh|en|both", "in which language (both) 语言", 0, 0, &language},
};

// The programs that the records name, parsed once.
struct programs {
    struct published published;
    struct hy_programs parsed;
};

static const struct hy_program *program_of(struct programs *programs, uint32_t version) {
    const struct hy_program *known = hy_programs_version(&programs->parsed, version);
    if (known != NULL) return known;
    struct hy_program *program = published_program(&programs->published, version);
    if (program != NULL) hy_programs_add(&programs->parsed, program);
    return program;
}

static bool read_step(struct found *found, size_t i, struct programs *programs, struct tier_step *ret_step) {
    const struct found_record *item = &found->items[i];
    if (item->record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return false;
    const Huiyuan__V1__TierChange *change = huiyuan__v1__tier_change__unpack(
        &found->arena.protobuf, item->record->body.len, item->record->body.data);
    if (change == NULL) return false;
    *ret_step = (struct tier_step){item, change, program_of(programs, item->record->program_version)};
    return true;
}

static bool is_change(const struct tier_step *step) {
    return step->change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED ||
           step->change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__LOWERED;
}

static void tell(struct found *found, struct programs *programs, const char *member_id) {
    struct tier_story story = {.member_id = member_id};
    struct tier_step *changes = hy_calloc(found->count + 1, sizeof *changes);
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (!read_step(found, i, programs, &story.now) || !is_change(&story.now)) continue;
        story.given = changes[count++] = story.now;
    }
    story.change_count = count < CHANGES_SHOWN ? count : CHANGES_SHOWN;
    story.changes = changes + count - story.change_count;
    if (story.now.found != NULL) {
        if (strcmp(language, "zh") != 0) explain_tier_print(EXPLAIN_ENGLISH, &story);
        if (strcmp(language, "both") == 0) putchar('\n');
        if (strcmp(language, "en") != 0) explain_tier_print(EXPLAIN_CHINESE, &story);
    }
    hy_free(changes);
}

static int explain_member(const struct cli *cli, const char *member_id, uint32_t partitions) {
    struct find_query query = {.member_id = member_id,
                               .partition = hy_partition_of(hy_bytes_of(member_id), partitions)};
    struct found found;
    int status = CLI_FAULT;
    if (find_records(cli, "tiers", &query, &found)) {
        struct programs programs = {0};
        published_read(cli, &programs.published); // without it the tiers have no names and thresholds
        if (found.count > 0) {
            tell(&found, &programs, member_id);
            status = CLI_OK;
        } else {
            say_error("%s: the log of tiers does not know this member; without a purchase everybody has the "
                      "first tier / 等级日志中没有该会员，没有消费的会员均为第一级",
                      member_id);
        }
        published_free(&programs.published);
        hy_programs_free(&programs.parsed);
    }
    found_free(&found);
    return status;
}

static int run(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    uint32_t partitions;
    if (strcmp(language, "zh") != 0 && strcmp(language, "en") != 0 && strcmp(language, "both") != 0) {
        say_error("--lang %s: zh, en or both / 语言只能为 zh、en 或 both", language);
        return CLI_USAGE;
    }
    if (!kafka_topic_partitions(cli, "tiers", &partitions)) return CLI_FAULT;
    return explain_member(cli, arguments[0], partitions);
}

const struct cli_command command_explain_tier = {
    .name = "explain tier",
    .arguments = "MEMBER",
    .english = "why a member has the tier",
    .chinese = "解释会员为何是该等级",
    .more = "From the log of tiers: which record gave it, by which rule and figures, what is missing for the "
            "next,\n"
            "and when it falls. The purchase that is named can be explained too: huiyuanctl explain ENTRY.\n"
            "依据等级日志：由哪条流水、按哪条规则和数值得到该等级，距离下一级还差多少，何时可能降级。",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
