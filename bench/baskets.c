#include "bench/baskets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/map.h"
#include "common/base/memory.h"

// In front of each message; numbers as this machine has them.
struct entry {
    uint32_t bytes;
    int32_t points;
};

struct household {
    uint32_t number;                // from 0
    char id[BASKETS_ID_BYTES - 12]; // leaves room for "-<copy>"
};

struct baskets {
    uint8_t *file;
    size_t length;
    size_t *places; // of the entries in the file
    uint32_t *household_of;
    size_t count, capacity;
    struct household **households;
    uint32_t household_count;
    struct hy_map by_id;
    uint32_t copies;
};

_Noreturn static void refuse(const char *file, const char *why) {
    fprintf(stderr, "%s: %s\n", file, why);
    exit(2);
}

static void read_file(struct baskets *baskets, const char *file) {
    FILE *in = fopen(file, "rb");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0) refuse(file, "cannot be read");
    long length = ftell(in);
    if (length <= 0 || fseek(in, 0, SEEK_SET) != 0) refuse(file, "is empty");
    baskets->length = (size_t)length;
    baskets->file = hy_malloc(baskets->length);
    if (fread(baskets->file, 1, baskets->length, in) != baskets->length) refuse(file, "cannot be read");
    fclose(in);
}

static struct entry entry_at(const struct baskets *baskets, size_t place) {
    struct entry entry = {0};
    if (place + sizeof entry <= baskets->length) memcpy(&entry, baskets->file + place, sizeof entry);
    return entry;
}

static Huiyuan__V1__StoreEvent *event_at(const struct baskets *baskets, size_t place,
                                         struct hy_arena *arena) {
    struct entry entry = entry_at(baskets, place);
    size_t end = place + sizeof entry + entry.bytes;
    Huiyuan__V1__StoreEvent *event =
        entry.bytes == 0 || end > baskets->length
            ? NULL
            : huiyuan__v1__store_event__unpack(&arena->protobuf, entry.bytes,
                                               baskets->file + place + sizeof entry);
    if (event == NULL || event->event_case != HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE)
        refuse("baskets", "damaged; delete the file, and it is made again");
    return event;
}

static bool same_id(const void *value, const void *key) {
    const struct household *household = value;
    const struct hy_bytes *id = key;
    return hy_bytes_equal(hy_bytes_of(household->id), *id);
}

static struct household *household_of(const struct baskets *baskets, struct hy_bytes id) {
    return hy_map_find(&baskets->by_id, hy_hash64(id), same_id, &id);
}

static struct household *household_add(struct baskets *baskets, struct hy_bytes id) {
    struct household *household = hy_calloc(1, sizeof *household);
    if (id.length >= sizeof household->id) refuse("baskets", "a member's id is too long");
    memcpy(household->id, id.data, id.length);
    household->number = baskets->household_count++;
    baskets->households =
        hy_realloc(baskets->households, baskets->household_count * sizeof(struct household *));
    baskets->households[household->number] = household;
    hy_map_add(&baskets->by_id, hy_hash64(id), household);
    return household;
}

static void remember(struct baskets *baskets, size_t place, uint32_t household) {
    if (baskets->count == baskets->capacity) {
        baskets->capacity = baskets->capacity == 0 ? 4096 : baskets->capacity * 2;
        baskets->places = hy_realloc(baskets->places, baskets->capacity * sizeof *baskets->places);
        baskets->household_of =
            hy_realloc(baskets->household_of, baskets->capacity * sizeof *baskets->household_of);
    }
    baskets->places[baskets->count] = place;
    baskets->household_of[baskets->count++] = household;
}

struct baskets *baskets_open(const char *file, uint32_t copies) {
    struct baskets *baskets = hy_calloc(1, sizeof *baskets);
    struct hy_arena arena;
    hy_arena_init(&arena);
    hy_map_init(&baskets->by_id);
    baskets->copies = copies;
    read_file(baskets, file);
    for (size_t place = 0; place < baskets->length;
         place += sizeof(struct entry) + entry_at(baskets, place).bytes) {
        hy_arena_reset(&arena);
        struct hy_bytes id = hy_bytes_of(event_at(baskets, place, &arena)->purchase->member_id);
        struct household *household = household_of(baskets, id);
        if (household == NULL) household = household_add(baskets, id);
        remember(baskets, place, household->number);
    }
    hy_arena_free(&arena);
    return baskets;
}

void baskets_close(struct baskets *baskets) {
    for (uint32_t i = 0; i < baskets->household_count; i++)
        hy_free(baskets->households[i]);
    hy_free(baskets->households);
    hy_map_free(&baskets->by_id);
    hy_free(baskets->places);
    hy_free(baskets->household_of);
    hy_free(baskets->file);
    hy_free(baskets);
}

uint64_t baskets_count(const struct baskets *baskets) {
    return (uint64_t)baskets->count * baskets->copies;
}

uint32_t baskets_members(const struct baskets *baskets) {
    return baskets->household_count * baskets->copies;
}

void baskets_make(const struct baskets *baskets, uint64_t number, struct hy_arena *arena,
                  struct baskets_item *ret_item) {
    size_t basket = (size_t)(number / baskets->copies);
    uint32_t copy = (uint32_t)(number % baskets->copies);
    char *id = hy_arena_alloc(arena, BASKETS_ID_BYTES);
    ret_item->member = 1 + baskets->household_of[basket] * baskets->copies + copy;
    ret_item->points = entry_at(baskets, baskets->places[basket]).points;
    ret_item->event = event_at(baskets, baskets->places[basket], arena);
    baskets_member_id(baskets, ret_item->member, id);
    ret_item->event->purchase->member_id = id; // the former one is the arena's too
}

void baskets_member_id(const struct baskets *baskets, uint32_t member, char ret_id[BASKETS_ID_BYTES]) {
    const struct household *household = baskets->households[(member - 1) / baskets->copies];
    snprintf(ret_id, BASKETS_ID_BYTES, "%s-%" PRIu32, household->id, (member - 1) % baskets->copies);
}

uint32_t baskets_member(const struct baskets *baskets, struct hy_bytes id) {
    size_t dash = id.length;
    uint32_t copy = 0;
    while (dash > 0 && id.data[dash - 1] != '-')
        dash--;
    for (size_t i = dash; i < id.length; i++)
        copy = copy * 10 + (uint32_t)(id.data[i] - '0');
    if (dash == 0 || copy >= baskets->copies) return 0;
    const struct household *household = household_of(baskets, hy_bytes(id.data, dash - 1));
    return household == NULL ? 0 : 1 + household->number * baskets->copies + copy;
}
