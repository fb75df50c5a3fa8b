// The log of deliveries: nobody is written to without consent, and nothing is sent twice that was sent.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "services/notification/notification.h"

typedef Huiyuan__V1__DeliveryChange Change;
typedef Huiyuan__V1__DeliveryState State;
typedef Huiyuan__V1__PendingDelivery Pending;

#define KIND(kind) HUIYUAN__V1__DELIVERY_CHANGE_KIND__##kind

static const State *state_of(const struct verify_member *member) {
    static const State nothing = HUIYUAN__V1__DELIVERY_STATE__INIT;
    const State *kept = ((const struct deliveries_state *)hy_member_state(member->member))->kept;
    return kept == NULL ? &nothing : kept;
}

static bool agreed(const State *state, Huiyuan__V1__ContactChannel channel) {
    for (size_t i = 0; i < state->n_consents; i++) {
        if (state->consents[i]->channel == channel) return state->consents[i]->granted && !state->erased;
    }
    return false;
}

static const Pending *pending_of(const State *state, const char *delivery_id) {
    for (size_t i = 0; i < state->n_pending; i++) {
        if (strcmp(state->pending[i]->delivery_id, delivery_id) == 0) return state->pending[i];
    }
    return NULL;
}

static const char *name_of(Huiyuan__V1__ContactChannel channel) {
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&huiyuan__v1__contact_channel__descriptor, (int)channel);
    return value == NULL ? "?" : value->name;
}

static void check_attempt(const struct verify_at *at, const Change *change, const State *before,
                          const Pending *pending) {
    if (!agreed(before, change->channel))
        verify_record_fault(
            at, CHECK_DELIVERIES, "%s is sent to member %s by %s without consent / 未经会员 %s 同意发送",
            change->delivery_id, at->record->member_id, name_of(change->channel), at->record->member_id);
    if (pending != NULL && change->attempt != pending->attempt + 1)
        verify_record_fault(at, CHECK_DELIVERIES,
                            "attempt %" PRIu32 " of %s, expected %" PRIu32 " / 第 %" PRIu32
                            " 次发送，应为第 %" PRIu32 " 次",
                            change->attempt, change->delivery_id, pending->attempt + 1, change->attempt,
                            pending->attempt + 1);
}

static void check_record(const struct verify_at *at, const ProtobufCMessage *body) {
    const Change *change = (const Change *)body;
    if (change == NULL || change->kind == KIND(CONTACT_SEEN)) return;
    const State *before = state_of(at->member);
    const Pending *pending = pending_of(before, change->delivery_id);
    bool begins = change->kind == KIND(QUEUED);
    verify_count(at->verify, CHECK_DELIVERIES, 1);
    if (begins && pending != NULL)
        verify_record_fault(at, CHECK_DELIVERIES, "%s waits already / 该消息已在队列中", change->delivery_id);
    // What is suppressed at once never waited.
    if (!begins && pending == NULL && change->kind != KIND(SUPPRESSED))
        verify_record_fault(at, CHECK_DELIVERIES, "%s does not wait any more / 该消息已不在队列中",
                            change->delivery_id);
    if (change->kind == KIND(ATTEMPTED)) check_attempt(at, change, before, pending);
    if (change->kind == KIND(SENT) &&
        (change->attempt == 0 || (pending != NULL && change->attempt > pending->attempt)))
        verify_record_fault(at, CHECK_DELIVERIES,
                            "%s was sent by attempt %" PRIu32 ", which was not made / 没有这次发送",
                            change->delivery_id, change->attempt);
}

// The tally `sent`.
static void add(struct verify *verify, const struct verify_part *part, const struct verify_member *member,
                int64_t *sums) {
    (void)verify;
    (void)part;
    sums[0] += (int64_t)state_of(member)->sent;
}

const struct verify_ledger verify_deliveries = {"deliveries", check_record, add, 1};
