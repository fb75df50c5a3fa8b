// Versioned rules: parse and check a program file, find the version that applies, look its rates up. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/calendar.h"
#include "proto/purchases.pb-c.h"

enum hy_rounding { HY_ROUND_FLOOR, HY_ROUND_HALF_UP, HY_ROUND_CEILING }; // of the whole order, once

enum {
    HY_RULES_LIMIT = 200,   // rules of one program version
    HY_STACKABLE_LIMIT = 4, // campaigns that may multiply with others
    HY_TIERS_LIMIT = 16,
    HY_STREAK_LIMIT_MONTHS = 24,
    HY_NEUTRAL_FACTOR = 100, // hundredths: times 1.00
    HY_FACTOR_LIMIT = 10000, // hundredths: times 100.00
    HY_RULE_ID_LIMIT_BYTES = 40,
    HY_NAME_LIMIT_BYTES = 63,
    HY_PROGRAM_LIMIT_BYTES = 256 * 1024, // of the file
};

// Points a yuan × the largest category, tier and campaign multiplier × all stackable ones, each in
// hundredths: 10^20. A program beyond it is refused. It makes overflow impossible: the exact points of a
// purchase are (services/accrual/earn.c)
//   sum of paid_fen × money_fen × factors / denominator,   10^9 × 10^9 × 10^20 = 10^38 < 2^127 = 1.7 × 10^38.
#define HY_FACTOR_PRODUCT_LIMIT ((unsigned __int128)10000000000 * 10000000000)

enum hy_rule_kind {
    HY_RULE_BASE,     // points a yuan; exactly one
    HY_RULE_CATEGORY, // multiplies with everything; a line has at most one: the first that names its category
    HY_RULE_TIER,     // made from the tiers' multipliers
    HY_RULE_CAMPAIGN, // the best that applies counts, plus every stackable one
};

// What a record says of a rule or tier that took part: an AppliedRule (proto/points.proto). It is the same
// for every purchase, so it is encoded once, when the program is read.
struct hy_applied_rule {
    uint8_t length;
    uint8_t bytes[63];
};
struct hy_applied_rule hy_applied_rule_make(const char *rule_id, uint32_t version, int32_t factor_hundredths);

// All conditions that are present must hold. Lists are sorted for lookup.
struct hy_rule {
    char id[HY_RULE_ID_LIMIT_BYTES + 1];
    char name_zh[HY_NAME_LIMIT_BYTES + 1],
        name_en[HY_NAME_LIMIT_BYTES + 1]; // the id when the file names none
    size_t place;                         // in the program's rules
    enum hy_rule_kind kind;
    int32_t factor_hundredths;
    bool stackable;
    size_t category_count, store_count, brand_count;
    char **categories, **stores, **brands;
    uint32_t channels;           // bit per Huiyuan__V1__Channel; 0: any
    uint32_t weekdays;           // bit 1 Monday … bit 7 Sunday; 0: any
    int32_t first_day, last_day; // day numbers, inclusive, by the program's clocks; 0, 0: any
    int64_t minimum_fen;         // of the order's money; 0: none
    struct hy_applied_rule applied;
};

struct hy_tier_rule {
    char id[HY_RULE_ID_LIMIT_BYTES + 1];
    size_t id_length;
    char name_zh[HY_NAME_LIMIT_BYTES + 1], name_en[HY_NAME_LIMIT_BYTES + 1];
    int32_t multiplier_hundredths;
    int32_t discount_hundredths;              // what the member pays: 90 = 90 %; 0: the full price
    char rule_id[HY_RULE_ID_LIMIT_BYTES + 8]; // "tier:gold"
    struct hy_applied_rule applied;
    // How it is reached: by either way that it has. None: nobody rises to it.
    bool by_growth, by_year_spend;
    int64_t growth_above;         // reached with more than this
    int64_t year_spend_above_fen; // in a rolling year
};

// How tiers are kept and lost (services/tier/ladder.h).
struct hy_tier_rules {
    int32_t
        keep_months; // a purchase in each of so many calendar months keeps the tier `keep`; 0: no such rule
    size_t keep;
    int32_t lapse_months; // without a purchase: down to the tier `lapse_to`; 0: no such rule
    size_t lapse_to;
};

// Some of a program's rules, by their places.
struct hy_rule_set {
    uint64_t bits[HY_RULES_LIMIT / 64 + 1];
};

// A text by its beginning, its end and its length: up to 16 bytes that is all of it, and two are compared
// without a loop.
struct hy_word_key {
    uint64_t first, last;
    size_t length;
};

// A category, brand or store that rules name.
struct hy_word {
    struct hy_word_key key;
    const char *text;                    // of a rule's list; NULL: an empty slot
    const struct hy_rule *category_rule; // the first category rule that names it; NULL: none
    struct hy_rule_set named_by;
};

struct hy_words {
    struct hy_word *slots;
    size_t capacity; // a power of two, or 0
};

// What the rules say of a line: looked up once. NULL: nobody names it.
struct hy_line_words {
    const struct hy_word *category, *brand;
};

// The campaigns that hold on the days from this one until the next period's.
struct hy_period {
    int32_t first_day;
    struct hy_rule_set campaigns;
};

