// What a purchase earns, in exact integers (product.md A1).
//
// The exact points of a line are
//     paid_fen/100 × base × category × tier × campaign × each stackable campaign × money_fen/total_fen,
// every factor in hundredths, so all lines of an order have one denominator and their numerators can be
// added:
//     numerator   = paid_fen × base × category × tier × campaign × stackable… × money_fen
//     denominator = 100 × 100 × 100 × 100 × 100 × 100… × total_fen
// The numerators of all lines together stay below 2^127: paid_fen adds up to at most 10^9 and money_fen is at
// most 10^9 (common/contract), the product of the factors is at most 10^20 (HY_FACTOR_PRODUCT_LIMIT). The
// denominator is at most 100^(5+4) × 10^9 = 10^27, and the points at most 10^17.
#include <string.h>

#include "common/contract/purchase.h"
#include "services/accrual/accrual.h"

enum { FEW_LINES = 16 };

typedef unsigned __int128 exact; // counts 1/denominator points
typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__LinePosting Posting;
typedef Huiyuan__V1__AppliedRule AppliedRule;
typedef Huiyuan__V1__PointsChange Change;

// The campaigns whose conditions on the order hold, in the order of the file.
struct candidates {
    size_t best_count, stackable_count;
    const struct hy_rule *best[HY_RULES_LIMIT]; // one of them will count for a line
    const struct hy_rule *stackable[HY_STACKABLE_LIMIT];
};

// What applies to one line, and what is left of its exact points after its whole ones.
struct line_result {
    const struct hy_rule *category, *campaign;           // or NULL
    const struct hy_campaign *member_day;                // or NULL; then `campaign` is
    const struct hy_rule *stackable[HY_STACKABLE_LIMIT]; // NULL where it does not apply
    exact points;                                        // then the remainder
};

// One calculation.
struct earning {
    const struct hy_program *program;
    const struct hy_tier_rule *tier;
    const Purchase *purchase;
    struct hy_arena *arena;
    int64_t total_fen, money_fen;
    struct candidates candidates;
    exact denominator;
    struct line_result *lines;
    struct hy_rule_set applied;       // to a line at least
    uint32_t numbers[HY_RULES_LIMIT]; // of such a rule: 1 + place in the change's rules
    uint32_t tier_number;
    struct hy_member_days days;
    uint32_t day_numbers[HY_MEMBER_DAYS_LIMIT]; // as `numbers`
};

// --- which rules apply ---

static void find_candidates(struct earning *earning) {
    const struct hy_program *program = earning->program;
    int32_t day = hy_day_at(&program->zone, earning->purchase->occurred_at_ms);
    int32_t weekday = hy_weekday(day);
    struct candidates *candidates = &earning->candidates;
    candidates->best_count = candidates->stackable_count = 0;
    for (size_t i = program->first_campaign; i < program->rule_count; i++) {
        const struct hy_rule *rule = &program->rules[i];
        if (!hy_rule_applies_to_order(rule, weekday, day, earning->purchase, earning->money_fen)) continue;
        if (rule->stackable) {
            candidates->stackable[candidates->stackable_count++] = rule;
        } else {
            candidates->best[candidates->best_count++] = rule;
        }
    }
}

// Of equal ones the earlier in the file.
static const struct hy_rule *best_campaign(const struct earning *earning, const struct hy_line_words *words) {
    const struct candidates *candidates = &earning->candidates;
    const struct hy_rule *best = NULL;
    for (size_t i = 0; i < candidates->best_count; i++) {
        const struct hy_rule *rule = candidates->best[i];
        if (best != NULL && rule->factor_hundredths <= best->factor_hundredths) continue;
        if (hy_rule_applies_to_line(earning->program, rule, words)) best = rule;
    }
    return best;
}

// It counts like a campaign of the program: of those that apply the best; of equal ones the program's.
static void apply_member_day(const struct earning *earning, const Line *line, struct line_result *result) {
    const struct hy_campaign *day = hy_member_days_best(&earning->days, line->category);
    int32_t campaign = result->campaign == NULL ? HY_NEUTRAL_FACTOR : result->campaign->factor_hundredths;
    if (day == NULL || day->multiplier_hundredths <= campaign) return;
    result->member_day = day;
    result->campaign = NULL;
}

static void apply_rules(const struct earning *earning, const Line *line, struct line_result *result) {
    const struct candidates *candidates = &earning->candidates;
    struct hy_line_words words = hy_program_line_words(earning->program, line);
    result->category = words.category == NULL ? NULL : words.category->category_rule;
    result->campaign = best_campaign(earning, &words);
    result->member_day = NULL;
    if (earning->days.count > 0) apply_member_day(earning, line, result);
    for (size_t i = 0; i < candidates->stackable_count; i++) {
        bool applies = hy_rule_applies_to_line(earning->program, candidates->stackable[i], &words);
        result->stackable[i] = applies ? candidates->stackable[i] : NULL;
    }
}

