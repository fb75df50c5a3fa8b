// The message is copied once, and its texts are terminated where they lie: the byte behind a text is the next
// tag, which is read before it is overwritten.
#include "common/contract/store_event.h"

#include "common/base/wire.h"

typedef Huiyuan__V1__StoreEvent Event;
typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__Payment Payment;

struct decoder {
    uint8_t *open_text; // its terminator has to be written once the tag there has been read
    bool unusual;
    struct hy_arena *arena;
};

// Places are passed as `p` so that they stay in registers: everything here is inlined into the loops below.
static inline uint64_t number(struct decoder *decoder, uint8_t **p, const uint8_t *end) {
    if (*p < end && **p < 128) return *(*p)++;
    struct hy_wire wire = {*p, end, false};
    uint64_t value = hy_wire_get_long(&wire);
    *p += wire.p - *p;
    decoder->unusual |= wire.bad;
    return value;
}

static inline uint32_t tag(struct decoder *decoder, uint8_t **p, const uint8_t *end) {
    uint64_t value = number(decoder, p, end);
    if (decoder->open_text != NULL) *decoder->open_text = '\0';
    decoder->open_text = NULL;
    return value > UINT32_MAX ? 0 : (uint32_t)value;
}

// The end of what follows; `end` when it does not fit.
static inline uint8_t *sized(struct decoder *decoder, uint8_t **p, uint8_t *end) {
    uint64_t length = number(decoder, p, end);
    if (length > (uint64_t)(end - *p)) {
        decoder->unusual = true;
        return end;
    }
    return *p + length;
}

static inline char *text(struct decoder *decoder, uint8_t **p, uint8_t *end) {
    uint8_t *after = sized(decoder, p, end);
    char *start = (char *)*p;
    *p = after;
    decoder->open_text = after;
    return start;
}

// A field that comes a second time is merged by rules that protobuf-c knows.
static inline void once(struct decoder *decoder, uint32_t *seen, uint32_t field_tag) {
    uint32_t bit = 1u << (field_tag >> 3 & 31);
    decoder->unusual |= (*seen & bit) != 0;
    *seen |= bit;
}

#define VARINT(field) ((field) << 3 | HY_WIRE_VARINT)
#define BYTES(field)  ((field) << 3 | HY_WIRE_BYTES)

static void decode_line(struct decoder *decoder, uint8_t *p, uint8_t *end, Line *line) {
    *line = (Line)HUIYUAN__V1__PURCHASE_LINE__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->unusual) {
        uint32_t field = tag(decoder, &p, end);
        once(decoder, &seen, field);
        switch (field) {
        case BYTES(1): line->line_id = text(decoder, &p, end); break;
        case BYTES(2): line->sku = text(decoder, &p, end); break;
        case BYTES(3): line->category = text(decoder, &p, end); break;
        case BYTES(4): line->brand = text(decoder, &p, end); break;
        case VARINT(5): line->quantity = (uint32_t)number(decoder, &p, end); break;
        case VARINT(6): line->paid_fen = (int64_t)number(decoder, &p, end); break;
        default: decoder->unusual = true;
        }
    }
}

static void decode_payment(struct decoder *decoder, uint8_t *p, uint8_t *end, Payment *payment) {
    *payment = (Payment)HUIYUAN__V1__PAYMENT__INIT;
    uint32_t seen = 0;
    while (p < end && !decoder->unusual) {
        uint32_t field = tag(decoder, &p, end);
        once(decoder, &seen, field);
        switch (field) {
        case VARINT(1):
            payment->method = (Huiyuan__V1__PaymentMethod)(int32_t)number(decoder, &p, end);
            break;
        case VARINT(2): payment->amount_fen = (int64_t)number(decoder, &p, end); break;
        default: decoder->unusual = true;
        }
    }
}

// How many of each repeated field there are, so that their lists can be made.
static void count_lists(struct decoder *decoder, const uint8_t *p, const uint8_t *end, size_t *ret_lines,
                        size_t *ret_payments) {
    struct hy_wire wire = {p, end, false};
    while (wire.p < wire.end) {
        uint64_t field = hy_wire_get(&wire);
        if (field == BYTES(6)) ++*ret_lines;
        if (field == BYTES(7)) ++*ret_payments;
        if ((field & 7) == HY_WIRE_BYTES)
            hy_wire_get_bytes(&wire);
        else if ((field & 7) == HY_WIRE_VARINT)
            hy_wire_get(&wire);
        else
            wire.bad = true;
        if (wire.bad) break;
    }
    decoder->unusual |= wire.bad;
}