// The campaigns that each value of a condition on the order allows. Those of an order are what they have in
// common: found at once, however many there are.
struct hy_campaign_index {
    struct hy_rule_set of_weekday[8]; // 1 … 7
    struct hy_rule_set of_channel[8]; // by Huiyuan__V1__Channel
    struct hy_rule_set of_any_store;
    struct hy_words stores;    // that campaigns name
    struct hy_period *periods; // sorted; the first begins before all days
    size_t period_count;
};

struct hy_program {
    char name[HY_RULE_ID_LIMIT_BYTES + 1];
    uint32_t version; // from 1
    int64_t effective_from_ms;
    struct hy_zone zone;
    char currency[4];
    enum hy_rounding rounding;
    int32_t points_per_yuan_hundredths;
    int64_t minimum_spend_fen; // of the order's money: below it no points
    struct hy_rule *rules; // the base, then the categories, then the campaigns, each in the order of the file
    size_t rule_count;
    size_t first_campaign; // its place in `rules`; rule_count: none
    size_t stackable_count;
    struct hy_tier_rule tiers[HY_TIERS_LIMIT]; // lowest first; the first is every new member's
    size_t tier_count;
    int32_t growth_per_yuan_hundredths;
    struct hy_tier_rules tier_rules;
    struct hy_words categories, brands; // that rules name
    struct hy_campaign_index campaigns;
};

// One fault of a program file.
struct hy_program_fault {
    int line;       // 1-based; 0: the file as a whole
    char field[96]; // "campaigns[2].multiplier"
    char english[200];
    char chinese[200];
};

enum { HY_PROGRAM_FAULTS_LIMIT = 20 };

struct hy_program_faults {
    size_t count;
    struct hy_program_fault items[HY_PROGRAM_FAULTS_LIMIT];
};

typedef bool (*hy_zone_loader)(const char *name, struct hy_zone *ret_zone);

// NULL when there is at least one fault (all are listed, up to the limit). Free with hy_program_free.
struct hy_program *hy_program_parse(struct hy_bytes yaml, hy_zone_loader load_zone,
                                    struct hy_program_faults *ret_faults);
void hy_program_free(struct hy_program *program);

// All published versions of the program. Several may be added in any order.
struct hy_programs {
    struct hy_program **versions; // sorted by effective_from_ms, then version
    size_t count;
};

void hy_programs_init(struct hy_programs *programs);
void hy_programs_free(struct hy_programs *programs);
// Takes ownership. A version that is already there is replaced.
void hy_programs_add(struct hy_programs *programs, struct hy_program *program);
// The version in effect: the latest effective_from not after `time_ms`, of equal ones the highest version.
// NULL: none.
const struct hy_program *hy_programs_at(const struct hy_programs *programs, int64_t time_ms);
const struct hy_program *hy_programs_version(const struct hy_programs *programs,
                                             uint32_t version); // NULL: unknown

// By its id; NULL: none of base, categories and campaigns has it. Tiers: hy_tier_rule.rule_id.
const struct hy_rule *hy_program_rule(const struct hy_program *program, const char *rule_id);
// The first category rule that names this category; NULL: none does.
const struct hy_rule *hy_program_category_rule(const struct hy_program *program, const char *category);

// The place of the tier with this id; 0, the first, also for an id that this version does not know.
size_t hy_program_tier(const struct hy_program *program, const char *tier_id);

// Whether points stay exact when a campaign besides the program's has this multiplier.
bool hy_program_allows_factor(const struct hy_program *program, int32_t factor_hundredths);

// 1 Monday … 7 Sunday of a day number.
int32_t hy_weekday(int32_t day_number);

struct hy_line_words hy_program_line_words(const struct hy_program *program, struct hy_bytes category,
                                           struct hy_bytes brand);

// The campaigns whose conditions on the order hold for this purchase, but for the minimum spend.
struct hy_rule_set hy_program_campaigns(const struct hy_program *program,
                                        const Huiyuan__V1__Purchase *purchase, struct hy_bytes store_id);

// True when the campaign or category rule of the program holds for this line of this purchase.
bool hy_rule_applies(const struct hy_program *program, const struct hy_rule *rule,
                     const struct hy_civil *when, int32_t day_number, const Huiyuan__V1__Purchase *purchase,
                     int64_t money_fen, const Huiyuan__V1__PurchaseLine *line);
// Its two halves: the conditions on the order, and those on the line.
bool hy_rule_applies_to_order(const struct hy_rule *rule, int32_t weekday, int32_t day_number,
                              const Huiyuan__V1__Purchase *purchase, int64_t money_fen);
static inline void hy_rule_set_add(struct hy_rule_set *set, size_t place) {
    set->bits[place / 64] |= UINT64_C(1) << place % 64;
}
static inline bool hy_word_named_by(const struct hy_word *word, size_t place) {
    return word != NULL && (word->named_by.bits[place / 64] >> place % 64 & 1) != 0;
}
static inline bool hy_rule_applies_to_line(const struct hy_rule *rule, const struct hy_line_words *words) {
    size_t place = rule->place;
    return (rule->category_count == 0 || hy_word_named_by(words->category, place)) &&
           (rule->brand_count == 0 || hy_word_named_by(words->brand, place));
}
