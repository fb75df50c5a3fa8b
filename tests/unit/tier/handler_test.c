// The brain: what it takes, what it passes over, what it refuses.
#include <criterion/criterion.h>

#include "proto/points.pb-c.h"
#include "tests/unit/tier/shop.h"

static struct tier tier;
static struct hy_brain brain;
static struct hy_arena arena;

static void begin(void) {
    tier_init(&tier, NULL);
    brain = tier_brain(&tier);
    hy_arena_init(&arena);
}

static void end(void) {
    tier_free(&tier);
    hy_arena_free(&arena);
}

TestSuite(handler, .init = begin, .fini = end);

static struct hy_input read_points(Huiyuan__V1__EntryType type, int64_t money_fen) {
    Huiyuan__V1__PointsChange change = HUIYUAN__V1__POINTS_CHANGE__INIT;
    change.type = type;
    change.money_fen = money_fen;
    uint8_t *bytes = hy_arena_alloc(&arena, 100);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    record.body = (ProtobufCBinaryData){huiyuan__v1__points_change__pack(&change, bytes), bytes};
    struct hy_input input = {0};
    cr_assert_eq(brain.read_record(brain.context, 0, &record, &arena, &input).code, HY_OK);
    return input;
}

Test(handler, purchases_are_taken_and_other_entries_passed_over) {
    cr_assert(!read_points(HUIYUAN__V1__ENTRY_TYPE__EARN, 5).skip);
    cr_assert(read_points(HUIYUAN__V1__ENTRY_TYPE__TIER_TAKEN, 0).skip);
}

Test(handler, a_command_is_refused_and_a_broken_record_stops) {
    struct hy_input input = {0};
    cr_assert_eq(brain.read(brain.context, 1, hy_bytes_of("x"), &arena, &input).code, HY_INVALID_FIELD);
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    uint8_t broken[] = {0xff, 0xff};
    record.body = (ProtobufCBinaryData){sizeof broken, broken};
    cr_assert_eq(brain.read_record(brain.context, 0, &record, &arena, &input).code, HY_MALFORMED);
}

Test(handler, nothing_is_decided_before_a_program_is_there) {
    const char *reason = NULL;
    cr_assert(!brain.ready(brain.context, &reason));
    cr_assert_str_eq(reason, "no program is published");
    shop_publish(&tier.programs, 1, "2020-01-01", DEFAULT_LADDER);
    cr_assert(brain.ready(brain.context, &reason));
}

Test(handler, a_purchase_and_a_timer_become_records_that_the_state_follows) {
    shop_publish(&tier.programs, 7, "2020-01-01", DEFAULT_LADDER);
    struct tier_state state = {0};
    struct hy_input input = read_points(HUIYUAN__V1__ENTRY_TYPE__EARN, 200000);
    input.event_time_ms = at(2025, 1, 1, 10);
    for (int i = 0; i < 2; i++) {
        struct hy_decision decision = {0};
        brain.decide(brain.context, &state, &input, 0, &arena, &decision);
        cr_assert_eq(decision.program_version, 7);
        Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
        record.event_time_ms = input.event_time_ms;
        record.program_version = decision.program_version;
        brain.evolve(brain.context, &state, &record, decision.body);
        const char *why = "";
        cr_assert(brain.check(brain.context, &state, &why), "%s", why);
        cr_assert_str_eq(state.now.tier, i == 0 ? "silver" : "ordinary");
        cr_assert_eq(brain.due(brain.context, &state), i == 0 ? at(2025, 7, 2, 0) : 0);
        input = (struct hy_input){.kind = HY_KIND_TIMER, .event_time_ms = at(2025, 7, 2, 0)};
    }
    brain.release(brain.context, &state);
}
