// What a purchase earns, in exact integers (product.md A1).
//
// The exact points of a line are
//     paid_fen/100 × base × category × tier × campaign × each stackable campaign × money_fen/total_fen,
// every factor in hundredths, so all lines of an order have one denominator and their numerators can be
// added (what is left of them after their whole points is enough: it decides how the order is rounded):
//     numerator   = paid_fen × base × category × tier × campaign × stackable… × money_fen
//     denominator = 100 × 100 × 100 × 100 × 100 × 100… × total_fen
// The numerators of all lines together stay below 2^127: paid_fen adds up to at most 10^9 and money_fen is at
// most 10^9 (common/contract), the product of the factors is at most 10^20 (HY_FACTOR_PRODUCT_LIMIT). The
// denominator is at most 100^(5+4) × 10^9 = 10^27, and the points at most 10^17.
#include "services/accrual/earning.h"

enum { FEW_LINES = 16 };

typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__PointsChange Change;

// --- which rules apply ---

static void add_candidate(struct candidates *candidates, const struct hy_rule *rule) {
    if (rule->stackable) {
        candidates->stackable[candidates->stackable_count++] = rule;
    } else {
        candidates->best[candidates->best_count++] = rule;
    }
}

static void find_candidates(struct earning *earning) {
    const struct hy_program *program = earning->program;
    struct candidates *candidates = &earning->candidates;
    candidates->best_count = candidates->stackable_count = 0;
    struct hy_rule_set set = hy_program_campaigns(
        program, earning->purchase, hy_bytes(earning->purchase->store_id, earning->lengths.store_id));
    for (size_t word = 0; word * 64 < program->rule_count; word++) {
        for (uint64_t bits = set.bits[word]; bits != 0; bits &= bits - 1) {
            const struct hy_rule *rule = &program->rules[word * 64 + (size_t)__builtin_ctzll(bits)];
            if (earning->money_fen >= rule->minimum_fen) add_candidate(candidates, rule);
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
        if (hy_rule_applies_to_line(rule, words)) best = rule;
    }
    return best;
}

// It counts like a campaign of the program: of those that apply the best; of equal ones the program's.
static void apply_member_day(const struct earning *earning, const Line *line, struct earned_line *result) {
    const struct hy_campaign *day = hy_member_days_best(&earning->days, line->category);
    int32_t campaign = result->campaign == NULL ? HY_NEUTRAL_FACTOR : result->campaign->factor_hundredths;
    if (day == NULL || day->multiplier_hundredths <= campaign) return;
    result->member_day = day;
    result->campaign = NULL;
}

static void apply_rules(const struct earning *earning, size_t index, struct earned_line *result) {
    const struct candidates *candidates = &earning->candidates;
    const Line *line = earning->purchase->lines[index];
    const struct hy_line_lengths *lengths = &earning->lengths.lines[index];
    struct hy_line_words words = hy_program_line_words(
        earning->program, hy_bytes(line->category, lengths->category), hy_bytes(line->brand, lengths->brand));
    result->category = words.category == NULL ? NULL : words.category->category_rule;
    result->campaign = best_campaign(earning, &words);
    result->member_day = NULL;
    if (earning->days.count > 0) apply_member_day(earning, line, result);
    result->stackable = 0;
    for (size_t i = 0; i < candidates->stackable_count; i++) {
        if (hy_rule_applies_to_line(candidates->stackable[i], &words)) result->stackable |= UINT32_C(1) << i;
    }
}

// --- exact points ---

static unsigned factor_of(const struct hy_rule *rule) {
    return rule == NULL ? HY_NEUTRAL_FACTOR : (unsigned)rule->factor_hundredths;
}

static unsigned campaign_factor(const struct earned_line *result) {
    return result->member_day == NULL ? factor_of(result->campaign)
                                      : (unsigned)result->member_day->multiplier_hundredths;
}

// When all is paid with money, money_fen/total_fen is 1 and is left out: smaller numbers divide faster.
static bool is_all_money(const struct earning *earning) {
    return earning->money_fen == earning->total_fen;
}

// Both products of at most four factors of at most 10^4 fit into 64 bits.
static exact exact_points(const struct earning *earning, const Line *line, const struct earned_line *result) {
    uint64_t factor = earning->factor * factor_of(result->category) * campaign_factor(result);
    uint64_t stackable = 1;
    for (size_t i = 0; i < earning->candidates.stackable_count; i++) {
        bool applies = (result->stackable >> i & 1) != 0;
        stackable *= applies ? factor_of(earning->candidates.stackable[i]) : HY_NEUTRAL_FACTOR;
    }
    exact points = (exact)factor * (uint64_t)line->paid_fen * stackable;
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

// The whole points; leaves the rest. Nearly always all fits into 64 bits.
static inline int64_t take_whole(exact *points, exact denominator) {
    uint64_t small = (uint64_t)*points;
    uint64_t small_denominator = (uint64_t)denominator;
    exact whole;
    if (small == *points && small_denominator == denominator) {
        whole = small / small_denominator;
        *points = small % small_denominator;
    } else {
        whole = *points / denominator;
        *points -= whole * denominator;
    }
    return (int64_t)whole;
}

static int64_t round_once(exact sum, exact denominator, enum hy_rounding rounding) {
    int64_t whole = take_whole(&sum, denominator);
    if (rounding == HY_ROUND_HALF_UP && sum >= denominator - sum) whole++;
    if (rounding == HY_ROUND_CEILING && sum > 0) whole++;
    return whole;
}

// The whole points of every line; returns the sum of what is left.
static exact calculate_lines(struct earning *earning) {
    exact rests = 0;
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        struct earned_line *line = &earning->lines[i];
        apply_rules(earning, i, line);
        line->rest = exact_points(earning, earning->purchase->lines[i], line);
        line->points = take_whole(&line->rest, earning->denominator);
        earning->points += line->points;
        rests += line->rest;
    }
    return rests;
}

// --- sharing out ---

// The larger remainder comes first; of equal ones the earlier line.
static bool comes_first(const struct earned_line *lines, size_t a, size_t b) {
    if (lines[a].rest != lines[b].rest) return lines[a].rest > lines[b].rest;
    return a < b;
}

static void sift_down(size_t *heap, size_t count, size_t at, const struct earned_line *lines) {
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
static void give_rest_of_many(const struct earning *earning, int64_t left) {
    size_t count = earning->purchase->n_lines;
    size_t *heap = hy_arena_alloc(earning->arena, count * sizeof *heap);
    for (size_t i = 0; i < count; i++) {
        heap[i] = i;
    }
    for (size_t i = count / 2; i-- > 0;) {
        sift_down(heap, count, i, earning->lines);
    }
    for (; left > 0 && count > 0; left--) {
        earning->lines[heap[0]].points++;
        heap[0] = heap[--count];
        sift_down(heap, count, 0, earning->lines);
    }
}

// Most purchases have a few lines: then looking through all of them for each point is faster.
static void give_rest(const struct earning *earning, int64_t left) {
    size_t count = earning->purchase->n_lines;
    if (count > FEW_LINES) {
        give_rest_of_many(earning, left);
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
        earning->lines[first].points++;
    }
}

// What is left of the lines is rounded once: that rounds the order, whose other points are whole.
static void calculate(struct earning *earning) {
    find_candidates(earning);
    earning->denominator = denominator_of(earning);
    exact rests = calculate_lines(earning);
    int64_t left = round_once(rests, earning->denominator, earning->program->rounding);
    earning->points += left;
    if (left > 0) give_rest(earning, left);
}

// --- the whole ---

static const char *reason_for_nothing(const struct earning *earning) {
    if (earning->money_fen == 0) return "no-money";
    if (earning->money_fen < earning->program->minimum_spend_fen) return "minimum-spend";
    return NULL;
}

// One that could make the points inexact with this program is left out.
static void take_days(struct earning *earning, const struct hy_member_days *days) {
    earning->days.count = 0;
    for (size_t i = 0; days != NULL && i < days->count; i++) {
        if (hy_program_allows_factor(earning->program, days->items[i]->multiplier_hundredths))
            earning->days.items[earning->days.count++] = days->items[i];
    }
}

static void begin(struct earning *earning, const struct points_order *order, struct hy_arena *arena) {
    const struct hy_program *program = order->program;
    earning->program = program;
    earning->tier = &program->tiers[order->tier < program->tier_count ? order->tier : 0];
    earning->purchase = order->purchase;
    earning->lengths = order->lengths;
    earning->arena = arena;
    earning->total_fen = hy_purchase_total_fen(order->purchase);
    earning->money_fen =
        order->purchase->n_payments == 0 ? earning->total_fen : hy_purchase_money_fen(order->purchase);
    earning->reason = reason_for_nothing(earning);
    earning->factor =
        (uint64_t)program->points_per_yuan_hundredths * (uint64_t)earning->tier->multiplier_hundredths;
    earning->points = 0;
    take_days(earning, order->days);
}

static Change *change_of(const struct earning *earning, int64_t balance_after) {
    Change *change = hy_arena_alloc(earning->arena, sizeof *change);
    *change = (Change)HUIYUAN__V1__POINTS_CHANGE__INIT;
    change->type = HUIYUAN__V1__ENTRY_TYPE__EARN;
    change->points = earning->points;
    change->balance_after = balance_after;
    change->money_fen = earning->money_fen;
    change->total_fen = earning->total_fen;
    return change;
}

bool points_earn(const struct points_order *order, const struct points_state *points, struct hy_arena *arena,
                 struct points_earned *ret_earned) {
    struct earning earning; // not cleared: most of it is room for campaigns
    int64_t balance_after;
    int64_t unused;
    begin(&earning, order, arena);
    size_t bytes = order->purchase->n_lines * sizeof *earning.lines;
    earning.lines = earning.reason == NULL ? hy_arena_alloc(arena, bytes) : hy_arena_zero(arena, bytes);
    if (earning.reason == NULL) calculate(&earning);
    if (__builtin_add_overflow(points->balance, earning.points, &balance_after) ||
        __builtin_add_overflow(points->earned, earning.points, &unused))
        return false;
    ret_earned->change = change_of(&earning, balance_after);
    ret_earned->change_bytes = earning_change(&earning, balance_after);
    ret_earned->note = earning_note(&earning, balance_after);
    return true;
}

Change *earn_points(const struct hy_program *program, size_t tier, const Purchase *purchase,
                    struct hy_arena *arena) {
    return earn_points_on(program, tier, NULL, purchase, arena);
}

Change *earn_points_on(const struct hy_program *program, size_t tier, const struct hy_member_days *days,
                       const Purchase *purchase, struct hy_arena *arena) {
    struct points_order order = {program, tier, days, purchase, hy_purchase_lengths(purchase, arena)};
    struct points_state nobody = {0};
    struct points_earned earned;
    bool fits = points_earn(&order, &nobody, arena, &earned); // at most 10^17
    return fits ? (Change *)points_change_decode(earned.change_bytes, arena) : NULL;
}
