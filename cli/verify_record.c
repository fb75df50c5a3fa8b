// One record of the log: it must agree with all that came before it, and is folded.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/base/prefetch.h"
#include "common/stage/reply.h"

static bool same_member(const void *value, const void *key) {
    return strcmp(((const struct verify_member *)value)->member->id, key) == 0;
}

struct verify_member *verify_member_find(const struct verify_part *part, const char *id) {
    return hy_map_find(&part->members, hy_hash64(hy_bytes_of(id)), same_member, id);
}

// --- the record by itself, and beside its neighbours ---

static void check_offset(const struct verify_at *at) {
    struct verify *verify = at->verify;
    const Huiyuan__V1__Record *record = at->record;
    if (record->source == 0) return;
    verify_count(verify, CHECK_POSITIONS, 1);
    if (record->source > verify->brain->source_count) {
        verify_record_fault(at, CHECK_POSITIONS,
                            "source %" PRIu32 ", of %zu / 来源编号 %" PRIu32 "，共 %zu 个", record->source,
                            verify->brain->source_count, record->source, verify->brain->source_count);
        return;
    }
    struct verify_inputs_seen *seen = &at->part->inputs[record->source - 1];
    int64_t input = verify_input(record->offset, record->source_index);
    if (input <= seen->last)
        verify_record_fault(at, CHECK_POSITIONS,
                            "input %s/%" PRIu32 "/%" PRId64 " (%" PRIu32 ") comes after %" PRId64
                            " / 输入位点 %" PRId64 " 出现在 %" PRId64 " 之后",
                            verify->brain->sources[record->source - 1], at->part->partition, record->offset,
                            record->source_index, seen->last >> INPUT_INDEX_BITS, record->offset,
                            seen->last >> INPUT_INDEX_BITS);
    const struct hy_topic *topic =
        verify->deep ? hy_topic_find(verify->brain->sources[record->source - 1]) : NULL;
    if (topic != NULL)
        verify_input_seen(seen, topic->is_log, input);
    else
        seen->last = input;
}

static void check_number(const struct verify_at *at, const char *what_en, const char *what_zh,
                         const char *log, uint32_t partition, uint64_t number, uint64_t before) {
    verify_count(at->verify, CHECK_EMISSIONS, 1);
    if (number == before + 1) return;
    verify_record_fault(at, CHECK_EMISSIONS,
                        "%s emission %" PRIu64 " %s/%" PRIu32 ", expected %" PRIu64 " / %s内部消息 %" PRIu64
                        "，应为 %" PRIu64,
                        what_en, number, log, partition, before + 1, what_zh, number, before + 1);
}

static void check_emissions(const struct verify_at *at) {
    const Huiyuan__V1__Record *record = at->record;
    struct hy_totals *totals = &at->part->totals;
    for (size_t i = 0; i < record->n_emissions; i++) {
        const Huiyuan__V1__Emission *emission = record->emissions[i];
        check_number(at, "sent", "发出", emission->to, emission->partition, emission->number,
                     hy_marks_get(&totals->emitted, emission->to, emission->partition));
        hy_marks_raise(&totals->emitted, emission->to, emission->partition, emission->number);
    }
    const Huiyuan__V1__EmissionMark *taken = record->taken;
    if (taken != NULL)
        check_number(at, "took", "收到", taken->log, taken->partition, taken->number,
                     hy_marks_get(&totals->taken, taken->log, taken->partition));
}

// The caller's answer, byte for byte as the stage keeps it in Redis.
static void keep_answer(const struct verify_at *at) {
    if (!reply_due(at->record)) return;
    uint64_t command_hash = hy_hash64(hy_bytes_of(at->record->command_id));
    if (!verify_is_ours(at->verify, command_hash)) return;
    struct hy_place place = {at->block->seq, 0, at->block->claim};
    struct hy_reply *reply =
        reply_new(at->record, &place, at->part->partition, at->index, at->block->recorded_at_ms);
    seen_add(&at->part->answers, seen_mix(command_hash, hy_hash64(hy_bytes(reply->bytes, reply->length))));
    hy_free(reply);
}

static void check_alone(const struct verify_at *at, const ProtobufCMessage *body) {
    check_offset(at);
    check_emissions(at);
    if (body != NULL && at->record->entry == 0)
        verify_record_fault(at, CHECK_ENTRIES, "accepted without an entry number / 已受理但没有流水号");
    hy_totals_apply(&at->part->totals, at->verify->brain, at->record, body);
}

// --- the member ---

// Its id decides where it lives, so it is enough to ask once.
static struct verify_member *new_member(const struct verify_at *at) {
    const char *id = at->record->member_id;
    struct verify_member *found = hy_calloc(1, sizeof *found);
    found->member = hy_member_new(at->verify->brain, id, at->member_hash);
    found->member->window.unindexed = at->verify->fold_only;
    hy_map_add(&at->part->members, at->member_hash, found);
    verify_count(at->verify, CHECK_HOME, 1);
    uint32_t home = hy_partition_of(hy_bytes_of(id), (uint32_t)at->verify->count);
    if (home != at->part->partition)
        verify_record_fault(at, CHECK_HOME,
                            "member %s belongs to partition %" PRIu32 " / 会员 %s 属于分区 %" PRIu32, id,
                            home, id, home);
    return found;
}

