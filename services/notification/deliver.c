// The life of one message, as decisions:
//
//   QUEUED → ATTEMPTED → SENT
//                      → POSTPONED → ATTEMPTED …, at last GIVEN_UP
//                      → no result: by webhook ATTEMPTED again (the provider knows the delivery's id), by
//                        e-mail UNCERTAIN: it may have been sent, so it is never sent again
//   and at any time before an attempt SUPPRESSED
#include "services/notification/notification.h"

typedef Huiyuan__V1__DeliveryState Member;
typedef Huiyuan__V1__PendingDelivery Pending;
typedef Huiyuan__V1__DeliveryChange Change;
typedef Huiyuan__V1__DeliveryResult Result;
typedef Huiyuan__V1__ContactChannel Channel;

enum {
    PENDING_LIMIT = 50, // of a member: a state has its bounds
    UNSEEN_PAUSE_MS = 60 * 1000,
};

static const Channel NO_CHANNEL = HUIYUAN__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_UNSPECIFIED;

#define KIND(name) HUIYUAN__V1__DELIVERY_CHANGE_KIND__##name

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // packing does not write through it
}

static Change *new_change(struct hy_arena *arena, Huiyuan__V1__DeliveryChangeKind kind) {
    Change *change = hy_arena_alloc(arena, sizeof *change);
    huiyuan__v1__delivery_change__init(change);
    change->kind = kind;
    return change;
}

static Change *change_of(struct hy_arena *arena, const Pending *pending, Huiyuan__V1__DeliveryChangeKind kind,
                         const char *reason) {
    Change *change = new_change(arena, kind);
    change->delivery_id = pending->delivery_id;
    change->template_ = pending->template_;
    change->campaign_id = pending->campaign_id;
    change->channel = pending->channel;
    change->attempt = pending->attempt;
    change->reason = text(reason);
    return change;
}

// --- wanted ---

static const char *reason_to_refuse(const struct delivery_rules *rules, const Member *member,
                                    const struct wanted *wanted, int64_t wanted_at_ms) {
    if (member != NULL && member->erased) return "erased";
    if (rules->templates != NULL && templates_find(rules->templates, wanted->template_name) == NULL)
        return "unknown-template";
    if (wanted_at_ms < rules->now_ms - rules->policy->late_ms) return "too-late";
    if (member != NULL && member->n_pending >= PENDING_LIMIT) return "too-many";
    return NULL;
}

Change *deliver_wanted(const struct delivery_rules *rules, const Member *member, const struct wanted *wanted,
                       const char *delivery_id, int64_t wanted_at_ms, struct hy_arena *arena) {
    const char *refusal = reason_to_refuse(rules, member, wanted, wanted_at_ms);
    Change *change = new_change(arena, refusal == NULL ? KIND(QUEUED) : KIND(SUPPRESSED));
    change->delivery_id = text(delivery_id);
    change->template_ = text(wanted->template_name);
    wanted_describe(wanted, rules->program, arena, change);
    if (refusal != NULL) {
        change->reason = text(refusal);
        change->n_parameters = 0;
        return change;
    }
    change->due_ms = queue_after_quiet_ms(rules->policy, &rules->program->zone, rules->now_ms);
    if (change->due_ms > rules->now_ms) change->reason = text("quiet-hours");
    return change;
}

// --- due ---

static Change *postpone(struct hy_arena *arena, const Pending *pending, int64_t due_ms, const char *reason) {
    Change *change = change_of(arena, pending, KIND(POSTPONED), reason);
    change->due_ms = due_ms;
    return change;
}

static bool has_contact(const Member *member) {
    return member->personal != NULL || member->erased;
}

// A member's first record may come a moment after a record that wants to write to them: other topics, no
// common order. Once, it is waited for; one that was never enrolled stays unknown.
static Change *unseen(const struct delivery_rules *rules, const Pending *pending, struct hy_arena *arena) {
    if (pending->attempt > 0) return change_of(arena, pending, KIND(SUPPRESSED), "no-contact");
    Change *change = postpone(arena, pending, rules->now_ms + UNSEEN_PAUSE_MS, "no-contact");
    change->attempt = 1;
    return change;
}

