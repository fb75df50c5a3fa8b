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

// All of the fast way in one function: the place of the reading then stays in registers.
#define FLAT static inline __attribute__((always_inline))

#define VARINT HY_PLACE_VARINT
#define BYTES  HY_PLACE_BYTES

// The place of the reading; `end` of the message or of the part that is read. It may come to lie behind the
// end of a part, by as much as a tag and a length take: whoever takes more, or thinks that he is at the end,
// sees it.
struct reading {
    uint8_t *p;
    uint8_t *end;
    struct hy_arena *arena;
};

struct text {
    char *start; // terminated when the next tag is taken
    size_t length;
};

// True when a field with this tag of one byte comes next. No tag is 0, which stands behind the message.
FLAT bool take_tag(struct reading *reading, uint8_t tag) {
    if (*reading->p != tag) return false;
    *reading->p++ = '\0';
    return true;
}

// That much is left.
FLAT bool has(const struct reading *reading, size_t length) {
    return (ptrdiff_t)length <= reading->end - reading->p;
}

// Lengths of one or two bytes: more than any canonical purchase within the limits has.
FLAT bool take_length(struct reading *reading, size_t *ret_length) {
    size_t length = *reading->p++;
    if (length >= 128) {
        size_t high = *reading->p++;
        if (high == 0 || high >= 128) return false;
        length += (high << 7) - 128;
    }
    *ret_length = length;
    return has(reading, length);
}

FLAT bool take_any_text(struct reading *reading, char **ret_text) {
    size_t length;
    if (!take_length(reading, &length) || length == 0) return false;
    *ret_text = (char *)reading->p;
    reading->p += length;
    return true;
}

// Of a limit below 128: then the length is one byte. An empty text would not stand there; no limit but the
// currency's asks for more than one byte.
FLAT bool take_text(struct reading *reading, enum hy_limit_row row, char **ret_text, size_t *ret_length) {
    size_t length = *reading->p++;
    if (length - 1 >= (size_t)hy_limits[row].max || !has(reading, length)) return false;
    *ret_text = (char *)reading->p;
    *ret_length = length;
    reading->p += length;
    return true;
}

FLAT bool take_id(struct reading *reading, enum hy_limit_row row, char **ret_id, size_t *ret_length) {
    return take_text(reading, row, ret_id, ret_length) && hy_text_is_id(*ret_id, *ret_length);
}

FLAT bool take_free_text(struct reading *reading, enum hy_limit_row row, char **ret_text,
                         size_t *ret_length) {
    return take_text(reading, row, ret_text, ret_length) && hy_text_is_free(*ret_text, *ret_length);
}

// Not 0, which would not stand there, and in as few bytes as it needs: most are of one or two.
FLAT bool take_number(struct reading *reading, enum hy_limit_row row, int64_t *ret_number) {
    uint64_t byte = *reading->p++;
    uint64_t number = byte & 127;
    for (unsigned shift = 7; byte >= 128; shift += 7) {
        if (shift > 56) return false; // beyond every limit
        byte = *reading->p++;
        number |= (byte & 127) << shift;
    }
    *ret_number = (int64_t)number;
    return byte != 0 && has(reading, 0) && *ret_number >= hy_limits[row].min &&
           *ret_number <= hy_limits[row].max;
}

// How many elements with this tag come next, so that the list can be made before it is filled.
FLAT size_t count_elements(struct reading reading, uint8_t tag) {
    size_t count = 0;
    size_t length;
    for (; *reading.p == tag; count++) {
        reading.p++;
        if (!take_length(&reading, &length)) break;
        reading.p += length;
    }
    return count;
}

// Tills number their lines: "1", "2" … "10": then each id differs from all before it.
FLAT bool ascends(struct text before, struct text text) {
    return text.length > before.length ||
           (text.length == before.length && memcmp(before.start, text.start, text.length) < 0);
}

