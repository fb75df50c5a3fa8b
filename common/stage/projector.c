// Durable state → Redis. One projection at a time for each partition; what changes meanwhile is coalesced
// into the next. A projection is a few script calls of at most options.call_members members, each on
// condition of the old watermark; the last one moves it.
#include <stdio.h>

#include "common/base/memory.h"
#include "common/stage/tenure.h"
#include "proto/projection.pb-c.h"

enum {
    GATHER_MEMBERS = 10000, // changed by a partition that is behind before they are projected
    GATHER_MS = 1000,       // and for how long at most
    CEILING_BYTES = 256 * 1024 * 1024,
};

void projector_init(struct hy_projector *projector) {
    *projector = (struct hy_projector){0};
    projector->replies_end = &projector->replies;
    hy_buffer_init(&projector->expected, CEILING_BYTES);
    hy_buffer_init(&projector->opening, CEILING_BYTES);
    hy_buffer_init(&projector->next, CEILING_BYTES);
    hy_arena_init(&projector->arena);
}

size_t replies_free(struct hy_reply *reply) {
    size_t count = 0;
    for (; reply != NULL; count++) {
        struct hy_reply *next = reply->next;
        hy_free(reply);
        reply = next;
    }
    return count;
}

void projector_free(struct hy_projector *projector) {
    replies_free(projector->replies);
    replies_free(projector->replies_sending);
    hy_buffer_free(&projector->expected);
    hy_buffer_free(&projector->opening);
    hy_buffer_free(&projector->next);
    hy_arena_free(&projector->arena);
    hy_free(projector->sending);
}

void projector_dirty(struct hy_tenure *tenure, struct hy_member *member) {
    struct hy_projector *projector = &tenure->projector;
    if (member->dirty) return;
    member->dirty = true;
    member->next_dirty = projector->dirty;
    projector->dirty = member;
    projector->dirty_count++;
}

void projector_replies(struct hy_tenure *tenure, struct hy_reply *first, struct hy_reply **end) {
    if (first == NULL) return;
    for (const struct hy_reply *reply = first; reply != NULL; reply = reply->next)
        tenure->projector.reply_count++;
    *tenure->projector.replies_end = first;
    tenure->projector.replies_end = end;
}

bool reply_due(const Huiyuan__V1__Record *record) {
    return record->command_id[0] != '\0' && record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_FORWARDED &&
           record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_REPEATED;
}

struct hy_reply *reply_new(const Huiyuan__V1__Record *record, const struct hy_place *block,
                           uint32_t partition, uint32_t index, int64_t recorded_at_ms) {
    Huiyuan__V1__RecordName name = HUIYUAN__V1__RECORD_NAME__INIT;
    name.partition = partition;
    name.seq = block->seq;
    name.index = index;
    Huiyuan__V1__Answer answer = HUIYUAN__V1__ANSWER__INIT;
    answer.command_id = record->command_id;
    answer.outcome = record->outcome;
    answer.code = record->code;
    answer.field = record->field;
    answer.record = record->original != NULL ? record->original : &name;
    answer.body = record->answer;
    answer.recorded_at_ms = recorded_at_ms;
    size_t size = huiyuan__v1__answer__get_packed_size(&answer);
    struct hy_reply *reply = hy_malloc(sizeof *reply + size);
    *reply = (struct hy_reply){.recorded_at_ms = recorded_at_ms, .length = (uint32_t)size};
    snprintf(reply->command_id, sizeof reply->command_id, "%s", record->command_id);
    snprintf(reply->reply_to, sizeof reply->reply_to, "%s", record->reply_to);
    huiyuan__v1__answer__pack(&answer, reply->bytes);
    return reply;
}

// What one call is made of.
struct call {
    struct hy_store_set *sets;
    size_t set_count;
    struct hy_store_timer *timers;
    size_t timer_count;
    struct hy_store_publish *publishes;
    size_t publish_count;
};

static struct hy_bytes keep_key(struct hy_arena *arena, struct hy_key key) {
    return hy_arena_bytes(arena, hy_key_bytes(&key));
}

static void add_member(struct hy_tenure *tenure, struct call *call, struct hy_member *member,
                       struct hy_buffer *values) {
    struct hy_projector *projector = &tenure->projector;
    size_t start = values->length;
    hy_member_save(tenure->stage->brain, member, values);
    // The buffer may move while it grows: places now, pointers when the call is complete.
    call->sets[call->set_count++] = (struct hy_store_set){
        .key = keep_key(&projector->arena, hy_key_member(&tenure->space, member->id)),
        .value = {(const uint8_t *)start, values->length - start},
    };
    if (member->due_changed) {
        call->timers[call->timer_count++] = (struct hy_store_timer){hy_bytes_of(member->id), member->due_ms};
        member->due_changed = false;
    }
    member->dirty = false;
    member->projecting = true;
}

