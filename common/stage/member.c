#include "common/stage/member.h"

#include <stdalign.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/stage/encode.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"

enum {
    STATE_CEILING_BYTES = 16 * 1024, // of a brain's own state in Redis
};

struct hy_member *hy_member_new(const struct hy_brain *brain, const char *id, uint64_t hash) {
    size_t id_size = strlen(id) + 1;
    size_t align = alignof(max_align_t);
    size_t state_offset = (sizeof(struct hy_member) + id_size + align - 1) / align * align;
    struct hy_member *member = hy_calloc(1, state_offset + brain->state_bytes);
    member->hash = hash;
    member->state_offset = (uint32_t)state_offset;
    memcpy(member->id, id, id_size);
    hy_window_init(&member->window);
    return member;
}

void hy_member_pages_free(struct hy_member_page *pages) {
    while (pages != NULL) {
        struct hy_member_page *next = pages->next;
        hy_free(pages);
        pages = next;
    }
}

void hy_member_free(const struct hy_brain *brain, struct hy_member *member) {
    if (brain->release != NULL) brain->release(brain->context, hy_member_state(member));
    hy_member_pages_free(member->pages);
    hy_member_pages_free(member->pages_sending);
    hy_window_free(&member->window);
    hy_free(member);
}

void hy_member_reset(const struct hy_brain *brain, struct hy_member *member) {
    if (brain->release != NULL) brain->release(brain->context, hy_member_state(member));
    memset(hy_member_state(member), 0, brain->state_bytes);
    memset(member->newest_ms, 0, sizeof member->newest_ms);
    hy_window_free(&member->window);
    member->seq = 0;
    member->entries = 0;
    member->due_ms = 0;
}

int64_t hy_member_horizon_ms(const struct hy_brain *brain, const struct hy_member *member,
                             uint32_t input_class) {
    if (input_class >= HY_CLASSES_LIMIT || member->newest_ms[input_class] <= 0) return INT64_MIN;
    return member->newest_ms[input_class] - brain->window_ms[input_class];
}

static void expire(const struct hy_brain *brain, struct hy_member *member) {
    int64_t horizon_ms[HY_CLASSES_LIMIT];
    for (uint32_t i = 0; i < HY_CLASSES_LIMIT; i++)
        horizon_ms[i] = hy_member_horizon_ms(brain, member, i);
    hy_window_expire(&member->window, horizon_ms);
}

// A full tail is a page, byte for byte.
static bool page_if_full(struct hy_member *member) {
    if (member->entries % HY_PAGE_RECEIPTS != 0) return false;
    struct hy_bytes tail = hy_window_tail(&member->window);
    struct hy_member_page *page = hy_malloc(sizeof *page + tail.length);
    page->number = member->entries / HY_PAGE_RECEIPTS - 1;
    page->length = (uint32_t)tail.length;
    memcpy(page->bytes, tail.data, tail.length);
    page->next = member->pages;
    member->pages = page;
    hy_window_turn_page(&member->window);
    return true;
}

bool hy_member_review(const struct hy_brain *brain, struct hy_member *member) {
    if (brain->due == NULL) return false;
    int64_t due_ms = brain->due(brain->context, hy_member_state(member));
    bool other = due_ms != member->due_ms;
    member->due_changed |= other;
    member->due_ms = due_ms;
    return other;
}