FLAT bool read_line(struct reading *reading, Line *line, struct text *id, struct hy_line_lengths *lengths) {
    int64_t number;
    size_t sku;
    size_t category = 0;
    size_t brand = 0;
    *line = (Line)HUIYUAN__V1__PURCHASE_LINE__INIT;
    struct text before = *id;
    if (!take_tag(reading, BYTES(1)) || !take_id(reading, HY_LIMIT_LINE_ID, &id->start, &id->length))
        return false;
    line->line_id = id->start;
    if (!ascends(before, *id)) return false;
    if (take_tag(reading, BYTES(2)) && !take_free_text(reading, HY_LIMIT_SKU, &line->sku, &sku)) return false;
    if (take_tag(reading, BYTES(3)) &&
        !take_free_text(reading, HY_LIMIT_CATEGORY, &line->category, &category))
        return false;
    if (take_tag(reading, BYTES(4)) && !take_free_text(reading, HY_LIMIT_BRAND, &line->brand, &brand))
        return false;
    if (take_tag(reading, VARINT(5))) {
        if (!take_number(reading, HY_LIMIT_QUANTITY, &number)) return false;
        line->quantity = (uint32_t)number;
    }
    if (take_tag(reading, VARINT(6)) && !take_number(reading, HY_LIMIT_PAID_FEN, &line->paid_fen))
        return false;
    *lengths = (struct hy_line_lengths){(uint32_t)id->length, (uint32_t)category, (uint32_t)brand};
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

// Room for them all in one piece.
FLAT Line *make_lines(struct reading *reading, Purchase *purchase, size_t count,
                      struct hy_purchase_lengths *lengths) {
    Line *lines =
        hy_arena_alloc(reading->arena, count * (sizeof *lines + sizeof(Line *) + sizeof *lengths->lines));
    purchase->lines = (Line **)(lines + count);
    lengths->lines = (struct hy_line_lengths *)(purchase->lines + count);
    return lines;
}

FLAT bool read_lines(struct reading *reading, Purchase *purchase, struct hy_purchase_lengths *lengths,
                     int64_t *ret_total_fen) {
    struct text id = {"", 0};
    uint8_t *end;
    size_t count = count_elements(*reading, BYTES(6));
    if (count < (size_t)hy_limits[HY_LIMIT_LINES].min || count > (size_t)hy_limits[HY_LIMIT_LINES].max)
        return false;
    Line *line = make_lines(reading, purchase, count, lengths);
    for (size_t i = 0; i < count; i++, line++) {
        take_tag(reading, BYTES(6));
        if (!enter(reading, &end) || !read_line(reading, line, &id, &lengths->lines[i])) return false;
        leave(reading, end);
        purchase->lines[i] = line;
        *ret_total_fen += line->paid_fen;
    }
    purchase->n_lines = count;
    return *ret_total_fen <= HY_AMOUNT_LIMIT_FEN;
}

FLAT bool read_payments(struct reading *reading, Purchase *purchase, int64_t total_fen) {
    uint8_t *end;
    int64_t sum_fen = 0;
    size_t count = count_elements(*reading, BYTES(7));
    if (count == 0) return true;
    if (count > (size_t)hy_limits[HY_LIMIT_PAYMENTS].max) return false;
    Payment *payment = hy_arena_alloc(reading->arena, count * (sizeof *payment + sizeof(Payment *)));
    purchase->payments = (Payment **)(payment + count);
    for (size_t i = 0; i < count; i++, payment++) {
        take_tag(reading, BYTES(7));
        if (!enter(reading, &end) || !read_payment(reading, payment)) return false;
        leave(reading, end);
        purchase->payments[i] = payment;
        sum_fen += payment->amount_fen;
    }
    purchase->n_payments = count;
    return sum_fen == total_fen;
}

// *ret_meaning: where what is hashed ends. An empty currency means CNY, and is the canonical way to say it;
// the field is the last.
FLAT bool read_purchase(struct reading *reading, Purchase *purchase, struct hy_purchase_lengths *lengths,
                        const uint8_t **ret_meaning) {
    int64_t channel;
    int64_t total_fen = 0;
    size_t length;
    *purchase = (Purchase)HUIYUAN__V1__PURCHASE__INIT;
    if (!take_tag(reading, BYTES(1)) ||
        !take_id(reading, HY_LIMIT_PURCHASE_ID, &purchase->purchase_id, &length) ||
        !take_tag(reading, BYTES(2)) ||
        !take_id(reading, HY_LIMIT_MEMBER_ID, &purchase->member_id, &length) ||
        !take_tag(reading, BYTES(3)) ||
        !take_id(reading, HY_LIMIT_STORE_ID, &purchase->store_id, &lengths->store_id) ||
        !take_tag(reading, VARINT(4)) || !take_number(reading, HY_LIMIT_CHANNEL, &channel) ||
        !take_tag(reading, VARINT(5)) ||
        !take_number(reading, HY_LIMIT_OCCURRED_AT_MS, &purchase->occurred_at_ms))
        return false;
    purchase->channel = (Huiyuan__V1__Channel)channel;
    if (!read_lines(reading, purchase, lengths, &total_fen) || !read_payments(reading, purchase, total_fen))
        return false;
    *ret_meaning = reading->p;
    if (take_tag(reading, BYTES(8))) {
        if (!take_text(reading, HY_LIMIT_CURRENCY, &purchase->currency, &length) ||
            length < (size_t)hy_limits[HY_LIMIT_CURRENCY].min ||
            !hy_text_has_form(HY_FORM_CURRENCY, purchase->currency, length))
            return false;
        if (memcmp(purchase->currency, "CNY", 3) != 0) *ret_meaning = reading->p;
    }
    return reading->p == reading->end;
}

FLAT bool read_handles(struct reading *reading, Event *event) {
    if (take_tag(reading, BYTES(14)) && !take_any_text(reading, &event->command_id)) return false;
    if (take_tag(reading, BYTES(15)) && !take_any_text(reading, &event->reply_to)) return false;
    if (reading->p[0] == 0x82 && reading->p[1] == 0x01) { // field 16
        *reading->p = '\0';
        reading->p += 2;
        if (!take_any_text(reading, &event->traceparent)) return false;
    }
    return reading->p == reading->end;
}

static bool read_fast(struct hy_bytes message, struct hy_arena *arena, struct hy_store_event *ret_event) {
    if (message.length == 0) return false;
    uint8_t *copy = hy_arena_alloc(arena, message.length + HY_TEXT_SLACK_BYTES);
    memcpy(copy, message.data, message.length);
    copy[message.length] = '\0';
    struct reading reading = {copy, copy + message.length, arena};
    Event *event = hy_arena_alloc(arena, sizeof *event);
    *event = (Event)HUIYUAN__V1__STORE_EVENT__INIT;
    Purchase *purchase = hy_arena_alloc(arena, sizeof *purchase);
    const uint8_t *meaning;
    uint8_t *end;
    if (!take_tag(&reading, BYTES(1)) || !enter(&reading, &end)) return false;
    const uint8_t *start = reading.p;
    if (!read_purchase(&reading, purchase, &ret_event->lengths, &meaning)) return false;
    leave(&reading, end);
    if (!read_handles(&reading, event)) return false;
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
    if (error.code != HY_OK) return error;
    ret_event->content_hash = hy_purchase_hash(purchase, arena);
    ret_event->lengths = hy_purchase_lengths(purchase, arena);
    return HY_NO_ERROR;
}