static void add_pages(struct hy_tenure *tenure, struct call *call, struct hy_member *member) {
    for (const struct hy_member_page *page = member->pages; page != NULL; page = page->next) {
        call->sets[call->set_count++] = (struct hy_store_set){
            .key = keep_key(&tenure->projector.arena, hy_key_page(&tenure->space, member->id, page->number)),
            .value = hy_bytes(page->bytes, page->length),
        };
    }
    member->pages_sending = member->pages;
    member->pages = NULL;
}

static void add_replies(struct hy_tenure *tenure, struct call *call) {
    struct hy_projector *projector = &tenure->projector;
    int64_t now_ms = tenure->stage->now_ms;
    for (const struct hy_reply *reply = projector->replies_sending; reply != NULL; reply = reply->next) {
        int64_t left_ms = reply->recorded_at_ms + HY_ANSWER_KEPT_MS - now_ms;
        struct hy_bytes value = hy_bytes(reply->bytes, reply->length);
        if (left_ms <= 0) continue;
        call->sets[call->set_count++] = (struct hy_store_set){
            keep_key(&projector->arena, hy_key_answer(&tenure->space, reply->command_id)), value, left_ms};
        if (reply->reply_to[0] != '\0')
            call->publishes[call->publish_count++] = (struct hy_store_publish){
                keep_key(&projector->arena,
                         hy_key_replies(tenure->stage->options.redis_prefix, reply->reply_to)),
                value};
    }
}

static void answered(void *context, const struct hy_store_answer *answer);

// A number that no other call leaves behind.
static uint64_t next_opening(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    if (tenure->claim + ++projector->openings == 0) projector->openings++;
    return tenure->claim + projector->openings;
}

static void open_further(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    struct hy_bytes base = hy_buffer_bytes(&projector->expected);
    if (projector->expected_open) base.length -= HY_OPENING_BYTES;
    hy_buffer_clear(&projector->opening);
    hy_watermark_open(base, next_opening(tenure), &projector->opening);
}

bool projector_is_opening(const struct hy_tenure *tenure, struct hy_bytes found) {
    const struct hy_projector *projector = &tenure->projector;
    struct hy_bytes last = hy_buffer_bytes(&projector->opening);
    if (last.length == 0 || found.length != last.length ||
        memcmp(found.data, last.data, last.length - HY_OPENING_BYTES) != 0)
        return false;
    uint64_t number = hy_watermark_opening(found) - tenure->claim;
    return number >= projector->first_opening && number <= projector->openings;
}

// model: calls-in-a-chain. Each call but the last leaves an opening in the watermark's place, and the next
// expects it there: so nobody else's calls fit in between, none of an earlier attempt that come late, and
// none of this one after another that failed.
static void send_call(struct hy_tenure *tenure, const struct call *call, bool last) {
    struct hy_projector *projector = &tenure->projector;
    struct hy_bytes expected =
        hy_arena_bytes(&projector->arena,
                       hy_buffer_bytes(projector->open == 0 ? &projector->expected : &projector->opening));
    if (!last) open_further(tenure);
    struct hy_key timers = hy_key_timers(&tenure->space);
    struct hy_store_projection projection = {
        .watermark_key = hy_key_bytes(&tenure->watermark_key),
        .expected = expected,
        .next = hy_buffer_bytes(last ? &projector->next : &projector->opening),
        .sets = call->sets,
        .set_count = call->set_count,
        .timer_key = hy_key_bytes(&timers),
        .timers = call->timers,
        .timer_count = call->timer_count,
        .publishes = call->publishes,
        .publish_count = call->publish_count,
    };
    projector->open++;
    tenure->requests++;
    hy_store_project(tenure->stage->store, &projection, answered, tenure);
}

static size_t pages_of(struct hy_member *const *members, size_t count) {
    size_t pages = 0;
    for (size_t i = 0; i < count; i++) {
        for (const struct hy_member_page *page = members[i]->pages; page != NULL; page = page->next)
            pages++;
    }
    return pages;
}

