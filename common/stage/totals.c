#include "common/stage/totals.h"

#include <stdio.h>

#include "common/base/memory.h"

void hy_totals_free(struct hy_totals *totals) {
    hy_free(totals->emitted.items);
    hy_free(totals->taken.items);
    *totals = (struct hy_totals){0};
}

static struct hy_mark *find(const struct hy_marks *marks, const char *log, uint32_t partition) {
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->items[i].partition == partition && strcmp(marks->items[i].log, log) == 0)
            return &marks->items[i];
    }
    return NULL;
}

uint64_t hy_marks_get(const struct hy_marks *marks, const char *log, uint32_t partition) {
    const struct hy_mark *mark = find(marks, log, partition);
    return mark == NULL ? 0 : mark->number;
}

void hy_marks_raise(struct hy_marks *marks, const char *log, uint32_t partition, uint64_t number) {
    struct hy_mark *mark = find(marks, log, partition);
    if (mark == NULL) {
        if (marks->count == marks->capacity) {
            marks->capacity = marks->capacity == 0 ? 8 : marks->capacity * 2;
            marks->items = hy_realloc(marks->items, marks->capacity * sizeof *marks->items);
        }
        mark = &marks->items[marks->count++];
        *mark = (struct hy_mark){.partition = partition};
        snprintf(mark->log, sizeof mark->log, "%s", log);
    }
    if (number > mark->number) mark->number = number;
}

void hy_totals_apply(struct hy_totals *totals, const struct hy_brain *brain,
                     const Huiyuan__V1__Record *record, const ProtobufCMessage *body) {
    if (record->entry == 1) totals->members++;
    if (record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED)
        brain->tally(brain->context, totals->tallies, record, body);
    if (record->taken != NULL)
        hy_marks_raise(&totals->taken, record->taken->log, record->taken->partition, record->taken->number);
    for (size_t i = 0; i < record->n_emissions; i++) {
        const Huiyuan__V1__Emission *emission = record->emissions[i];
        hy_marks_raise(&totals->emitted, emission->to, emission->partition, emission->number);
    }
}

// The messages that protobuf-c packs from; freed by the caller.
static Huiyuan__V1__EmissionMark **marks_messages(const struct hy_marks *marks) {
    Huiyuan__V1__EmissionMark **list = hy_malloc(marks->count * (sizeof *list + sizeof **list) + 1);
    Huiyuan__V1__EmissionMark *items = (Huiyuan__V1__EmissionMark *)(list + marks->count);
    for (size_t i = 0; i < marks->count; i++) {
        huiyuan__v1__emission_mark__init(&items[i]);
        items[i].log = marks->items[i].log;
        items[i].partition = marks->items[i].partition;
        items[i].number = marks->items[i].number;
        list[i] = &items[i];
    }
    return list;
}

void hy_watermark_save(const struct hy_place *place, const struct hy_place *unsent,
                       const struct hy_totals *totals, size_t tally_count, struct hy_buffer *out) {
    int64_t tallies[HY_TALLIES_LIMIT];
    memcpy(tallies, totals->tallies, sizeof tallies);
    Huiyuan__V1__Watermark watermark = HUIYUAN__V1__WATERMARK__INIT;
    watermark.seq = place->seq;
    watermark.offset = place->offset;
    watermark.claim = place->claim;
    watermark.n_tallies = tally_count;
    watermark.tallies = tallies;
    watermark.members = totals->members;
    watermark.n_emitted = totals->emitted.count;
    watermark.emitted = marks_messages(&totals->emitted);
    watermark.n_taken = totals->taken.count;
    watermark.taken = marks_messages(&totals->taken);
    watermark.unsent_seq = unsent->seq;
    watermark.unsent_offset = unsent->offset;
    watermark.unsent_claim = unsent->claim;
    uint8_t *p = hy_buffer_extend(out, huiyuan__v1__watermark__get_packed_size(&watermark));
    if (p != NULL) huiyuan__v1__watermark__pack(&watermark, p);
    hy_free(watermark.emitted);
    hy_free(watermark.taken);
}

void hy_watermark_open(struct hy_bytes saved, uint64_t opening, struct hy_buffer *out) {
    Huiyuan__V1__Watermark last = HUIYUAN__V1__WATERMARK__INIT; // protobuf lets fields be put together so
    last.opening = opening;
    hy_buffer_add(out, saved.data, saved.length);
    uint8_t *p = hy_buffer_extend(out, HY_OPENING_BYTES);
    if (p != NULL) huiyuan__v1__watermark__pack(&last, p);
}

uint64_t hy_watermark_opening(struct hy_bytes saved) {
    Huiyuan__V1__Watermark *watermark = huiyuan__v1__watermark__unpack(NULL, saved.length, saved.data);
    uint64_t opening = watermark != NULL ? watermark->opening : 0;
    huiyuan__v1__watermark__free_unpacked(watermark, NULL);
    return opening;
}

bool hy_watermark_is_open(struct hy_bytes saved) {
    return hy_watermark_opening(saved) != 0;
}

static void totals_load(const Huiyuan__V1__Watermark *watermark, struct hy_totals *totals) {
    for (size_t i = 0; i < watermark->n_tallies && i < HY_TALLIES_LIMIT; i++)
        totals->tallies[i] = watermark->tallies[i];
    totals->members = watermark->members;
    for (size_t i = 0; i < watermark->n_emitted; i++) {
        const Huiyuan__V1__EmissionMark *mark = watermark->emitted[i];
        hy_marks_raise(&totals->emitted, mark->log, mark->partition, mark->number);
    }
    for (size_t i = 0; i < watermark->n_taken; i++) {
        const Huiyuan__V1__EmissionMark *mark = watermark->taken[i];
        hy_marks_raise(&totals->taken, mark->log, mark->partition, mark->number);
    }
}

bool hy_watermark_load(struct hy_bytes saved, struct hy_place *ret_place, struct hy_place *ret_unsent,
                       struct hy_totals *ret_totals) {
    Huiyuan__V1__Watermark *watermark = huiyuan__v1__watermark__unpack(NULL, saved.length, saved.data);
    if (watermark == NULL) return false;
    *ret_place = (struct hy_place){watermark->seq, watermark->offset, watermark->claim};
    if (ret_unsent != NULL)
        *ret_unsent =
            (struct hy_place){watermark->unsent_seq, watermark->unsent_offset, watermark->unsent_claim};
    if (ret_totals != NULL) totals_load(watermark, ret_totals);
    huiyuan__v1__watermark__free_unpacked(watermark, NULL);
    return true;
}
