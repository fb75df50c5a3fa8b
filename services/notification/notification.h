// Notification: a member's messages: what waits, what may be sent, what was tried. State and operations on a
// page; all pure. Who sends is sender.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/calendar.h"
#include "common/program/program.h"
#include "common/stage/brain.h"
#include "proto/campaigns.pb-c.h"
#include "proto/commands.pb-c.h"
#include "proto/deliveries.pb-c.h"
#include "proto/tiers.pb-c.h"
#include "services/notification/template.h"

// A member in memory: the same message as in Redis, on the heap.
struct deliveries_state {
    Huiyuan__V1__DeliveryState *kept; // NULL: nothing has happened yet
};

// How messages are sent; from the service's settings.
struct delivery_policy {
    int quiet_from_minute, quiet_until_minute; // of the day by the program's clocks; equal: never quiet
    int64_t late_ms;                           // older wishes are not sent any more
    int64_t retry_first_ms, retry_longest_ms;  // pauses double from the one to the other
    uint32_t attempts;                         // then it is given up
    int64_t report_ms; // how long after an attempt its result is waited for; the sender is done before
};

struct delivery_policy delivery_policy_defaults(void);
// "21:00-09:00", or "" for none. False when it is neither; then nothing is changed.
bool delivery_policy_quiet(struct delivery_policy *policy, const char *hours);

// --- consent.c: whether and where this member may be written to

// The first channel from `from` on (in the order e-mail, SMS) that the member agreed to; UNSPECIFIED: none.
// `from` UNSPECIFIED: any.
Huiyuan__V1__ContactChannel consent_channel(const Huiyuan__V1__DeliveryState *member,
                                            Huiyuan__V1__ContactChannel from);
// The channel to be tried after this one; UNSPECIFIED: none.
Huiyuan__V1__ContactChannel consent_channel_after(const Huiyuan__V1__DeliveryState *member,
                                                  Huiyuan__V1__ContactChannel channel);
// What a member's record says about writing to them. In the arena; borrows from `change`.
Huiyuan__V1__DeliveryChange *consent_seen(const Huiyuan__V1__MemberChange *change, struct hy_arena *arena);

// --- queue.c: when

// NULL: none has that id.
const Huiyuan__V1__PendingDelivery *queue_find(const Huiyuan__V1__DeliveryState *member,
                                               const char *delivery_id);
// The one that is due first; NULL: nothing waits.
const Huiyuan__V1__PendingDelivery *queue_first(const Huiyuan__V1__DeliveryState *member);
// `time_ms`, or the end of the quiet hours in which it lies.
int64_t queue_after_quiet_ms(const struct delivery_policy *policy, const struct hy_zone *zone,
                             int64_t time_ms);
// The pause after attempt number `attempt` (from 1): doubled each time, up to a bound, then moved by up to a
// quarter either way. By how much is a hash of id and attempt, so that many that fail together do not come
// back together, and the same decision is always the same.
int64_t queue_pause_ms(const struct delivery_policy *policy, const char *delivery_id, uint32_t attempt);

// --- wanted.c: what a record of another service asks for

struct wanted {
    const char *template_name;
    const Huiyuan__V1__CampaignChange *campaign; // or
    const Huiyuan__V1__TierChange *tier;
};

// False: it asks for no message. `ret_wanted` borrows from the change.
bool wanted_by_campaign(const Huiyuan__V1__CampaignChange *change, struct wanted *ret_wanted);
bool wanted_by_tier(const Huiyuan__V1__TierChange *change, struct wanted *ret_wanted);
// Fills parameters and campaign of the change.
void wanted_describe(const struct wanted *wanted, const struct hy_program *program, struct hy_arena *arena,
                     Huiyuan__V1__DeliveryChange *change);

// --- deliver.c: the life of one message. Each gives the change that happens, in the arena

// What the decisions are made from, beside the member.
struct delivery_rules {
    const struct delivery_policy *policy;
    const struct hy_program *program; // for its clocks and the names of tiers
    const struct templates *templates;
    int64_t now_ms;
};

// Somebody wants a message: QUEUED, or SUPPRESSED at once.
Huiyuan__V1__DeliveryChange *deliver_wanted(const struct delivery_rules *rules,
                                            const Huiyuan__V1__DeliveryState *member,
                                            const struct wanted *wanted, const char *delivery_id,
                                            int64_t wanted_at_ms, struct hy_arena *arena);
// Its time has come: ATTEMPTED, POSTPONED, SUPPRESSED; or no result came: ATTEMPTED again, UNCERTAIN.
Huiyuan__V1__DeliveryChange *deliver_due(const struct delivery_rules *rules,
                                         const Huiyuan__V1__DeliveryState *member, struct hy_arena *arena);
// The sender's result: SENT, POSTPONED, GIVEN_UP, SUPPRESSED. NULL: nothing waits for this result any more.
Huiyuan__V1__DeliveryChange *deliver_result(const struct delivery_rules *rules,
                                            const Huiyuan__V1__DeliveryState *member,
                                            const Huiyuan__V1__DeliveryResult *result,
                                            struct hy_arena *arena);
// An ATTEMPTED change with all that the sender needs: no part of the log.
struct hy_bytes deliver_order(const Huiyuan__V1__DeliveryChange *attempt,
                              const Huiyuan__V1__DeliveryState *member, struct hy_arena *arena);

// Words in DeliveryResult.detail that decide: this channel cannot reach the member, another one may.
#define DELIVERY_NO_ADDRESS  "no-address"
#define DELIVERY_NO_PROVIDER "no-provider"

// --- state.c: how a change moves the state

void state_apply(struct deliveries_state *state, const Huiyuan__V1__DeliveryChange *change,
                 int64_t event_time_ms);

// --- handler.c

// What decides beside the member's state.
struct notification {
    struct hy_programs programs; // filled by the stage from the topic `program`
    hy_zone_loader load_zone;
    bool unreadable; // a published program version cannot be read by this build
    struct delivery_policy policy;
    const struct templates *templates; // NULL (tools that only fold): every one exists
    // Gets what is to be sent, once the decision is durable; NULL: nobody sends.
    void (*send)(void *sender, const char *member_id, struct hy_bytes order);
    void *sender;
};

void notification_init(struct notification *notification, hy_zone_loader load_zone);
void notification_free(struct notification *notification);
// The brain of the stage. `notification` must outlive it.
struct hy_brain notification_brain(struct notification *notification);
