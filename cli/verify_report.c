// The table of checks at the end.
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/json.h"
#include "cli/verify.h"

static const struct {
    const char *name, *words;
    bool by_member;
} CHECKS[CHECK_COUNT] = {
    [CHECK_CHAIN] = {"chain", "blocks dense and chained 区块连续、哈希链完整", false},
    [CHECK_TIME] = {"time", "recorded time never runs backwards 记录时间不倒退", false},
    [CHECK_POSITIONS] = {"positions", "input positions only advance 输入位点只前进", false},
    [CHECK_HOME] = {"home", "members in their partition 会员在所属分区", true},
    [CHECK_ENTRIES] = {"entries", "entries of a member dense 会员流水连续", true},
    [CHECK_ONCE] = {"once", "every input counts once 每笔输入只计一次", true},
    [CHECK_EMISSIONS] = {"emissions", "emissions dense 内部消息连续", false},
    [CHECK_SETTLED] = {"settled", "what was taken was sent 收到的内部消息均已发出", false},
    [CHECK_LINES] = {"lines", "lines add up to the points 明细积分之和", true},
    [CHECK_RULES] = {"rules", "points follow from the rules 积分与规则相符", true},
    [CHECK_BALANCE] = {"balance", "balances follow from postings 余额与流水相符", true},
    [CHECK_SUMS] = {"sums", "sums over members 会员合计", true},
    [CHECK_TIERS] = {"tiers", "tiers follow from growth and spend 等级与成长值、消费相符", true},
    [CHECK_IDENTITIES] = {"identities", "members and what leads to them 会员与身份标识", true},
    [CHECK_BUDGETS] = {"budgets", "budgets never exceeded 预算未超出", true},
    [CHECK_COUPONS] = {"coupons", "coupons redeemed at most once 优惠券最多使用一次", true},
    [CHECK_TURNS] = {"turns", "members once an occasion 每次活动每会员一次", true},
    [CHECK_DELIVERIES] = {"deliveries", "messages sent by consent, once 消息经同意且只发一次", true},
    [CHECK_INPUTS] = {"inputs", "every input left one record (--deep) 输入逐笔对账", false},
    [CHECK_WATERMARK] = {"watermark", "Redis is a prefix of the log Redis 水位在日志之内", false},
    [CHECK_TALLIES] = {"tallies", "totals in Redis Redis 中的合计", false},
    [CHECK_STATES] = {"states", "members in Redis Redis 中的会员", true},
    [CHECK_PAGES] = {"pages", "receipt pages in Redis Redis 中的流水页", true},
    [CHECK_TIMERS] = {"timers", "timers in Redis are the due times Redis 中的定时与到期时间一致", true},
    [CHECK_ANSWERS] = {"answers", "answers in Redis are the records' Redis 中的答复与流水一致", true},
    [CHECK_KEYS] = {"keys", "no other keys in Redis Redis 中无多余的键", true},
};

static bool comes_before(const struct verify_where *a, const struct verify_where *b) {
    if (a->partition != b->partition) return a->partition < b->partition;
    if (a->seq != b->seq) return a->seq < b->seq;
    return a->index < b->index;
}

// What lies in the log comes first, by its place; else the words decide: the same in however many passes.
static bool is_earlier(const struct verify_result *result, const struct verify_where *where,
                       const char *words) {
    if (result->faults == 0 || (where != NULL) != result->has_where)
        return result->faults == 0 || where != NULL;
    return where != NULL ? comes_before(where, &result->where) : strcmp(words, result->first) < 0;
}

static void keep_first(struct verify_result *result, const struct verify_where *where, const char *words) {
    if (is_earlier(result, where, words)) {
        snprintf(result->first, sizeof result->first, "%s", words);
        result->has_where = where != NULL;
        if (where != NULL) result->where = *where;
    }
    result->faults++;
}

static void report(struct verify *verify, enum verify_check check, const struct verify_where *where,
                   const char *format, va_list arguments) {
    char words[sizeof verify->results[0].first];
    int length = 0;
    if (!verify->first && !CHECKS[check].by_member) return;
    if (where != NULL && where->index == VERIFY_WHOLE_BLOCK)
        length = snprintf(words, sizeof words, "block 区块 %s-%" PRIu32 "-%" PRIu64 ", offset %" PRId64 ": ",
                          verify->brain->log, where->partition, where->seq, where->offset);
    else if (where != NULL)
        length = snprintf(words, sizeof words,
                          "record 流水 %s-%" PRIu32 "-%" PRIu64 "-%" PRIu32 ", offset %" PRId64 ": ",
                          verify->brain->log, where->partition, where->seq, where->index, where->offset);
    vsnprintf(words + length, sizeof words - (size_t)length, format, arguments);
    keep_first(&verify->results[check], where, words);
}

void verify_fault(struct verify *verify, enum verify_check check, const struct verify_where *where,
                  const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(verify, check, where, format, arguments);
    va_end(arguments);
}

void verify_record_fault(const struct verify_at *at, enum verify_check check, const char *format, ...) {
    const struct verify_where where = {at->part->partition, at->block->seq, at->index,
                                       at->part->reader.offset};
    va_list arguments;
    va_start(arguments, format);
    report(at->verify, check, &where, format, arguments);
    va_end(arguments);
}

void verify_count(struct verify *verify, enum verify_check check, uint64_t count) {
    if (verify->first || CHECKS[check].by_member) verify->results[check].checked += count;
}

// Of several logs the first that has a fault is named.
void verify_results_add(struct verify_result *sum, const struct verify_result *more, bool same_log) {
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        uint64_t faults = sum[i].faults + more[i].faults;
        if (more[i].faults > 0 && (same_log || sum[i].faults == 0))
            keep_first(&sum[i], more[i].has_where ? &more[i].where : NULL, more[i].first);
        sum[i].checked += more[i].checked;
        sum[i].faults = faults;
    }
}

bool verify_good(const struct verify_result *results) {
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (results[i].faults > 0) return false;
    }
    return true;
}

void verify_print(const struct verify_result *results, bool deep) {
    printf("%-6s %12s %8s  %s\n", "", "CHECKED", "FAULTS", "CHECK");
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const struct verify_result *result = &results[i];
        if (i == CHECK_INPUTS && !deep) continue;
        printf("%-6s %12" PRIu64 " %8" PRIu64 "  %s\n", result->faults == 0 ? "ok" : "FAULT", result->checked,
               result->faults, CHECKS[i].words);
        if (result->faults > 0) printf("       first 首个: %s\n", result->first);
    }
    puts(verify_good(results) ? "verify: good 校验通过" : "verify: FAULTS FOUND 发现问题");
}

void verify_print_json(const struct verify_result *results, struct hy_buffer *out) {
    hy_buffer_printf(out, "\"good\":%s,\"checks\":[", verify_good(results) ? "true" : "false");
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const struct verify_result *result = &results[i];
        hy_buffer_printf(out, "%s{\"check\":\"%s\",\"checked\":%" PRIu64 ",\"faults\":%" PRIu64 ",\"first\":",
                         i == 0 ? "" : ",", CHECKS[i].name, result->checked, result->faults);
        json_text(out, result->first);
        hy_buffer_add(out, "}", 1);
    }
    hy_buffer_add(out, "]", 1);
}