// --- exact points ---

static unsigned factor_of(const struct hy_rule *rule) {
    return rule == NULL ? HY_NEUTRAL_FACTOR : (unsigned)rule->factor_hundredths;
}

static unsigned campaign_factor(const struct line_result *result) {
    return result->member_day == NULL ? factor_of(result->campaign)
                                      : (unsigned)result->member_day->multiplier_hundredths;
}

// When all is paid with money, money_fen/total_fen is 1 and is left out: smaller numbers divide faster.
static bool is_all_money(const struct earning *earning) {
    return earning->money_fen == earning->total_fen;
}

static exact exact_points(const struct earning *earning, const Line *line, const struct line_result *result) {
    exact points = (exact)line->paid_fen * (unsigned)earning->program->points_per_yuan_hundredths;
    points *= (unsigned)earning->tier->multiplier_hundredths;
    points *= factor_of(result->category);
    points *= campaign_factor(result);
    for (size_t i = 0; i < earning->candidates.stackable_count; i++) {
        points *= factor_of(result->stackable[i]);
    }
    return is_all_money(earning) ? points : points * (uint64_t)earning->money_fen;
}

static exact denominator_of(const struct earning *earning) {
    exact denominator =
        UINT64_C(10000000000); // fen in a yuan, and base, tier, category, campaign in hundredths
    for (size_t i = 0; i < earning->candidates.stackable_count; i++) {
        denominator *= HY_NEUTRAL_FACTOR;
    }
    return is_all_money(earning) ? denominator : denominator * (uint64_t)earning->total_fen;
}

// The exact points of every line; returns their sum.
static exact calculate_lines(struct earning *earning) {
    exact sum = 0;
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        const Line *line = earning->purchase->lines[i];
        apply_rules(earning, line, &earning->lines[i]);
        earning->lines[i].points = exact_points(earning, line, &earning->lines[i]);
        sum += earning->lines[i].points;
    }
    return sum;
}

// Nearly always both fit into 64 bits.
static inline exact quotient(exact numerator, exact denominator) {
    if ((numerator | denominator) >> 64 == 0) return (uint64_t)numerator / (uint64_t)denominator;
    return numerator / denominator;
}

static int64_t round_once(exact sum, exact denominator, enum hy_rounding rounding) {
    exact whole = quotient(sum, denominator);
    exact rest = sum - whole * denominator;
    if (rounding == HY_ROUND_HALF_UP && rest >= denominator - rest) whole++;
    if (rounding == HY_ROUND_CEILING && rest > 0) whole++;
    return (int64_t)whole;
}

// --- sharing out ---

// The larger remainder comes first; of equal ones the earlier line.
static bool comes_first(const struct line_result *lines, size_t a, size_t b) {
    if (lines[a].points != lines[b].points) return lines[a].points > lines[b].points;
    return a < b;
}

static void sift_down(size_t *heap, size_t count, size_t at, const struct line_result *lines) {
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
            if (comes_first(lines, heap[child], heap[first])) first = child;
        }
        if (first == at) return;
        size_t moved = heap[at];
        heap[at] = heap[first];
        heap[first] = moved;
        at = first;
    }
}

// One point each to the `left` lines with the largest remainders. There are at least that many lines with a
// remainder: what is left is the sum of the remainders, each below one point, rounded at most up.
static void give_rest_of_many(const struct earning *earning, int64_t left, Posting *postings) {
    size_t count = earning->purchase->n_lines;
    size_t *heap = hy_arena_alloc(earning->arena, count * sizeof *heap);
    for (size_t i = 0; i < count; i++) {
        heap[i] = i;
    }
    for (size_t i = count / 2; i-- > 0;) {
        sift_down(heap, count, i, earning->lines);
    }
    for (; left > 0 && count > 0; left--) {
        postings[heap[0]].points++;
        heap[0] = heap[--count];
        sift_down(heap, count, 0, earning->lines);
    }
}

// Most purchases have a few lines: then looking through all of them for each point is faster.
static void give_rest(const struct earning *earning, int64_t left, Posting *postings) {
    size_t count = earning->purchase->n_lines;
    if (count > FEW_LINES) {
        give_rest_of_many(earning, left, postings);
        return;
    }
    uint32_t given = 0; // a bit for each line
    for (; left > 0; left--) {
        size_t first = count;
        for (size_t i = 0; i < count; i++) {
            if ((given >> i & 1) == 0 && (first == count || comes_first(earning->lines, i, first))) first = i;
        }
        if (first == count) return;
        given |= UINT32_C(1) << first;
        postings[first].points++;
    }
}

