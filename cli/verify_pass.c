// One log, in as many passes as its members need. A pass, which works while the services run:
//   1 the watermarks in Redis, then the log up to them
//   2 members, pages, timers, answers and keys in Redis; what is newer than the fold waits
//   3 the log up to its end, comparing what waits when the fold comes by
// A pass whose members do not fit is given up, and comes again as two.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "common/base/memory.h"

// Up to the watermark; a watermark that lies beyond the end is a fault.
static void bound_spans(struct verify *verify) {
    for (size_t i = 0; i < verify->count; i++) {
        struct verify_part *part = &verify->parts[i];
        struct kafka_span *span = &verify->spans[i];
        const struct verify_where begin = {part->partition, 0, VERIFY_WHOLE_BLOCK, span->from};
        if (span->from > 0) {
            verify_fault(verify, CHECK_CHAIN, &begin,
                         "the messages before this offset were removed / 此前的消息已被删除");
            part->broken = true;
        }
        if (!part->has_watermark || part->watermark.seq == 0) {
            span->to = span->from;
        } else if (part->watermark.offset >= span->to) {
            verify_fault(verify, CHECK_WATERMARK, NULL,
                         "partition %" PRIu32 ": Redis is at offset %" PRId64 ", the log ends at %" PRId64
                         " / Redis 位于 %" PRId64 "，日志止于 %" PRId64,
                         part->partition, part->watermark.offset, span->to, part->watermark.offset, span->to);
            part->lost_end = true; // read all the same: something before may be the reason
        } else {
            span->to = part->watermark.offset + 1;
        }
        if (part->broken) span->to = span->from;
    }
}

// --- sums over members ---

static void check_state(struct verify *verify, const struct verify_part *part,
                        const struct verify_member *member) {
    const char *why = "";
    verify_count(verify, CHECK_SUMS, 1);
    if (verify->brain->check != NULL &&
        !verify->brain->check(verify->brain->context, hy_member_state(member->member), &why))
        verify_fault(verify, CHECK_SUMS, NULL, "member %s (partition %" PRIu32 "): %s / 会员状态自相矛盾",
                     member->member->id, part->partition, why);
}

// Of this share, as they stand where the first pass ended.
void verify_sum_members(struct verify *verify, const struct verify_part *part) {
    struct verify_end *end = &verify->ends[part->partition];
    size_t cursor = 0;
    const struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        check_state(verify, part, member);
        if (verify->ledger->add != NULL) verify->ledger->add(verify, part, member, end->share);
    }
}

static void compare_sums(struct verify *verify, uint32_t partition) {
    const struct verify_end *end = &verify->ends[partition];
    for (size_t i = 0; i < verify->brain->tally_count; i++) {
        if ((verify->ledger->summed >> i & 1) == 0 || !end->good || end->sums[i] == end->tallies[i]) continue;
        verify_fault(verify, CHECK_SUMS, NULL,
                     "partition %" PRIu32 ": %s is %" PRId64 " by the records, %" PRId64
                     " over the members / 按流水为 %" PRId64 "，按会员合计为 %" PRId64,
                     partition, verify->brain->tallies[i], end->tallies[i], end->sums[i], end->tallies[i],
                     end->sums[i]);
    }
}

// --- the end of a pass ---

static void finish_part(struct verify *verify, struct verify_part *part) {
    size_t cursor = 0;
    struct verify_member *member;
    while ((member = hy_map_next(&part->members, &cursor)) != NULL) {
        if (member->waiting.data != NULL) verify_waiting(verify, part, member);
    }
    if (!verify->first) return;
    if (part->missing)
        verify_fault(
            verify, CHECK_WATERMARK, NULL,
            "partition %" PRIu32 ": nothing in Redis, but %" PRIu64
            " blocks in the log; `huiyuanctl rebuild` makes it / Redis 中没有数据，可用 rebuild 重建",
            part->partition, part->reader.seq);
    if (part->broken) return;
    struct verify_end *end = &verify->ends[part->partition];
    end->good = true;
    end->offset = part->reader.next_offset;
    memcpy(end->tallies, part->totals.tallies, sizeof end->tallies);
    verify_sum_members(verify, part);
}

