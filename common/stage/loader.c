// Members from Redis, for a whole batch at once: first their states, then the pages that reach into their
// windows. model: watermark-with-every-read. Every answer carries the watermark, so nothing is decided on
// data that Redis has lost.
#include <inttypes.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "common/stage/tenure.h"

enum { KEYS_A_CALL = 400 };

// One request: `count` keys from load `first` on (pages: from its page `page` on, running into the next
// loads).
struct load_call {
    struct hy_tenure *tenure;
    size_t first;
    uint64_t page;
    size_t count;
};

void loader_free(struct hy_loader *loader) {
    hy_free(loader->loads);
    hy_arena_free(&loader->arena);
}

void loader_want(struct hy_tenure *tenure, struct hy_member *member) {
    struct hy_loader *loader = &tenure->loader;
    if (loader->count == loader->capacity) {
        loader->capacity = loader->capacity == 0 ? 256 : loader->capacity * 2;
        loader->loads = hy_realloc(loader->loads, loader->capacity * sizeof *loader->loads);
    }
    loader->loads[loader->count++] = (struct hy_load){.member = member};
}

bool loader_busy(const struct hy_tenure *tenure) {
    return tenure->loader.phase != LOADER_IDLE;
}

bool loader_waits(const struct hy_tenure *tenure) {
    return loader_busy(tenure) && tenure->loader.phase != LOADER_AWAY;
}

bool watermark_good(struct hy_tenure *tenure, struct hy_bytes found) {
    const struct hy_projector *projector = &tenure->projector;
    if (hy_bytes_equal(found, hy_buffer_bytes(&projector->expected))) return true;
    if (projector->phase != PROJECTOR_IDLE &&
        (hy_bytes_equal(found, hy_buffer_bytes(&projector->next)) || projector_is_opening(tenure, found)))
        return true;
    struct hy_place place = {0};
    if (found.data != NULL && !hy_watermark_load(found, &place, NULL, NULL))
        tenure_finish(tenure, TENURE_STOPPED, "the watermark in Redis cannot be read");
    else if (place.offset > tenure->claim_offset && place.claim != tenure->claim)
        tenure_finish(tenure, TENURE_FENCED, "the watermark is beyond the claim");
    else
        tenure_finish(tenure, TENURE_AGAIN, "Redis lost data: the watermark is not the one projected");
    return false;
}

static void finish(struct hy_tenure *tenure) {
    struct hy_loader *loader = &tenure->loader;
    for (size_t i = 0; i < loader->count; i++)
        hy_member_load_tail(tenure->stage->brain, loader->loads[i].member);
    hy_metrics_add(tenure->stage->metrics, METRIC_LOADED, (int64_t)loader->count);
    tenure->stage->members += loader->count;
    loader->count = 0;
    loader->phase = LOADER_IDLE;
    hy_arena_reset(&loader->arena);
}

static void send(struct hy_tenure *tenure, const struct hy_key *keys, const struct load_call *call,
                 hy_store_done done) {
    struct hy_bytes names[KEYS_A_CALL + 1];
    names[0] = hy_key_bytes(&tenure->watermark_key);
    for (size_t i = 0; i < call->count; i++)
        names[i + 1] = hy_key_bytes(&keys[i]);
    struct load_call *context = hy_malloc(sizeof *context);
    *context = *call;
    tenure->loader.open++;
    tenure->requests++;
    hy_store_get(tenure->stage->store, names, call->count + 1, done, context);
}

// What all answers have in common; false when the values must not be used.
static bool answered(struct hy_tenure *tenure, const struct hy_store_answer *answer) {
    struct hy_loader *loader = &tenure->loader;
    loader->open--;
    if (answer->status != HY_STORE_OK) loader->phase = LOADER_AWAY;
    return loader->phase != LOADER_AWAY && watermark_good(tenure, answer->values[0]);
}

