// What is written to the log and kept with a receipt, straight from the calculation.
#include "common/base/wire.h"
#include "common/contract/limits.h"
#include "services/accrual/earning.h"

enum {
    // No line's or rule's element is longer than one byte of length can say: an id, what it names, and a few
    // numbers.
    LINE_ELEMENT_BYTES = 2 + 127,
    RULE_ELEMENT_BYTES = 2 + sizeof(struct hy_applied_rule),
    LINE_RULES_LIMIT = 5 + HY_STACKABLE_LIMIT, // base, category, tier, campaign, member day, stackable ones
};
_Static_assert(2 + HY_ID_LIMIT_BYTES + 6 + 11 + 2 + 2 * LINE_RULES_LIMIT < 128, "a line's element");

// The rules of the change, as they are listed: base, categories, tier, campaigns, member days.
struct listing {
    const struct earning *earning;
    uint32_t count;
    struct hy_rule_set applied;       // to a line at least
    uint32_t numbers[HY_RULES_LIMIT]; // of such a rule: its place in the list
    uint32_t tier_number;
    uint32_t day_numbers[HY_MEMBER_DAYS_LIMIT];
};

static bool has_tier(const struct earning *earning) {
    return earning->tier->multiplier_hundredths != HY_NEUTRAL_FACTOR;
}

static void mark(struct listing *listing, const struct hy_rule *rule) {
    if (rule != NULL) hy_rule_set_add(&listing->applied, rule->place);
}

static void mark_applied(struct listing *listing) {
    const struct earning *earning = listing->earning;
    uint32_t stackable = 0;
    listing->applied = (struct hy_rule_set){{1}}; // the base
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        mark(listing, earning->lines[i].category);
        mark(listing, earning->lines[i].campaign);
        stackable |= earning->lines[i].stackable;
    }
    for (size_t i = 0; stackable >> i != 0; i++) {
        if ((stackable >> i & 1) != 0) mark(listing, earning->candidates.stackable[i]);
    }
}

// All of its bytes, which is a copy of constant size: there is room.
static uint8_t *put_rule(uint8_t *p, struct listing *listing, const struct hy_applied_rule *applied) {
    listing->count++;
    p = hy_wire_put_tag(p, 8, HY_WIRE_BYTES);
    *p++ = applied->length;
    memcpy(p, applied->bytes, sizeof applied->bytes);
    return p + applied->length;
}

static uint8_t *put_tier(uint8_t *p, struct listing *listing) {
    listing->tier_number = listing->count;
    return put_rule(p, listing, &listing->earning->tier->applied);
}

// Those of the program, in its order; the tier stands before the campaigns.
static uint8_t *put_program_rules(uint8_t *p, struct listing *listing) {
    const struct hy_program *program = listing->earning->program;
    bool tier_waits = has_tier(listing->earning);
    for (size_t word = 0; word * 64 < program->rule_count; word++) {
        for (uint64_t bits = listing->applied.bits[word]; bits != 0; bits &= bits - 1) {
            size_t place = word * 64 + (size_t)__builtin_ctzll(bits);
            if (tier_waits && place >= program->first_campaign) {
                p = put_tier(p, listing);
                tier_waits = false;
            }
            listing->numbers[place] = listing->count;
            p = put_rule(p, listing, &program->rules[place].applied);
        }
    }
    return tier_waits ? put_tier(p, listing) : p;
}

static bool applies_to_a_line(const struct earning *earning, const struct hy_campaign *day) {
    for (size_t i = 0; i < earning->purchase->n_lines; i++) {
        if (earning->lines[i].member_day == day) return true;
    }
    return false;
}

static uint8_t *put_days(uint8_t *p, struct listing *listing) {
    const struct earning *earning = listing->earning;
    for (size_t i = 0; i < earning->days.count; i++) {
        const struct hy_campaign *day = earning->days.items[i];
        if (!applies_to_a_line(earning, day)) continue;
        listing->day_numbers[i] = listing->count;
        struct hy_applied_rule applied =
            hy_applied_rule_make(day->id, day->version, day->multiplier_hundredths);
        p = put_rule(p, listing, &applied);
    }
    return p;
}

static uint8_t *put_number_of(uint8_t *p, const struct listing *listing, const struct hy_rule *rule) {
    return hy_wire_put(p, listing->numbers[rule->place]);
}

// The campaign stands where it stands in the file.
static uint8_t *put_campaigns(uint8_t *p, const struct listing *listing, const struct earned_line *line) {
    const struct hy_rule *campaign = line->campaign;
    for (size_t i = 0; line->stackable >> i != 0; i++) {
        if ((line->stackable >> i & 1) == 0) continue;
        const struct hy_rule *stackable = listing->earning->candidates.stackable[i];
        if (campaign != NULL && campaign < stackable) {
            p = put_number_of(p, listing, campaign);
            campaign = NULL;
        }
        p = put_number_of(p, listing, stackable);
    }
    return campaign == NULL ? p : put_number_of(p, listing, campaign);
}

static uint8_t *put_day(uint8_t *p, const struct listing *listing, const struct hy_campaign *day) {
    size_t place = 0;
    while (listing->earning->days.items[place] != day)
        place++;
    return hy_wire_put(p, listing->day_numbers[place]);
}

