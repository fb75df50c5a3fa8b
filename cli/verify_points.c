// The log of points: lines, rules, balances, sums.
#include <inttypes.h>
#include <string.h>

#include "cli/recompute.h"
#include "cli/verify.h"
#include "services/accrual/accrual.h"

static const struct points_state *state_of(const struct verify_member *member) {
    return hy_member_state(member->member);
}

static void check_record(struct verify *verify, struct verify_part *part, struct verify_member *member,
                         const char *name, const ProtobufCMessage *body) {
    (void)part;
    const Huiyuan__V1__PointsChange *change = (const Huiyuan__V1__PointsChange *)body;
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

const struct verify_ledger *verify_ledger_of(const char *log) {
    static const struct verify_ledger points = {"points", check_record, check_sums};
    return strcmp(log, points.log) == 0 ? &points : NULL;
}