static void page_answered(void *context, const struct hy_store_answer *answer) {
    struct load_call call = *(struct load_call *)context;
    struct hy_tenure *tenure = call.tenure;
    hy_free(context);
    if (!tenure_request_done(tenure) || !answered(tenure, answer)) return;
    struct hy_loader *loader = &tenure->loader;
    struct hy_load *load = &loader->loads[call.first];
    for (size_t i = 0; i < call.count; i++) {
        for (; call.page == load->end_page; call.page = load->first_page)
            load++;
        struct hy_bytes page = answer->values[i + 1];
        if (page.data == NULL || !hy_member_load_page(load->member, page)) {
            tenure_finish(tenure, TENURE_STOPPED, "a page of receipts in Redis is missing or cannot be read");
            return;
        }
        call.page++;
    }
    if (loader->open == 0) finish(tenure);
}

static void load_pages(struct hy_tenure *tenure) {
    struct hy_loader *loader = &tenure->loader;
    struct hy_key *keys = hy_malloc(KEYS_A_CALL * sizeof *keys);
    struct load_call call = {.tenure = tenure};
    loader->phase = LOADER_PAGES;
    for (size_t i = 0; i < loader->count; i++) {
        const struct hy_load *load = &loader->loads[i];
        for (uint64_t page = load->first_page; page < load->end_page; page++) {
            if (call.count == 0) call = (struct load_call){tenure, i, page, 0};
            keys[call.count++] = hy_key_page(&tenure->space, load->member->id, page);
            if (call.count == KEYS_A_CALL) {
                send(tenure, keys, &call, page_answered);
                call.count = 0;
            }
        }
    }
    if (call.count > 0) send(tenure, keys, &call, page_answered);
    hy_free(keys);
    if (loader->open == 0) finish(tenure);
}

static void state_answered(void *context, const struct hy_store_answer *answer) {
    struct load_call call = *(struct load_call *)context;
    struct hy_tenure *tenure = call.tenure;
    hy_free(context);
    if (!tenure_request_done(tenure) || !answered(tenure, answer)) return;
    struct hy_loader *loader = &tenure->loader;
    for (size_t i = 0; i < call.count; i++) {
        struct hy_load *load = &loader->loads[call.first + i];
        struct hy_bytes saved = answer->values[i + 1];
        if (saved.data != NULL && !hy_member_load(tenure->stage->brain, load->member, saved, &loader->arena,
                                                  &load->first_page, &load->end_page)) {
            tenure_finish(tenure, TENURE_STOPPED, "the state of a member in Redis cannot be read");
            return;
        }
    }
    if (loader->open == 0) load_pages(tenure);
}

void loader_start(struct hy_tenure *tenure) {
    struct hy_loader *loader = &tenure->loader;
    if (loader->count == 0) return;
    struct hy_key *keys = hy_malloc(KEYS_A_CALL * sizeof *keys);
    loader->phase = LOADER_STATES;
    for (size_t first = 0; first < loader->count; first += KEYS_A_CALL) {
        struct load_call call = {.tenure = tenure, .first = first, .count = loader->count - first};
        if (call.count > KEYS_A_CALL) call.count = KEYS_A_CALL;
        for (size_t i = 0; i < call.count; i++) {
            loader->loads[first + i].first_page = loader->loads[first + i].end_page = 0;
            keys[i] = hy_key_member(&tenure->space, loader->loads[first + i].member->id);
        }
        send(tenure, keys, &call, state_answered);
    }
    hy_free(keys);
}

bool loader_step(struct hy_tenure *tenure) {
    struct hy_loader *loader = &tenure->loader;
    if (loader->phase != LOADER_AWAY || loader->open > 0 || !hy_store_connected(tenure->stage->store))
        return false;
    for (size_t i = 0; i < loader->count; i++)
        hy_member_reset(tenure->stage->brain, loader->loads[i].member);
    loader_start(tenure);
    return true;
}
