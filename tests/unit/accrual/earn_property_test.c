// What must hold of the points of any purchase under any program, also at the ends of all ranges.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/contract/limits.h"
#include "common/contract/purchase.h"
#include "tests/unit/accrual/big.h"
#include "tests/unit/accrual/cases.h"

typedef Huiyuan__V1__PointsChange Change;

// --- a random world ---

static uint64_t seed;

static uint64_t random_below(uint64_t bound) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % bound;
}

static const char *random_text(void) {
    static const char *const TEXTS[] = {"", "A", "B", "C", "SALAD BAR", "护肤"};
    return TEXTS[random_below(6)];
}

static int32_t random_factor(void) {
    static const int32_t FACTORS[] = {0, 1, 99, 100, 101, 150, 200, 333, 1000};
    return FACTORS[random_below(9)];
}

struct text_writer {
    char text[65536];
    size_t length;
};

static void write_text(struct text_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_text(struct text_writer *writer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(writer->text + writer->length, sizeof writer->text - writer->length, format, arguments);
    va_end(arguments);
    writer->length += (size_t)length;
    cr_assert_lt(writer->length, sizeof writer->text);
}

static void write_factor(struct text_writer *writer, int32_t hundredths) {
    write_text(writer, "multiplier: %d.%02d", hundredths / 100, hundredths % 100);
}

static void write_campaign(struct text_writer *writer, size_t number, bool stackable) {
    write_text(writer, " - {id: a%zu, stackable: %s, ", number, stackable ? "true" : "false");
    write_factor(writer, random_factor());
    write_text(writer, ", when: {");
    if (random_below(2) == 0) write_text(writer, "categories: [A, \"%s\"], ", random_below(2) ? "B" : "护肤");
    if (random_below(3) == 0) write_text(writer, "brands: [C], ");
    if (random_below(3) == 0) write_text(writer, "weekdays: [monday, friday, sunday], ");
    if (random_below(3) == 0) write_text(writer, "minimum_spend: %d", (int)random_below(500));
    write_text(writer, "}}\n");
}

static void write_program(struct text_writer *writer) {
    static const char *const ROUNDINGS[] = {"floor", "half_up", "ceiling"};
    write_text(writer,
               "program: p\nversion: 1\neffective_from: 2024-01-01\nearning: {rounding: %s, points_per_yuan: "
               "%d.%02d}\n",
               ROUNDINGS[random_below(3)], (int)random_below(3), (int)random_below(99) + 1);
    write_text(writer, "categories:\n - {id: c1, categories: [A, C], ");
    write_factor(writer, random_factor());
    write_text(writer, "}\n - {id: c2, categories: [C, SALAD BAR], ");
    write_factor(writer, random_factor());
    write_text(writer, "}\ntiers:\n - {id: t, ");
    write_factor(writer, random_factor());
    write_text(writer, "}\ncampaigns:\n");
    size_t campaigns = 1 + random_below(random_below(10) == 0 ? 190 : 8);
    for (size_t i = 0; i < campaigns; i++) {
        write_campaign(writer, i, i < random_below(5));
    }
}

static bool load_utc(const char *name, struct hy_zone *ret_zone) {
    (void)name;
    ret_zone->changes = hy_calloc(1, sizeof *ret_zone->changes);
    ret_zone->count = 1;
    return true;
}

// NULL when chance made one that the check refuses.
static struct hy_program *random_program(void) {
    static struct text_writer writer;
    writer.length = 0;
    write_program(&writer);
    struct hy_program_faults faults;
    return hy_program_parse(hy_bytes(writer.text, writer.length), load_utc, &faults);
}

static void random_payments(Huiyuan__V1__Purchase *purchase, struct hy_arena *arena) {
    int64_t left = hy_purchase_total_fen(purchase);
    purchase->n_payments = random_below(4);
    purchase->payments = hy_arena_alloc(arena, 4 * sizeof(void *));
    for (size_t i = 0; i < purchase->n_payments; i++) {
        Huiyuan__V1__Payment *payment = purchase->payments[i] = hy_arena_alloc(arena, sizeof *payment);
        huiyuan__v1__payment__init(payment);
        payment->method = (Huiyuan__V1__PaymentMethod)(1 + random_below(8));
        payment->amount_fen =
            i + 1 == purchase->n_payments ? left : (int64_t)random_below((uint64_t)left / 2 + 1);
        left -= payment->amount_fen;
    }
}

static Huiyuan__V1__Purchase *random_purchase(struct hy_arena *arena) {
    static const int64_t LARGEST[] = {1, 10, 1000, 100000, 2000000};
    Huiyuan__V1__Purchase *purchase = hy_arena_alloc(arena, sizeof *purchase);
    huiyuan__v1__purchase__init(purchase);
    purchase->purchase_id = purchase->member_id = purchase->store_id = "x";
    purchase->channel = HUIYUAN__V1__CHANNEL__STORE;
    purchase->occurred_at_ms = 1704067200000 + (int64_t)random_below(7) * 86400000;
    purchase->n_lines = random_below(20) == 0 ? HY_LINES_LIMIT : 1 + random_below(9);
    purchase->lines = hy_arena_alloc(arena, purchase->n_lines * sizeof(void *));
    uint64_t largest = (uint64_t)LARGEST[random_below(5)];
    for (size_t i = 0; i < purchase->n_lines; i++) {
        Huiyuan__V1__PurchaseLine *line = purchase->lines[i] = hy_arena_alloc(arena, sizeof *line);
        huiyuan__v1__purchase_line__init(line);
        line->line_id = hy_arena_printf(arena, "%zu", i);
        line->category = (char *)random_text();
        line->brand = (char *)random_text();
        line->paid_fen = (int64_t)random_below(largest + 1);
    }
    random_payments(purchase, arena);
    cr_assert_eq(hy_purchase_check(purchase, arena).code, HY_OK);
    return purchase;
}

// --- the same calculation, slowly and in other words ---

struct reference {
    struct big numerator; // of the whole order
    struct big denominator;
};

static bool applies(const struct hy_program *program, const struct hy_rule *rule,
                    const Huiyuan__V1__Purchase *purchase, const Huiyuan__V1__PurchaseLine *line) {
    struct hy_civil when = hy_civil_at(&program->zone, purchase->occurred_at_ms);
    return hy_rule_applies(program, rule, &when, hy_day_at(&program->zone, purchase->occurred_at_ms),
                           purchase, hy_purchase_money_fen(purchase), line);
}

// Every rule of the program once, each by the rule of product.md A1; four stackable ones at most make one
// denominator.
static struct big reference_line(const struct hy_program *program, const Huiyuan__V1__Purchase *purchase,
                                 const Huiyuan__V1__PurchaseLine *line) {
    struct big points = big_of((uint64_t)line->paid_fen);
    int32_t category = -1;
    int32_t best = -1;
    size_t stackable = 0;
    big_multiply(&points, (uint64_t)program->points_per_yuan_hundredths);
    for (size_t i = 0; i < program->rule_count; i++) {
        const struct hy_rule *rule = &program->rules[i];
        if (rule->kind == HY_RULE_BASE || !applies(program, rule, purchase, line)) continue;
        if (rule->kind == HY_RULE_CATEGORY && category < 0) category = rule->factor_hundredths;
        if (rule->kind == HY_RULE_CAMPAIGN && !rule->stackable && rule->factor_hundredths > best) {
            best = rule->factor_hundredths;
        }
        if (!rule->stackable) continue;
        big_multiply(&points, (uint64_t)rule->factor_hundredths);
        stackable++;
    }
    big_multiply(&points, category < 0 ? 100 : (uint64_t)category);
    big_multiply(&points, best < 0 ? 100 : (uint64_t)best);
    big_multiply(&points, (uint64_t)program->tiers[0].multiplier_hundredths);
    big_multiply(&points, (uint64_t)hy_purchase_money_fen(purchase));
    for (; stackable < HY_STACKABLE_LIMIT; stackable++) {
        big_multiply(&points, 100);
    }
    return points;
}

static struct big reference_denominator(const Huiyuan__V1__Purchase *purchase) {
    struct big denominator = big_of((uint64_t)hy_purchase_total_fen(purchase));
    for (size_t i = 0; i < 5 + HY_STACKABLE_LIMIT; i++) {
        big_multiply(&denominator, 100);
    }
    return denominator;
}

// `points` is the whole number that rounding makes of numerator/denominator: no division needed to say so.
static bool is_rounded(const struct big *numerator, const struct big *denominator, uint64_t points,
                       enum hy_rounding rounding) {
    struct big twice = *numerator;
    big_multiply(&twice, 2);
    struct big lower = big_times(denominator, points);
    big_multiply(&lower, 2);
    struct big upper = big_times(denominator, points + 1);
    big_multiply(&upper, 2);
    if (rounding == HY_ROUND_HALF_UP) big_add(&twice, denominator);
    if (rounding != HY_ROUND_CEILING)
        return big_compare(&twice, &lower) >= 0 && big_compare(&twice, &upper) < 0;
    // points - 1 < exact <= points, said one higher.
    struct big next = *denominator;
    big_multiply(&next, 2);
    struct big above = twice;
    big_add(&above, &next);
    return big_compare(&twice, &lower) <= 0 && big_compare(&above, &lower) > 0;
}

// Either the whole part of the line's exact points or one more.
static bool is_share(const struct big *numerator, const struct big *denominator, uint64_t points) {
    bool is_whole = is_rounded(numerator, denominator, points, HY_ROUND_FLOOR);
    return is_whole || (points > 0 && is_rounded(numerator, denominator, points - 1, HY_ROUND_FLOOR));
}

static void then_points_are_exact(const struct hy_program *program, const Huiyuan__V1__Purchase *purchase,
                                  const Change *change) {
    struct big denominator = reference_denominator(purchase);
    struct big sum = big_of(0);
    for (size_t i = 0; i < purchase->n_lines; i++) {
        struct big line = reference_line(program, purchase, purchase->lines[i]);
        cr_assert(is_share(&line, &denominator, (uint64_t)change->lines[i]->points), "line %zu", i);
        big_add(&sum, &line);
    }
    cr_assert(is_rounded(&sum, &denominator, (uint64_t)change->points, program->rounding));
}

static void then_shares_add_up(const Change *change) {
    int64_t sum = 0;
    for (size_t i = 0; i < change->n_lines; i++) {
        cr_assert_geq(change->lines[i]->points, 0);
        sum += change->lines[i]->points;
    }
    cr_assert_eq(sum, change->points);
}

static void then_rules_are_named(const Change *change) {
    bool *met = calloc(change->n_rules + 1, 1);
    for (size_t i = 0; i < change->n_lines; i++) {
        const Huiyuan__V1__LinePosting *line = change->lines[i];
        cr_assert_gt(line->n_rules, 0);
        cr_assert_eq(line->rules[0], 0); // the base
        for (size_t k = 0; k < line->n_rules; k++) {
            cr_assert_lt(line->rules[k], change->n_rules);
            if (k > 0) cr_assert_lt(line->rules[k - 1], line->rules[k]);
            met[line->rules[k]] = true;
        }
    }
    for (size_t i = 0; i < change->n_rules; i++) {
        cr_assert(met[i], "%s is listed but applied to no line", change->rules[i]->rule_id);
    }
    free(met);
}

// A line that paid nothing, or whose factors make nothing of it, never gets what rounding leaves.
static void then_nothing_comes_from_nothing(const Huiyuan__V1__Purchase *purchase, const Change *change) {
    for (size_t i = 0; i < purchase->n_lines; i++) {
        bool is_nothing = purchase->lines[i]->paid_fen == 0;
        for (size_t k = 0; k < change->lines[i]->n_rules; k++) {
            is_nothing |= change->rules[change->lines[i]->rules[k]]->factor_hundredths == 0;
        }
        if (is_nothing) cr_assert_eq(change->lines[i]->points, 0);
    }
}

static void then_all_holds(const struct hy_program *program, const Huiyuan__V1__Purchase *purchase,
                           const Change *change) {
    then_shares_add_up(change);
    if (*change->reason != '\0') {
        cr_assert_eq(change->points, 0);
        cr_assert_eq(change->n_rules, 0);
        return;
    }
    then_points_are_exact(program, purchase, change);
    then_rules_are_named(change);
    then_nothing_comes_from_nothing(purchase, change);
}

static void reverse_lines(Huiyuan__V1__Purchase *purchase) {
    for (size_t i = 0, k = purchase->n_lines - 1; i < k; i++, k--) {
        Huiyuan__V1__PurchaseLine *line = purchase->lines[i];
        purchase->lines[i] = purchase->lines[k];
        purchase->lines[k] = line;
    }
}

// The whole does not depend on the order of the lines, and a share only where remainders are equal.
static void then_order_does_not_matter(const struct hy_program *program, Huiyuan__V1__Purchase *purchase,
                                       const Change *change, struct hy_arena *arena) {
    reverse_lines(purchase);
    Change *reversed = earn_points(program, 0, purchase, arena);
    cr_assert_eq(reversed->points, change->points);
    for (size_t i = 0; i < change->n_lines; i++) {
        int64_t difference = change->lines[i]->points - reversed->lines[change->n_lines - 1 - i]->points;
        cr_assert(difference >= -1 && difference <= 1);
    }
    reverse_lines(purchase);
}

static void try_program(const struct hy_program *program, struct hy_arena *arena) {
    for (int i = 0; i < 20; i++) {
        Huiyuan__V1__Purchase *purchase = random_purchase(arena);
        Change *change = earn_points(program, 0, purchase, arena);
        then_all_holds(program, purchase, change);
        then_order_does_not_matter(program, purchase, change, arena);
        hy_arena_reset(arena);
    }
}

Test(earn_property, shares_are_exact_and_add_up_under_any_program) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    seed = 20240317;
    int tried = 0;
    for (int i = 0; i < 400; i++) {
        struct hy_program *program = random_program();
        if (program == NULL) continue;
        try_program(program, &arena);
        hy_program_free(program);
        tried++;
    }
    cr_assert_gt(tried, 250, "only %d programs passed the check", tried);
    hy_arena_free(&arena);
}

