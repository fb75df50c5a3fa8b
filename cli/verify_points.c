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

static void check_tier(struct verify *verify, const struct verify_member *member, const char *name,
                       const Huiyuan__V1__Record *record, const Huiyuan__V1__PointsChange *change) {
    const struct hy_program *program = hy_programs_version(programs_of(verify), record->program_version);
    const char *implied = points_tier_at(state_of(member), record->event_time_ms);
    const char *why = tier_fault(change, program, implied);
    verify_count(verify, CHECK_RULES, 1);
    if (why != NULL) verify_fault(verify, CHECK_RULES, "%s: %s", name, why);
}

// --- a record ---

static void check_earned(struct verify *verify, const struct verify_member *member, const char *name,
                         const Huiyuan__V1__Record *record, const Huiyuan__V1__PointsChange *change) {
    int64_t lines = 0;
    for (size_t i = 0; i < change->n_lines; i++)
        lines += change->lines[i]->points;
    verify_count(verify, CHECK_LINES, 1);
    if (lines != change->points)
        verify_fault(verify, CHECK_LINES, "%s: its lines have %" PRId64 " points, it has %" PRId64, name,
                     lines, change->points);
    struct recomputed recomputed;
    const char *why = recompute(change, &verify->arena, &recomputed);
    verify_count(verify, CHECK_RULES, 1);
    if (why != NULL) verify_fault(verify, CHECK_RULES, "%s: %s", name, why);
    check_tier(verify, member, name, record, change);
}

static void check_record(struct verify *verify, struct verify_part *part, struct verify_member *member,
                         const char *name, const Huiyuan__V1__Record *record, const ProtobufCMessage *body) {
    (void)part;
    const Huiyuan__V1__PointsChange *change = (const Huiyuan__V1__PointsChange *)body;
    if (change->type == HUIYUAN__V1__ENTRY_TYPE__EARN)
        check_earned(verify, member, name, record, change);
    else if (change->points != 0)
        verify_fault(verify, CHECK_LINES, "%s: points without a purchase", name);
    member->sum += change->points;
    verify_count(verify, CHECK_BALANCE, 1);
    if (change->balance_after != member->sum)
        verify_fault(verify, CHECK_BALANCE,
                     "%s: balance_after of member %s is %" PRId64 ", the sum of the postings is %" PRId64,
                     name, member->member->id, change->balance_after, member->sum);
}

static void check_sums(struct verify *verify, struct verify_part *part) {
    int64_t sums[4] = {0}; // as the tallies of accrual: issued, outstanding, purchases, spend_fen
    size_t cursor = 0;
    const struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        const struct points_state *state = state_of(member);
        const char *why = NULL;
        verify_count(verify, CHECK_SUMS, 1);
        if (state->balance != member->sum)
            verify_fault(verify, CHECK_SUMS, "member %s has %" PRId64 ", the sum of the postings is %" PRId64,
                         member->member->id, state->balance, member->sum);
        if (!verify->brain->check(verify->brain->context, state, &why))
            verify_fault(verify, CHECK_SUMS, "member %s: %s", member->member->id, why);
        sums[0] += state->earned;
        sums[1] += state->balance;
        sums[2] += (int64_t)state->purchases;
        sums[3] += state->spend_fen;
    }
    for (size_t i = 0; i < verify->brain->tally_count && i < 4; i++) {
        if (sums[i] != part->totals.tallies[i])
            verify_fault(verify, CHECK_SUMS,
                         "partition %" PRIu32 ": the total %s is %" PRId64 ", over its members %" PRId64,
                         part->partition, verify->brain->tallies[i], part->totals.tallies[i], sums[i]);
    }
}

const struct verify_ledger verify_points = {"points", check_record, check_sums};
