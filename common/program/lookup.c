// Which rules hold for a line of a purchase.
#include <string.h>

#include "common/program/internal.h"

static bool contains(char *const *sorted, size_t count, const char *text) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(text, sorted[middle]);
        if (order == 0) return true;
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

// An absent list holds for everything.
static inline bool allows(char *const *sorted, size_t count, const char *text) {
    return count == 0 || contains(sorted, count, text);
}

static bool has_bit(uint32_t bits, int32_t number) {
    return bits == 0 || (number >= 0 && number < 32 && (bits >> number & 1) != 0);
}

bool hy_rule_holds_on_day(const struct hy_rule *rule, int32_t day_number) {
    if (rule->first_day == 0 && rule->last_day == 0) return true;
    return day_number >= rule->first_day && day_number <= rule->last_day;
}

// 1970-01-01 was a Thursday.
int32_t hy_weekday(int32_t day_number) {
    int32_t from_monday = (day_number + 3) % 7;
    return (from_monday < 0 ? from_monday + 7 : from_monday) + 1;
}

bool hy_rule_applies_to_order(const struct hy_rule *rule, int32_t weekday, int32_t day_number,
                              const Huiyuan__V1__Purchase *purchase, int64_t money_fen) {
    return money_fen >= rule->minimum_fen && hy_rule_holds_on_day(rule, day_number) &&
           has_bit(rule->weekdays, weekday) && has_bit(rule->channels, (int32_t)purchase->channel) &&
           allows(rule->stores, rule->store_count, purchase->store_id);
}

bool hy_rule_applies(const struct hy_program *program, const struct hy_rule *rule,
                     const struct hy_civil *when, int32_t day_number, const Huiyuan__V1__Purchase *purchase,
                     int64_t money_fen, const Huiyuan__V1__PurchaseLine *line) {
    struct hy_line_words words =
        hy_program_line_words(program, hy_bytes_of(line->category), hy_bytes_of(line->brand));
    return hy_rule_applies_to_line(rule, &words) &&
           hy_rule_applies_to_order(rule, when->weekday, day_number, purchase, money_fen);
}

const struct hy_rule *hy_program_rule(const struct hy_program *program, const char *rule_id) {
    for (size_t i = 0; i < program->rule_count; i++) {
        if (strcmp(program->rules[i].id, rule_id) == 0) return &program->rules[i];
    }
    return NULL;
}

size_t hy_program_tier(const struct hy_program *program, const char *tier_id) {
    for (size_t i = 0; i < program->tier_count; i++) {
        if (strcmp(program->tiers[i].id, tier_id) == 0) return i;
    }
    return 0;
}
