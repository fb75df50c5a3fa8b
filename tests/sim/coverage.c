#include "tests/sim/coverage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { KINDS = 20, OUTCOMES = 8, FATES = HY_MEM_FAILED_LOST + 1, REQUEST_FATES = HY_MEM_HELD + 1 };

static struct {
    struct judge_coverage judge;
    size_t events[EVENTS], fates[FATES], request_fates[REQUEST_FATES];
    int64_t metrics[WORLD_METRICS];
    size_t mails, texts;
} all;

static const char *const events[EVENTS] = {
    [EVENT_CRASH] = "crashes",
    [EVENT_CRASH_BUSY] = "with requests on their way",
    [EVENT_STOP] = "stopped and drained",
    [EVENT_STOP_IN_TROUBLE] = "stopped in trouble",
    [EVENT_REBALANCE] = "rebalances",
    [EVENT_TWO_OWNERS] = "two owners at once",
    [EVENT_BROKER_AWAY] = "broker away",
    [EVENT_QUEUE_FULL] = "queue full",
    [EVENT_RELEASE] = "late appends let through",
    [EVENT_REDIS_AWAY] = "Redis away",
    [EVENT_REDIS_CUT] = "connection to Redis cut",
    [EVENT_REDIS_TAIL] = "Redis lost its tail",
    [EVENT_REDIS_ALL] = "Redis lost everything",
    [EVENT_TIME_BACK] = "time set back",
    [EVENT_TIME_DAYS] = "days passed",
    [EVENT_SKEW_HOURS] = "clock wrong by up to an hour",
    [EVENT_DOCUMENT] = "documents in flight",
    [EVENT_LULL] = "lulls",
    [EVENT_SILENT_SEND] = "sends without a word",
    [EVENT_MISROUTED] = "misrouted inputs",
    [EVENT_MESSAGE_AGAIN] = "messages that came again",
    [EVENT_GATEWAY_DIED] = "gateway died in an enrolment",
};

static const char *const fates[FATES] = {
    "kept", "late", "late reports", "repeated", "overtaken", "failed but kept", "failed"};
static const char *const request_fates[REQUEST_FATES] = {"answered", "done without an answer", "lost",
                                                         "held"};
static const char *const outcomes[OUTCOMES] = {NULL,       "accepted", "declined",  "duplicate",
                                               "conflict", "rejected", "forwarded", "repeated"};

static const char *const kinds[LOGS][KINDS] = {
    [LOG_MEMBERS] = {NULL, "IDENTITY_TAKEN", "IDENTITY_KNOWN", "IDENTITY_RELEASED", "ENROLLED", "UPDATED",
                     "ERASED"},
    [LOG_POINTS] =
        {[HUIYUAN__V1__ENTRY_TYPE__EARN] = "EARN", [HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN] = "TIER_TAKEN"},
    [LOG_TIERS] = {NULL, "COUNTED", "RAISED", "LOWERED", "REVIEWED"},
    [LOG_CAMPAIGNS] = {NULL, "MEMBER_SEEN", "TIER_SEEN", "ENTERED", "HELD_OUT", "COUPON_ISSUED",
                       "COUPON_DENIED", "BUDGET_RESERVED", "BUDGET_EXHAUSTED", "COUPON_OPENED",
                       "COUPON_USED_UP", "COUPON_SPENT", "LOOKED", "COUPON_CONFIRMED"},
    [LOG_DELIVERIES] = {NULL, "CONTACT_SEEN", "QUEUED", "ATTEMPTED", "SENT", "POSTPONED", "GIVEN_UP",
                        "SUPPRESSED", "UNCERTAIN"},
};

// Outcomes that a log's inputs can have, as letters of `outcomes` by their number. Accrual declines nothing,
// tier and notification know no repeated commands, a step of a service is never refused.
static const char *const possible[LOGS] = {[LOG_MEMBERS] = "1234567",
                                           [LOG_POINTS] = "134567",
                                           [LOG_TIERS] = "15",
                                           [LOG_CAMPAIGNS] = "1234567",
                                           [LOG_DELIVERIES] = "125"};

