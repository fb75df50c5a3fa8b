#include "cli/explain_words.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/calendar.h"
#include "common/base/decimal.h"
#include "common/base/error.h"

enum { PLACES = 8 };

// What is said, in English and in Chinese.
#define SAY(english, chinese) (words->language == EXPLAIN_ENGLISH ? (english) : (chinese))

struct words {
    enum explain_language language;
    const struct found_record *found;
    const Huiyuan__V1__PointsChange *change;
    const struct hy_program *program;
    const struct hy_campaigns *campaigns;
};

void explain_decimal(exact value, exact denominator, char ret_text[64]) {
    exact rest = value % denominator;
    char digits[PLACES + 1];
    size_t used = 0;
    for (size_t i = 0; i < PLACES && rest > 0; i++) {
        rest *= 10;
        digits[i] = (char)('0' + (int)(rest / denominator));
        rest %= denominator;
        used = i + 1;
    }
    while (used > 0 && digits[used - 1] == '0')
        used--;
    digits[used] = '\0';
    snprintf(ret_text, 64, "%s%" PRIu64 "%s%s", rest > 0 ? "≈" : "", (uint64_t)(value / denominator),
             used > 0 ? "." : "", digits);
}

static const char *money(int64_t fen, char text[24]) {
    hy_hundredths_format(fen, text);
    return text;
}

static void print_time(const struct words *words, const char *label, int64_t time_ms) {
    char text[25];
    if (words->program == NULL) {
        hy_time_format(time_ms, text);
        printf("%s %s", label, text);
        return;
    }
    struct hy_civil at = hy_civil_at(&words->program->zone, time_ms);
    printf("%s %04d-%02d-%02d %02d:%02d:%02d", label, at.year, at.month, at.day, at.hour, at.minute,
           at.second);
}

// --- names ---

static const struct hy_tier_rule *tier_by(const struct words *words, const char *id, bool by_rule) {
    for (size_t i = 0; words->program != NULL && i < words->program->tier_count; i++) {
        const struct hy_tier_rule *tier = &words->program->tiers[i];
        if (strcmp(by_rule ? tier->rule_id : tier->id, id) == 0) return tier;
    }
    return NULL;
}

// Its name is the same in every version, or nearly so: the latest will do.
static const struct hy_campaign *campaign_by(const struct words *words, const char *id) {
    for (size_t i = words->campaigns->count; i-- > 0;) {
        if (strcmp(words->campaigns->versions[i]->id, id) == 0) return words->campaigns->versions[i];
    }
    return NULL;
}

static const char *rule_name(const struct words *words, const char *id) {
    const struct hy_rule *rule = words->program == NULL ? NULL : hy_program_rule(words->program, id);
    const struct hy_tier_rule *tier = tier_by(words, id, true);
    if (rule != NULL) return SAY(rule->name_en, rule->name_zh);
    if (tier != NULL) return SAY(tier->name_en, tier->name_zh);
    const struct hy_campaign *campaign = campaign_by(words, id);
    return campaign != NULL ? SAY(campaign->name_en, campaign->name_zh) : id;
}

static const char *rule_kind(const struct words *words, const char *id) {
    const struct hy_rule *rule = words->program == NULL ? NULL : hy_program_rule(words->program, id);
    if (rule == NULL && tier_by(words, id, true) != NULL) return SAY("tier", "等级");
    if (rule == NULL)
        return campaign_by(words, id) != NULL ? SAY("member day", "会员日") : SAY("rule", "规则");
    switch (rule->kind) {
    case HY_RULE_BASE: return SAY("points a yuan", "每元积分");
    case HY_RULE_CATEGORY: return SAY("category", "品类");
    case HY_RULE_TIER: return SAY("tier", "等级");
    case HY_RULE_CAMPAIGN: break;
    }
    return rule->stackable ? SAY("campaign, stackable", "可叠加活动") : SAY("campaign", "活动");
}

static const char *outcome_name(const struct words *words) {
    switch (words->found->record->outcome) {
    case HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED: return SAY("accepted", "已入账");
    case HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED: return SAY("declined", "已拒绝");
    case HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE:
        return SAY("came again, counted only once", "重复提交，只计一次");
    case HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT:
        return SAY("refused: the id with other content", "已拒绝：编号相同但内容不同");
    case HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED: return SAY("rejected", "未通过检查");
    case HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED:
        return SAY("sent on to the member's partition", "已转发到会员所属分区");
    default: return words_outcome(words->found->record->outcome);
    }
}

// --- parts of the text ---

