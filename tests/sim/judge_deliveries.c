// What the log of deliveries may say: each wish is one message with one end, and nothing is handed to a
// sender twice, or before its record is durable.
#include <inttypes.h>
#include <string.h>

#include "tests/sim/sim.h"

typedef Huiyuan__V1__DeliveryChange Change;

enum { TALLY_SENT, TALLY_SUPPRESSED, TALLY_GIVEN_UP, TALLY_UNCERTAIN };

// One message, from its wish to its end. The judge's list, newest first.
struct judge_delivery {
    struct judge_delivery *next;
    const char *id, *member_id;
    Huiyuan__V1__ContactChannel channel;
    unsigned attempt; // made so far
    uint64_t handed;  // attempts given to a sender, as bits
    int64_t due_ms;
    bool attempting, ended;
    const struct judge_record *last;
};

// What a member agreed to, by the log of members as far as it was told.
struct own {
    bool known, erased, granted[3]; // by channel: e-mail and SMS
};

enum { QUIET_FROM_HOUR = 21, QUIET_UNTIL_HOUR = 9 };

static struct judge_delivery *find(const struct judge *judge, const char *id) {
    for (struct judge_delivery *delivery = judge->deliveries; delivery != NULL; delivery = delivery->next) {
        if (strcmp(delivery->id, id) == 0) return delivery;
    }
    return NULL;
}

static struct own *own_of(struct judge *judge, struct judge_entity *entity) {
    if (entity->own == NULL) entity->own = hy_arena_zero(&judge->arena, sizeof(struct own));
    return entity->own;
}

static bool is(const Change *change, int kind) {
    return (int)change->kind == kind;
}

// The first record of a message: it waits, or is refused at once. It is named by the record that wants it.
static bool begin(struct judge *judge, struct judge_record *judged) {
    const Change *change = (const Change *)judged->body;
    bool queued = is(change, HUIYUAN__V1__DELIVERY_CHANGE_KIND__QUEUED);
    if (!queued && !is(change, HUIYUAN__V1__DELIVERY_CHANGE_KIND__SUPPRESSED))
        return judge_fail_at(judge, judged, "kind %d begins a message", (int)change->kind);
    if (strcmp(change->delivery_id, judged->record->input_id) != 0 ||
        find(judge, change->delivery_id) != NULL)
        return judge_fail_at(judge, judged, "begins message %s", change->delivery_id);
    struct judge_delivery *delivery = hy_arena_zero(&judge->arena, sizeof *delivery);
    *delivery = (struct judge_delivery){.next = judge->deliveries,
                                        .id = change->delivery_id,
                                        .member_id = judged->record->member_id,
                                        .due_ms = change->due_ms,
                                        .ended = !queued,
                                        .last = judged};
    judge->deliveries = delivery;
    return true;
}

static bool see_contact(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Huiyuan__V1__MemberChange *member = (const Huiyuan__V1__MemberChange *)judged->followed->body;
    *own = (struct own){.known = true, .erased = member->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED};
    for (size_t i = 0; !own->erased && i < member->n_consents; i++) {
        int channel = (int)member->consents[i]->channel;
        if (channel < 3) own->granted[channel] = member->consents[i]->granted;
    }
    return is((const Change *)judged->body, HUIYUAN__V1__DELIVERY_CHANGE_KIND__CONTACT_SEEN) ||
           judge_fail_at(judge, judged, "does not see the member");
}

// Whom it may reach, now.
static bool may_attempt(struct judge *judge, const struct judge_record *judged, const struct own *own) {
    const Change *change = (const Change *)judged->body;
    int hour = (int)((judged->recorded_at_ms + SIM_EAST_MS) % SIM_DAY_MS / 3600000);
    if (!own->known || own->erased || (int)change->channel < 1 || (int)change->channel > 2 ||
        !own->granted[change->channel])
        return judge_fail_at(judge, judged, "is written to by channel %d without having agreed",
                             (int)change->channel);
    if (hour >= QUIET_FROM_HOUR || hour < QUIET_UNTIL_HOUR)
        return judge_fail_at(judge, judged, "is written to at %d o'clock", hour);
    if (!judged->is_timer) return judge_fail_at(judge, judged, "is written to before its time");
    return true;
}

static bool reported(struct judge *judge, const struct judge_record *judged,
                     Huiyuan__V1__DeliveryOutcome outcome) {
    const Huiyuan__V1__Command *command = judged->reading.command;
    if (!judged->is_timer && command != NULL && command->delivery_result != NULL &&
        command->delivery_result->outcome == outcome)
        return true;
    return judge_fail_at(judge, judged, "says what nobody reported");
}