static void send_members(struct hy_tenure *tenure, struct hy_member **members, size_t count, bool last) {
    struct hy_projector *projector = &tenure->projector;
    struct hy_arena *arena = &projector->arena;
    size_t replies = 0;
    for (const struct hy_reply *reply = projector->replies_sending; last && reply != NULL;
         reply = reply->next)
        replies++;
    struct call call = {
        .sets = hy_arena_alloc(arena, (count + pages_of(members, count) + replies) * sizeof *call.sets),
        .timers = hy_arena_alloc(arena, count * sizeof *call.timers),
        .publishes = hy_arena_alloc(arena, replies * sizeof *call.publishes),
    };
    struct hy_buffer values;
    hy_buffer_init(&values, CEILING_BYTES);
    for (size_t i = 0; i < count; i++)
        add_member(tenure, &call, members[i], &values);
    for (size_t i = 0; i < call.set_count; i++)
        call.sets[i].value.data = values.data + (size_t)call.sets[i].value.data;
    for (size_t i = 0; i < count; i++)
        add_pages(tenure, &call, members[i]);
    if (last) add_replies(tenure, &call);
    if (values.failed)
        tenure_finish(tenure, TENURE_STOPPED, "the state of a member is larger than can be saved");
    else
        send_call(tenure, &call, last);
    hy_buffer_free(&values);
}

static void collect(struct hy_projector *projector) {
    if (projector->sending_capacity < projector->dirty_count) {
        projector->sending_capacity = projector->dirty_count * 2;
        projector->sending =
            hy_realloc(projector->sending, projector->sending_capacity * sizeof(struct hy_member *));
    }
    projector->sending_count = 0;
    for (struct hy_member *member = projector->dirty; member != NULL; member = member->next_dirty)
        projector->sending[projector->sending_count++] = member;
    projector->dirty = NULL;
    projector->dirty_count = 0;
    projector->replies_sending = projector->replies;
    projector->replies = NULL;
    projector->replies_end = &projector->replies;
    projector->sending_since_ms = projector->waiting_since_ms;
    projector->waiting_since_ms = 0;
}

// model: unique-watermarks. No two calls ever leave the same bytes, not even for the same block: so what
// an owner expects names all that Redis holds, and a call fits in one place only. (Members may be ahead of
// the watermark, some in one history and others in the next, after Redis lost its tail.)
static void open_next(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    struct hy_bytes base =
        hy_arena_bytes(&projector->arena, hy_buffer_bytes(&projector->next)); // the buffer is written anew
    hy_buffer_clear(&projector->next);
    hy_watermark_open(base, next_opening(tenure), &projector->next);
}

static void send(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    struct hy_place unsent = outbox_unsent(&tenure->outbox);
    collect(projector);
    hy_arena_reset(&projector->arena);
    projector->next_place =
        (struct hy_place){tenure->reader.seq, tenure->reader.offset, tenure->reader.seq_claim};
    hy_buffer_clear(&projector->next);
    hy_watermark_save(&projector->next_place, &unsent, &tenure->totals, tenure->stage->brain->tally_count,
                      &projector->next);
    hy_buffer_clear(&projector->opening);
    projector->first_opening = projector->openings + 1;
    open_next(tenure);
    projector->phase = PROJECTOR_SENDING;
    size_t first = 0;
    do {
        size_t count = projector->sending_count - first;
        bool last = count <= tenure->stage->options.call_members;
        if (!last) count = tenure->stage->options.call_members;
        send_members(tenure, projector->sending + first, count, last);
        first += count;
        if (last) break;
    } while (tenure->end == TENURE_NOT_ENDED);
}

static void done(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    for (size_t i = 0; i < projector->sending_count; i++) {
        projector->sending[i]->projecting = false;
        hy_member_pages_free(projector->sending[i]->pages_sending);
        projector->sending[i]->pages_sending = NULL;
    }
    hy_metrics_add(tenure->stage->metrics, METRIC_PROJECTED, (int64_t)projector->sending_count);
    projector->sending_count = 0;
    projector->reply_count -= replies_free(projector->replies_sending);
    projector->replies_sending = NULL;
    if (projector->sending_since_ms != 0)
        hy_metrics_observe_ns(tenure->stage->metrics, METRIC_VISIBLE_SECONDS,
                              (uint64_t)(tenure->stage->passed_ms - projector->sending_since_ms) * 1000000);
    projector->projected = projector->next_place;
    hy_buffer_clear(&projector->expected);
    hy_buffer_add(&projector->expected, projector->next.data, projector->next.length);
    projector->expected_open = true;
    projector->phase = PROJECTOR_IDLE;
}

