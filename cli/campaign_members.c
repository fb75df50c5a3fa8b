#include "cli/campaign_members.h"

#include <stdlib.h>

#include "cli/kafka.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/clock_follow.h"
#include "common/io/zone.h"
#include "proto/projection.pb-c.h"

enum { KEYS_A_CALL = 500, CLOCK_BYTES = 24 };

// --- what is published ---

static bool take_document(void *context, const struct hy_message *message) {
    if (message->value.length > 0) campaign_refer(context, message->value);
    return true;
}

bool campaign_known(const struct cli *cli, struct campaign *ret_campaign) {
    campaign_init(ret_campaign, hy_zone_load);
    size_t count;
    struct kafka_span *spans = kafka_spans(cli, "program", 0, &count);
    if (spans == NULL) return false;
    bool good = kafka_read(cli, "program", spans, count, take_document, ret_campaign);
    hy_free(spans);
    return good;
}

// --- the members ---

// SCAN may say a key twice: they are sorted, and each is taken once.
struct keys {
    char **items;
    size_t count, capacity;
};

static void add_key(void *context, struct hy_bytes key) {
    struct keys *keys = context;
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity == 0 ? 1024 : keys->capacity * 2;
        keys->items = hy_realloc(keys->items, keys->capacity * sizeof *keys->items);
    }
    char *copy = hy_malloc(key.length + 1);
    memcpy(copy, key.data, key.length);
    copy[key.length] = '\0';
    keys->items[keys->count++] = copy;
}

static int compare_keys(const void *a, const void *b) {
    char *const *left = a;
    char *const *right = b;
    return strcmp(*left, *right);
}

static void free_keys(struct keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        hy_free(keys->items[i]);
    hy_free(keys->items);
}

struct walk {
    campaign_take take;
    void *context;
    struct hy_arena arena;
    bool stopped;
};

static void take_state(struct walk *walk, struct hy_bytes value) {
    hy_arena_reset(&walk->arena);
    const Huiyuan__V1__MemberState *entity =
        value.data == NULL
            ? NULL
            : huiyuan__v1__member_state__unpack(&walk->arena.protobuf, value.length, value.data);
    if (entity == NULL || walk->stopped) return;
    const Huiyuan__V1__CampaignState *member =
        huiyuan__v1__campaign_state__unpack(&walk->arena.protobuf, entity->state.len, entity->state.data);
    if (member != NULL && member->enrolled)
        walk->stopped = !walk->take(walk->context, entity->member_id, member);
}

static void take_states(void *context, const struct hy_store_answer *answer) {
    for (size_t i = 0; i < answer->count; i++)
        take_state(context, answer->values[i]);
}

static bool fetch(const struct cli *cli, struct hy_store *store, const struct keys *keys, struct walk *walk) {
    struct hy_bytes some[KEYS_A_CALL];
    size_t count = 0;
    for (size_t i = 0; i < keys->count && !walk->stopped; i++) {
        if (i > 0 && strcmp(keys->items[i - 1], keys->items[i]) == 0) continue;
        some[count++] = hy_bytes_of(keys->items[i]);
        if (count < KEYS_A_CALL) continue;
        if (!redis_get(cli, store, some, count, take_states, walk)) return false;
        count = 0;
    }
    return count == 0 || walk->stopped || redis_get(cli, store, some, count, take_states, walk);
}

bool campaign_members(const struct cli *cli, struct hy_store *store, campaign_take take, void *context) {
    char pattern[256];
    struct keys keys = {0};
    struct walk walk = {.take = take, .context = context};
    snprintf(pattern, sizeof pattern, "%s{*}:campaigns:m:*", cli->redis_prefix);
    bool good = redis_scan(cli, store, pattern, add_key, &keys);
    if (keys.count > 0) qsort(keys.items, keys.count, sizeof *keys.items, compare_keys);
    hy_arena_init(&walk.arena);
    good = good && fetch(cli, store, &keys, &walk);
    hy_arena_free(&walk.arena);
    free_keys(&keys);
    return good;
}

// --- the clock ---

static void take_shift(void *context, const struct hy_store_answer *answer) {
    (void)context;
    char text[CLOCK_BYTES];
    if (answer->values[0].data == NULL || answer->values[0].length >= sizeof text) return;
    memcpy(text, answer->values[0].data, answer->values[0].length);
    text[answer->values[0].length] = '\0';
    hy_clock_shift_set_ms(strtoll(text, NULL, 10));
}

bool campaign_clock(const struct cli *cli, struct hy_store *store) {
    char key[256];
    snprintf(key, sizeof key, "%s%s", cli->redis_prefix, HY_CLOCK_KEY);
    struct hy_bytes name = hy_bytes_of(key);
    return redis_get(cli, store, &name, 1, take_shift, NULL);
}