static Change *attempt(const struct delivery_rules *rules, const Pending *pending, Channel channel,
                       struct hy_arena *arena) {
    Change *change = change_of(arena, pending, KIND(ATTEMPTED), "");
    change->channel = channel;
    change->attempt = pending->attempt + 1;
    change->due_ms = rules->now_ms + rules->policy->report_ms;
    return change;
}

// Nobody said what became of the last attempt: the sender was killed, or was not told.
static bool may_have_been_sent(const struct delivery_rules *rules, const Pending *pending) {
    return pending->under_way && (pending->channel == HUIYUAN__V1__CONTACT_CHANNEL__EMAIL ||
                                  pending->attempt >= rules->policy->attempts);
}

Change *deliver_due(const struct delivery_rules *rules, const Member *member, struct hy_arena *arena) {
    const Pending *pending = queue_first(member);
    if (pending == NULL) return NULL;
    if (may_have_been_sent(rules, pending)) return change_of(arena, pending, KIND(UNCERTAIN), "no-result");
    if (member->erased) return change_of(arena, pending, KIND(SUPPRESSED), "erased");
    if (pending->due_ms < rules->now_ms - rules->policy->late_ms)
        return change_of(arena, pending, KIND(SUPPRESSED), "too-late");
    if (!has_contact(member)) return unseen(rules, pending, arena);
    Channel channel = consent_channel(member, pending->channel);
    if (channel == NO_CHANNEL) return change_of(arena, pending, KIND(SUPPRESSED), "no-consent");
    int64_t allowed_ms = queue_after_quiet_ms(rules->policy, &rules->program->zone, rules->now_ms);
    if (allowed_ms > rules->now_ms) return postpone(arena, pending, allowed_ms, "quiet-hours");
    return attempt(rules, pending, channel, arena);
}

// --- result ---

static bool cannot_reach(const char *detail) {
    return strcmp(detail, DELIVERY_NO_ADDRESS) == 0 || strcmp(detail, DELIVERY_NO_PROVIDER) == 0;
}

static Change *another_channel(const struct delivery_rules *rules, const Member *member,
                               const Pending *pending, const char *reason, struct hy_arena *arena) {
    Channel next = consent_channel_after(member, pending->channel);
    if (next == NO_CHANNEL) return change_of(arena, pending, KIND(SUPPRESSED), reason);
    Change *change = postpone(arena, pending, rules->now_ms, reason);
    change->channel = next;
    return change;
}

static Change *again(const struct delivery_rules *rules, const Pending *pending, const char *reason,
                     struct hy_arena *arena) {
    if (pending->attempt >= rules->policy->attempts) return change_of(arena, pending, KIND(GIVEN_UP), reason);
    int64_t due_ms = rules->now_ms + queue_pause_ms(rules->policy, pending->delivery_id, pending->attempt);
    return postpone(arena, pending, queue_after_quiet_ms(rules->policy, &rules->program->zone, due_ms),
                    reason);
}

Change *deliver_result(const struct delivery_rules *rules, const Member *member, const Result *result,
                       struct hy_arena *arena) {
    const Pending *pending = queue_find(member, result->delivery_id);
    if (pending == NULL || result->attempt > pending->attempt) return NULL;
    if (result->outcome == HUIYUAN__V1__DELIVERY_OUTCOME__DELIVERED) {
        // Of an earlier attempt, too: what the provider took, it will not take again.
        Change *change = change_of(arena, pending, KIND(SENT), result->detail);
        change->attempt = result->attempt;
        return change;
    }
    if (!pending->under_way || result->attempt != pending->attempt) return NULL;
    if (result->outcome == HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_NOW)
        return again(rules, pending, result->detail, arena);
    if (cannot_reach(result->detail)) return another_channel(rules, member, pending, result->detail, arena);
    return change_of(arena, pending, KIND(GIVEN_UP), result->detail);
}

// --- order ---

struct hy_bytes deliver_order(const Change *attempt_change, const Member *member, struct hy_arena *arena) {
    const Pending *pending = queue_find(member, attempt_change->delivery_id);
    Change order = *attempt_change;
    order.personal = member->personal;
    order.language = member->language;
    order.parameters = pending->parameters;
    order.n_parameters = pending->n_parameters;
    return hy_brain_pack(arena, &order.base);
}
