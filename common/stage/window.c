#include "common/stage/window.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/base/wire_place.h"
#include "common/stage/encode.h"

enum {
    RECEIPTS_FIELD = 6, // of MemberState.tail and of ReceiptPage.receipts
    CEILING_BYTES = 1 << 30,
    SMALL_BYTES = 2048, // nearly every receipt
};

#define NOWHERE     UINT32_MAX
#define PLACES_ANEW UINT32_C(0x80000000) // so far are bytes counted before it begins at 0 again

void hy_window_init(struct hy_window *window) {
    *window = (struct hy_window){0};
}

void hy_window_free(struct hy_window *window) {
    hy_free(window->bytes);
    hy_free(window->slots);
    hy_window_init(window);
}

// --- one receipt ---

static struct hy_receipt read_fields(struct hy_wire *wire) {
    struct hy_receipt receipt = {0};
    while (wire->p < wire->end && !wire->bad) {
        uint64_t tag = hy_wire_get(wire);
        switch (tag) {
        case HY_PLACE_BYTES(1): receipt.input_id = hy_wire_get_bytes(wire); break;
        case HY_PLACE_FIXED64(2): receipt.content_hash = hy_wire_get_fixed64(wire); break;
        case HY_PLACE_VARINT(3): receipt.event_time_ms = (int64_t)hy_wire_get(wire); break;
        case HY_PLACE_VARINT(4): receipt.seq = hy_wire_get(wire); break;
        case HY_PLACE_VARINT(5): receipt.index = (uint32_t)hy_wire_get(wire); break;
        case HY_PLACE_VARINT(6): receipt.input_class = (uint32_t)hy_wire_get(wire); break;
        case HY_PLACE_BYTES(7): receipt.note = hy_wire_get_bytes(wire); break;
        case HY_PLACE_VARINT(8): receipt.entry = hy_wire_get(wire); break;
        case HY_PLACE_VARINT(9): receipt.outcome = (Huiyuan__V1__Outcome)hy_wire_get(wire); break;
        case HY_PLACE_BYTES(10): receipt.code = hy_wire_get_bytes(wire); break;
        default: hy_wire_skip(wire, tag);
        }
    }
    return receipt;
}

// The next element; the wire is `bad` when it is not a receipt.
static struct hy_receipt read_receipt(struct hy_wire *wire) {
    wire->bad |= hy_wire_get(wire) != HY_PLACE_BYTES(RECEIPTS_FIELD);
    struct hy_wire fields = hy_wire_read(hy_wire_get_bytes(wire));
    struct hy_receipt receipt = read_fields(&fields);
    wire->bad |= fields.bad;
    return receipt;
}

static struct hy_wire wire_at(const struct hy_window *window, uint32_t place) {
    uint32_t offset = place - window->base;
    return hy_wire_read(hy_bytes(window->bytes + offset, window->length - offset));
}

// *ret_place moves behind it.
static struct hy_receipt receipt_at(const struct hy_window *window, uint32_t *ret_place) {
    struct hy_wire wire = wire_at(window, *ret_place);
    const uint8_t *start = wire.p;
    struct hy_receipt receipt = read_receipt(&wire);
    *ret_place += (uint32_t)(wire.p - start);
    return receipt;
}

static bool is_recognised(const struct hy_window *window, uint32_t place) {
    return place >= window->first && place < hy_window_end(window);
}

// --- slots ---

static uint32_t tag_of(uint64_t id_hash) {
    return (uint32_t)(id_hash >> 32);
}

// By other bits than the tag.
static uint64_t filter_bit(uint64_t id_hash) {
    return UINT64_C(1) << (id_hash & 63);
}

static void place_slot(struct hy_window *window, struct hy_window_slot slot) {
    uint32_t at = window->used;
    if (window->capacity > HY_WINDOW_FEW) {
        for (at = slot.tag & (window->capacity - 1); window->slots[at].place != NOWHERE;)
            at = (at + 1) & (window->capacity - 1);
    }
    window->slots[at] = slot;
    window->used++;
}

static uint32_t capacity_for(uint32_t count) {
    uint32_t capacity = 4;
    while (capacity < count || (capacity > HY_WINDOW_FEW && capacity < 2 * count))
        capacity *= 2;
    return capacity;
}