// The largest program and the largest purchases that the checks let pass.
static const char LARGEST[] = "program: p\nversion: 1\neffective_from: 2024-01-01\nearning: "
                              "{points_per_yuan: 100.00, rounding: half_up}\n"
                              "categories: [{id: c, categories: [A], multiplier: 10.00}]\n"
                              "tiers: [{id: t, multiplier: 10.00}]\n"
                              "campaigns:\n"
                              " - {id: one, multiplier: 1.00}\n"
                              " - {id: s1, multiplier: 1.00, stackable: true}\n"
                              " - {id: s2, multiplier: 1.00, stackable: true}\n"
                              " - {id: s3, multiplier: 1.00, stackable: true}\n"
                              " - {id: s4, multiplier: 1.00, stackable: true}\n";

static Huiyuan__V1__Purchase *largest_purchase(size_t lines, struct hy_arena *arena) {
    Huiyuan__V1__Purchase *purchase = random_purchase(arena);
    while (purchase->n_lines < lines || purchase->n_payments < 2) {
        purchase = random_purchase(arena);
    }
    purchase->n_lines = lines;
    int64_t left = HY_AMOUNT_LIMIT_FEN;
    for (size_t i = 0; i < lines; i++) {
        purchase->lines[i]->category = "A";
        purchase->lines[i]->paid_fen = i + 1 == lines ? left : (int64_t)random_below((uint64_t)left / 2);
        left -= purchase->lines[i]->paid_fen;
    }
    purchase->n_payments = 2;
    purchase->payments[0]->method = HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD;
    purchase->payments[0]->amount_fen = 1; // so that the share is a fraction of the longest numbers
    purchase->payments[1]->method = HUIYUAN__V1__PAYMENT_METHOD__CASH;
    purchase->payments[1]->amount_fen = HY_AMOUNT_LIMIT_FEN - 1;
    cr_assert_eq(hy_purchase_check(purchase, arena).code, HY_OK);
    return purchase;
}