// The places of its rules in the list, which ascend.
static uint8_t *put_line_rules(uint8_t *p, const struct listing *listing, const struct earned_line *line) {
    struct hy_wire_element rules = hy_wire_open(p, 4, 1);
    p = rules.body;
    *p++ = 0; // the base
    if (line->category != NULL) p = put_number_of(p, listing, line->category);
    if (has_tier(listing->earning)) p = hy_wire_put(p, listing->tier_number);
    p = put_campaigns(p, listing, line);
    if (line->member_day != NULL) p = put_day(p, listing, line->member_day);
    *rules.length = (uint8_t)(p - rules.body);
    return p;
}

static uint8_t *put_line(uint8_t *p, const struct listing *listing, size_t index) {
    const struct earning *earning = listing->earning;
    const Huiyuan__V1__PurchaseLine *bought = earning->purchase->lines[index];
    struct hy_wire_element element = hy_wire_open(p, 9, 1);
    p = hy_wire_put_bytes(element.body, 1, bought->line_id, earning->lengths.lines[index].line_id);
    p = hy_wire_put_number(p, 2, (uint64_t)bought->paid_fen);
    p = hy_wire_put_number(p, 3, (uint64_t)earning->lines[index].points);
    if (earning->reason == NULL) p = put_line_rules(p, listing, &earning->lines[index]);
    *element.length = (uint8_t)(p - element.body);
    return p;
}

struct hy_bytes earning_change(const struct earning *earning, int64_t balance_after) {
    size_t lines = earning->purchase->n_lines;
    size_t rules = earning->program->rule_count + 1 + earning->days.count;
    size_t most = 12 * HY_WIRE_NUMBER_BYTES + earning->lengths.store_id + HY_RULE_ID_LIMIT_BYTES +
                  rules * RULE_ELEMENT_BYTES + lines * LINE_ELEMENT_BYTES;
    struct listing listing; // not cleared: most of it is room for numbers
    listing.earning = earning;
    listing.count = 0;
    uint8_t *start = hy_arena_alloc(earning->arena, most);
    uint8_t *p = hy_wire_put_number(start, 1, HUIYUAN__V1__ENTRY_TYPE__EARN);
    p = hy_wire_put_number(p, 2, (uint64_t)earning->points);
    p = hy_wire_put_number(p, 3, (uint64_t)balance_after);
    p = hy_wire_put_bytes(p, 4, earning->purchase->store_id, earning->lengths.store_id);
    p = hy_wire_put_bytes(p, 5, earning->tier->id, earning->tier->id_length);
    p = hy_wire_put_number(p, 6, (uint64_t)earning->money_fen);
    p = hy_wire_put_number(p, 7, (uint64_t)earning->total_fen);
    if (earning->reason == NULL) {
        mark_applied(&listing);
        p = put_program_rules(p, &listing);
        p = put_days(p, &listing);
    }
    for (size_t i = 0; i < lines; i++)
        p = put_line(p, &listing, i);
    if (earning->reason != NULL) p = hy_wire_put_text(p, 10, earning->reason);
    p = hy_wire_put_number(p, 11, (uint32_t)earning->tier->discount_hundredths);
    hy_arena_trim(earning->arena, p);
    return hy_bytes(start, (size_t)(p - start));
}

struct hy_bytes earning_note(const struct earning *earning, int64_t balance_after) {
    size_t lines = earning->purchase->n_lines;
    uint8_t *start = hy_arena_alloc(earning->arena, (5 + lines) * HY_WIRE_NUMBER_BYTES);
    uint8_t *p = hy_wire_put_number(start, 1, (uint64_t)earning->points);
    p = hy_wire_put_number(p, 2, (uint64_t)balance_after);
    struct hy_wire_element points = hy_wire_open(p, 3, 1);
    p = points.body;
    for (size_t i = 0; i < lines; i++)
        p = hy_wire_put(p, (uint64_t)earning->lines[i].points);
    p = hy_wire_close(points, p);
    p = hy_wire_put_number(p, 4, HUIYUAN__V1__ENTRY_TYPE__EARN);
    return hy_bytes(start, (size_t)(p - start));
}

static struct hy_bytes tier_change(const Huiyuan__V1__PointsChange *change, struct hy_arena *arena) {
    size_t length = strlen(change->tier);
    uint8_t *start = hy_arena_alloc(arena, 4 * HY_WIRE_NUMBER_BYTES + length);
    uint8_t *p = hy_wire_put_choice(start, 1, change->type);
    p = hy_wire_put_number(p, 3, (uint64_t)change->balance_after);
    p = hy_wire_put_bytes(p, 5, change->tier, length);
    p = hy_wire_put_number(p, 12, (uint64_t)change->tier_since_ms);
    return hy_bytes(start, (size_t)(p - start));
}

static struct hy_bytes tier_note(const Huiyuan__V1__PointsChange *change, struct hy_arena *arena) {
    uint8_t *start = hy_arena_alloc(arena, 2 * HY_WIRE_NUMBER_BYTES);
    uint8_t *p = hy_wire_put_number(start, 2, (uint64_t)change->balance_after);
    p = hy_wire_put_choice(p, 4, change->type);
    return hy_bytes(start, (size_t)(p - start));
}

void points_tier_encode(Huiyuan__V1__PointsChange *change, struct hy_arena *arena,
                        struct points_earned *ret_earned) {
    *ret_earned = (struct points_earned){change, tier_change(change, arena), tier_note(change, arena)};
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