static void share_out(const struct earning *earning, int64_t whole, Posting *postings) {
    int64_t left = whole;
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        exact points = earning->lines[i].points;
        exact floor = quotient(points, earning->denominator);
        earning->lines[i].points = points - floor * earning->denominator;
        postings[i].points = (int64_t)floor;
        left -= (int64_t)floor;
    }
    if (left > 0) give_rest(earning, left, postings);
}

// --- naming what applied ---

static void mark(struct earning *earning, const struct hy_rule *rule) {
    if (rule != NULL) hy_rule_set_add(&earning->applied, hy_rule_place(earning->program, rule));
}

static void mark_applied(struct earning *earning) {
    earning->applied = (struct hy_rule_set){0};
    mark(earning, &earning->program->rules[0]);
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        const struct line_result *line = &earning->lines[i];
        mark(earning, line->category);
        mark(earning, line->campaign);
        for (size_t k = 0; k < earning->candidates.stackable_count; k++) {
            mark(earning, line->stackable[k]);
        }
    }
}

static size_t place_of_day(const struct earning *earning, const struct hy_campaign *day) {
    size_t place = 0;
    while (place + 1 < earning->days.count && earning->days.items[place] != day)
        place++;
    return place;
}

static void mark_days(struct earning *earning) {
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        const struct hy_campaign *day = earning->lines[i].member_day;
        if (day != NULL) earning->day_numbers[place_of_day(earning, day)] = 1;
    }
}

static void add_rule(const struct earning *earning, Change *change, const char *rule_id, uint32_t version,
                     int32_t factor) {
    AppliedRule *rule = hy_arena_alloc(earning->arena, sizeof *rule);
    *rule = (AppliedRule)HUIYUAN__V1__APPLIED_RULE__INIT;
    rule->rule_id = (char *)rule_id;
    rule->rule_version = version;
    rule->factor_hundredths = (uint32_t)factor;
    change->rules[change->n_rules++] = rule;
}

static void add_tier(struct earning *earning, Change *change) {
    const struct hy_tier_rule *tier = earning->tier;
    earning->tier_number = 0;
    if (tier->multiplier_hundredths == HY_NEUTRAL_FACTOR) return;
    add_rule(earning, change, tier->rule_id, earning->program->version, tier->multiplier_hundredths);
    earning->tier_number = (uint32_t)change->n_rules;
}

static void list_days(struct earning *earning, Change *change) {
    if (earning->days.count == 0) return;
    mark_days(earning);
    for (size_t i = 0; i < earning->days.count; i++) {
        const struct hy_campaign *day = earning->days.items[i];
        if (earning->day_numbers[i] == 0) continue;
        add_rule(earning, change, day->id, day->version, day->multiplier_hundredths);
        earning->day_numbers[i] = (uint32_t)change->n_rules;
    }
}

// Those that apply, of the places from `first` to below `end`, in their order.
static void list_applied(struct earning *earning, Change *change, size_t first, size_t end) {
    const struct hy_program *program = earning->program;
    for (size_t word = first / 64; word * 64 < end; word++) {
        for (uint64_t bits = earning->applied.bits[word]; bits != 0; bits &= bits - 1) {
            size_t place = word * 64 + (size_t)__builtin_ctzll(bits);
            if (place < first || place >= end) continue;
            const struct hy_rule *rule = &program->rules[place];
            add_rule(earning, change, rule->id, program->version, rule->factor_hundredths);
            earning->numbers[place] = (uint32_t)change->n_rules;
        }
    }
}

// Base, categories, tier, campaigns: the rules of a program stand in this order, but for the tier; member
// days come last.
static void list_rules(struct earning *earning, Change *change) {
    const struct hy_program *program = earning->program;
    mark_applied(earning);
    change->rules = hy_arena_alloc(earning->arena,
                                   (program->rule_count + 1 + earning->days.count) * sizeof *change->rules);
    list_applied(earning, change, 0, program->first_campaign);
    add_tier(earning, change);
    list_applied(earning, change, program->first_campaign, program->rule_count);
    list_days(earning, change);
}

// Indexes are kept ascending: at most a handful, so each is moved down to its place.
static void add_index(Posting *posting, uint32_t number) {
    size_t at = posting->n_rules++;
    for (; at > 0 && posting->rules[at - 1] > number - 1; at--) {
        posting->rules[at] = posting->rules[at - 1];
    }
    posting->rules[at] = number - 1;
}

