#include <stdio.h>

#include "common/base/hash.h"
#include "services/notification/notification.h"

typedef Huiyuan__V1__DeliveryState Member;
typedef Huiyuan__V1__PendingDelivery Pending;

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60 };

const Pending *queue_find(const Member *member, const char *delivery_id) {
    if (member == NULL) return NULL;
    for (size_t i = 0; i < member->n_pending; i++) {
        if (strcmp(member->pending[i]->delivery_id, delivery_id) == 0) return member->pending[i];
    }
    return NULL;
}

const Pending *queue_first(const Member *member) {
    const Pending *first = NULL;
    for (size_t i = 0; member != NULL && i < member->n_pending; i++) {
        if (first == NULL || member->pending[i]->due_ms < first->due_ms) first = member->pending[i];
    }
    return first;
}

static int minute_of(const struct hy_civil *civil) {
    return civil->hour * 60 + civil->minute;
}

static bool is_quiet(const struct delivery_policy *policy, int minute) {
    int from = policy->quiet_from_minute, until = policy->quiet_until_minute;
    if (from <= until) return minute >= from && minute < until;
    return minute >= from || minute < until; // over midnight
}

int64_t queue_after_quiet_ms(const struct delivery_policy *policy, const struct hy_zone *zone,
                             int64_t time_ms) {
    struct hy_civil civil = hy_civil_at(zone, time_ms);
    int minute = minute_of(&civil);
    if (!is_quiet(policy, minute)) return time_ms;
    bool tomorrow = minute >= policy->quiet_until_minute;
    int32_t day = hy_day_at(zone, time_ms) + (tomorrow ? 1 : 0);
    int64_t end_ms = hy_day_start_ms(zone, day) + (int64_t)policy->quiet_until_minute * MINUTE_MS;
    // On a day whose clocks are put forward or back, that many minutes after midnight is another time.
    civil = hy_civil_at(zone, end_ms);
    end_ms += (int64_t)(policy->quiet_until_minute - minute_of(&civil)) * MINUTE_MS;
    return end_ms > time_ms ? end_ms : time_ms;
}

int64_t queue_pause_ms(const struct delivery_policy *policy, const char *delivery_id, uint32_t attempt) {
    int64_t pause_ms = policy->retry_first_ms;
    for (uint32_t i = 1; i < attempt && pause_ms < policy->retry_longest_ms; i++)
        pause_ms *= 2;
    if (pause_ms > policy->retry_longest_ms) pause_ms = policy->retry_longest_ms;
    char name[256];
    int length = snprintf(name, sizeof name, "%.200s %u", delivery_id, attempt);
    int64_t spread = (int64_t)(hy_hash64(hy_bytes(name, (size_t)length)) % 1001) - 500; // ± 500
    return pause_ms + pause_ms * spread / 2000;
}

static bool take_time(const char **text, int *ret_minute) {
    const char *p = *text;
    for (int i = 0; i < 5; i++) {
        if (i == 2 ? p[i] != ':' : p[i] < '0' || p[i] > '9') return false;
    }
    int hour = (p[0] - '0') * 10 + p[1] - '0', minute = (p[3] - '0') * 10 + p[4] - '0';
    *ret_minute = hour * 60 + minute;
    *text += 5;
    return minute < 60 && *ret_minute < DAY_MINUTES;
}

bool delivery_policy_quiet(struct delivery_policy *policy, const char *hours) {
    int from = 0, until = 0;
    if (hours[0] != '\0') {
        if (!take_time(&hours, &from) || *hours++ != '-' || !take_time(&hours, &until) || *hours != '\0')
            return false;
    }
    policy->quiet_from_minute = from;
    policy->quiet_until_minute = until;
    return true;
}

struct delivery_policy delivery_policy_defaults(void) {
    return (struct delivery_policy){
        .quiet_from_minute = 21 * 60,
        .quiet_until_minute = 9 * 60,
        .late_ms = INT64_C(72) * 60 * MINUTE_MS,
        .retry_first_ms = MINUTE_MS / 2,
        .retry_longest_ms = (int64_t)60 * MINUTE_MS,
        .attempts = 8,
        .report_ms = INT64_C(2) * MINUTE_MS,
    };
}
