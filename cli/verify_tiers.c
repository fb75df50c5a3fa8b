// The log of tiers: each change goes on from the one before it.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "services/tier/tier.h"

typedef Huiyuan__V1__TierChange Change;

#define KIND(kind) HUIYUAN__V1__TIER_CHANGE_KIND__##kind

static const struct tier_state *state_of(const struct verify_member *member) {
    return hy_member_state(member->member);
}

// Growth is what it was and what the purchase gave, unless a lapse came between, or a fall was taken back.
static bool growth_follows(const struct tier_state *before, const Change *change) {
    if (change->lapsed_at_ms != before->now.lapsed_at_ms || change->counted != NULL || before->fallen)
        return true;
    return change->growth == before->now.growth + change->growth_change;
}

static bool moves(const Change *change) {
    return strcmp(change->tier_before, change->tier) != 0;
}

static void check_record(const struct verify_at *at, const ProtobufCMessage *body) {
    const Change *change = (const Change *)body;
    const struct tier_state *before = state_of(at->member);
    if (change == NULL) return;
    verify_count(at->verify, CHECK_TIERS, 1);
    if (!growth_follows(before, change))
        verify_record_fault(at, CHECK_TIERS,
                            "growth of member %s is %" PRId64 ", expected %" PRId64 " + %" PRId64
                            " / 会员 %s 的成长值为 %" PRId64 "，应为 %" PRId64 " + %" PRId64,
                            at->record->member_id, change->growth, before->now.growth, change->growth_change,
                            at->record->member_id, change->growth, before->now.growth, change->growth_change);
    if (moves(change) != (change->kind == KIND(RAISED) || change->kind == KIND(LOWERED)))
        verify_record_fault(
            at, CHECK_TIERS, "member %s goes from %s to %s, but it says that it %s / 等级变动与类型不符",
            at->record->member_id, change->tier_before, change->tier, moves(change) ? "stays" : "moves");
}

const struct verify_ledger verify_tiers = {"tiers", check_record, NULL, 0};
