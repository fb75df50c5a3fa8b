// The message is copied once, and read in its place (common/base/wire_place.h).
#include "common/contract/store_event.h"

#include "common/base/wire_place.h"

typedef Huiyuan__V1__StoreEvent Event;
typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__Payment Payment;

#define VARINT HY_PLACE_VARINT
#define BYTES  HY_PLACE_BYTES

static void decode_line(struct hy_place_reader *reader, uint8_t *p, uint8_t *end, Line *line) {
    *line = (Line)HUIYUAN__V1__PURCHASE_LINE__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1): line->line_id = hy_place_text(reader, &p, end); break;
        case BYTES(2): line->sku = hy_place_text(reader, &p, end); break;
        case BYTES(3): line->category = hy_place_text(reader, &p, end); break;
        case BYTES(4): line->brand = hy_place_text(reader, &p, end); break;
        case VARINT(5): line->quantity = (uint32_t)hy_place_number(reader, &p, end); break;
        case VARINT(6): line->paid_fen = (int64_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
}

static void decode_payment(struct hy_place_reader *reader, uint8_t *p, uint8_t *end, Payment *payment) {
    *payment = (Payment)HUIYUAN__V1__PAYMENT__INIT;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case VARINT(1):
            payment->method = (Huiyuan__V1__PaymentMethod)(int32_t)hy_place_number(reader, &p, end);
            break;
        case VARINT(2): payment->amount_fen = (int64_t)hy_place_number(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
}

// Room for the lists and their elements.
static void make_lists(struct hy_place_reader *reader, Purchase *purchase, size_t lines, size_t payments) {
    purchase->lines = hy_arena_alloc(reader->arena, (lines + payments + 1) * sizeof(void *));
    purchase->payments = (Payment **)(purchase->lines + lines);
    Line *line = hy_arena_alloc(reader->arena, lines * sizeof *line);
    for (size_t i = 0; i < lines; i++)
        purchase->lines[i] = line + i;
    Payment *payment = hy_arena_alloc(reader->arena, payments * sizeof *payment);
    for (size_t i = 0; i < payments; i++)
        purchase->payments[i] = payment + i;
}

static Purchase *decode_purchase(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Purchase *purchase = hy_arena_alloc(reader->arena, sizeof *purchase);
    *purchase = (Purchase)HUIYUAN__V1__PURCHASE__INIT;
    size_t lines = 0;
    size_t payments = 0;
    hy_place_count(reader, p, end, BYTES(6), &lines, BYTES(7), &payments);
    make_lists(reader, purchase, lines, payments);
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        uint32_t field = hy_place_tag(reader, &p, end);
        if (field == BYTES(6)) {
            uint8_t *after = hy_place_sized(reader, &p, end);
            decode_line(reader, p, after, purchase->lines[purchase->n_lines++]);
            p = after;
            continue;
        }
        if (field == BYTES(7)) {
            uint8_t *after = hy_place_sized(reader, &p, end);
            decode_payment(reader, p, after, purchase->payments[purchase->n_payments++]);
            p = after;
            continue;
        }
        hy_place_once(reader, &seen, field);
        switch (field) {
        case BYTES(1): purchase->purchase_id = hy_place_text(reader, &p, end); break;
        case BYTES(2): purchase->member_id = hy_place_text(reader, &p, end); break;
        case BYTES(3): purchase->store_id = hy_place_text(reader, &p, end); break;
        case VARINT(4):
            purchase->channel = (Huiyuan__V1__Channel)(int32_t)hy_place_number(reader, &p, end);
            break;
        case VARINT(5): purchase->occurred_at_ms = (int64_t)hy_place_number(reader, &p, end); break;
        case BYTES(8): purchase->currency = hy_place_text(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    return purchase;
}

static Event *decode_event(struct hy_place_reader *reader, uint8_t *p, uint8_t *end) {
    Event *event = hy_arena_alloc(reader->arena, sizeof *event);
    *event = (Event)HUIYUAN__V1__STORE_EVENT__INIT;
    uint8_t *after;
    uint32_t seen = 0;
    while (p < end && !reader->unusual) {
        switch (hy_place_field(reader, &p, end, &seen)) {
        case BYTES(1):
            event->event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
            after = hy_place_sized(reader, &p, end);
            event->purchase = decode_purchase(reader, p, after);
            p = after;
            break;
        case BYTES(14): event->command_id = hy_place_text(reader, &p, end); break;
        case BYTES(15): event->reply_to = hy_place_text(reader, &p, end); break;
        case BYTES(16): event->traceparent = hy_place_text(reader, &p, end); break;
        default: reader->unusual = true;
        }
    }
    hy_place_terminate(reader);
    return event;
}

Huiyuan__V1__StoreEvent *hy_store_event_decode(struct hy_bytes message, struct hy_arena *arena) {
    uint8_t *copy = hy_arena_alloc(arena, message.length + 1);
    if (message.length > 0) memcpy(copy, message.data, message.length);
    struct hy_place_reader reader = {.arena = arena};
    Event *event = decode_event(&reader, copy, copy + message.length);
    if (!reader.unusual) return event;
    return huiyuan__v1__store_event__unpack(&arena->protobuf, message.length, message.data);
}
