// The log by itself: every block must agree with all before it, and its records are folded.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "common/base/hash.h"
#include "common/base/memory.h"

enum { SAVED_LIMIT_BYTES = 64 << 20 };

const struct verify_ledger *verify_ledger_of(const char *log) {
    static const struct verify_ledger *const ledgers[] = {&verify_members, &verify_points, &verify_tiers,
                                                          &verify_campaigns, &verify_deliveries};
    static const struct verify_ledger nothing;
    for (size_t i = 0; i < sizeof ledgers / sizeof ledgers[0]; i++) {
        if (strcmp(log, ledgers[i]->log) == 0) return ledgers[i];
    }
    return &nothing;
}

void verify_open(struct verify *verify) {
    verify->parts = hy_calloc(verify->count, sizeof *verify->parts);
    hy_arena_init(&verify->arena);
    hy_arena_init(&verify->scratch);
    hy_buffer_init(&verify->saved, SAVED_LIMIT_BYTES);
}

void verify_close(struct verify *verify) {
    hy_free(verify->parts);
    hy_arena_free(&verify->arena);
    hy_arena_free(&verify->scratch);
    hy_buffer_free(&verify->saved);
}

void verify_part_init(struct verify *verify, uint32_t partition) {
    struct verify_part *part = &verify->parts[partition];
    part->partition = partition;
    part->space = (struct hy_key_space){verify->cli->redis_prefix, verify->brain->log, partition};
    hy_reader_init(&part->reader);
    hy_map_init(&part->members);
    for (size_t s = 0; s < HY_SOURCES_LIMIT; s++)
        part->positions[s] = part->inputs[s].last = -1;
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
    seen_free(&part->accepted);
    seen_free(&part->answers);
    hy_totals_free(&part->totals);
    hy_totals_free(&part->projected);
    hy_free(part->unsent);
    for (size_t s = 0; s < HY_SOURCES_LIMIT; s++)
        hy_free(part->inputs[s].items);
    *part = (struct verify_part){0};
}

// --- one block ---

static struct verify_where place_of(const struct verify_part *part, const Huiyuan__V1__Block *block) {
    return (struct verify_where){part->partition, block->seq, VERIFY_WHOLE_BLOCK, part->reader.offset};
}

// A block of another log may be taken in parts: then the next offset is still its own.
static void check_position(struct verify *verify, struct verify_part *part, size_t source,
                           const Huiyuan__V1__Position *position, const struct verify_where *where) {
    int64_t next = position->next_offset;
    int64_t last = part->inputs[source].last < 0 ? -1 : part->inputs[source].last >> INPUT_INDEX_BITS;
    if (next < part->positions[source] || next < last || (next == last && position->taken == 0))
        verify_fault(
            verify, CHECK_POSITIONS, where,
            "position %" PRId64 " of %s after %" PRId64 " / 输入位点 %" PRId64 " 小于此前的 %" PRId64, next,
            verify->brain->sources[source], next < part->positions[source] ? part->positions[source] : last,
            next, next < part->positions[source] ? part->positions[source] : last);
    part->positions[source] = next;
}

static void check_positions(struct verify *verify, struct verify_part *part, const Huiyuan__V1__Block *block,
                            const struct verify_where *where) {
    for (size_t i = 0; i < block->n_positions; i++) {
        for (size_t s = 0; s < verify->brain->source_count; s++) {
            if (strcmp(block->positions[i]->topic, verify->brain->sources[s]) == 0)
                check_position(verify, part, s, block->positions[i], where);
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

// A record is approached in steps, so that what it needs is in the cache when it is taken: how many records
// ahead.
static const struct {
    size_t ahead;
    void (*step)(struct verify_at *at);
} STEPS[] = {
    {24, verify_record_prefetch_place},
    {16, verify_record_prefetch_member},
    {10, verify_record_prefetch_rest},
    {4, verify_record_prefetch_window},
    {0, verify_record},
};
enum { STEP_COUNT = sizeof STEPS / sizeof STEPS[0] };

static void take_records(struct verify *verify, struct verify_part *part, const Huiyuan__V1__Block *block) {
    size_t count = block->n_records;
    struct verify_at *all = hy_arena_alloc(&verify->arena, (count + 1) * sizeof *all);
    for (uint32_t i = 0; i < count; i++)
        all[i] = (struct verify_at){
            .verify = verify, .part = part, .block = block, .record = block->records[i], .index = i};
    part->records += count;
    for (size_t i = 0; i < count + STEPS[0].ahead && !part->broken; i++) {
        for (size_t s = 0; s < STEP_COUNT; s++) {
            size_t at = i + STEPS[s].ahead - STEPS[0].ahead; // below 0 it is beyond all
            if (at < count) STEPS[s].step(&all[at]);
        }
    }
}

static void take_block(struct verify *verify, struct verify_part *part, const Huiyuan__V1__Block *block) {
    const struct verify_where where = place_of(part, block);
    verify_count(verify, CHECK_CHAIN, 1);
    verify_count(verify, CHECK_TIME, 1);
    if (block->recorded_at_ms < part->recorded_at_ms)
        verify_fault(verify, CHECK_TIME, &where,
                     "recorded at %" PRId64 ", before the block before it (%" PRId64
                     ") / 记录时间早于前一区块",
                     block->recorded_at_ms, part->recorded_at_ms);
    part->recorded_at_ms = block->recorded_at_ms;
    take_records(verify, part, block);
    check_positions(verify, part, block, &where);
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
    const struct verify_where where = {part->partition, part->watermark.seq, VERIFY_WHOLE_BLOCK, offset};
    if (!same)
        verify_fault(verify, CHECK_WATERMARK, &where,
                     "Redis names this block, the log has another message here / Redis 所指的区块与日志不符");
    else
        verify_tallies(verify, part);
}

void verify_log_message(struct verify *verify, struct verify_part *part, const struct hy_message *message) {
    if (part->broken) return;
    hy_arena_reset(&verify->arena);
    struct hy_read read = hy_reader_take(&part->reader, message->offset, message->value, &verify->arena);
    if (read.what == HY_READ_CORRUPT) {
        const struct verify_where where = {part->partition, part->reader.seq + 1, VERIFY_WHOLE_BLOCK,
                                           message->offset};
        verify_fault(verify, CHECK_CHAIN, &where, "%s / 日志损坏：其后不再校验", read.reason);
        part->broken = true;
        return;
    }
    if (read.what == HY_READ_BLOCK) take_block(verify, part, read.block);
    check_watermark(verify, part, &read, message->offset);
}
