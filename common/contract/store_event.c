// The fast way reads the message in a copy of its own, where texts are terminated in their places: the byte
// behind a text is a tag, which has been looked at when it is overwritten. It gives up at the first thing
// that is not canonical or not within the limits; then the general way says what it is.
#include "common/contract/store_event.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/wire_place.h"
#include "common/contract/limits.h"
#include "common/contract/purchase.h"
#include "common/contract/text_form.h"

typedef Huiyuan__V1__StoreEvent Event;
typedef Huiyuan__V1__Purchase Purchase;
typedef Huiyuan__V1__PurchaseLine Line;
typedef Huiyuan__V1__Payment Payment;

enum {
    FIRST_ELEMENTS = 8, // of a list; more: it doubles
};

// All of the fast way in one function: the place of the reading then stays in registers.
#define FLAT static inline __attribute__((always_inline))

#define VARINT HY_PLACE_VARINT
#define BYTES  HY_PLACE_BYTES

// The place of the reading; `end` of the message or of the part that is read.
struct reading {
    uint8_t *p;
    uint8_t *end;
    struct hy_arena *arena;
};

struct text {
    char *start; // terminated when the next tag is taken
    size_t length;
};

// True when a field with this tag of one byte comes next.
FLAT bool take_tag(struct reading *reading, uint8_t tag) {
    if (reading->p >= reading->end || *reading->p != tag) return false;
    *reading->p++ = '\0';
    return true;
}

// Lengths of one or two bytes: more than any canonical purchase within the limits has.
FLAT bool take_length(struct reading *reading, size_t *ret_length) {
    size_t left = (size_t)(reading->end - reading->p);
    if (left < 2) return false;
    size_t length = *reading->p++;
    if (length >= 128) {
        size_t high = *reading->p++;
        if (high == 0 || high >= 128) return false;
        length += (high << 7) - 128;
    }
    *ret_length = length;
    return length <= (size_t)(reading->end - reading->p);
}

FLAT bool take_any_text(struct reading *reading, char **ret_text, size_t *ret_length) {
    if (!take_length(reading, ret_length) || *ret_length == 0) return false;
    *ret_text = (char *)reading->p;
    reading->p += *ret_length;
    return true;
}

FLAT bool take_text(struct reading *reading, enum hy_limit_row row, char **ret_text, size_t *ret_length) {
    const struct hy_limit *limit = &hy_limits[row];
    if (!take_any_text(reading, ret_text, ret_length) || *ret_length > (size_t)limit->max ||
        *ret_length < (size_t)limit->min)
        return false;
    return limit->text_form == HY_FORM_TEXT ? hy_text_is_free(*ret_text, *ret_length)
                                            : hy_text_has_form(limit->text_form, *ret_text, *ret_length);
}

// Not 0, which would not stand there, and in as few bytes as it needs.
FLAT bool take_number(struct reading *reading, enum hy_limit_row row, int64_t *ret_number) {
    uint64_t number = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        if (reading->p >= reading->end || shift > 56) return false; // beyond every limit
        byte = *reading->p++;
        number |= (uint64_t)(byte & 127) << shift;
        shift += 7;
    } while (byte >= 128);
    *ret_number = (int64_t)number;
    return byte != 0 && *ret_number >= hy_limits[row].min && *ret_number <= hy_limits[row].max;
}

// The elements of a list: their number grows, their places stay.
FLAT void **take_place(struct reading *reading, void **list, size_t count) {
    if ((count & (count - 1)) != 0 || (count > 0 && count < FIRST_ELEMENTS)) return list;
    size_t room = count == 0 ? FIRST_ELEMENTS : 2 * count;
    void **larger = hy_arena_alloc(reading->arena, room * sizeof(void *));
    if (count > 0) memcpy(larger, list, count * sizeof(void *));
    return larger;
}

// Tills number their lines: "1", "2" … "10": then each id differs from all before it.
FLAT bool ascends(struct text before, struct text text) {
    return text.length > before.length ||
           (text.length == before.length && memcmp(before.start, text.start, text.length) < 0);
}

