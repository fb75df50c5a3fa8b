// The log by itself: every block and record is folded, and must agree with all before it.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "common/base/hash.h"
#include "common/base/memory.h"

static bool same_member(const void *value, const void *key) {
    return strcmp(((const struct verify_member *)value)->member->id, key) == 0;
}

struct verify_member *verify_member_find(const struct verify_part *part, const char *id) {
    return hy_map_find(&part->members, hy_hash64(hy_bytes_of(id)), same_member, id);
}

struct verify_member *verify_member_get(struct verify *verify, struct verify_part *part, const char *id) {
    uint64_t hash = hy_hash64(hy_bytes_of(id));
    struct verify_member *found = hy_map_find(&part->members, hash, same_member, id);
    if (found != NULL) return found;
    found = hy_calloc(1, sizeof *found);
    found->member = hy_member_new(verify->brain, id, hash);
    hy_map_add(&part->members, hash, found);
    return found;
}

const struct verify_ledger *verify_ledger_of(const char *log) {
    static const struct verify_ledger *const ledgers[] = {&verify_points, &verify_campaigns};
    for (size_t i = 0; i < sizeof ledgers / sizeof ledgers[0]; i++) {
        if (strcmp(log, ledgers[i]->log) == 0) return ledgers[i];
    }
    return NULL;
}

void verify_part_init(struct verify *verify, uint32_t partition) {
    struct verify_part *part = &verify->parts[partition];
    part->partition = partition;
    part->space = (struct hy_key_space){verify->cli->redis_prefix, verify->brain->log, partition};
    hy_reader_init(&part->reader);
    hy_map_init(&part->members);
    hy_map_init(&part->accepted);
    for (size_t s = 0; s < HY_SOURCES_LIMIT; s++)
        part->positions[s] = part->last_input[s] = -1;
}

void verify_part_free(const struct verify *verify, struct verify_part *part) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        hy_member_free(verify->brain, member->member);
        hy_free(member->page_hashes);
        hy_free((void *)(uintptr_t)member->waiting.data);
        hy_free(member);
    }
    hy_map_free(&part->members);
    hy_map_free(&part->accepted);
    hy_totals_free(&part->totals);
    hy_totals_free(&part->projected);
    hy_free(part->unsent);
    for (size_t s = 0; s < HY_SOURCES_LIMIT; s++)
        hy_free(part->inputs[s]);
}

// --- one record ---

struct at {
    struct verify_part *part;
    const Huiyuan__V1__Block *block;
    uint32_t index;
    char name[48]; // partition-seq-index
};

static void check_offset(struct verify *verify, const struct at *at, const Huiyuan__V1__Record *record) {
    struct verify_part *part = at->part;
    if (record->source == 0) return;
    verify_count(verify, CHECK_POSITIONS, 1);
    if (record->source > verify->brain->source_count) {
        verify_fault(verify, CHECK_POSITIONS, "%s: source %" PRIu32 " does not exist", at->name,
                     record->source);
        return;
    }
    size_t source = record->source - 1;
    int64_t input = verify_input(record->offset, record->source_index);
    if (input <= part->last_input[source])
        verify_fault(verify, CHECK_POSITIONS,
                     "%s: offset %" PRId64 " (%" PRIu32 ") of %s comes after %" PRId64, at->name,
                     record->offset, record->source_index, verify->brain->sources[source],
                     part->last_input[source] >> INPUT_INDEX_BITS);
    part->last_input[source] = input;
    if (!verify->deep) return;
    if (part->input_count[source] == part->input_capacity[source]) {
        part->input_capacity[source] =
            part->input_capacity[source] == 0 ? 1024 : part->input_capacity[source] * 2;
        part->inputs[source] =
            hy_realloc(part->inputs[source], part->input_capacity[source] * sizeof(int64_t));
    }
    part->inputs[source][part->input_count[source]++] = input;
}

static bool any(const void *value, const void *key) {
    (void)value;
    (void)key;
    return true;
}

// The same id with the same content is recognised for ever: within the window as a duplicate, and beyond it
// as too old. An id with other content may come again when the window has passed.
static void check_once(struct verify *verify, const struct at *at, const struct hy_member *member,
                       const Huiyuan__V1__Record *record) {
    if (record->input_class >= HY_CLASSES_LIMIT) return;
    verify_count(verify, CHECK_ONCE, 1);
    struct hy_buffer text;
    hy_buffer_init(&text, 4096);
    hy_buffer_printf(&text, "%s\n%s\n%" PRIu32 "\n%016" PRIx64, record->member_id, record->input_id,
                     record->input_class, record->content_hash);
    uint64_t hash = hy_hash64(hy_buffer_bytes(&text));
    hy_buffer_free(&text);
    bool before = hy_map_find(&at->part->accepted, hash, any, NULL) != NULL;
    const struct hy_receipt *receipt =
        hy_window_find(&member->window, record->input_class, hy_hash64(hy_bytes_of(record->input_id)));
    if (before || receipt != NULL)
        verify_fault(verify, CHECK_ONCE, "%s: %s of member %s was taken before", at->name, record->input_id,
                     record->member_id);
    if (!before) hy_map_add(&at->part->accepted, hash, at->part);
}