// It did not happen, or not wholly: what it carried joins what has changed since.
static void undo(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    for (size_t i = 0; i < projector->sending_count; i++) {
        struct hy_member *member = projector->sending[i];
        struct hy_member_page **end = &member->pages;
        while (*end != NULL)
            end = &(*end)->next;
        *end = member->pages_sending;
        member->pages_sending = NULL;
        member->projecting = false;
        member->due_changed = tenure->stage->brain->due != NULL;
        projector_dirty(tenure, member);
    }
    projector->sending_count = 0;
    projector->waiting_since_ms = projector->sending_since_ms;
    struct hy_reply **end = &projector->replies_sending;
    while (*end != NULL)
        end = &(*end)->next;
    if (projector->replies != NULL)
        *end = projector->replies;
    else
        projector->replies_end = projector->replies_sending == NULL ? &projector->replies : end;
    projector->replies = projector->replies_sending;
    projector->replies_sending = NULL;
    projector->phase = PROJECTOR_IDLE;
}

static void answered(void *context, const struct hy_store_answer *answer) {
    struct hy_tenure *tenure = context;
    if (!tenure_request_done(tenure)) return;
    struct hy_projector *projector = &tenure->projector;
    projector->open--;
    if (answer->status == HY_STORE_STALE) {
        if (watermark_good(tenure, answer->values[0]))
            tenure_finish(tenure, TENURE_AGAIN, "Redis refused a projection");
        return;
    }
    if (answer->status == HY_STORE_AWAY)
        projector->phase = PROJECTOR_AWAY;
    else if (projector->open == 0 && projector->phase == PROJECTOR_SENDING)
        done(tenure);
}

// After Redis was away: its watermark says whether the projection happened.
static void asked(void *context, const struct hy_store_answer *answer) {
    struct hy_tenure *tenure = context;
    if (!tenure_request_done(tenure)) return;
    struct hy_projector *projector = &tenure->projector;
    projector->phase = PROJECTOR_AWAY;
    if (answer->status != HY_STORE_OK || !watermark_good(tenure, answer->values[0])) return;
    if (hy_bytes_equal(answer->values[0], hy_buffer_bytes(&projector->next))) {
        done(tenure);
        return;
    }
    if (projector_is_opening(tenure, answer->values[0])) { // cut off between calls
        hy_buffer_clear(&projector->expected);
        hy_buffer_add(&projector->expected, answer->values[0].data, answer->values[0].length);
        projector->expected_open = true;
    }
    undo(tenure);
}

static bool ask(struct hy_tenure *tenure) {
    struct hy_bytes key = hy_key_bytes(&tenure->watermark_key);
    tenure->projector.phase = PROJECTOR_ASKING;
    tenure->requests++;
    hy_store_get(tenure->stage->store, &key, 1, asked, tenure);
    return true;
}

// Due times have changed without a block.
static bool reviewed(const struct hy_tenure *tenure) {
    return tenure->phase == TENURE_RUNNING && tenure->projector.dirty_count > 0;
}

// Memory is the state after the reader's last block: no block is half decided, in flight, or half folded.
// model: only-durable-state
static bool consistent(const struct hy_tenure *tenure) {
    return tenure->folding == NULL && tenure->block.count == 0 && !loader_busy(tenure) &&
           (tenure->reader.seq > tenure->projector.projected.seq || reviewed(tenure)) &&
           tenure->phase >= TENURE_FOLDING && tenure->phase <= TENURE_RUNNING;
}

bool projector_idle(const struct hy_tenure *tenure) {
    return tenure->projector.phase == PROJECTOR_IDLE && !reviewed(tenure) &&
           tenure->reader.seq <= tenure->projector.projected.seq;
}

// A partition that is behind gathers the changes of several blocks, so that each member is written once for
// all of them.
static bool gathering(const struct hy_tenure *tenure) {
    const struct hy_projector *projector = &tenure->projector;
    return tenure->phase == TENURE_RUNNING && tenure->inbox.count >= tenure->stage->options.batch_inputs &&
           projector->replies == NULL && projector->dirty_count < GATHER_MEMBERS &&
           tenure->stage->passed_ms - projector->waiting_since_ms < GATHER_MS;
}

bool projector_step(struct hy_tenure *tenure) {
    struct hy_projector *projector = &tenure->projector;
    if (!hy_store_connected(tenure->stage->store)) return false;
    if (projector->phase == PROJECTOR_AWAY && projector->open == 0) return ask(tenure);
    if (projector->phase != PROJECTOR_IDLE || !consistent(tenure) || gathering(tenure)) return false;
    send(tenure);
    return true;
}
