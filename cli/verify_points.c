// The log of points: lines, rules, balances, sums.
#include <inttypes.h>
#include <string.h>

#include "cli/published.h"
#include "cli/recompute.h"
#include "cli/verify.h"
#include "services/accrual/accrual.h"

static const struct points_state *state_of(const struct verify_member *member) {
    return hy_member_state(member->member);
}

// --- the tier that the records before it imply ---

// The versions that were published; empty when they cannot be read: then tiers are compared by name alone.
static const struct hy_programs *programs_of(const struct verify *verify) {
    static struct hy_programs programs;
    static bool read;
    if (read) return &programs;
    read = true;
    struct published published;
    bool good = published_read(verify->cli, &published);
    for (size_t i = 0; good && i < published.count; i++) {
        struct hy_program *program = published_program(&published, published.versions[i]->version);
        if (program != NULL) hy_programs_add(&programs, program);
    }
    published_free(&published);
    return &programs;
}

static uint32_t tier_factor(const Huiyuan__V1__PointsChange *change, const char *rule_id) {
    for (size_t i = 0; i < change->n_rules; i++) {
        if (strcmp(change->rules[i]->rule_id, rule_id) == 0) return change->rules[i]->factor_hundredths;
    }
    return HY_NEUTRAL_FACTOR;
}

static const char *tier_fault(const Huiyuan__V1__PointsChange *change, const struct hy_program *program,
                              const char *implied) {
    if (program == NULL)
        return implied != NULL && strcmp(change->tier, implied) != 0
                   ? "its tier is not the one that held / 等级与当时持有的不符"
                   : NULL;
    const struct hy_tier_rule *tier =
        &program->tiers[implied == NULL ? 0 : hy_program_tier(program, implied)];
    if (strcmp(change->tier, tier->id) != 0)
        return "its tier is not the one that held / 等级与当时持有的不符";
    if (change->n_rules > 0 && tier_factor(change, tier->rule_id) != (uint32_t)tier->multiplier_hundredths)
        return "its tier's multiplier is not that of the program / 等级倍数与会员计划不符";
    return change->discount_hundredths == (uint32_t)tier->discount_hundredths
               ? NULL
               : "its tier's discount is not that of the program / 等级折扣与会员计划不符";
}

static void check_tier(const struct verify_at *at, const Huiyuan__V1__PointsChange *change) {
    const struct hy_program *program =
        hy_programs_version(programs_of(at->verify), at->record->program_version);
    const char *implied = points_tier_at(state_of(at->member), at->record->event_time_ms);
    const char *why = tier_fault(change, program, implied);
    verify_count(at->verify, CHECK_RULES, 1);
    if (why != NULL) verify_record_fault(at, CHECK_RULES, "%s", why);
}

// --- a record ---

static void check_earned(const struct verify_at *at, const Huiyuan__V1__PointsChange *change) {
    int64_t lines = 0;
    for (size_t i = 0; i < change->n_lines; i++)
        lines += change->lines[i]->points;
    verify_count(at->verify, CHECK_LINES, 1);
    if (lines != change->points)
        verify_record_fault(at, CHECK_LINES,
                            "its lines have %" PRId64 " points, it has %" PRId64 " / 明细共 %" PRId64
                            " 积分，流水为 %" PRId64,
                            lines, change->points, lines, change->points);
    struct recomputed recomputed;
    const char *why = recompute(change, &at->verify->scratch, &recomputed);
    verify_count(at->verify, CHECK_RULES, 1);
    if (why != NULL) verify_record_fault(at, CHECK_RULES, "%s", why);
    check_tier(at, change);
}

static void check_record(const struct verify_at *at, const ProtobufCMessage *body) {
    const Huiyuan__V1__PointsChange *change = (const Huiyuan__V1__PointsChange *)body;
    if (change == NULL) return;
    if (change->type == HUIYUAN__V1__ENTRY_TYPE__EARN)
        check_earned(at, change);
    else if (change->points != 0)
        verify_record_fault(at, CHECK_LINES, "%" PRId64 " points without a purchase / 没有消费却记了积分",
                            change->points);
    at->member->sum += change->points;
    verify_count(at->verify, CHECK_BALANCE, 1);
    if (change->balance_after != at->member->sum)
        verify_record_fault(at, CHECK_BALANCE,
                            "balance_after of member %s is %" PRId64 ", the sum of the postings is %" PRId64
                            " / 会员 %s 的余额为 %" PRId64 "，流水合计为 %" PRId64,
                            at->record->member_id, change->balance_after, at->member->sum,
                            at->record->member_id, change->balance_after, at->member->sum);
}

// As the tallies of accrual: issued, outstanding, purchases, spend_fen.
static void add(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                int64_t *sums) {
    const struct points_state *state = state_of(member);
    if (state->balance != member->sum)
        verify_fault(verify, CHECK_SUMS, NULL,
                     "member %s (partition %" PRIu32 ") has %" PRId64 ", the sum of the postings is %" PRId64
                     " / 余额为 %" PRId64 "，流水合计为 %" PRId64,
                     member->member->id, part->partition, state->balance, member->sum, state->balance,
                     member->sum);
    sums[0] += state->earned;
    sums[1] += state->balance;
    sums[2] += (int64_t)state->purchases;
    sums[3] += state->spend_fen;
}

const struct verify_ledger verify_points = {"points", check_record, add, 15};