static void check_emissions(struct verify *verify, const struct at *at, const Huiyuan__V1__Record *record) {
    struct hy_totals *totals = &at->part->totals;
    for (size_t i = 0; i < record->n_emissions; i++) {
        const Huiyuan__V1__Emission *emission = record->emissions[i];
        uint64_t before = hy_marks_get(&totals->emitted, emission->to, emission->partition);
        verify_count(verify, CHECK_EMISSIONS, 1);
        if (emission->number != before + 1)
            verify_fault(verify, CHECK_EMISSIONS, "%s: emission %" PRIu64 " to %s/%" PRIu32 " after %" PRIu64,
                         at->name, emission->number, emission->to, emission->partition, before);
        hy_marks_raise(&totals->emitted, emission->to, emission->partition, emission->number);
    }
    if (record->taken == NULL) return;
    uint64_t before = hy_marks_get(&totals->taken, record->taken->log, record->taken->partition);
    verify_count(verify, CHECK_EMISSIONS, 1);
    if (record->taken->number != before + 1)
        verify_fault(verify, CHECK_EMISSIONS,
                     "%s: took emission %" PRIu64 " of %s/%" PRIu32 " after %" PRIu64, at->name,
                     record->taken->number, record->taken->log, record->taken->partition, before);
}

static void keep_page(const struct verify *verify, struct verify_member *member) {
    if (member->page_count == member->page_capacity) {
        member->page_capacity = member->page_capacity == 0 ? 4 : member->page_capacity * 2;
        member->page_hashes = hy_realloc(member->page_hashes, member->page_capacity * sizeof(uint64_t));
    }
    struct hy_member_page *page = member->member->pages;
    member->page_hashes[member->page_count++] = hy_hash64(hy_bytes(page->bytes, page->length));
    if (verify->keep_pages) return;
    hy_member_pages_free(page);
    member->member->pages = NULL;
}