// The same id with the same content is recognised for ever: within the window as a duplicate, and beyond it
// as too old. An id with other content may come again when the window has passed.
static void check_once(const struct verify_at *at) {
    const Huiyuan__V1__Record *record = at->record;
    if (record->input_class >= HY_CLASSES_LIMIT) return;
    verify_count(at->verify, CHECK_ONCE, 1);
    struct hy_receipt receipt;
    bool recognised = hy_window_find(&at->member->member->window, record->input_class, record->input_id,
                                     at->id_hash, &receipt);
    if (!seen_add(&at->part->accepted, at->once_hash) || recognised)
        verify_record_fault(at, CHECK_ONCE, "%s of member %s was taken before / 会员 %s 的 %s 此前已计入",
                            record->input_id, record->member_id, record->member_id, record->input_id);
}

static void keep_page(const struct verify_at *at, struct verify_member *member) {
    const struct verify *verify = at->verify;
    if (verify->page_full != NULL) {
        verify->page_full(verify->context, at->part, member->member);
        return;
    }
    if (member->page_count == member->page_capacity) {
        member->page_capacity = member->page_capacity == 0 ? 4 : member->page_capacity * 2;
        member->page_hashes = hy_realloc(member->page_hashes, member->page_capacity * sizeof(uint64_t));
    }
    struct hy_member_page *page = member->member->pages;
    member->page_hashes[member->page_count++] = hy_hash64(hy_bytes(page->bytes, page->length));
    hy_member_pages_free(page);
    member->member->pages = NULL;
}

static void check_entry(const struct verify_at *at) {
    uint64_t entries = at->member->member->entries;
    verify_count(at->verify, CHECK_ENTRIES, 1);
    if (at->record->entry == entries + 1) return;
    verify_record_fault(at, CHECK_ENTRIES,
                        "entry %" PRIu64 " of member %s, expected %" PRIu64 " / 会员 %s 的流水号为 %" PRIu64
                        "，应为 %" PRIu64,
                        at->record->entry, at->record->member_id, entries + 1, at->record->member_id,
                        at->record->entry, entries + 1);
}

static void take_member(struct verify_at *at, const ProtobufCMessage *body) {
    struct verify *verify = at->verify;
    at->member = hy_map_find(&at->part->members, at->member_hash, same_member, at->record->member_id);
    if (at->member == NULL) at->member = new_member(at);
    check_entry(at);
    if (!verify->fold_only) {
        if (at->member->waiting.data != NULL && at->block->seq > at->member->waiting_seq)
            verify_waiting(verify, at->part, at->member);
        check_once(at);
        if (verify->ledger->record != NULL) verify->ledger->record(at, body);
    }
    struct hy_member_entry entry = {at->record, at->block->seq, at->index, at->id_hash};
    at->part->folded++;
    if (hy_member_apply(verify->brain, at->member->member, &entry, body)) keep_page(at, at->member);
    if (at->member->member->entries > verify->heaviest) verify->heaviest = at->member->member->entries;
}

// --- all of it ---

void verify_record_prefetch_place(struct verify_at *at) {
    at->member_hash = hy_hash64(hy_bytes_of(at->record->member_id));
    hy_map_prefetch(&at->part->members, at->member_hash);
    if (at->verify->fold_only) return;
    at->id_hash = hy_hash64(hy_bytes_of(at->record->input_id));
    at->once_hash =
        seen_mix(at->member_hash ^ at->id_hash * 3, at->record->content_hash + at->record->input_class);
    seen_prefetch(&at->part->accepted, at->once_hash);
}

void verify_record_prefetch_member(struct verify_at *at) {
    const struct verify_member *likely = hy_map_likely(&at->part->members, at->member_hash);
    if (likely != NULL) hy_prefetch(likely);
}

void verify_record_prefetch_rest(struct verify_at *at) {
    const struct verify_member *likely = hy_map_likely(&at->part->members, at->member_hash);
    if (likely != NULL) hy_member_prefetch(likely->member);
}

void verify_record_prefetch_window(struct verify_at *at) {
    const struct verify_member *likely = hy_map_likely(&at->part->members, at->member_hash);
    if (likely != NULL) hy_window_prefetch(&likely->member->window, at->id_hash);
}

void verify_record(struct verify_at *at) {
    struct verify *verify = at->verify;
    const Huiyuan__V1__Record *record = at->record;
    bool counts = record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    bool ours = record->entry > 0 && verify_is_ours(verify, at->member_hash);
    const ProtobufCMessage *body = NULL;
    hy_arena_reset(&verify->scratch);
    if (counts && (ours || verify->first)) {
        body = verify->fold_only ? hy_brain_folded(verify->brain, record, &verify->scratch)
                                 : hy_brain_body(verify->brain, record, &verify->scratch);
        if (body == NULL) {
            verify_record_fault(at, CHECK_CHAIN, "its body cannot be decoded / 流水内容无法解码");
            at->part->broken = true;
            return;
        }
    }
    if (verify->first) check_alone(at, body);
    if (!verify->fold_only) keep_answer(at);
    if (ours) take_member(at, body);
}
