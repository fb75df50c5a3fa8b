#include "common/stage/window.h"

#include "common/base/memory.h"

enum {
    FEW = 8, // up to here a look through all is faster than an index
};

void hy_window_free(struct hy_window *window) {
    hy_free(window->items);
    hy_free(window->notes);
    hy_free(window->index);
    *window = (struct hy_window){0};
}

static struct hy_receipt *at(const struct hy_window *window, uint32_t place) {
    return &window->items[(window->first + place) & (window->capacity - 1)];
}

static uint32_t tag_of(uint64_t id_hash) {
    return (uint32_t)(id_hash >> 32);
}

static void index_put(struct hy_window *window, uint32_t place) {
    uint32_t mask = window->index_capacity - 1;
    uint32_t slot = (uint32_t)at(window, place)->id_hash & mask;
    while (window->index[slot].ordinal != 0)
        slot = (slot + 1) & mask;
    window->index[slot] =
        (struct hy_window_slot){tag_of(at(window, place)->id_hash), window->base + place + 1};
    window->index_used++;
}

// Twice the capacity of the ring: at most half full when made. Forgotten receipts keep their slots until the
// next making.
static void index_make(struct hy_window *window) {
    hy_free(window->index);
    window->index_capacity = window->capacity * 2;
    window->index = hy_calloc(window->index_capacity, sizeof *window->index);
    window->index_used = 0;
    for (uint32_t i = 0; i < window->count; i++)
        index_put(window, i);
}

static void grow(struct hy_window *window) {
    uint32_t capacity = window->capacity == 0 ? 4 : window->capacity * 2;
    struct hy_receipt *items = hy_malloc(capacity * sizeof *items);
    for (uint32_t i = 0; i < window->count; i++)
        items[i] = *at(window, i);
    hy_free(window->items);
    window->items = items;
    window->first = 0;
    window->capacity = capacity;
    if (capacity > FEW) index_make(window);
}

// Notes of forgotten receipts lie at the front of the bytes: move the rest down when they are more than half.
static void notes_room(struct hy_window *window, uint32_t more) {
    if (window->notes_length + more <= window->notes_capacity) return;
    uint32_t start = window->count == 0 ? window->notes_length : at(window, 0)->note_offset;
    if (start > window->notes_length / 2) {
        memmove(window->notes, window->notes + start, window->notes_length - start);
        for (uint32_t i = 0; i < window->count; i++)
            at(window, i)->note_offset -= start;
        window->notes_length -= start;
    }
    if (window->notes_length + more > window->notes_capacity) {
        uint32_t capacity = window->notes_capacity == 0 ? 64 : window->notes_capacity * 2;
        while (capacity < window->notes_length + more)
            capacity *= 2;
        window->notes = hy_realloc(window->notes, capacity);
        window->notes_capacity = capacity;
    }
}

// By other bits than the index and its tags.
static uint64_t filter_bit(uint64_t id_hash) {
    return UINT64_C(1) << (id_hash >> 26 & 63);
}

void hy_window_add(struct hy_window *window, const struct hy_receipt *receipt, struct hy_bytes note) {
    if (window->count == window->capacity) grow(window);
    uint16_t length = note.length > UINT16_MAX ? 0 : (uint16_t)note.length;
    notes_room(window, length);
    struct hy_receipt *item = at(window, window->count);
    *item = *receipt;
    item->note_offset = window->notes_length;
    item->note_length = length;
    if (length > 0) memcpy(window->notes + window->notes_length, note.data, length);
    window->notes_length += length;
    if (window->count++ == 0) window->front_ms = item->event_time_ms;
    window->filter |= filter_bit(item->id_hash);
    if (window->index_capacity > 0) {
        if (window->index_used >= window->index_capacity / 4 * 3)
            index_make(window);
        else
            index_put(window, window->count - 1);
    }
}

static bool matches(const struct hy_receipt *receipt, uint32_t input_class, uint64_t id_hash) {
    return receipt->id_hash == id_hash && receipt->input_class == input_class;
}

const struct hy_receipt *hy_window_find(const struct hy_window *window, uint32_t input_class,
                                        uint64_t id_hash) {
    if ((window->filter & filter_bit(id_hash)) == 0) return NULL;
    if (window->index_capacity == 0) {
        for (uint32_t i = window->count; i-- > 0;) {
            if (matches(at(window, i), input_class, id_hash)) return at(window, i);
        }
        return NULL;
    }
    uint32_t mask = window->index_capacity - 1;
    for (uint32_t slot = (uint32_t)id_hash & mask; window->index[slot].ordinal != 0;
         slot = (slot + 1) & mask) {
        uint32_t place = window->index[slot].ordinal - 1 - window->base;
        if (window->index[slot].tag == tag_of(id_hash) && place < window->count &&
            matches(at(window, place), input_class, id_hash))
            return at(window, place);
    }
    return NULL;
}

struct hy_bytes hy_window_note(const struct hy_window *window, const struct hy_receipt *receipt) {
    return hy_bytes(window->notes + receipt->note_offset, receipt->note_length);
}

void hy_window_expire(struct hy_window *window, const int64_t horizon_ms[HY_CLASSES_LIMIT]) {
    while (window->count > 0 && at(window, 0)->event_time_ms < horizon_ms[at(window, 0)->input_class]) {
        window->first = (window->first + 1) & (window->capacity - 1);
        window->count--;
        window->base++;
    }
    if (window->count > 0) window->front_ms = at(window, 0)->event_time_ms;
}

const struct hy_receipt *hy_window_oldest(const struct hy_window *window) {
    return window->count == 0 ? NULL : at(window, 0);
}