static void add_index_of(const struct earning *earning, Posting *posting, const struct hy_rule *rule) {
    if (rule != NULL) add_index(posting, earning->numbers[hy_rule_place(earning->program, rule)]);
}

static void name_rules_of_line(const struct earning *earning, const struct line_result *line,
                               Posting *posting) {
    add_index(posting, 1); // the base
    add_index_of(earning, posting, line->category);
    if (earning->tier_number > 0) add_index(posting, earning->tier_number);
    add_index_of(earning, posting, line->campaign);
    if (line->member_day != NULL)
        add_index(posting, earning->day_numbers[place_of_day(earning, line->member_day)]);
    for (size_t i = 0; i < earning->candidates.stackable_count; i++) {
        add_index_of(earning, posting, line->stackable[i]);
    }
}

static void name_rules(struct earning *earning, Change *change, Posting *postings) {
    list_rules(earning, change);
    size_t most =
        4 +
        earning->candidates.stackable_count; // of one line: base, category, tier, campaign, stackable ones
    uint32_t *indexes = hy_arena_alloc(earning->arena, most * change->n_lines * sizeof *indexes);
    for (size_t i = 0; i < change->n_lines; i++) {
        postings[i].rules = indexes + i * most;
        name_rules_of_line(earning, &earning->lines[i], &postings[i]);
    }
}

// --- the change ---

// All lines with no points yet.
static Posting *add_postings(const struct earning *earning, Change *change) {
    size_t count = earning->purchase->n_lines;
    Posting *postings = hy_arena_alloc(earning->arena, count * sizeof *postings);
    change->lines = hy_arena_alloc(earning->arena, count * sizeof *change->lines);
    change->n_lines = count;
    for (size_t i = 0; i < count; i++) {
        postings[i] = (Posting)HUIYUAN__V1__LINE_POSTING__INIT;
        postings[i].line_id = earning->purchase->lines[i]->line_id;
        postings[i].paid_fen = earning->purchase->lines[i]->paid_fen;
        change->lines[i] = &postings[i];
    }
    return postings;
}

static Change *new_change(const struct earning *earning) {
    Change *change = hy_arena_alloc(earning->arena, sizeof *change);
    huiyuan__v1__points_change__init(change);
    change->type = HUIYUAN__V1__ENTRY_TYPE__EARN;
    change->store_id = earning->purchase->store_id;
    change->tier = (char *)earning->tier->id;
    change->discount_hundredths = (uint32_t)earning->tier->discount_hundredths;
    change->money_fen = earning->money_fen;
    change->total_fen = earning->total_fen;
    return change;
}

static const char *reason_for_nothing(const struct earning *earning) {
    if (earning->money_fen == 0) return "no-money";
    if (earning->money_fen < earning->program->minimum_spend_fen) return "minimum-spend";
    return NULL;
}

static void earn(struct earning *earning, Change *change, Posting *postings) {
    find_candidates(earning);
    earning->denominator = denominator_of(earning);
    earning->lines = hy_arena_alloc(earning->arena, change->n_lines * sizeof *earning->lines);
    exact sum = calculate_lines(earning);
    change->points = round_once(sum, earning->denominator, earning->program->rounding);
    share_out(earning, change->points, postings);
    name_rules(earning, change, postings);
}

// One that could make the points inexact with this program is left out.
static void take_days(struct earning *earning, const struct hy_member_days *days) {
    earning->days.count = 0;
    memset(earning->day_numbers, 0, sizeof earning->day_numbers);
    for (size_t i = 0; days != NULL && i < days->count; i++) {
        if (hy_program_allows_factor(earning->program, days->items[i]->multiplier_hundredths))
            earning->days.items[earning->days.count++] = days->items[i];
    }
}

Change *earn_points(const struct hy_program *program, size_t tier, const Purchase *purchase,
                    struct hy_arena *arena) {
    return earn_points_on(program, tier, NULL, purchase, arena);
}

Change *earn_points_on(const struct hy_program *program, size_t tier, const struct hy_member_days *days,
                       const Purchase *purchase, struct hy_arena *arena) {
    struct earning earning; // not cleared: most of it is room for campaigns
    earning.program = program;
    earning.tier = &program->tiers[tier < program->tier_count ? tier : 0];
    earning.purchase = purchase;
    take_days(&earning, days);
    earning.arena = arena;
    earning.total_fen = hy_purchase_total_fen(purchase);
    earning.money_fen = hy_purchase_money_fen(purchase);
    Change *change = new_change(&earning);
    Posting *postings = add_postings(&earning, change);
    const char *reason = reason_for_nothing(&earning);
    if (reason == NULL) {
        earn(&earning, change, postings);
    } else {
        change->reason = (char *)reason;
    }
    return change;
}
