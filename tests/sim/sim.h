// One simulated company: the five services on a world, what was published to them, the world outside, and the
// judge that looks on. Files: see README.md.
#pragma once

#include "proto/deliveries.pb-c.h"
#include "services/accrual/accrual.h"
#include "services/campaign/campaign.h"
#include "services/member/member.h"
#include "services/member/mirror.h"
#include "services/notification/notification.h"
#include "services/tier/tier.h"
#include "tests/sim/documents.h"
#include "tests/sim/judge.h"
#include "tests/sim/world.h"

enum sim_service { SIM_MEMBER, SIM_ACCRUAL, SIM_TIER, SIM_CAMPAIGN, SIM_NOTIFICATION, SIM_SERVICES };

#define SIM_DAY_MS             (INT64_C(24) * 3600 * 1000)
#define SIM_EAST_MS            (INT64_C(8) * 3600 * 1000)
#define SIM_PURCHASE_WINDOW_MS (90 * SIM_DAY_MS)
#define SIM_COMMAND_WINDOW_MS  (7 * SIM_DAY_MS)

// What a service's brain decides with; the judge has one of each of its own.
struct sim_brain {
    struct hy_brain brain;
    union {
        struct accrual accrual;
        struct tier tier;
        struct campaign campaign;
        struct notification notification;
    };
};

void sim_brain_open(struct sim_brain *brain, enum sim_service service);
void sim_brain_close(struct sim_brain *brain, enum sim_service service);
extern const struct world_service sim_services[SIM_SERVICES];

// What the world outside was handed, by delivery: it forgets nothing.
enum { SIM_MAILS = 512 };
struct sim_mail {
    char delivery_id[96];
    unsigned mails, texts; // taken by the mail server; by the webhook, each key once
};

enum { SIM_PHONES = 8, SIM_MEMBERS = 64, SIM_PAST = 64, SIM_CODES = 64, SIM_SNAPSHOTS = 2 };

// What can happen, counted; coverage.c names them.
enum sim_event {
    EVENT_CRASH,
    EVENT_CRASH_BUSY, // with requests to Redis on their way
    EVENT_STOP,
    EVENT_STOP_IN_TROUBLE, // … without having finished what was in flight
    EVENT_REBALANCE,
    EVENT_TWO_OWNERS, // … while the one before does not know yet
    EVENT_BROKER_AWAY,
    EVENT_QUEUE_FULL,
    EVENT_RELEASE, // late appends come through, also of the dead
    EVENT_REDIS_AWAY,
    EVENT_REDIS_CUT,
    EVENT_REDIS_TAIL,
    EVENT_REDIS_ALL,
    EVENT_TIME_BACK,
    EVENT_TIME_DAYS,
    EVENT_SKEW_HOURS,
    EVENT_DOCUMENT,
    EVENT_LULL,
    EVENT_SILENT_SEND,
    EVENT_MISROUTED,
    EVENT_MESSAGE_AGAIN,
    EVENT_GATEWAY_DIED,
    EVENTS
};

struct sim {
    struct world world; // first
    size_t events[EVENTS];
    size_t noted[LOGS][JUDGE_PARTITIONS]; // records in the trace
    struct judge judge;
    struct sim_documents documents;
    uint64_t seed;
    unsigned instances_ever;
    // Who tries what.
    unsigned phones, drawn;
    char members[SIM_MEMBERS][24]; // every id that the gateway drew
    size_t member_count;
    struct sim_past { // messages published before, to be published again
        char topic[12];
        uint32_t partition;
        struct hy_bytes bytes;
        char entity[80];
    } past[SIM_PAST];
    size_t past_count;
    unsigned serial;
    struct hy_mem_snapshot *snapshots[SIM_SNAPSHOTS];
    bool broker_away, table_away;
    // Outside.
    struct sim_mail mails[SIM_MAILS];
    size_t mail_count;
    unsigned silence; // per cent of what is sent without a word
};

static inline struct sim *sim_of(struct world *world) {
    return (struct sim *)world;
}

static inline unsigned sim_draw(struct sim *sim, unsigned bound) {
    return (unsigned)world_draw(&sim->world, bound);
}

// shop.c: what tills, the gateway and marketing publish.
void shop_publish(struct sim *sim);
void shop_document(struct sim *sim); // a new version of something

// sender.c: sends what notification hands over, beside its stage.
struct sender;
struct sender *sender_open(struct sim *sim);
void sender_close(struct sender *sender); // as a process that is killed
void sender_take(void *sender, const char *member_id, struct hy_bytes order);
bool sender_step(struct sender *sender, int64_t now_ms);
bool sender_rest(struct sim *sim);

// trouble.c: what goes wrong, and what the clock does.
void trouble_act(struct sim *sim);
void trouble_calm(struct sim *sim); // all of it over; one instance of each service for each partition