Test(earn_property, nothing_overflows_at_the_limits_of_program_and_purchase) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(hy_bytes_of(LARGEST), load_utc, &faults);
    cr_assert_neq(program, NULL);
    // 10^4 × 10^3 × 10^3 × 10^2 × 10^8 = 10^20: not one hundredth more is allowed.
    cr_assert_eq(hy_program_parse(hy_bytes_of("program: p\nversion: 1\neffective_from: 2024-01-01\n"
                                              "earning: {points_per_yuan: 100.00}\n"
                                              "categories: [{id: c, categories: [A], multiplier: 10.00}]\n"
                                              "tiers: [{id: t, multiplier: 10.01}]\n"
                                              "campaigns:\n"
                                              " - {id: s1, multiplier: 1.00, stackable: true}\n"
                                              " - {id: s2, multiplier: 1.00, stackable: true}\n"
                                              " - {id: s3, multiplier: 1.00, stackable: true}\n"
                                              " - {id: s4, multiplier: 1.00, stackable: true}\n"),
                                  load_utc, &faults),
                 NULL);
    static const size_t LINES[] = {1, 2, 3, 7, 500};
    for (size_t i = 0; i < 5; i++) {
        Huiyuan__V1__Purchase *purchase = largest_purchase(LINES[i], &arena);
        Change *change = earn_points(program, 0, purchase, &arena);
        then_all_holds(program, purchase, change);
        cr_assert_eq(change->points, INT64_C(99999999900)); // 9,999,999.99 × 100 × 10 × 10
    }
    hy_program_free(program);
    hy_arena_free(&arena);
}

