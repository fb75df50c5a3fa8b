// Due times: once a second the members that are due, and all of them again when the brain's idea of what is
// due has changed.
#include <stdio.h>

#include "common/base/memory.h"
#include "common/stage/tenure.h"

enum {
    CHECK_MS = 1000,
    TIMERS_A_CHECK = 500,
};

void names_keep(struct hy_names *names, const struct hy_bytes *values, size_t count) {
    if (count == 0) return;
    names->items = hy_calloc(count, sizeof *names->items);
    names->count = count;
    for (size_t i = 0; i < count; i++) {
        names->items[i] = hy_malloc(values[i].length + 1);
        memcpy(names->items[i], values[i].data, values[i].length);
        names->items[i][values[i].length] = '\0';
    }
}

void names_free(struct hy_names *names) {
    for (size_t i = 0; i < names->count; i++)
        hy_free(names->items[i]);
    hy_free(names->items);
    *names = (struct hy_names){0};
}

static void checked(void *context, const struct hy_store_answer *answer) {
    struct hy_tenure *tenure = context;
    tenure->checking = false;
    if (!tenure_request_done(tenure)) return;
    if (answer->status == HY_STORE_OK && watermark_good(tenure, answer->values[0]) &&
        tenure->timers.count == 0)
        names_keep(&tenure->timers, answer->values + 1, answer->count - 1);
}

static bool may_ask(const struct hy_tenure *tenure) {
    return tenure->phase == TENURE_RUNNING && !tenure->stage->draining &&
           hy_store_connected(tenure->stage->store);
}

// model: idle-look. Also on an idle partition: whether Redis still has what was projected.
void timers_step(struct hy_tenure *tenure) {
    struct hy_stage *stage = tenure->stage;
    if (!may_ask(tenure) || tenure->checking || stage->passed_ms - tenure->checked_at_ms < CHECK_MS) return;
    tenure->checked_at_ms = stage->passed_ms;
    tenure->checking = true;
    tenure->requests++;
    struct hy_bytes watermark_key = hy_key_bytes(&tenure->watermark_key);
    if (stage->brain->due == NULL) {
        hy_store_get(stage->store, &watermark_key, 1, checked, tenure);
        return;
    }
    struct hy_key timers = hy_key_timers(&tenure->space);
    hy_store_due(stage->store, watermark_key, hy_key_bytes(&timers), stage->now_ms, TIMERS_A_CHECK, checked,
                 tenure);
}

static void walked(void *context, const struct hy_store_answer *answer) {
    struct hy_tenure *tenure = context;
    tenure->review_asked = false;
    if (!tenure_request_done(tenure)) return;
    if (answer->status != HY_STORE_OK || answer->count < 2 || !watermark_good(tenure, answer->values[0]))
        return;
    snprintf(tenure->review_cursor, sizeof tenure->review_cursor, "%.*s", (int)answer->values[1].length,
             (const char *)answer->values[1].data);
    names_keep(&tenure->reviews, answer->values + 2, answer->count - 2);
    if (strcmp(tenure->review_cursor, "0") == 0)
        tenure->reviewed = tenure->reviewing; // but for these, which are next
}

// Redis does not know yet what these are due for: the walk would not meet them, or meet what they were.
static void review_unprojected(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    const struct hy_brain *brain = tenure->stage->brain;
    for (struct hy_member *member = projector->dirty; member != NULL; member = member->next_dirty)
        hy_member_review(brain, member);
    for (size_t i = 0; i < projector->sending_count; i++) {
        if (hy_member_review(brain, projector->sending[i])) projector_dirty(tenure, projector->sending[i]);
    }
}

// Everybody's due time, a step at a time, as soon as those of the step before are looked at. What is decided
// meanwhile is asked by the new idea anyway. A new owner walks again: it cannot know how far the last one
// came.
void review_step(struct hy_tenure *tenure) {
    const struct hy_brain *brain = tenure->stage->brain;
    if (brain->due_version == NULL || !may_ask(tenure) || tenure->review_asked || tenure->reviews.count > 0)
        return;
    uint64_t version = brain->due_version(brain->context);
    if (version == tenure->reviewed) return;
    if (version != tenure->reviewing) {
        tenure->reviewing = version;
        snprintf(tenure->review_cursor, sizeof tenure->review_cursor, "0");
        review_unprojected(tenure);
    }
    tenure->review_asked = true;
    tenure->requests++;
    struct hy_key timers = hy_key_timers(&tenure->space);
    hy_store_walk(tenure->stage->store, hy_key_bytes(&tenure->watermark_key), hy_key_bytes(&timers),
                  hy_bytes_of(tenure->review_cursor), walked, tenure);
}
