#include <inttypes.h>
#include <string.h>

#include "cli/rebuild.h"
#include "cli/redis.h"
#include "common/base/memory.h"
#include "common/io/crypto.h"

enum {
    MEMBERS_A_CALL = 400,
    PAGES_A_CALL = 800,
    PUTS_AT_ONCE = 32, // then Redis is waited for
    CEILING_BYTES = 256 << 20,
};

void writer_init(struct writer *writer, struct verify *verify, struct hy_store *store) {
    *writer = (struct writer){.verify = verify, .store = store};
    hy_arena_init(&writer->arena);
    hy_buffer_init(&writer->found, CEILING_BYTES);
    hy_buffer_init(&writer->chain, CEILING_BYTES);
    hy_buffer_init(&writer->values, CEILING_BYTES);
}

void writer_free(struct writer *writer) {
    hy_arena_free(&writer->arena);
    hy_buffer_free(&writer->found);
    hy_buffer_free(&writer->chain);
    hy_buffer_free(&writer->values);
    hy_free(writer->dirty);
}

// --- where Redis stands ---

static void set(struct hy_buffer *buffer, struct hy_bytes bytes) {
    hy_buffer_clear(buffer);
    hy_buffer_add(buffer, bytes.data, bytes.length);
}

static void keep_found(struct writer *writer, struct hy_bytes found) {
    set(&writer->found, found);
    writer->place = (struct hy_place){0};
    if (found.length > 0) hy_watermark_load(found, &writer->place, NULL, NULL);
}

static void take_found(void *context, const struct hy_store_answer *answer) {
    keep_found(context, answer->values[0]);
}

// The next call is made on condition of what was found.
static void begin_from_found(struct writer *writer) {
    set(&writer->chain, hy_buffer_bytes(&writer->found));
    writer->begun_seq = writer->place.seq;
    writer->changed = false;
}

bool writer_look(struct writer *writer) {
    struct hy_key name = hy_key_watermark(&writer->part->space);
    struct hy_bytes key = hy_key_bytes(&name);
    if (!redis_get(writer->verify->cli, writer->store, &key, 1, take_found, writer)) return false;
    begin_from_found(writer);
    writer->streams = writer->found.length == 0;
    return true;
}

// --- one call ---

static void projected(void *context, const struct hy_store_answer *answer) {
    struct writer *writer = context;
    size_t count = writer->calls[0];
    memmove(writer->calls, writer->calls + 1, --writer->call_count * sizeof *writer->calls);
    writer->away |= answer->status == HY_STORE_AWAY;
    writer->opened |= answer->status == HY_STORE_OK;
    if (answer->status == HY_STORE_STALE) {
        writer->changed = true;
        keep_found(writer, answer->values[0]);
    } else if (answer->status == HY_STORE_OK) {
        for (size_t i = 0; i < count; i++)
            writer->dirty[writer->written++]->member->dirty = false;
        writer->unreported += count;
    }
}

// The watermark as it becomes: always with an opening, so that it differs from every earlier one.
static void make_next(const struct writer *writer, bool last, struct hy_buffer *next) {
    const struct verify_part *part = writer->part;
    struct hy_place unsent = part->unsent_count > 0 ? part->unsent[0] : (struct hy_place){0};
    struct hy_buffer bare;
    hy_buffer_init(&bare, CEILING_BYTES);
    if (last) {
        hy_watermark_save(&part->last, &unsent, &part->totals, writer->verify->brain->tally_count, &bare);
    } else {
        struct hy_bytes found = hy_buffer_bytes(&writer->chain);
        if (found.length > 0 && hy_watermark_is_open(found)) found.length -= HY_OPENING_BYTES;
        hy_buffer_add(&bare, found.data, found.length);
    }
    hy_watermark_open(hy_buffer_bytes(&bare), hy_random64() | 1, next);
    hy_buffer_free(&bare);
}

// All changes of one call, about `count` members, and the watermark with it.
static void send(struct writer *writer, const struct hy_store_projection *changes, size_t count, bool last) {
    struct hy_key watermark = hy_key_watermark(&writer->part->space);
    struct hy_key timers = hy_key_timers(&writer->part->space);
    struct hy_buffer next;
    hy_buffer_init(&next, CEILING_BYTES);
    make_next(writer, last, &next);
    struct hy_store_projection projection = *changes;
    projection.watermark_key = hy_key_bytes(&watermark);
    projection.expected = hy_buffer_bytes(&writer->chain);
    projection.next = hy_buffer_bytes(&next);
    projection.timer_key = hy_key_bytes(&timers);
    writer->calls[writer->call_count++] = count;
    hy_store_project(writer->store, &projection, projected, writer);
    set(&writer->chain, hy_buffer_bytes(&next));
    hy_buffer_free(&next);
}

static struct hy_bytes key_copy(struct writer *writer, struct hy_key key) {
    return hy_arena_bytes(&writer->arena, hy_key_bytes(&key));
}

// --- pages that are full ---

static void put(void *context, const struct hy_store_answer *answer) {
    struct writer *writer = context;
    writer->away |= answer->status == HY_STORE_AWAY;
}

static void put_pages(struct writer *writer) {
    struct hy_store_set sets[REBUILD_PAGES_AT_ONCE];
    if (writer->page_count == 0) return;
    hy_arena_reset(&writer->arena);
    for (size_t i = 0; i < writer->page_count; i++) {
        const struct hy_member_page *page = writer->pages[i].page;
        const char *id = writer->pages[i].member->id;
        sets[i] = (struct hy_store_set){
            .key = key_copy(writer, hy_key_page(&writer->part->space, id, page->number)),
            .value = hy_bytes(page->bytes, page->length)};
    }
    hy_store_put(writer->store, sets, writer->page_count, put, writer);
    for (size_t i = 0; i < writer->page_count; i++)
        hy_member_pages_free(writer->pages[i].page);
    writer->page_count = 0;
    redis_wait(writer->store, PUTS_AT_ONCE);
}

