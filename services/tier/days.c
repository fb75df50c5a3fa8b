// The calendar of a member's purchases: money by day for the rolling year, months with a purchase.
#include <string.h>

#include "common/base/memory.h"
#include "services/tier/tier.h"

// --- months ---

int32_t tier_month_of(int32_t day) {
    int32_t year;
    int32_t month;
    int32_t date;
    hy_day_date(day, &year, &month, &date);
    return year * 12 + month;
}

int32_t tier_month_start(int32_t month) {
    return hy_day_number((month - 1) / 12, (month - 1) % 12 + 1, 1);
}

int32_t tier_day_after_months(int32_t day, int32_t months) {
    int32_t month = tier_month_of(day);
    int32_t date = day - tier_month_start(month);
    int32_t last = tier_month_start(month + months + 1) - 1;
    int32_t same = tier_month_start(month + months) + date;
    return same < last ? same : last;
}

void tier_bought_add(struct tier_bought *bought, int32_t day, int64_t time_ms) {
    int32_t month = tier_month_of(day);
    int32_t ahead = bought->months == 0 ? 0 : month - bought->month;
    if (bought->months == 0 || ahead >= 32) {
        bought->months = 1;
        bought->month = month;
    } else if (ahead >= 0) {
        bought->months = bought->months << ahead | 1;
        bought->month = month;
    } else if (ahead > -32) {
        bought->months |= UINT32_C(1) << -ahead;
    }
    if (time_ms > bought->last_at_ms) bought->last_at_ms = time_ms;
}

int32_t tier_bought_streak(const struct tier_bought *bought, int32_t day) {
    int32_t streak = 0;
    if (tier_month_of(day) - bought->month > 1) return 0;
    while (streak < 32 && (bought->months >> streak & 1) != 0)
        streak++;
    return streak;
}

// --- days ---

int32_t tier_day_out(int32_t day) {
    return tier_day_after_months(day, 12);
}

// The first place whose day still counts at a day.
static uint32_t first_in(const struct tier_days *days, int32_t at_day) {
    uint32_t low = 0;
    uint32_t high = days->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tier_day_out(days->items[middle].day) > at_day)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int64_t tier_days_sum(const struct tier_days *days, int32_t at_day) {
    int64_t sum = 0;
    for (uint32_t i = first_in(days, at_day); i < days->count; i++)
        sum += days->items[i].money_fen;
    return sum;
}

static void forget_old(struct tier_days *days) {
    uint32_t old = first_in(days, days->items[days->count - 1].day);
    days->count -= old;
    if (old > 0) memmove(days->items, days->items + old, days->count * sizeof *days->items);
}

static void insert(struct tier_days *days, uint32_t at, struct tier_day day) {
    if (days->count == days->capacity) {
        days->capacity = days->capacity == 0 ? 4 : days->capacity * 2;
        days->items = hy_realloc(days->items, days->capacity * sizeof *days->items);
    }
    memmove(days->items + at + 1, days->items + at, (days->count - at) * sizeof *days->items);
    days->items[at] = day;
    days->count++;
}

void tier_days_add(struct tier_days *days, int32_t day, int64_t money_fen) {
    uint32_t at = days->count;
    while (at > 0 && days->items[at - 1].day > day)
        at--;
    if (at > 0 && days->items[at - 1].day == day) {
        days->items[at - 1].money_fen += money_fen;
        return;
    }
    insert(days, at, (struct tier_day){day, money_fen});
    forget_old(days);
}