static bool compare_with_redis(struct verify *verify, struct hy_store *store) {
    return verify_states(verify, store) && verify_pages(verify, store) && verify_timers(verify, store) &&
           verify_keys(verify, store);
}

static bool run_pass(struct verify *verify, struct hy_store *store) {
    if (!verify_watermarks(verify, store)) return false;
    verify->spans = kafka_spans(verify->cli, verify->brain->log, -1, &verify->count);
    if (verify->spans == NULL) return false;
    bound_spans(verify);
    if (!verify_read(verify, verify->spans)) return false;
    if (verify->too_big) return true;
    for (size_t i = 0; i < verify->count; i++)
        verify->parts[i].broken |= verify->parts[i].lost_end;
    if (!compare_with_redis(verify, store) || !verify_read_on(verify)) return false;
    if (verify->first && !verify_missing(verify, store)) return false;
    verify_keys_end(verify);
    verify_answers_end(verify);
    for (size_t i = 0; i < verify->count; i++)
        finish_part(verify, &verify->parts[i]);
    return !verify->deep || !verify->first || verify_inputs(verify);
}

// --- shares ---

struct shares {
    struct verify_share *items; // still to be done, the next one last
    size_t count, capacity;
};

static void push(struct shares *shares, uint32_t bits, uint32_t value) {
    if (shares->count == shares->capacity) {
        shares->capacity = shares->capacity == 0 ? 16 : shares->capacity * 2;
        shares->items = hy_realloc(shares->items, shares->capacity * sizeof *shares->items);
    }
    shares->items[shares->count++] = (struct verify_share){bits, value};
}

static void open_pass(struct verify *verify, struct verify_share share) {
    verify->share = share;
    verify->too_big = false;
    verify->weighed = verify->heaviest = 0;
    memset(verify->results, 0, sizeof verify->results);
    for (uint32_t p = 0; p < verify->count; p++) {
        verify_part_init(verify, p);
        memset(verify->ends[p].share, 0, sizeof verify->ends[p].share);
    }
}

static void close_pass(struct verify *verify) {
    for (uint32_t p = 0; p < verify->count; p++)
        verify_part_free(verify, &verify->parts[p]);
    verify_keys_forget();
    hy_free(verify->spans);
    verify->spans = NULL;
}

static void take_results(struct verify *verify, struct verify_result *sum, struct verify_summary *summary) {
    verify_results_add(sum, verify->results, true);
    for (size_t i = 0; i < verify->count; i++) {
        if (verify->first) summary->records += verify->parts[i].records;
        summary->members += verify->parts[i].members.count;
        for (size_t t = 0; t < HY_TALLIES_LIMIT; t++)
            verify->ends[i].sums[t] += verify->ends[i].share[t];
    }
    if (verify->first) verify_settled_keep(verify);
    summary->passes++;
    verify->first = false;
}

static void finish(struct verify *verify, struct verify_result *sum) {
    memset(verify->results, 0, sizeof verify->results);
    for (uint32_t p = 0; p < verify->count; p++)
        compare_sums(verify, p);
    verify_results_add(sum, verify->results, true);
    memcpy(verify->results, sum, sizeof verify->results);
}

bool verify_passes(struct verify *verify, struct hy_store *store, struct verify_summary *ret_summary) {
    struct shares shares = {0};
    struct verify_result sum[CHECK_COUNT] = {0};
    bool good = true;
    *ret_summary = (struct verify_summary){0};
    verify->first = true;
    verify->ends = hy_calloc(verify->count, sizeof *verify->ends);
    verify_memory_begin(verify);
    push(&shares, 0, 0);
    while (good && shares.count > 0) {
        struct verify_share share = shares.items[--shares.count];
        open_pass(verify, share);
        good = run_pass(verify, store);
        if (good && verify->too_big) {
            push(&shares, share.bits + 1, share.value | UINT32_C(1) << share.bits);
            push(&shares, share.bits + 1, share.value);
        } else if (good) {
            take_results(verify, sum, ret_summary);
        }
        close_pass(verify);
    }
    if (good) finish(verify, sum);
    hy_free(shares.items);
    hy_free(verify->ends);
    return good;
}