const char *coverage_kind(const struct judge_record *judged) {
    int kind = judge_kind(judged);
    return kind > 0 && kind < KINDS && kinds[judged->log][kind] != NULL ? kinds[judged->log][kind] : "";
}

static void add_judge(const struct judge_coverage *one) {
    for (int log = 0; log < LOGS; log++) {
        for (int i = 0; i < OUTCOMES; i++)
            all.judge.records[log][i] += one->records[log][i];
        for (int i = 0; i < KINDS; i++)
            all.judge.kinds[log][i] += one->kinds[log][i];
        all.judge.timers[log] += one->timers[log];
    }
    all.judge.claims += one->claims;
    all.judge.dropped += one->dropped;
    all.judge.answers += one->answers;
    all.judge.effects += one->effects;
    all.judge.checked += one->checked;
}

void coverage_add(const struct sim *sim) {
    add_judge(&sim->judge.coverage);
    for (int i = 0; i < EVENTS; i++)
        all.events[i] += sim->events[i];
    for (int i = 0; i < FATES; i++)
        all.fates[i] += sim->world.fates[i];
    for (int i = 0; i < REQUEST_FATES; i++)
        all.request_fates[i] += sim->world.request_fates[i];
    for (int i = 0; i < WORLD_METRICS; i++)
        all.metrics[i] += sim->world.metrics[i];
    for (size_t i = 0; i < sim->mail_count; i++) {
        all.mails += sim->mails[i].mails;
        all.texts += sim->mails[i].texts;
    }
}

// --- printing; what must be met and was not

static size_t missing;
static bool must;

static void print(const char *name, size_t count) {
    printf(" %s %zu,", name, count);
    if (count > 0 || !must) return;
    missing++;
    fprintf(stderr, "never met: %s\n", name);
}

static void print_list(const char *title, const char *const *names, const size_t *counts, int count) {
    printf("  %s:", title);
    for (int i = 0; i < count; i++) {
        if (names[i] != NULL) print(names[i], counts[i]);
    }
    printf("\n");
}

static void print_log(int log) {
    printf("  %s:", judge_services[log].log);
    for (const char *outcome = possible[log]; *outcome != '\0'; outcome++)
        print(outcomes[*outcome - '0'], all.judge.records[log][*outcome - '0']);
    if (log >= LOG_TIERS) print("timers", all.judge.timers[log]);
    printf("\n");
    print_list("  kinds", kinds[log], all.judge.kinds[log], KINDS);
}

static void print_metrics(void) {
    static const char *const wanted[] = {"huiyuan_fenced_total", "huiyuan_holes_total",
                                         "huiyuan_records_folded_total", "huiyuan_members_loaded_total"};
    printf("  owners:");
    for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++) {
        for (size_t i = 0; i < hy_stage_metric_count; i++) {
            if (strcmp(hy_stage_metrics[i].name, wanted[w]) == 0) print(wanted[w], (size_t)all.metrics[i]);
        }
    }
    print("claims", all.judge.claims);
    print("stale blocks", all.judge.dropped);
    printf("\n");
}

bool coverage_print(uint64_t histories, bool all_of_it) {
    size_t records = 0;
    for (int log = 0; log < LOGS; log++) {
        for (int i = 0; i < OUTCOMES; i++)
            records += all.judge.records[log][i];
    }
    printf("%" PRIu64 " histories: %zu records, %zu states compared, %zu answers, %zu handed to a sender, "
           "%zu mails, %zu texts\n",
           histories, records, all.judge.checked, all.judge.answers, all.judge.effects, all.mails, all.texts);
    missing = 0;
    must = all_of_it;
    for (int log = 0; log < LOGS; log++)
        print_log(log);
    print_list("what went wrong", events, all.events, EVENTS);
    print_list("appends", fates, all.fates, FATES);
    print_list("requests to Redis", request_fates, all.request_fates, REQUEST_FATES);
    print_metrics();
    return missing == 0;
}
