#include "cli/recompute.h"

enum { RULES_LIMIT = 16 }; // of one line

static bool multiply(exact *value, uint64_t by) {
    return !__builtin_mul_overflow(*value, (exact)by, value);
}

static size_t most_rules(const Huiyuan__V1__PointsChange *change) {
    size_t most = 0;
    for (size_t i = 0; i < change->n_lines; i++) {
        if (change->lines[i]->n_rules > most) most = change->lines[i]->n_rules;
    }
    return most;
}

// All lines get the denominator of the one with most rules: a rule that is missing counts 100 hundredths.
static bool line_points(const Huiyuan__V1__PointsChange *change, const Huiyuan__V1__LinePosting *line,
                        size_t most, exact *ret_points) {
    bool good = line->paid_fen >= 0 && change->money_fen >= 0;
    exact points = (exact)(uint64_t)line->paid_fen;
    for (size_t i = 0; good && i < most; i++) {
        if (i < line->n_rules && line->rules[i] >= change->n_rules) return false;
        uint64_t factor = i < line->n_rules ? change->rules[line->rules[i]]->factor_hundredths : 100;
        good = multiply(&points, factor);
    }
    if (good && change->money_fen != change->total_fen) good = multiply(&points, (uint64_t)change->money_fen);
    *ret_points = points;
    return good;
}

static bool find_denominator(const Huiyuan__V1__PointsChange *change, size_t most, exact *ret_denominator) {
    exact denominator = 100; // fen in a yuan
    bool good = most <= RULES_LIMIT;
    for (size_t i = 0; good && i < most; i++)
        good = multiply(&denominator, 100);
    if (good && change->money_fen != change->total_fen)
        good = multiply(&denominator, (uint64_t)change->total_fen);
    *ret_denominator = denominator;
    return good && denominator != 0;
}

static bool add_up(const Huiyuan__V1__PointsChange *change, struct recomputed *result) {
    size_t most = most_rules(change);
    if (!find_denominator(change, most, &result->denominator)) return false;
    result->sum = 0;
    for (size_t i = 0; i < change->n_lines; i++) {
        struct recomputed_line *line = &result->lines[i];
        if (!line_points(change, change->lines[i], most, &line->points)) return false;
        line->whole = (int64_t)(line->points / result->denominator);
        line->remainder = line->points % result->denominator;
        line->share = 0;
        if (__builtin_add_overflow(result->sum, line->points, &result->sum)) return false;
    }
    result->floor = (int64_t)(result->sum / result->denominator);
    result->is_whole = result->sum % result->denominator == 0;
    return true;
}

// The largest remainders get one each; of equal ones the earlier line.
static void share_out(const Huiyuan__V1__PointsChange *change, struct recomputed *result, int64_t left) {
    for (; left > 0; left--) {
        struct recomputed_line *best = NULL;
        for (size_t i = 0; i < change->n_lines; i++) {
            struct recomputed_line *line = &result->lines[i];
            if (line->share == 0 && (best == NULL || line->remainder > best->remainder)) best = line;
        }
        if (best == NULL) return;
        best->share = 1;
    }
}

const char *recompute(const Huiyuan__V1__PointsChange *change, struct hy_arena *arena,
                      struct recomputed *ret_recomputed) {
    struct recomputed *result = ret_recomputed;
    *result = (struct recomputed){.denominator = 1};
    result->lines = hy_arena_zero(arena, (change->n_lines + 1) * sizeof *result->lines);
    if (change->reason[0] != '\0') {
        bool nothing = change->points == 0 && change->n_rules == 0;
        for (size_t i = 0; i < change->n_lines; i++)
            nothing = nothing && change->lines[i]->points == 0;
        return nothing ? NULL : "points though there is a reason for none / 注明不积分却记了积分";
    }
    if (!add_up(change, result)) return "its factors cannot be multiplied / 系数无法计算";
    if (change->points != result->floor && (result->is_whole || change->points != result->floor + 1))
        return "its points are not the sum rounded / 积分不等于合计取整";
    int64_t left = change->points;
    for (size_t i = 0; i < change->n_lines; i++)
        left -= result->lines[i].whole;
    share_out(change, result, left);
    for (size_t i = 0; i < change->n_lines; i++) {
        if (change->lines[i]->points != result->lines[i].whole + result->lines[i].share)
            return "the points of a line are not its share / 明细积分与应得份额不符";
    }
    return NULL;
}