// One fen, and every factor 0.01: a ten-thousand-millionth of a point.
Test(earn_property, the_smallest_fraction_counts_only_when_rounding_up) {
    static const char *const ROUNDINGS[] = {"floor", "half_up", "ceiling"};
    struct hy_arena arena;
    hy_arena_init(&arena);
    Huiyuan__V1__Purchase *purchase = random_purchase(&arena);
    purchase->n_lines = 1;
    purchase->n_payments = 0;
    purchase->lines[0]->category = "A";
    purchase->lines[0]->paid_fen = 1;
    for (size_t i = 0; i < 3; i++) {
        static struct text_writer writer;
        writer.length = 0;
        write_text(&writer,
                   "program: p\nversion: 1\neffective_from: 2024-01-01\n"
                   "earning: {points_per_yuan: 0.01, rounding: %s}\n"
                   "categories: [{id: c, categories: [A], multiplier: 0.01}]\n"
                   "tiers: [{id: t, multiplier: 0.01}]\n"
                   "campaigns: [{id: a, multiplier: 0.01}]\n",
                   ROUNDINGS[i]);
        struct hy_program_faults faults;
        struct hy_program *program =
            hy_program_parse(hy_bytes(writer.text, writer.length), load_utc, &faults);
        cr_assert_neq(program, NULL);
        Change *change = earn_points(program, 0, purchase, &arena);
        cr_assert_eq(change->points, i == 2 ? 1 : 0, "%s", ROUNDINGS[i]);
        then_all_holds(program, purchase, change);
        hy_program_free(program);
    }
    hy_arena_free(&arena);
}

