#include "common/base/wire.h"
#include "services/accrual/accrual.h"

typedef Huiyuan__V1__PointsChange Change;

static uint8_t *put_rule(uint8_t *p, const Huiyuan__V1__AppliedRule *rule, size_t id_length) {
    struct hy_wire_element element = hy_wire_open(p, 8, 1);
    p = hy_wire_put_bytes(element.body, 1, rule->rule_id, id_length);
    p = hy_wire_put_number(p, 2, rule->rule_version);
    p = hy_wire_put_number(p, 3, rule->factor_hundredths);
    return hy_wire_close(element, p);
}

static uint8_t *put_line(uint8_t *p, const Huiyuan__V1__LinePosting *line, size_t id_length) {
    struct hy_wire_element element = hy_wire_open(p, 9, 1);
    p = hy_wire_put_bytes(element.body, 1, line->line_id, id_length);
    p = hy_wire_put_number(p, 2, (uint64_t)line->paid_fen);
    p = hy_wire_put_number(p, 3, (uint64_t)line->points);
    if (line->n_rules > 0) {
        struct hy_wire_element rules = hy_wire_open(p, 4, 1);
        p = rules.body;
        for (size_t i = 0; i < line->n_rules; i++)
            p = hy_wire_put(p, line->rules[i]);
        p = hy_wire_close(rules, p);
    }
    return hy_wire_close(element, p);
}

struct hy_bytes points_change_encode(const Change *change, struct hy_arena *arena) {
    size_t most = hy_wire_text_length(change->store_id) + hy_wire_text_length(change->tier) +
                  hy_wire_text_length(change->reason) + 12 * HY_WIRE_NUMBER_BYTES;
    // Of the ids of rules and lines, each looked for once.
    size_t *lengths = hy_arena_alloc(arena, (change->n_rules + change->n_lines) * sizeof *lengths);
    for (size_t i = 0; i < change->n_rules; i++) {
        lengths[i] = strlen(change->rules[i]->rule_id);
        most += lengths[i] + 4 * HY_WIRE_NUMBER_BYTES;
    }
    size_t *line_lengths = lengths + change->n_rules;
    for (size_t i = 0; i < change->n_lines; i++) {
        line_lengths[i] = strlen(change->lines[i]->line_id);
        most += line_lengths[i] + (5 + change->lines[i]->n_rules) * HY_WIRE_NUMBER_BYTES;
    }
    uint8_t *start = hy_arena_alloc(arena, most);
    uint8_t *p = hy_wire_put_choice(start, 1, change->type);
    p = hy_wire_put_number(p, 2, (uint64_t)change->points);
    p = hy_wire_put_number(p, 3, (uint64_t)change->balance_after);
    p = hy_wire_put_text(p, 4, change->store_id);
    p = hy_wire_put_text(p, 5, change->tier);
    p = hy_wire_put_number(p, 6, (uint64_t)change->money_fen);
    p = hy_wire_put_number(p, 7, (uint64_t)change->total_fen);
    for (size_t i = 0; i < change->n_rules; i++)
        p = put_rule(p, change->rules[i], lengths[i]);
    for (size_t i = 0; i < change->n_lines; i++)
        p = put_line(p, change->lines[i], line_lengths[i]);
    p = hy_wire_put_text(p, 10, change->reason);
    p = hy_wire_put_number(p, 11, change->discount_hundredths);
    p = hy_wire_put_number(p, 12, (uint64_t)change->tier_since_ms);
    return hy_bytes(start, (size_t)(p - start));
}

struct hy_bytes points_note_encode(const Change *change, struct hy_arena *arena) {
    uint8_t *start = hy_arena_alloc(arena, (5 + change->n_lines) * HY_WIRE_NUMBER_BYTES);
    uint8_t *p = hy_wire_put_number(start, 1, (uint64_t)change->points);
    p = hy_wire_put_number(p, 2, (uint64_t)change->balance_after);
    if (change->n_lines > 0) {
        struct hy_wire_element points = hy_wire_open(p, 3, 1);
        p = points.body;
        for (size_t i = 0; i < change->n_lines; i++)
            p = hy_wire_put(p, (uint64_t)change->lines[i]->points);
        p = hy_wire_close(points, p);
    }
    p = hy_wire_put_choice(p, 4, change->type);
    return hy_bytes(start, (size_t)(p - start));
}

void points_state_encode(const struct points_state *state, struct hy_buffer *out) {
    uint8_t *start = hy_buffer_reserve(out, 5 * HY_WIRE_NUMBER_BYTES);
    if (start == NULL) return;
    uint8_t *p = hy_wire_put_number(start, 1, (uint64_t)state->balance);
    p = hy_wire_put_number(p, 2, (uint64_t)state->earned);
    p = hy_wire_put_number(p, 3, (uint64_t)state->last_purchase_at_ms);
    p = hy_wire_put_number(p, 4, (uint64_t)state->spend_fen);
    p = hy_wire_put_number(p, 5, state->purchases);
    hy_buffer_extend(out, (size_t)(p - start));
}
