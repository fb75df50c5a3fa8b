// One message of the topic `purchases`, from a store: read, hashed, decided, kept.
#include <string.h>

#include "common/base/hash.h"
#include "common/contract/purchase.h"
#include "common/contract/store_event.h"
#include "services/accrual/accrual.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

typedef Huiyuan__V1__StoreEvent Event;
typedef Huiyuan__V1__Purchase Purchase;

// The reader by hand takes what protobuf-c takes, and makes the same of it.
static Event *decode(struct hy_bytes message, struct hy_arena *arena) {
    struct hy_store_event ours;
    hy_store_event_read(message, arena, &ours);
    const Event *theirs = huiyuan__v1__store_event__unpack(&arena->protobuf, message.length, message.data);
    PROMISE((ours.message == NULL) == (theirs == NULL));
    if (theirs == NULL) return NULL;
    PROMISE(hy_bytes_equal(fuzz_pack(&ours.message->base, arena), fuzz_pack(&theirs->base, arena)));
    fuzz_strip(&ours.message->base);
    struct hy_bytes again = fuzz_pack(&ours.message->base, arena);
    // Encoded and read again it is the same.
    struct hy_store_event second;
    hy_store_event_read(again, arena, &second);
    PROMISE(second.message != NULL && hy_bytes_equal(again, fuzz_pack(&second.message->base, arena)));
    return ours.message;
}

// A message that was packed by somebody who knows more fields than we do: one behind, and one before all
// others.
static void check_unknown_fields(const Purchase *purchase, uint64_t hash, struct hy_arena *arena) {
    static const uint8_t unknown[] = {0xF8, 0x07, 0x2A, 0xFA, 0x07, 0x01, 'x'}; // 127: 42; 127: "x"
    struct hy_bytes packed = fuzz_pack(&purchase->base, arena);
    for (int before = 0; before < 2; before++) {
        uint8_t *bytes = hy_arena_alloc(arena, packed.length + sizeof unknown);
        memcpy(bytes + (before ? sizeof unknown : 0), packed.data, packed.length);
        memcpy(bytes + (before ? 0 : packed.length), unknown, sizeof unknown);
        const Purchase *other =
            huiyuan__v1__purchase__unpack(&arena->protobuf, packed.length + sizeof unknown, bytes);
        PROMISE(other != NULL && hy_purchase_hash(other, arena) == hash);
    }
}

static void check_change(const struct hy_decision *decision, struct hy_arena *arena) {
    const Huiyuan__V1__PointsChange *change = huiyuan__v1__points_change__unpack(
        &arena->protobuf, decision->body_bytes.length, decision->body_bytes.data);
    PROMISE(change != NULL);
    PROMISE(hy_bytes_equal(decision->body_bytes, fuzz_pack(&change->base, arena)));
    PROMISE(change->points >= 0 && change->money_fen >= 0 && change->money_fen <= change->total_fen);
    int64_t sum = 0;
    for (size_t i = 0; i < change->n_lines; i++) {
        PROMISE(change->lines[i]->points >= 0);
        sum += change->lines[i]->points;
    }
    PROMISE(sum == change->points);
    const Huiyuan__V1__PointsNote *note =
        huiyuan__v1__points_note__unpack(&arena->protobuf, decision->note.length, decision->note.data);
    PROMISE(note != NULL && note->points == change->points && note->n_line_points == change->n_lines);
    PROMISE(hy_bytes_equal(decision->note, fuzz_pack(&note->base, arena)));
}

static void check_decision(const struct hy_input *input, struct hy_arena *arena) {
    const struct hy_brain *brain = world_brain(WORLD_POINTS);
    struct points_state state = {0};
    struct hy_decision decision = {0};
    brain->decide(brain->context, &state, input, input->event_time_ms, arena, &decision);
    if (decision.outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) {
        fuzz_check_refusal((struct hy_error){decision.code, decision.field, NULL});
        return;
    }
    check_change(&decision, arena);
    PROMISE(brain->answer(brain->context, input, decision.note, arena) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hy_arena *arena = fuzz_arena();
    struct hy_bytes message = hy_bytes(data, size);
    const struct hy_brain *brain = world_brain(WORLD_POINTS);
    const Event *event = decode(message, arena);
    struct hy_input input = {.id = "", .member_id = "", .command_id = "", .reply_to = ""};
    struct hy_error error = brain->read(brain->context, 0, message, arena, &input);
    if (error.code != HY_OK) {
        fuzz_check_refusal(error);
    } else {
        PROMISE(event != NULL && event->event_case == HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE);
        PROMISE(hy_purchase_check(event->purchase, arena).code == HY_OK);
        PROMISE(input.content_hash == hy_purchase_hash(event->purchase, arena));
        check_unknown_fields(event->purchase, input.content_hash, arena);
        check_decision(&input, arena);
    }
    return 0;
}