static void print_head(const struct words *words) {
    const struct found_record *found = words->found;
    const Huiyuan__V1__Record *record = found->record;
    printf("%s %" PRIu32 "-%" PRIu64 "-%" PRIu32 ": %s %s, %s %s: %s\n", SAY("Entry", "流水"),
           found->place.partition, found->place.seq, found->place.index, SAY("purchase", "消费"),
           record->input_id, SAY("member", "会员"), record->member_id, outcome_name(words));
    printf("  ");
    print_time(words, SAY("bought", "消费时间"), record->event_time_ms);
    print_time(words, SAY(", recorded", "，入账时间"), found->place.recorded_at_ms);
    if (words->program != NULL) printf(" (%s)", words->program->zone.name);
    putchar('\n');
    if (record->program_version == 0) return;
    printf("  %s %s%s%" PRIu32, SAY("rules of program", "会员计划"),
           words->program == NULL ? "" : words->program->name, SAY(" version ", " 版本 "),
           record->program_version);
    if (words->program != NULL)
        print_time(words, SAY(", in effect from", "，生效于"), words->program->effective_from_ms);
    putchar('\n');
}

static void print_code(const struct words *words) {
    const Huiyuan__V1__Record *record = words->found->record;
    enum hy_code code;
    if (record->code[0] != '\0' && hy_code_by_name(record->code, &code))
        printf("  %s: %s%s%s\n", SAY("why", "原因"), SAY(hy_code_english(code), hy_code_chinese(code)),
               record->field[0] == '\0' ? "" : ": ", record->field);
    if (record->original != NULL)
        printf("  %s %" PRIu32 "-%" PRIu64 "-%" PRIu32 "\n",
               SAY("the first time it was entry", "首次入账流水为"), record->original->partition,
               record->original->seq, record->original->index);
}

// "Silver (points ×1.20, pays 90 %)"
static void print_tier(const struct words *words) {
    const Huiyuan__V1__PointsChange *change = words->change;
    const struct hy_tier_rule *tier = tier_by(words, change->tier, false);
    printf("%s %s", SAY("tier", "等级"), tier != NULL ? SAY(tier->name_en, tier->name_zh) : change->tier);
    char factor[24];
    if (tier != NULL) {
        hy_hundredths_format(tier->multiplier_hundredths, factor);
        printf(SAY(" (points ×%s", "（积分 ×%s"), factor);
    }
    if (change->discount_hundredths > 0) {
        if (tier == NULL) fputs(SAY(" (", "（"), stdout);
        printf(SAY("%spays %" PRIu32 " %%", "%s实付 %" PRIu32 "%%"), tier != NULL ? SAY(", ", "，") : "",
               change->discount_hundredths);
    }
    if (tier != NULL || change->discount_hundredths > 0) fputs(SAY(")", "）"), stdout);
}

static void print_circumstances(const struct words *words) {
    const Huiyuan__V1__PointsChange *change = words->change;
    char paid[24];
    char total[24];
    printf("  %s %s, ", SAY("store", "门店"), change->store_id);
    print_tier(words);
    fputs(", ", stdout);
    printf(SAY("¥%s paid with money of ¥%s\n", "现金类支付 ¥%s，合计 ¥%s\n"), money(change->money_fen, paid),
           money(change->total_fen, total));
    for (size_t i = 0; i < change->n_rules; i++) {
        const Huiyuan__V1__AppliedRule *rule = change->rules[i];
        char factor[24];
        hy_hundredths_format(rule->factor_hundredths, factor);
        printf("  %s ×%s  %s (%s, %s %" PRIu32 ")\n", rule->rule_id, factor, rule_name(words, rule->rule_id),
               rule_kind(words, rule->rule_id), SAY("version", "版本"), rule->rule_version);
    }
}

static void print_line(const struct words *words, size_t i, const struct recomputed *again) {
    const Huiyuan__V1__PointsChange *change = words->change;
    const Huiyuan__V1__LinePosting *line = change->lines[i];
    char paid[24];
    char total[24];
    char points[64];
    printf("  %s %s: ¥%s", SAY("line", "明细"), line->line_id, money(line->paid_fen, paid));
    for (size_t r = 0; r < line->n_rules && line->rules[r] < change->n_rules; r++) {
        char factor[24];
        hy_hundredths_format(change->rules[line->rules[r]]->factor_hundredths, factor);
        printf(" × %s %s", factor, change->rules[line->rules[r]]->rule_id);
    }
    if (change->money_fen != change->total_fen)
        printf(" × ¥%s/¥%s", money(change->money_fen, paid), money(change->total_fen, total));
    explain_decimal(again->lines[i].points, again->denominator, points);
    printf(" = %s → %" PRId64, points, line->points);
    if (again->lines[i].share > 0)
        printf(" (%" PRId64 " + %" PRId64 "%s)", again->lines[i].whole, again->lines[i].share,
               SAY(" by its remainder", "，按余数分得"));
    putchar('\n');
}

static const char *rounding_name(const struct words *words) {
    if (words->program == NULL) return SAY("rounded once for the order", "整单取整一次");
    switch (words->program->rounding) {
    case HY_ROUND_FLOOR: return SAY("rounded down once for the order", "整单舍去小数");
    case HY_ROUND_HALF_UP: return SAY("rounded half up once for the order", "整单四舍五入");
    case HY_ROUND_CEILING: break;
    }
    return SAY("rounded up once for the order", "整单进位");
}

