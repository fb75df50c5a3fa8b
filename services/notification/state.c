// The state is the message that is saved, on the heap; parts of it are copied by packing and unpacking.
#include "common/base/memory.h"
#include "common/base/message.h"
#include "services/notification/notification.h"

typedef Huiyuan__V1__DeliveryState Member;
typedef Huiyuan__V1__PendingDelivery Pending;
typedef Huiyuan__V1__DeliveryChange Change;

static void drop_contact(Member *member) {
    hy_message_free((ProtobufCMessage *)member->personal);
    member->personal = NULL;
}

static void drop_consents(Member *member) {
    for (size_t i = 0; i < member->n_consents; i++)
        hy_message_free(&member->consents[i]->base);
    hy_free(member->consents);
    member->consents = NULL;
    member->n_consents = 0;
}

static void see_contact(Member *member, const Change *change) {
    drop_consents(member);
    if (change->erased || change->personal != NULL) drop_contact(member);
    if (change->personal != NULL) member->personal = hy_message_copy(&change->personal->base);
    member->erased = change->erased;
    member->language = change->language;
    member->consents = hy_malloc((change->n_consents + 1) * sizeof(Huiyuan__V1__Consent *));
    for (size_t i = 0; i < change->n_consents; i++)
        member->consents[member->n_consents++] = hy_message_copy(&change->consents[i]->base);
}

static void add(Member *member, const Change *change) {
    Pending pending = HUIYUAN__V1__PENDING_DELIVERY__INIT;
    pending.delivery_id = change->delivery_id;
    pending.template_ = change->template_;
    pending.campaign_id = change->campaign_id;
    pending.due_ms = change->due_ms;
    pending.parameters = change->parameters;
    pending.n_parameters = change->n_parameters;
    member->pending = hy_realloc(member->pending, (member->n_pending + 1) * sizeof(Pending *));
    member->pending[member->n_pending++] = hy_message_copy(&pending.base);
}

static size_t place_of(const Member *member, const char *delivery_id) {
    size_t place = 0;
    while (place < member->n_pending && strcmp(member->pending[place]->delivery_id, delivery_id) != 0)
        place++;
    return place;
}

static void change_pending(Member *member, const Change *change) {
    size_t place = place_of(member, change->delivery_id);
    if (place == member->n_pending) return;
    Pending *pending = member->pending[place];
    pending->channel = change->channel;
    pending->attempt = change->attempt;
    pending->due_ms = change->due_ms;
    pending->under_way = change->kind == HUIYUAN__V1__DELIVERY_CHANGE_KIND__ATTEMPTED;
}

static void settle(Member *member, const Change *change) {
    size_t place = place_of(member, change->delivery_id);
    if (place == member->n_pending) return; // suppressed before it waited
    hy_message_free(&member->pending[place]->base);
    member->n_pending--;
    for (size_t i = place; i < member->n_pending; i++)
        member->pending[i] = member->pending[i + 1];
}

static Member *kept(struct deliveries_state *state) {
    if (state->kept == NULL) {
        state->kept = hy_malloc(sizeof *state->kept);
        huiyuan__v1__delivery_state__init(state->kept);
    }
    return state->kept;
}

void state_apply(struct deliveries_state *state, const Change *change, int64_t event_time_ms) {
    Member *member = kept(state);
    switch (change->kind) {
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__CONTACT_SEEN: see_contact(member, change); break;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__QUEUED: add(member, change); break;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__ATTEMPTED:
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__POSTPONED: change_pending(member, change); break;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__SENT:
        member->sent++;
        member->last_sent_at_ms = event_time_ms;
        settle(member, change);
        break;
    default: settle(member, change); break;
    }
}
