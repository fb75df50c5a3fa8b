#include "tests/unit/tier/again.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define DAY_MS  ((int64_t)24 * 3600 * 1000)
#define EAST_MS ((int64_t)8 * 3600 * 1000)

struct member {
    const struct again_program *programs, *program;
    size_t program_count;
    const struct again_purchase *purchases;
    size_t count;                // that have come
    int64_t out_ms[AGAIN_LIMIT]; // of each: counts in the year until then
    int month[AGAIN_LIMIT];
    int64_t newest_ms;
    size_t tier;
    int64_t since_ms, growth, lapsed_ms, at_ms;
    bool kept;
};

static struct tm date_of(int64_t time_ms) {
    time_t seconds = (time_t)((time_ms + EAST_MS) / 1000);
    struct tm date;
    gmtime_r(&seconds, &date);
    return date;
}

static int64_t midnight(int64_t time_ms) {
    return (time_ms + EAST_MS) / DAY_MS * DAY_MS - EAST_MS;
}

static int days_in(int year, int month) {
    struct tm first_of_next = {.tm_year = year, .tm_mon = month + 1, .tm_mday = 0};
    timegm(&first_of_next);
    return first_of_next.tm_mday;
}

// Midnight of the same date so many months later.
static int64_t months_later(int64_t time_ms, int months) {
    struct tm date = date_of(time_ms);
    struct tm first = {.tm_year = date.tm_year, .tm_mon = date.tm_mon + months, .tm_mday = 1};
    timegm(&first);
    int last = days_in(first.tm_year, first.tm_mon);
    first.tm_mday = date.tm_mday < last ? date.tm_mday : last;
    return (int64_t)timegm(&first) * 1000 - EAST_MS;
}

static int64_t spend_at(const struct member *member, int64_t time_ms) {
    int64_t sum = 0;
    for (size_t i = 0; i < member->count; i++) {
        if (time_ms < member->out_ms[i]) sum += member->purchases[i].money_fen;
    }
    return sum;
}

static bool bought_in_month(const struct member *member, int month) {
    for (size_t i = 0; i < member->count; i++) {
        if (member->month[i] == month) return true;
    }
    return false;
}

static int streak_at(const struct member *member, int64_t time_ms) {
    struct tm date = date_of(time_ms);
    int month = date.tm_year * 12 + date.tm_mon;
    int streak = 0;
    if (!bought_in_month(member, month)) month--;
    while (streak < 30 && bought_in_month(member, month--))
        streak++;
    return streak;
}

static size_t carried(const struct member *member, int64_t time_ms) {
    size_t tier = 0;
    int64_t spend_fen = spend_at(member, time_ms);
    for (size_t i = 1; i < member->program->tiers; i++) {
        int64_t growth = member->program->growth_above[i];
        int64_t money = member->program->spend_above_fen[i];
        if ((growth >= 0 && member->growth > growth) || (money >= 0 && spend_fen > money)) tier = i;
    }
    return tier;
}

static void choose_program(struct member *member, int64_t time_ms) {
    member->program = &member->programs[0];
    for (size_t i = 0; i < member->program_count; i++) {
        if (member->programs[i].from_ms <= time_ms) member->program = &member->programs[i];
    }
}

static void move(struct member *member, size_t tier, int64_t time_ms) {
    if (tier != member->tier) member->since_ms = time_ms;
    member->tier = tier;
}

// What a midnight does.
static void begin_day(struct member *member, int64_t day_ms) {
    bool was_carried = carried(member, member->at_ms) >= member->tier;
    const struct again_program *before = member->program;
    choose_program(member, day_ms);
    const struct again_program *program = member->program;
    was_carried = was_carried && program == before; // other thresholds take nothing by themselves
    if (program->lapse_months > 0 && member->tier > program->lapse_to &&
        day_ms >= months_later(member->newest_ms, program->lapse_months) + DAY_MS) {
        move(member, program->lapse_to, day_ms);
        member->growth = 0;
        member->lapsed_ms = day_ms;
        member->kept = false;
        return;
    }
    size_t now = carried(member, day_ms);
    if (member->kept) {
        if (streak_at(member, day_ms) > 0) return;
        member->kept = false;
        move(member, now, day_ms);
    } else if (was_carried && now < member->tier) {
        bool keeps = program->keep_months > 0 && now < program->keep && member->tier >= program->keep &&
                     streak_at(member, day_ms) >= program->keep_months;
        member->kept = keeps;
        move(member, keeps ? program->keep : now, day_ms);
    }
}

static void walk(struct member *member, int64_t to_ms) {
    for (int64_t day_ms = midnight(member->at_ms) + DAY_MS; day_ms <= to_ms; day_ms += DAY_MS) {
        begin_day(member, day_ms);
        member->at_ms = day_ms;
    }
    if (to_ms > member->at_ms) member->at_ms = to_ms;
}

static void buy(struct member *member) {
    const struct again_purchase *purchase = &member->purchases[member->count];
    if (member->count > 0)
        walk(member, purchase->time_ms);
    else
        member->at_ms = purchase->time_ms;
    choose_program(member, member->at_ms);
    if (purchase->time_ms >= member->lapsed_ms) member->growth += purchase->money_fen / 100;
    struct tm date = date_of(purchase->time_ms);
    member->month[member->count] = date.tm_year * 12 + date.tm_mon;
    member->out_ms[member->count] = months_later(purchase->time_ms, 12);
    if (purchase->time_ms > member->newest_ms) member->newest_ms = purchase->time_ms;
    member->count++;
    size_t now = carried(member, member->at_ms);
    if (now >= member->tier) member->kept = false;
    if (now > member->tier) {
        member->tier = now;
        member->since_ms = purchase->time_ms;
    }
}

struct again_result again(const struct again_program *programs, size_t program_count,
                          const struct again_purchase *purchases, size_t count, int64_t now_ms) {
    struct member member = {.programs = programs, .program_count = program_count, .purchases = purchases};
    choose_program(&member, 0);
    while (member.count < count)
        buy(&member);
    walk(&member, now_ms);
    return (struct again_result){member.tier, member.since_ms, member.growth, spend_at(&member, now_ms)};
}