// Room for one more. What is forgotten goes.
static void remake_slots(struct hy_window *window) {
    struct hy_window_slot *old = window->slots;
    uint32_t old_capacity = window->capacity;
    uint32_t live = 0;
    for (uint32_t i = 0; i < old_capacity; i++)
        live += old[i].place != NOWHERE && is_recognised(window, old[i].place);
    window->capacity = capacity_for(live + 1);
    window->slots = hy_malloc(window->capacity * sizeof *window->slots);
    memset(window->slots, 0xff, window->capacity * sizeof *window->slots);
    window->used = 0;
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].place != NOWHERE && is_recognised(window, old[i].place)) place_slot(window, old[i]);
    }
    hy_free(old);
}

static bool slots_are_full(const struct hy_window *window) {
    return window->capacity <= HY_WINDOW_FEW ? window->used == window->capacity
                                             : window->used >= window->capacity / 4 * 3;
}

static void recognise(struct hy_window *window, uint32_t place, uint64_t id_hash) {
    if (slots_are_full(window)) remake_slots(window);
    place_slot(window, (struct hy_window_slot){tag_of(id_hash), place});
    window->filter |= filter_bit(id_hash);
}

static bool is_receipt_of(const struct hy_window *window, const struct hy_window_slot *slot,
                          uint32_t input_class, const char *id, struct hy_receipt *ret_receipt) {
    if (!is_recognised(window, slot->place)) return false;
    uint32_t place = slot->place;
    *ret_receipt = receipt_at(window, &place);
    return ret_receipt->input_class == input_class && hy_bytes_equal(ret_receipt->input_id, hy_bytes_of(id));
}

bool hy_window_find(const struct hy_window *window, uint32_t input_class, const char *id, uint64_t id_hash,
                    struct hy_receipt *ret_receipt) {
    if ((window->filter & filter_bit(id_hash)) == 0) return false;
    uint32_t tag = tag_of(id_hash);
    if (window->capacity <= HY_WINDOW_FEW) {
        for (uint32_t i = window->used; i-- > 0;) {
            if (window->slots[i].tag == tag &&
                is_receipt_of(window, &window->slots[i], input_class, id, ret_receipt))
                return true;
        }
        return false;
    }
    uint32_t mask = window->capacity - 1;
    for (uint32_t i = tag & mask; window->slots[i].place != NOWHERE; i = (i + 1) & mask) {
        if (window->slots[i].tag == tag &&
            is_receipt_of(window, &window->slots[i], input_class, id, ret_receipt))
            return true;
    }
    return false;
}

// --- adding ---

static uint32_t forgotten_bytes(const struct hy_window *window) {
    uint32_t first = window->first - window->base;
    uint32_t tail = window->tail - window->base;
    return first < tail ? first : tail;
}

// Counts places from 0 again, long before they reach NOWHERE.
static void count_anew(struct hy_window *window) {
    for (uint32_t i = 0; i < window->capacity; i++) {
        if (window->slots[i].place == NOWHERE) continue;
        // One that is forgotten keeps its slot, and a place that is not recognised.
        window->slots[i].place = is_recognised(window, window->slots[i].place)
                                     ? window->slots[i].place - window->base
                                     : NOWHERE - 1;
    }
    window->first -= window->base;
    window->tail -= window->base;
    window->base = 0;
}

static void drop_forgotten(struct hy_window *window, uint32_t forgotten) {
    memmove(window->bytes, window->bytes + forgotten, window->length - forgotten);
    window->length -= forgotten;
    window->base += forgotten;
    if (window->base >= PLACES_ANEW) count_anew(window);
}

// In steps of a half: twice would be kept for ever, and a quarter is copied four times.
static void make_room(struct hy_window *window, size_t more) {
    if (window->room - window->length >= more) return;
    uint32_t forgotten = forgotten_bytes(window);
    if (forgotten > window->length / 2) drop_forgotten(window, forgotten);
    if (window->room - window->length >= more) return;
    size_t room = window->length + window->length / 2 + more;
    if (room > CEILING_BYTES) abort(); // as when there is no memory
    window->bytes = hy_realloc(window->bytes, room);
    window->room = (uint32_t)room;
}