// Room for the lists and their elements.
static void make_lists(struct decoder *decoder, Purchase *purchase, size_t lines, size_t payments) {
    purchase->lines = hy_arena_alloc(decoder->arena, (lines + payments + 1) * sizeof(void *));
    purchase->payments = (Payment **)(purchase->lines + lines);
    Line *line = hy_arena_alloc(decoder->arena, lines * sizeof *line);
    for (size_t i = 0; i < lines; i++)
        purchase->lines[i] = line + i;
    Payment *payment = hy_arena_alloc(decoder->arena, payments * sizeof *payment);
    for (size_t i = 0; i < payments; i++)
        purchase->payments[i] = payment + i;
}

static Purchase *decode_purchase(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Purchase *purchase = hy_arena_alloc(decoder->arena, sizeof *purchase);
    *purchase = (Purchase)HUIYUAN__V1__PURCHASE__INIT;
    size_t lines = 0;
    size_t payments = 0;
    count_lists(decoder, p, end, &lines, &payments);
    make_lists(decoder, purchase, lines, payments);
    uint32_t seen = 0;
    while (p < end && !decoder->unusual) {
        uint32_t field = tag(decoder, &p, end);
        if (field == BYTES(6)) {
            uint8_t *after = sized(decoder, &p, end);
            decode_line(decoder, p, after, purchase->lines[purchase->n_lines++]);
            p = after;
            continue;
        }
        if (field == BYTES(7)) {
            uint8_t *after = sized(decoder, &p, end);
            decode_payment(decoder, p, after, purchase->payments[purchase->n_payments++]);
            p = after;
            continue;
        }
        once(decoder, &seen, field);
        switch (field) {
        case BYTES(1): purchase->purchase_id = text(decoder, &p, end); break;
        case BYTES(2): purchase->member_id = text(decoder, &p, end); break;
        case BYTES(3): purchase->store_id = text(decoder, &p, end); break;
        case VARINT(4): purchase->channel = (Huiyuan__V1__Channel)(int32_t)number(decoder, &p, end); break;
        case VARINT(5): purchase->occurred_at_ms = (int64_t)number(decoder, &p, end); break;
        case BYTES(8): purchase->currency = text(decoder, &p, end); break;
        default: decoder->unusual = true;
        }
    }
    return purchase;
}

static Event *decode_event(struct decoder *decoder, uint8_t *p, uint8_t *end) {
    Event *event = hy_arena_alloc(decoder->arena, sizeof *event);
    *event = (Event)HUIYUAN__V1__STORE_EVENT__INIT;
    uint8_t *after;
    uint32_t seen = 0;
    while (p < end && !decoder->unusual) {
        uint32_t field = tag(decoder, &p, end);
        once(decoder, &seen, field);
        switch (field) {
        case BYTES(1):
            event->event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
            after = sized(decoder, &p, end);
            event->purchase = decode_purchase(decoder, p, after);
            p = after;
            break;
        case BYTES(14): event->command_id = text(decoder, &p, end); break;
        case BYTES(15): event->reply_to = text(decoder, &p, end); break;
        case BYTES(16): event->traceparent = text(decoder, &p, end); break;
        default: decoder->unusual = true;
        }
    }
    if (decoder->open_text != NULL) *decoder->open_text = '\0';
    return event;
}

Huiyuan__V1__StoreEvent *hy_store_event_decode(struct hy_bytes message, struct hy_arena *arena) {
    uint8_t *copy = hy_arena_alloc(arena, message.length + 1);
    if (message.length > 0) memcpy(copy, message.data, message.length);
    struct decoder decoder = {.arena = arena};
    Event *event = decode_event(&decoder, copy, copy + message.length);
    if (!decoder.unusual) return event;
    return huiyuan__v1__store_event__unpack(&arena->protobuf, message.length, message.data);
}