static void print_sum(const struct words *words, const struct recomputed *again) {
    char sum[64];
    int64_t whole = 0;
    for (size_t i = 0; i < words->change->n_lines; i++)
        whole += again->lines[i].whole;
    explain_decimal(again->sum, again->denominator, sum);
    printf("  %s %s, %s: %" PRId64 "\n", SAY("together", "合计"), sum, rounding_name(words),
           words->change->points);
    if (words->change->points > whole)
        printf(SAY("  the lines' whole points make %" PRId64 "; the other %" PRId64
                   " go to the lines with the largest remainders, of equal ones the earlier\n",
                   "  各明细整数部分共 %" PRId64 "，其余 %" PRId64
                   " 分给余数最大的明细，余数相同者在前的优先\n"),
               whole, words->change->points - whole);
}

static void print_nothing(const struct words *words) {
    const char *reason = words->change->reason;
    char least[24];
    char paid[24];
    if (strcmp(reason, "no-money") == 0) {
        puts(SAY("  no points: nothing was paid with money, and gift cards and points earn none",
                 "  不积分：没有现金类支付，礼品卡和积分支付不计积分"));
    } else if (strcmp(reason, "minimum-spend") == 0 && words->program != NULL) {
        printf(SAY("  no points: ¥%s paid with money is less than the program's minimum of ¥%s\n",
                   "  不积分：现金类支付 ¥%s 低于最低消费 ¥%s\n"),
               money(words->change->money_fen, paid), money(words->program->minimum_spend_fen, least));
    } else {
        printf("  %s: %s\n", SAY("no points", "不积分"), reason);
    }
}

// Beyond what the record itself says: the rounding that the program names.
static const char *rounding_fault(const struct words *words, const struct recomputed *again) {
    if (words->program == NULL || again->is_whole || words->change->reason[0] != '\0') return NULL;
    exact rest = again->sum % again->denominator;
    bool up = words->program->rounding == HY_ROUND_CEILING ||
              (words->program->rounding == HY_ROUND_HALF_UP && rest >= again->denominator - rest);
    return words->change->points == again->floor + (up ? 1 : 0)
               ? NULL
               : "not rounded as the program says / 取整方式与会员计划不符";
}

static bool print_change(const struct words *words, struct hy_arena *arena) {
    struct recomputed again;
    const char *why = recompute(words->change, arena, &again);
    print_circumstances(words);
    if (words->change->reason[0] != '\0') {
        print_nothing(words);
    } else {
        for (size_t i = 0; i < words->change->n_lines; i++)
            print_line(words, i, &again);
        print_sum(words, &again);
    }
    if (why == NULL) why = rounding_fault(words, &again);
    if (why != NULL)
        printf("  !!! %s: %s\n",
               SAY("THE POINTS DO NOT FOLLOW FROM THE RULES OF THIS RECORD", "积分与该记录的规则不符"), why);
    printf("  %s %+" PRId64 ", %s %" PRId64 "\n", SAY("points", "积分"), words->change->points,
           SAY("balance afterwards", "入账后余额"), words->change->balance_after);
    return why == NULL;
}

// No purchase: from here on the member has another tier.
static void print_tier_taken(const struct words *words) {
    const Huiyuan__V1__Record *record = words->found->record;
    printf(SAY("Entry %" PRIu32 "-%" PRIu64 "-%" PRIu32 ": member %s has tier %s",
               "流水 %" PRIu32 "-%" PRIu64 "-%" PRIu32 "：会员 %s 的等级为 %s"),
           words->found->place.partition, words->found->place.seq, words->found->place.index,
           record->member_id, words->change->tier);
    print_time(words, SAY(", for purchases from", "，适用的消费起始时间"), words->change->tier_since_ms);
    printf(SAY(" (tiers record %s); no points\n", "（等级记录 %s），不涉及积分\n"), record->input_id);
}

static bool is_tier_taken(const struct words *words) {
    return words->change != NULL && words->change->type == HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN;
}

static bool print_purchase(const struct words *words, struct hy_arena *arena) {
    print_head(words);
    print_code(words);
    if (words->found->record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return true;
    if (words->change == NULL) puts(SAY("  !!! its body cannot be decoded", "  !!! 记录内容无法解析"));
    return words->change != NULL && print_change(words, arena);
}

bool explain_print(enum explain_language language, const struct found_record *found,
                   const struct hy_program *program, const struct hy_campaigns *campaigns) {
    struct words words = {.language = language, .found = found, .program = program, .campaigns = campaigns};
    struct hy_arena arena;
    hy_arena_init(&arena);
    if (found->record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED)
        words.change = huiyuan__v1__points_change__unpack(&arena.protobuf, found->record->body.len,
                                                          found->record->body.data);
    bool good = true;
    if (is_tier_taken(&words))
        print_tier_taken(&words);
    else
        good = print_purchase(&words, &arena);
    hy_arena_free(&arena);
    return good;
}