static bool go_on(struct judge *judge, struct judge_record *judged, const struct own *own) {
    const Change *change = (const Change *)judged->body;
    struct judge_delivery *delivery = find(judge, change->delivery_id);
    if (delivery == NULL || strcmp(delivery->member_id, judged->record->member_id) != 0 || delivery->ended)
        return judge_fail_at(judge, judged, "goes on with %s, which does not wait", change->delivery_id);
    bool mail = delivery->channel == HUIYUAN__V1__CONTACT_CHANNEL__EMAIL;
    delivery->last = judged;
    switch (change->kind) {
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__ATTEMPTED:
        if (delivery->attempting && mail && change->channel == delivery->channel)
            return judge_fail_at(judge, judged, "mails again what may have been mailed");
        if (change->attempt != delivery->attempt + 1)
            return judge_fail_at(judge, judged, "attempt %u after %u", change->attempt, delivery->attempt);
        if (!may_attempt(judge, judged, own)) return false;
        delivery->attempting = true;
        delivery->channel = change->channel;
        delivery->attempt = change->attempt;
        delivery->due_ms = change->due_ms;
        return true;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__POSTPONED:
        delivery->attempting = false;
        delivery->attempt = change->attempt;
        delivery->channel = change->channel;
        delivery->due_ms = change->due_ms;
        return true;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__UNCERTAIN:
        if (!delivery->attempting) return judge_fail_at(judge, judged, "was not attempted");
        delivery->ended = true;
        return true;
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__SENT:
        delivery->ended = true;
        return reported(judge, judged, HUIYUAN__V1__DELIVERY_OUTCOME__DELIVERED);
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__GIVEN_UP:
    case HUIYUAN__V1__DELIVERY_CHANGE_KIND__SUPPRESSED: delivery->ended = true; return true;
    default: return judge_fail_at(judge, judged, "kind %d", (int)change->kind);
    }
}

bool deliveries_record(struct judge *judge, struct judge_record *judged) {
    const Change *change = (const Change *)judged->body;
    struct judge_block *block = &judge_track(judge, LOG_DELIVERIES, judged->partition)->blocks[judged->seq];
    if (change == NULL) return true;
    block->tallies[TALLY_SENT] += is(change, HUIYUAN__V1__DELIVERY_CHANGE_KIND__SENT);
    block->tallies[TALLY_SUPPRESSED] += is(change, HUIYUAN__V1__DELIVERY_CHANGE_KIND__SUPPRESSED);
    block->tallies[TALLY_GIVEN_UP] += is(change, HUIYUAN__V1__DELIVERY_CHANGE_KIND__GIVEN_UP);
    block->tallies[TALLY_UNCERTAIN] += is(change, HUIYUAN__V1__DELIVERY_CHANGE_KIND__UNCERTAIN);
    struct own *own = own_of(judge, judged->entity);
    if (judged->followed != NULL && judged->followed->log == LOG_MEMBERS)
        return see_contact(judge, judged, own);
    return judged->followed != NULL ? begin(judge, judged) : go_on(judge, judged, own);
}

bool judge_effect(struct judge *judge, const char *member_id, const Huiyuan__V1__DeliveryChange *order) {
    if (!judge_logs(judge)) return false;
    struct judge_delivery *delivery = order == NULL ? NULL : find(judge, order->delivery_id);
    judge->coverage.effects++;
    if (delivery == NULL || order->attempt == 0 || order->attempt > delivery->attempt ||
        strcmp(delivery->member_id, member_id) != 0)
        return judge_fail(judge, "%s is handed to a sender before that is durable",
                          order == NULL ? "something" : order->delivery_id);
    uint64_t bit = UINT64_C(1) << (order->attempt & 63);
    if ((delivery->handed & bit) != 0)
        return judge_fail(judge, "%s attempt %u is handed to a sender twice", order->delivery_id,
                          order->attempt);
    delivery->handed |= bit;
    return true;
}

int64_t judge_next_delivery(struct judge *judge) {
    int64_t next_ms = 0;
    for (const struct judge_delivery *delivery = judge->deliveries; delivery != NULL;
         delivery = delivery->next) {
        if (!delivery->ended && (next_ms == 0 || delivery->due_ms < next_ms)) next_ms = delivery->due_ms;
    }
    return next_ms;
}

int judge_delivery_end(const struct judge *judge, const char *delivery_id) {
    const struct judge_delivery *delivery = find(judge, delivery_id);
    if (delivery == NULL || !delivery->ended) return 0;
    return (int)((const Change *)delivery->last->body)->kind;
}

bool deliveries_rest(struct judge *judge) {
    for (const struct judge_delivery *delivery = judge->deliveries; delivery != NULL;
         delivery = delivery->next) {
        if (!delivery->ended)
            return judge_fail(judge, "%s still waits, until %" PRId64, delivery->id, delivery->due_ms);
    }
    return true;
}