Test(earn_property, more_rules_than_a_word_has_bits_can_apply_to_one_purchase) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    static struct text_writer writer;
    write_text(
        &writer,
        "program: p\nversion: 1\neffective_from: 2024-01-01\nearning: {points_per_yuan: 1}\ncategories:\n");
    for (int i = 0; i < 99; i++) {
        write_text(&writer, " - {id: c%d, categories: [K%d], multiplier: 1.%02d}\n", i, i, i + 1);
    }
    write_text(&writer, "campaigns:\n");
    for (int i = 0; i < 99; i++) {
        write_text(&writer, " - {id: a%d, multiplier: 2.%02d, when: {categories: [K%d]}}\n", i, i, i);
    }
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(hy_bytes(writer.text, writer.length), load_utc, &faults);
    cr_assert_neq(program, NULL);
    Huiyuan__V1__Purchase *purchase = random_purchase(&arena);
    while (purchase->n_lines < 99) {
        purchase = random_purchase(&arena);
    }
    purchase->n_payments = 0;
    for (size_t i = 0; i < purchase->n_lines; i++) {
        purchase->lines[i]->category = hy_arena_printf(&arena, "K%zu", i % 99);
        purchase->lines[i]->paid_fen = 12345;
    }
    Change *change = earn_points(program, 0, purchase, &arena);
    cr_assert_eq(change->n_rules, 199);
    then_all_holds(program, purchase, change);
    cr_assert_str_eq(change->rules[change->lines[98]->rules[1]]->rule_id, "c98");
    cr_assert_str_eq(change->rules[change->lines[98]->rules[2]]->rule_id, "a98");
    hy_program_free(program);
    hy_arena_free(&arena);
}
