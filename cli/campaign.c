// `campaign`: checks, publishes and lists campaigns.
#include <string.h>

#include "cli/campaign_members.h"
#include "cli/document.h"
#include "common/io/zone.h"

static const char *const kinds[] = {
    [HY_CAMPAIGN_BIRTHDAY] = "birthday 生日", [HY_CAMPAIGN_MEMBER_DAY] = "member-day 会员日"};

struct hy_campaign *campaign_file(const char *path, struct hy_buffer *ret_content) {
    if (!document_read(path, ret_content)) return NULL;
    struct hy_program_faults faults = {0};
    struct hy_campaign *campaign = hy_campaign_parse(hy_buffer_bytes(ret_content), hy_zone_load, &faults);
    if (campaign == NULL) document_print_faults(path, &faults);
    return campaign;
}

static int run_check(const struct cli *cli, char *const *arguments, int count) {
    (void)cli;
    (void)count;
    struct hy_buffer content;
    struct hy_campaign *campaign = campaign_file(arguments[0], &content);
    hy_buffer_free(&content);
    if (campaign == NULL) return CLI_FAULT;
    document_print("good 检查通过", campaign->id, campaign->version, campaign->effective_from_ms);
    printf("%s, control group 对照组 %d.%02d %%\n", kinds[campaign->kind], campaign->control_share / 100,
           campaign->control_share % 100);
    hy_campaign_free(campaign);
    return CLI_OK;
}

// --- publish ---

// What a campaign is never changes; nor may tiers be meant that the program does not have.
static bool agrees(const struct campaign *known, const struct hy_campaign *campaign) {
    for (size_t i = 0; i < known->campaigns.count; i++) {
        const struct hy_campaign *before = known->campaigns.versions[i];
        if (strcmp(before->id, campaign->id) != 0 || before->kind == campaign->kind) continue;
        say_error("%s is published as %s: give this one another id / 该活动 id 已用于另一种活动，请更换 id",
                  campaign->id, kinds[before->kind]);
        return false;
    }
    if (known->programs.count == 0) return true;
    const struct hy_program *program = known->programs.versions[known->programs.count - 1];
    for (size_t i = 0; i < campaign->tier_count; i++) {
        bool found = false;
        for (size_t k = 0; k < program->tier_count; k++)
            found |= strcmp(program->tiers[k].id, campaign->tiers[i]) == 0;
        if (found) continue;
        say_error("the program has no tier %s / 会员计划中没有等级 %s", campaign->tiers[i],
                  campaign->tiers[i]);
        return false;
    }
    return true;
}

static int publish(const struct cli *cli, const struct hy_campaign *campaign, struct hy_bytes content) {
    const struct document document = {HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, campaign->id, campaign->version,
                                      campaign->effective_from_ms, content};
    struct published published;
    struct campaign known;
    int status = CLI_FAULT;
    if (campaign_known(cli, &known) && agrees(&known, campaign)) {
        if (published_read_campaigns(cli, &published)) status = document_publish(cli, &document, &published);
        published_free(&published);
    }
    campaign_free(&known);
    return status;
}

static int run_publish(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    struct hy_buffer content;
    struct hy_campaign *campaign = campaign_file(arguments[0], &content);
    int status = campaign == NULL ? CLI_FAULT : publish(cli, campaign, hy_buffer_bytes(&content));
    hy_campaign_free(campaign);
    hy_buffer_free(&content);
    return status;
}

// --- list ---

static int run_list(const struct cli *cli, char *const *arguments, int count) {
    (void)arguments;
    (void)count;
    struct published published;
    int status = CLI_FAULT;
    if (published_read_campaigns(cli, &published)) {
        status = document_list(&published);
        if (status != CLI_OK) say_error("no campaign is published / 尚未发布活动");
    }
    published_free(&published);
    return status;
}

const struct cli_command command_campaign_check = {
    .name = "campaign check",
    .arguments = "FILE",
    .english = "check a campaign file",
    .chinese = "检查活动文件",
    .more = "Every fault is printed as FILE:LINE: field: text, in English and Chinese.\n"
            "每个错误按 文件:行号: 字段: 说明 打印。",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_check,
};

const struct cli_command command_campaign_publish = {
    .name = "campaign publish",
    .arguments = "FILE",
    .english = "check a campaign file and publish it as a new version",
    .chinese = "检查并发布活动的新版本",
    .more = "Takes effect at once, also for members who are enrolled. Publishing the same file again changes "
            "nothing;\n"
            "a version that is published keeps its content for ever.\n"
            "立即生效，包括已有会员。重复发布同一文件不会有变化；已发布的版本内容不可更改。",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_publish,
};

const struct cli_command command_campaign_list = {
    .name = "campaign list",
    .arguments = "",
    .english = "list the published campaigns",
    .chinese = "列出已发布的活动",
    .run = run_list,
};