bool hy_member_apply(const struct hy_brain *brain, struct hy_member *member,
                     const struct hy_member_entry *entry, const ProtobufCMessage *body) {
    const Huiyuan__V1__Record *record = entry->record;
    if (record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED)
        brain->evolve(brain->context, hy_member_state(member), record, body);
    member->seq = entry->seq;
    member->entries = record->entry;

    Huiyuan__V1__Receipt receipt = HUIYUAN__V1__RECEIPT__INIT;
    receipt.input_id = record->input_id;
    receipt.content_hash = record->content_hash;
    receipt.event_time_ms = record->event_time_ms;
    receipt.seq = entry->seq;
    receipt.index = entry->index;
    receipt.input_class = record->input_class;
    receipt.note = record->note;
    receipt.entry = record->entry;
    receipt.outcome = record->outcome;
    receipt.code = record->code;
    uint32_t input_class = record->input_class;
    if (input_class < HY_CLASSES_LIMIT && record->event_time_ms > member->newest_ms[input_class]) {
        member->newest_ms[input_class] = record->event_time_ms;
        // Only this class's horizon has moved, so the front of another class is as recent as it was.
        if (hy_window_begins_before(&member->window, hy_member_horizon_ms(brain, member, input_class)))
            expire(brain, member);
    }
    hy_window_add(&member->window, &receipt, entry->id_hash);
    hy_member_review(brain, member);
    return page_if_full(member);
}

static uint64_t first_page(const struct hy_member *member) {
    uint64_t oldest = hy_window_oldest_entry(&member->window);
    return (oldest > 0 ? oldest - 1 : member->entries) / HY_PAGE_RECEIPTS;
}

void hy_member_save(const struct hy_brain *brain, const struct hy_member *member, struct hy_buffer *out) {
    uint8_t state_bytes[STATE_CEILING_BYTES];
    struct hy_buffer state = {
        .data = state_bytes, .capacity = sizeof state_bytes, .ceiling = sizeof state_bytes};
    brain->save(brain->context, (const unsigned char *)member + member->state_offset, &state);
    if (state.failed) {
        out->failed = true;
        return;
    }
    int64_t newest_ms[HY_CLASSES_LIMIT];
    memcpy(newest_ms, member->newest_ms, sizeof newest_ms);
    Huiyuan__V1__MemberState saved = HUIYUAN__V1__MEMBER_STATE__INIT;
    saved.seq = member->seq;
    saved.state = (ProtobufCBinaryData){state.length, state.data};
    saved.entries = member->entries;
    saved.n_newest_ms = HY_CLASSES_LIMIT;
    while (saved.n_newest_ms > 0 && newest_ms[saved.n_newest_ms - 1] == 0)
        saved.n_newest_ms--;
    saved.newest_ms = newest_ms;
    saved.first_page = first_page(member);
    saved.due_ms = member->due_ms;
    // protobuf-c does not write through this pointer.
    saved.member_id = (char *)(uintptr_t)member->id;
    hy_encode_member_state(&saved, out);
    struct hy_bytes tail = hy_window_tail(&member->window);
    hy_buffer_add(out, tail.data, tail.length);
}

bool hy_member_load(const struct hy_brain *brain, struct hy_member *member, struct hy_bytes saved,
                    struct hy_arena *arena, uint64_t *ret_first_page, uint64_t *ret_end_page) {
    const Huiyuan__V1__MemberState *state =
        huiyuan__v1__member_state__unpack(&arena->protobuf, saved.length, saved.data);
    if (state == NULL || strcmp(state->member_id, member->id) != 0 || state->n_newest_ms > HY_CLASSES_LIMIT)
        return false;
    if (!brain->load(brain->context, hy_bytes(state->state.data, state->state.len), hy_member_state(member)))
        return false;
    member->seq = state->seq;
    member->entries = state->entries;
    member->due_ms = state->due_ms;
    for (size_t i = 0; i < state->n_newest_ms; i++)
        member->newest_ms[i] = state->newest_ms[i];
    for (size_t i = 0; i < state->n_tail; i++)
        hy_window_put(&member->window, state->tail[i]);
    *ret_end_page = state->entries / HY_PAGE_RECEIPTS;
    *ret_first_page = state->first_page < *ret_end_page ? state->first_page : *ret_end_page;
    return true;
}

bool hy_member_load_page(struct hy_member *member, struct hy_bytes page) {
    return hy_window_put_page(&member->window, page);
}

void hy_member_load_tail(const struct hy_brain *brain, struct hy_member *member) {
    hy_window_index(&member->window);
    expire(brain, member);
    member->loaded = true;
}
