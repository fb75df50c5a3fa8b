#include "cli/explain_tier_words.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/decimal.h"

#define SAY(english, chinese) (language == EXPLAIN_ENGLISH ? (english) : (chinese))

typedef Huiyuan__V1__TierChange Change;

// --- names and figures ---

static const struct hy_tier_rule *tier_rule(const struct hy_program *program, const char *id) {
    for (size_t i = 0; program != NULL && i < program->tier_count; i++) {
        if (strcmp(program->tiers[i].id, id) == 0) return &program->tiers[i];
    }
    return NULL;
}

static const char *tier_name(enum explain_language language, const struct tier_step *step, const char *id) {
    const struct hy_tier_rule *rule = tier_rule(step->program, id);
    return rule == NULL ? id : SAY(rule->name_en, rule->name_zh);
}

static const char *money(int64_t fen, char text[24]) {
    hy_hundredths_format(fen, text);
    return text;
}

static void print_time(const struct hy_program *program, int64_t time_ms) {
    char text[25];
    if (program == NULL) {
        hy_time_format(time_ms, text);
        fputs(text, stdout);
        return;
    }
    struct hy_civil at = hy_civil_at(&program->zone, time_ms);
    printf("%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day, at.hour, at.minute, at.second);
}

static void print_place(const struct tier_step *step) {
    printf("%" PRIu32 "-%" PRIu64 "-%" PRIu32, step->found->place.partition, step->found->place.seq,
           step->found->place.index);
}

// --- why ---

static void print_growth(enum explain_language language, const struct tier_step *step) {
    const struct hy_tier_rule *rule = tier_rule(step->program, step->change->tier);
    printf(SAY("growth %" PRId64, "成长值 %" PRId64), step->change->growth);
    if (rule != NULL && rule->by_growth)
        printf(SAY(" is more than %" PRId64 " (growth_above)", " 超过 %" PRId64 "（growth_above）"),
               rule->growth_above);
}

static void print_spend(enum explain_language language, const struct tier_step *step) {
    const Change *change = step->change;
    bool raised = change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    const struct hy_tier_rule *rule = tier_rule(step->program, raised ? change->tier : change->tier_before);
    char spend[24];
    char above[24];
    printf(SAY("¥%s spent in the rolling year", "最近一年消费 ¥%s"), money(change->year_spend_fen, spend));
    if (rule == NULL || !rule->by_year_spend) return;
    money(rule->year_spend_above_fen, above);
    if (raised)
        printf(SAY(" is more than ¥%s (year_spend_above)", " 超过 ¥%s（year_spend_above）"), above);
    else
        printf(SAY(" is no longer more than the ¥%s of %s", "，不再超过 ¥%s（%s）"), above,
               tier_name(language, step, change->tier_before));
}

static void print_why(enum explain_language language, const struct tier_step *step) {
    const char *reason = step->change->reason;
    const struct hy_program *program = step->program;
    if (strcmp(reason, "growth") == 0)
        print_growth(language, step);
    else if (strcmp(reason, "year-spend") == 0)
        print_spend(language, step);
    else if (strcmp(reason, "lapse") == 0 && program != NULL)
        printf(SAY("%d months without a purchase; growth began at 0 again",
                   "连续 %d 个月没有消费，成长值从 0 重新累计"),
               program->tier_rules.lapse_months);
    else if (strcmp(reason, "months-in-a-row") == 0 && program != NULL)
        printf(SAY("the year's spend fell, but a purchase in each of %d months keeps it",
                   "年消费回落，但最近连续 %d 个月每月都有消费，予以保级"),
               program->tier_rules.keep_months);
    else
        fputs(reason, stdout);
}

// What the record was made from: a purchase by its entry in the log of points, or the time.
static void print_input(enum explain_language language, const struct tier_step *step) {
    const char *input = step->found->record->input_id;
    static const char points[] = "points-";
    char paid[24];
    if (strncmp(input, points, sizeof points - 1) != 0) {
        fputs(SAY("by the passing of time", "时间到期"), stdout);
        return;
    }
    printf(SAY("by the purchase of points entry %s (¥%s, growth %+" PRId64 ")",
               "由积分流水 %s 的消费（¥%s，成长值 %+" PRId64 "）"),
           input + sizeof points - 1, money(step->change->money_change_fen, paid),
           step->change->growth_change);
}

static void print_change(enum explain_language language, const struct tier_step *step) {
    const Change *change = step->change;
    bool raised = change->kind == HUIYUAN__V1__TIER_CHANGE_KIND__RAISED;
    fputs("  ", stdout);
    print_time(step->program, change->since_ms);
    printf(" %s %s → %s: ", raised ? SAY("raised", "升级") : SAY("lowered", "降级"),
           tier_name(language, step, change->tier_before), tier_name(language, step, change->tier));
    print_why(language, step);
    fputs(SAY("; ", "；"), stdout);
    print_input(language, step);
    fputs(SAY(" (entry ", "（等级流水 "), stdout);
    print_place(step);
    printf(SAY(", program version %" PRIu32 ")\n", "，会员计划版本 %" PRIu32 "）\n"),
           step->found->record->program_version);
}

// --- where the member stands ---

static void print_head(enum explain_language language, const struct tier_story *story) {
    const Change *now = story->now.change;
    printf(SAY("Member %s has tier %s (%s)", "会员 %s 的等级：%s（%s）"), story->member_id,
           tier_name(language, &story->now, now->tier), now->tier);
    if (story->given.found == NULL) {
        puts(SAY(": the first, which every member has", "，为第一级，每位会员都有"));
        return;
    }
    fputs(SAY(", since ", "，自 "), stdout);
    print_time(story->now.program, now->since_ms);
    fputs(SAY(", because ", " 起；原因："), stdout);
    print_why(language, &story->given);
    putchar('\n');
}

static void print_standing(enum explain_language language, const struct tier_story *story) {
    const Change *now = story->now.change;
    char spend[24];
    printf(
        SAY("  growth %" PRId64 ", ¥%s spent in the rolling year", "  成长值 %" PRId64 "，最近一年消费 ¥%s"),
        now->growth, money(now->year_spend_fen, spend));
    fputs(SAY(" (at ", "（截至 "), stdout);
    print_time(story->now.program, now->reached_ms);
    puts(SAY(")", "）"));
}

static void print_missing(enum explain_language language, const Change *now) {
    char spend[24];
    bool both = now->growth_to_next > 0 && now->spend_to_next_fen > 0;
    if (now->growth_to_next > 0) printf(SAY("%" PRId64 " growth", "成长值 %" PRId64), now->growth_to_next);
    if (both) fputs(SAY(" or ", " 或"), stdout);
    if (now->spend_to_next_fen > 0)
        printf(SAY("¥%s more in the year", "年消费 ¥%s"), money(now->spend_to_next_fen, spend));
}

static void print_next(enum explain_language language, const struct tier_story *story) {
    const Change *now = story->now.change;
    if (now->next_tier[0] == '\0') return;
    fputs(SAY("  missing for ", "  升级到"), stdout);
    printf(SAY("%s: ", "%s还差："), tier_name(language, &story->now, now->next_tier));
    print_missing(language, now);
    putchar('\n');
}

static void print_review(enum explain_language language, const struct tier_story *story) {
    const Change *now = story->now.change;
    if (now->review_at_ms == 0) return;
    fputs(SAY("  without another purchase it falls at ", "  若不再消费，将降级于 "), stdout);
    print_time(story->now.program, now->review_at_ms);
    putchar('\n');
}

void explain_tier_print(enum explain_language language, const struct tier_story *story) {
    print_head(language, story);
    print_standing(language, story);
    print_next(language, story);
    print_review(language, story);
    if (story->change_count > 0) puts(SAY("  changes, the latest last:", "  等级变动（由早到晚）："));
    for (size_t i = 0; i < story->change_count; i++)
        print_change(language, &story->changes[i]);
}