static const ProtobufCMessage *body_of(struct verify *verify, const struct at *at,
                                       const Huiyuan__V1__Record *record) {
    if (record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return NULL;
    const ProtobufCMessage *body = protobuf_c_message_unpack(verify->brain->body, &verify->arena.protobuf,
                                                             record->body.len, record->body.data);
    if (body == NULL) {
        verify_fault(verify, CHECK_CHAIN, "%s: its body cannot be decoded", at->name);
        at->part->broken = true;
    }
    return body;
}

static void check_member(struct verify *verify, const struct at *at, const Huiyuan__V1__Record *record,
                         const ProtobufCMessage *body) {
    struct verify_member *found = verify_member_get(verify, at->part, record->member_id);
    verify_count(verify, CHECK_HOME, 1);
    if (hy_partition_of(hy_bytes_of(record->member_id), (uint32_t)verify->count) != at->part->partition)
        verify_fault(verify, CHECK_HOME, "%s: member %s belongs to another partition", at->name,
                     record->member_id);
    verify_count(verify, CHECK_ENTRIES, 1);
    if (record->entry != found->member->entries + 1)
        verify_fault(verify, CHECK_ENTRIES, "%s: entry %" PRIu64 " of member %s after %" PRIu64, at->name,
                     record->entry, record->member_id, found->member->entries);
    if (found->waiting.data != NULL && at->block->seq > found->waiting_seq)
        verify_waiting(verify, at->part, found);
    check_once(verify, at, found->member, record);
    const struct verify_ledger *ledger = verify_ledger_of(verify->brain->log);
    if (ledger != NULL && body != NULL) ledger->record(verify, at->part, found, at->name, record, body);
    struct hy_member_entry entry = {record, at->block->seq, at->index,
                                    hy_hash64(hy_bytes_of(record->input_id))};
    if (hy_member_apply(verify->brain, found->member, &entry, body)) keep_page(verify, found);
}

static void take_record(struct verify *verify, struct at *at, const Huiyuan__V1__Record *record) {
    struct verify_part *part = at->part;
    snprintf(at->name, sizeof at->name, "%" PRIu32 "-%" PRIu64 "-%" PRIu32, part->partition, at->block->seq,
             at->index);
    part->records++;
    check_offset(verify, at, record);
    check_emissions(verify, at, record);
    const ProtobufCMessage *body = body_of(verify, at, record);
    bool accepted = record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    if (part->broken) return;
    if (accepted && record->entry == 0)
        verify_fault(verify, CHECK_ENTRIES, "%s: accepted without an entry number", at->name);
    hy_totals_apply(&part->totals, verify->brain, record, body);
    if (record->entry > 0) check_member(verify, at, record, body);
}

// --- one block ---

static void check_positions(struct verify *verify, struct verify_part *part,
                            const Huiyuan__V1__Block *block) {
    for (size_t i = 0; i < block->n_positions; i++) {
        for (size_t s = 0; s < verify->brain->source_count; s++) {
            if (strcmp(block->positions[i]->topic, verify->brain->sources[s]) != 0) continue;
            // A block of another log may be taken in parts: then the next offset is still its own.
            int64_t next = block->positions[i]->next_offset;
            int64_t last = part->last_input[s] < 0 ? -1 : part->last_input[s] >> INPUT_INDEX_BITS;
            if (next < part->positions[s] || next < last || (next == last && block->positions[i]->taken == 0))
                verify_fault(verify, CHECK_POSITIONS,
                             "block %" PRIu32 "-%" PRIu64 ": position %" PRId64 " of %s after %" PRId64,
                             part->partition, block->seq, next, verify->brain->sources[s],
                             next < part->positions[s] ? part->positions[s] : last);
            part->positions[s] = next;
        }
    }
}

static bool has_emissions(const Huiyuan__V1__Block *block) {
    for (size_t i = 0; i < block->n_records; i++) {
        if (block->records[i]->n_emissions > 0) return true;
    }
    return false;
}

static void keep_unsent(struct verify_part *part, const Huiyuan__V1__Block *block) {
    size_t sent = 0;
    while (sent < part->unsent_count && part->unsent[sent].seq <= block->emitted_through)
        sent++;
    part->unsent_count -= sent;
    if (sent > 0) memmove(part->unsent, part->unsent + sent, part->unsent_count * sizeof *part->unsent);
    if (!has_emissions(block)) return;
    if (part->unsent_count == part->unsent_capacity) {
        part->unsent_capacity = part->unsent_capacity == 0 ? 8 : part->unsent_capacity * 2;
        part->unsent = hy_realloc(part->unsent, part->unsent_capacity * sizeof *part->unsent);
    }
    part->unsent[part->unsent_count++] = (struct hy_place){block->seq, part->reader.offset, block->claim};
}

static void take_block(struct verify *verify, struct verify_part *part, const Huiyuan__V1__Block *block) {
    verify_count(verify, CHECK_CHAIN, 1);
    verify_count(verify, CHECK_TIME, 1);
    if (block->recorded_at_ms < part->recorded_at_ms)
        verify_fault(verify, CHECK_TIME,
                     "block %" PRIu32 "-%" PRIu64 " was recorded before the one before it", part->partition,
                     block->seq);
    part->recorded_at_ms = block->recorded_at_ms;
    struct at at = {.part = part, .block = block};
    for (at.index = 0; at.index < block->n_records && !part->broken; at.index++)
        take_record(verify, &at, block->records[at.index]);
    check_positions(verify, part, block);
    part->last = (struct hy_place){block->seq, part->reader.offset, block->claim};
    keep_unsent(part, block);
}

// The block that the watermark names must be the one that stands there.
static void check_watermark(struct verify *verify, struct verify_part *part, const struct hy_read *read,
                            int64_t offset) {
    if (!part->has_watermark || offset != part->watermark.offset) return;
    verify_count(verify, CHECK_WATERMARK, 1);
    bool same = read->what == HY_READ_BLOCK && read->block->seq == part->watermark.seq &&
                read->block->claim == part->watermark.claim;
    if (!same)
        verify_fault(verify, CHECK_WATERMARK,
                     "partition %" PRIu32 ": Redis names block %" PRIu64 " at offset %" PRId64
                     ", where the log has another message",
                     part->partition, part->watermark.seq, offset);
    else
        verify_tallies(verify, part);
}

void verify_log_message(struct verify *verify, struct verify_part *part, const struct hy_message *message) {
    if (part->broken) return;
    hy_arena_reset(&verify->arena);
    struct hy_read read = hy_reader_take(&part->reader, message->offset, message->value, &verify->arena);
    if (read.what == HY_READ_CORRUPT) {
        verify_fault(verify, CHECK_CHAIN,
                     "partition %" PRIu32 " offset %" PRId64 " (after block %" PRIu64 "): %s",
                     part->partition, message->offset, part->reader.seq, read.reason);
        part->broken = true;
        return;
    }
    if (read.what == HY_READ_BLOCK) take_block(verify, part, read.block);
    check_watermark(verify, part, &read, message->offset);
}