FLAT bool read_line(struct reading *reading, Line *line, struct text *id) {
    int64_t number;
    size_t length;
    *line = (Line)HUIYUAN__V1__PURCHASE_LINE__INIT;
    struct text before = *id;
    if (!take_tag(reading, BYTES(1)) || !take_text(reading, HY_LIMIT_LINE_ID, &line->line_id, &id->length))
        return false;
    id->start = line->line_id;
    if (!ascends(before, *id)) return false;
    if (take_tag(reading, BYTES(2)) && !take_text(reading, HY_LIMIT_SKU, &line->sku, &length)) return false;
    if (take_tag(reading, BYTES(3)) && !take_text(reading, HY_LIMIT_CATEGORY, &line->category, &length))
        return false;
    if (take_tag(reading, BYTES(4)) && !take_text(reading, HY_LIMIT_BRAND, &line->brand, &length))
        return false;
    if (take_tag(reading, VARINT(5))) {
        if (!take_number(reading, HY_LIMIT_QUANTITY, &number)) return false;
        line->quantity = (uint32_t)number;
    }
    if (take_tag(reading, VARINT(6)) && !take_number(reading, HY_LIMIT_PAID_FEN, &line->paid_fen))
        return false;
    return reading->p == reading->end;
}

FLAT bool read_payment(struct reading *reading, Payment *payment) {
    int64_t method;
    *payment = (Payment)HUIYUAN__V1__PAYMENT__INIT;
    if (!take_tag(reading, VARINT(1)) || !take_number(reading, HY_LIMIT_METHOD, &method)) return false;
    payment->method = (Huiyuan__V1__PaymentMethod)method;
    if (take_tag(reading, VARINT(2)) && !take_number(reading, HY_LIMIT_AMOUNT_FEN, &payment->amount_fen))
        return false;
    return reading->p == reading->end;
}

// The next element is all there is to read until leave().
FLAT bool enter(struct reading *reading, uint8_t **ret_end) {
    size_t length;
    if (!take_length(reading, &length)) return false;
    *ret_end = reading->end;
    reading->end = reading->p + length;
    return true;
}

FLAT void leave(struct reading *reading, uint8_t *end) {
    reading->end = end;
}

FLAT bool read_lines(struct reading *reading, Purchase *purchase, int64_t *ret_total_fen) {
    struct text id = {"", 0};
    uint8_t *end;
    while (take_tag(reading, BYTES(6))) {
        Line *line = hy_arena_alloc(reading->arena, sizeof *line);
        purchase->lines = (Line **)take_place(reading, (void **)purchase->lines, purchase->n_lines);
        purchase->lines[purchase->n_lines++] = line;
        if (!enter(reading, &end) || !read_line(reading, line, &id)) return false;
        leave(reading, end);
        *ret_total_fen += line->paid_fen;
    }
    return purchase->n_lines >= (size_t)hy_limits[HY_LIMIT_LINES].min &&
           purchase->n_lines <= (size_t)hy_limits[HY_LIMIT_LINES].max &&
           *ret_total_fen <= HY_AMOUNT_LIMIT_FEN;
}

FLAT bool read_payments(struct reading *reading, Purchase *purchase, int64_t total_fen) {
    uint8_t *end;
    int64_t sum_fen = 0;
    while (take_tag(reading, BYTES(7))) {
        Payment *payment = hy_arena_alloc(reading->arena, sizeof *payment);
        purchase->payments =
            (Payment **)take_place(reading, (void **)purchase->payments, purchase->n_payments);
        purchase->payments[purchase->n_payments++] = payment;
        if (!enter(reading, &end) || !read_payment(reading, payment)) return false;
        leave(reading, end);
        sum_fen += payment->amount_fen;
    }
    return purchase->n_payments == 0 ||
           (purchase->n_payments <= (size_t)hy_limits[HY_LIMIT_PAYMENTS].max && sum_fen == total_fen);
}