// Not before Redis has said that a watermark of ours is there.
void writer_take_page(struct writer *writer, struct hy_member *member) {
    static const struct hy_store_projection nothing;
    if (!writer->streams || writer->changed || writer->away) return;
    if (!writer->opened) {
        if (writer->call_count == 0) send(writer, &nothing, 0, false);
        return;
    }
    struct hy_member_page *page = member->pages;
    member->pages = page->next;
    page->next = NULL;
    writer->pages[writer->page_count++] = (struct writer_page){member, page};
    writer->pages_gone = true;
    if (writer->page_count == REBUILD_PAGES_AT_ONCE) put_pages(writer);
}

// --- members ---

static size_t count_pages(const struct hy_member *member) {
    size_t count = 0;
    for (const struct hy_member_page *page = member->pages; page != NULL; page = page->next)
        count++;
    return count;
}

static void add_member(struct writer *writer, struct hy_store_projection *projection,
                       struct hy_store_set *sets, struct hy_store_timer *timers,
                       const struct hy_member *member) {
    const struct hy_brain *brain = writer->verify->brain;
    size_t start = writer->values.length;
    hy_member_save(brain, member, &writer->values);
    struct hy_bytes value = hy_bytes(writer->values.data + start, writer->values.length - start);
    sets[projection->set_count++] =
        (struct hy_store_set){.key = key_copy(writer, hy_key_member(&writer->part->space, member->id)),
                              .value = hy_arena_bytes(&writer->arena, value)};
    for (const struct hy_member_page *page = member->pages; page != NULL; page = page->next)
        sets[projection->set_count++] = (struct hy_store_set){
            .key = key_copy(writer, hy_key_page(&writer->part->space, member->id, page->number)),
            .value = hy_bytes(page->bytes, page->length)};
    if (brain->due != NULL)
        timers[projection->timer_count++] = (struct hy_store_timer){hy_bytes_of(member->id), member->due_ms};
}

// How many of the members that wait go into one call.
static size_t call_size(const struct writer *writer, size_t *ret_sets) {
    size_t sets = 0;
    size_t count = 0;
    while (writer->sent + count < writer->dirty_count && count < MEMBERS_A_CALL &&
           (count == 0 || sets < PAGES_A_CALL))
        sets += 1 + count_pages(writer->dirty[writer->sent + count++]->member);
    *ret_sets = sets;
    return count;
}

static void send_members(struct writer *writer) {
    size_t sets_wanted;
    size_t count = call_size(writer, &sets_wanted);
    hy_arena_reset(&writer->arena);
    hy_buffer_clear(&writer->values);
    struct hy_store_set *sets = hy_arena_alloc(&writer->arena, (sets_wanted + 1) * sizeof *sets);
    struct hy_store_timer *timers = hy_arena_alloc(&writer->arena, (count + 1) * sizeof *timers);
    struct hy_store_projection projection = {.sets = sets, .timers = timers};
    for (size_t i = 0; i < count; i++)
        add_member(writer, &projection, sets, timers, writer->dirty[writer->sent + i]->member);
    writer->sent += count;
    writer->last_sent = writer->sent == writer->dirty_count;
    send(writer, &projection, count, writer->last_sent);
}

// Members changed after block `seq` have to be written, and those that were not before; others are as they
// should be.
static void collect(struct writer *writer, uint64_t seq) {
    size_t cursor = 0;
    struct verify_member *member;
    writer->dirty = hy_realloc(writer->dirty, (writer->part->members.count + 1) * sizeof(void *));
    writer->dirty_count = writer->sent = writer->written = 0;
    while ((member = hy_map_next(&writer->part->members, &cursor)) != NULL) {
        if ((!member->member->dirty && member->member->seq <= seq) || member->member->entries == 0) continue;
        member->member->dirty = true;
        writer->dirty[writer->dirty_count++] = member;
    }
    writer->collected = true;
    writer->last_sent = writer->part->reader.seq == 0; // nothing to say
}

size_t writer_step(struct writer *writer) {
    put_pages(writer);
    if (!writer->collected) collect(writer, 0);
    hy_store_poll(writer->store, 0);
    while (writer->call_count < REBUILD_CALLS_AT_ONCE && !writer->last_sent && !writer->changed &&
           !writer->away)
        send_members(writer);
    size_t written = writer->unreported;
    writer->unreported = 0;
    return written;
}

// An owner has gone on, or Redis was emptied meanwhile.
bool writer_catch_up(struct writer *writer) {
    redis_wait(writer->store, 0);
    if (writer->away) {
        redis_say_away(writer->verify->cli);
        return false;
    }
    if (writer->place.seq > writer->part->reader.seq && !verify_read_on(writer->verify)) return false;
    collect(writer, writer->place.seq < writer->begun_seq ? 0 : writer->begun_seq);
    begin_from_found(writer);
    return true;
}

// --- strays ---

bool writer_delete(struct writer *writer, const char *key) {
    struct hy_store_set stray = {.key = hy_bytes_of(key)};
    struct hy_store_projection projection = {.sets = &stray, .set_count = 1};
    if (writer->chain.length == 0) return redis_delete(writer->verify->cli, writer->store, &stray.key, 1);
    // Somebody may have moved the watermark: once more, with the one that is there now.
    for (int tries = 0; tries < 2; tries++) {
        send(writer, &projection, 0, false);
        redis_wait(writer->store, 0);
        if (!writer->changed) break;
        begin_from_found(writer);
    }
    if (writer->away) redis_say_away(writer->verify->cli);
    return !writer->away;
}
