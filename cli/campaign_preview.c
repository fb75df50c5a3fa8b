// `campaign preview`: whom a campaign would have, counted over all members.
#include <inttypes.h>
#include <string.h>

#include "cli/campaign_members.h"
#include "cli/document.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/zone.h"

struct row {
    char tier[HY_RULE_ID_LIMIT_BYTES + 1];
    int64_t treatment, control, open;
};

enum { ROWS_LIMIT = HY_TIERS_LIMIT + 1 }; // the last one: tiers that the program does not know any more

struct preview {
    const struct campaign *known;
    const struct hy_campaign *campaign;
    int64_t now_ms;
    struct row rows[ROWS_LIMIT];
    size_t row_count;
    int64_t members, without_birthday, other_tiers;
};

static struct row *row_of(struct preview *preview, const char *tier) {
    for (size_t i = 0; i < preview->row_count; i++) {
        if (strcmp(preview->rows[i].tier, tier) == 0) return &preview->rows[i];
    }
    if (preview->row_count == ROWS_LIMIT) return &preview->rows[ROWS_LIMIT - 1];
    struct row *row = &preview->rows[preview->row_count++];
    snprintf(row->tier, sizeof row->tier, "%s", tier);
    return row;
}

// In the order of the ladder, also those without anybody.
static void list_tiers(struct preview *preview) {
    const struct hy_programs *programs = &preview->known->programs;
    if (programs->count == 0) return;
    const struct hy_program *program = programs->versions[programs->count - 1];
    for (size_t i = 0; i < program->tier_count; i++) {
        if (hy_campaign_wants_tier(preview->campaign, program->tiers[i].id))
            row_of(preview, program->tiers[i].id);
    }
}

static bool is_open(const struct preview *preview, const Huiyuan__V1__CampaignState *member) {
    struct hy_occasion occasion;
    return hy_campaign_occasion(preview->campaign, member->birthday, preview->now_ms, "", &occasion) &&
           occasion.begins_ms <= preview->now_ms;
}

static bool count(void *context, const char *member_id, const Huiyuan__V1__CampaignState *member) {
    struct preview *preview = context;
    const char *tier = campaign_tier(preview->known, member);
    preview->members++;
    if (preview->campaign->kind == HY_CAMPAIGN_BIRTHDAY && member->birthday == 0) {
        preview->without_birthday++;
        return true;
    }
    if (!hy_campaign_wants_tier(preview->campaign, tier)) {
        preview->other_tiers++;
        return true;
    }
    struct row *row = row_of(preview, tier);
    bool held_out = hy_campaign_holds_out(preview->campaign, member_id);
    row->control += held_out;
    row->treatment += !held_out;
    row->open += is_open(preview, member);
    return true;
}

static void print_row(const struct row *row) {
    printf("%-24s %12" PRId64 " %12" PRId64 " %12" PRId64 "\n", row->tier, row->treatment, row->control,
           row->open);
}

static void print(const struct preview *preview, double seconds) {
    struct row total = {.tier = "total"};
    printf("%s/%" PRIu32 "  %s  %s\n%-24s %12s %12s %12s\n", preview->campaign->id,
           preview->campaign->version, preview->campaign->name_zh, preview->campaign->name_en, "TIER",
           "TREATMENT", "CONTROL", "OPEN NOW");
    for (size_t i = 0; i < preview->row_count; i++) {
        const struct row *row = &preview->rows[i];
        print_row(row);
        total.treatment += row->treatment;
        total.control += row->control;
        total.open += row->open;
    }
    print_row(&total);
    printf("not reached 未覆盖: %" PRId64 " without a birthday 未填生日, %" PRId64
           " of other tiers 其他等级\n"
           "%" PRId64 " members read in %.1f s 已读取会员\n",
           preview->without_birthday, preview->other_tiers, preview->members, seconds);
}

static int preview_members(const struct cli *cli, const struct campaign *known,
                           const struct hy_campaign *campaign) {
    struct hy_store *store = redis_open(cli);
    if (store == NULL) return CLI_FAULT;
    uint64_t began_ns = hy_clock_monotonic_ns();
    struct preview *preview = hy_calloc(1, sizeof *preview);
    bool good = campaign_clock(cli, store);
    *preview = (struct preview){.known = known, .campaign = campaign, .now_ms = hy_clock_now_ms()};
    list_tiers(preview);
    good = good && campaign_members(cli, store, count, preview);
    if (good) print(preview, (double)(hy_clock_monotonic_ns() - began_ns) / 1e9);
    hy_free(preview);
    hy_store_close(store);
    return good ? CLI_OK : CLI_FAULT;
}

static int run(const struct cli *cli, char *const *arguments, int argument_count) {
    (void)argument_count;
    struct hy_buffer content;
    struct hy_campaign *campaign = campaign_file(arguments[0], &content);
    struct campaign known;
    int status = CLI_FAULT;
    if (campaign != NULL) {
        if (campaign_known(cli, &known)) status = preview_members(cli, &known, campaign);
        campaign_free(&known);
    }
    hy_campaign_free(campaign);
    hy_buffer_free(&content);
    return status;
}

const struct cli_command command_campaign_preview = {
    .name = "campaign preview",
    .arguments = "FILE",
    .english = "count the members whom a campaign would have, by tier",
    .chinese = "按等级统计活动将覆盖的会员",
    .more = "Counts every enrolled member in Redis. OPEN NOW: those whose turn would come at once.\n"
            "统计 Redis 中的全部会员。OPEN NOW：活动一经发布即轮到的会员。",
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