// *ret_meaning: where what is hashed ends. An empty currency means CNY, and is the canonical way to say it;
// the field is the last.
FLAT bool read_purchase(struct reading *reading, Purchase *purchase, const uint8_t **ret_meaning) {
    int64_t channel;
    int64_t total_fen = 0;
    size_t length;
    *purchase = (Purchase)HUIYUAN__V1__PURCHASE__INIT;
    if (!take_tag(reading, BYTES(1)) ||
        !take_text(reading, HY_LIMIT_PURCHASE_ID, &purchase->purchase_id, &length) ||
        !take_tag(reading, BYTES(2)) ||
        !take_text(reading, HY_LIMIT_MEMBER_ID, &purchase->member_id, &length) ||
        !take_tag(reading, BYTES(3)) ||
        !take_text(reading, HY_LIMIT_STORE_ID, &purchase->store_id, &length) ||
        !take_tag(reading, VARINT(4)) || !take_number(reading, HY_LIMIT_CHANNEL, &channel) ||
        !take_tag(reading, VARINT(5)) ||
        !take_number(reading, HY_LIMIT_OCCURRED_AT_MS, &purchase->occurred_at_ms))
        return false;
    purchase->channel = (Huiyuan__V1__Channel)channel;
    if (!read_lines(reading, purchase, &total_fen) || !read_payments(reading, purchase, total_fen))
        return false;
    *ret_meaning = reading->p;
    if (take_tag(reading, BYTES(8))) {
        if (!take_text(reading, HY_LIMIT_CURRENCY, &purchase->currency, &length)) return false;
        if (memcmp(purchase->currency, "CNY", 3) != 0) *ret_meaning = reading->p;
    }
    return reading->p == reading->end;
}

FLAT bool read_handles(struct reading *reading, Event *event) {
    size_t length;
    if (take_tag(reading, BYTES(14)) && !take_any_text(reading, &event->command_id, &length)) return false;
    if (take_tag(reading, BYTES(15)) && !take_any_text(reading, &event->reply_to, &length)) return false;
    if (reading->end - reading->p > 2 && reading->p[0] == 0x82 && reading->p[1] == 0x01) { // field 16
        *reading->p = '\0';
        reading->p += 2;
        if (!take_any_text(reading, &event->traceparent, &length)) return false;
    }
    return reading->p == reading->end;
}

static bool read_fast(struct hy_bytes message, struct hy_arena *arena, struct hy_store_event *ret_event) {
    if (message.length == 0) return false;
    uint8_t *copy = hy_arena_alloc(arena, message.length + HY_TEXT_SLACK_BYTES);
    memcpy(copy, message.data, message.length);
    struct reading reading = {copy, copy + message.length, arena};
    Event *event = hy_arena_alloc(arena, sizeof *event);
    *event = (Event)HUIYUAN__V1__STORE_EVENT__INIT;
    Purchase *purchase = hy_arena_alloc(arena, sizeof *purchase);
    const uint8_t *meaning;
    uint8_t *end;
    if (!take_tag(&reading, BYTES(1)) || !enter(&reading, &end)) return false;
    const uint8_t *start = reading.p;
    if (!read_purchase(&reading, purchase, &meaning)) return false;
    leave(&reading, end);
    if (!read_handles(&reading, event)) return false;
    *reading.end = '\0';
    event->event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event->purchase = purchase;
    ret_event->message = event;
    // Of the message itself: the copy has terminators in it now.
    ret_event->content_hash = hy_hash64(hy_bytes(message.data + (start - copy), (size_t)(meaning - start)));
    return true;
}

struct hy_error hy_store_event_read(struct hy_bytes message, struct hy_arena *arena,
                                    struct hy_store_event *ret_event) {
    if (read_fast(message, arena, ret_event)) return HY_NO_ERROR;
    ret_event->message = huiyuan__v1__store_event__unpack(&arena->protobuf, message.length, message.data);
    if (ret_event->message == NULL)
        return (struct hy_error){HY_MALFORMED, NULL,
                                 "a StoreEvent of huiyuan.v1 应为 huiyuan.v1 的 StoreEvent"};
    if (ret_event->message->event_case != HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE)
        return (struct hy_error){HY_MISSING_FIELD, "purchase", NULL};
    const Purchase *purchase = ret_event->message->purchase;
    struct hy_error error = hy_purchase_check(purchase, arena);
    if (error.code == HY_OK) ret_event->content_hash = hy_purchase_hash(purchase, arena);
    return error;
}