static uint32_t add_bytes(struct hy_window *window, struct hy_bytes bytes) {
    make_room(window, bytes.length); // drops, perhaps, what is forgotten
    uint32_t place = hy_window_end(window);
    memcpy(window->bytes + window->length, bytes.data, bytes.length);
    window->length += (uint32_t)bytes.length;
    return place;
}

// At the end; returns its place.
static uint32_t append(struct hy_window *window, const Huiyuan__V1__Receipt *receipt) {
    uint8_t small[SMALL_BYTES];
    struct hy_buffer encoded = {.data = small, .capacity = sizeof small, .ceiling = sizeof small};
    hy_encode_receipt(receipt, RECEIPTS_FIELD, &encoded);
    if (!encoded.failed) return add_bytes(window, hy_buffer_bytes(&encoded));
    struct hy_buffer large;
    hy_buffer_init(&large, CEILING_BYTES);
    hy_encode_receipt(receipt, RECEIPTS_FIELD, &large);
    uint32_t place = add_bytes(window, hy_buffer_bytes(&large));
    hy_buffer_free(&large);
    return place;
}

void hy_window_put(struct hy_window *window, const Huiyuan__V1__Receipt *receipt) {
    append(window, receipt);
}

void hy_window_add(struct hy_window *window, const Huiyuan__V1__Receipt *receipt, uint64_t id_hash) {
    bool was_empty = window->first == hy_window_end(window);
    uint32_t place = append(window, receipt);
    bool comes_once = receipt->input_class >= HY_CLASSES_LIMIT; // by its nature
    if (was_empty) {
        window->first = comes_once ? hy_window_end(window) : place;
        window->front_ms = receipt->event_time_ms;
        window->front_entry = receipt->entry;
    }
    if (!comes_once && !window->unindexed) recognise(window, place, id_hash);
}

// --- the front ---

static bool is_forgotten(const struct hy_receipt *receipt, const int64_t horizon_ms[HY_CLASSES_LIMIT]) {
    return receipt->input_class >= HY_CLASSES_LIMIT ||
           receipt->event_time_ms < horizon_ms[receipt->input_class];
}

void hy_window_expire(struct hy_window *window, const int64_t horizon_ms[HY_CLASSES_LIMIT]) {
    while (window->first != hy_window_end(window)) {
        uint32_t next = window->first;
        struct hy_receipt receipt = receipt_at(window, &next);
        window->front_ms = receipt.event_time_ms;
        window->front_entry = receipt.entry;
        if (!is_forgotten(&receipt, horizon_ms)) return;
        window->first = next;
    }
}

// --- pages ---

struct hy_bytes hy_window_tail(const struct hy_window *window) {
    if (window->length == 0) return hy_bytes(NULL, 0);
    uint32_t offset = window->tail - window->base;
    return hy_bytes(window->bytes + offset, window->length - offset);
}

void hy_window_turn_page(struct hy_window *window) {
    window->tail = hy_window_end(window);
}

static bool are_receipts(struct hy_bytes page) {
    struct hy_wire wire = hy_wire_read(page);
    while (wire.p < wire.end && !wire.bad)
        read_receipt(&wire);
    return !wire.bad;
}

// Before the tail, which is short.
bool hy_window_put_page(struct hy_window *window, struct hy_bytes page) {
    if (page.length == 0) return true;
    if (!are_receipts(page)) return false;
    make_room(window, page.length);
    size_t tail_length = hy_window_tail(window).length;
    uint8_t *start = window->bytes + (window->tail - window->base);
    memmove(start + page.length, start, tail_length);
    memcpy(start, page.data, page.length);
    window->length += (uint32_t)page.length;
    window->tail += (uint32_t)page.length;
    return true;
}

void hy_window_index(struct hy_window *window) {
    static const int64_t nothing[HY_CLASSES_LIMIT] = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    window->first = window->base;
    for (uint32_t place = window->base; place != hy_window_end(window);) {
        uint32_t at = place;
        struct hy_receipt receipt = receipt_at(window, &place);
        if (receipt.input_class < HY_CLASSES_LIMIT) recognise(window, at, hy_hash64(receipt.input_id));
    }
    hy_window_expire(window, nothing); // the front is not one that comes once by its nature
}
