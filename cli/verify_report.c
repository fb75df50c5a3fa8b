// The table of checks at the end.
#include <inttypes.h>
#include <stdarg.h>

#include "cli/json.h"
#include "cli/verify.h"

const char *const verify_names[CHECK_COUNT] = {
    [CHECK_CHAIN] = "chain",         [CHECK_TIME] = "time",       [CHECK_POSITIONS] = "positions",
    [CHECK_HOME] = "home",           [CHECK_ENTRIES] = "entries", [CHECK_ONCE] = "once",
    [CHECK_EMISSIONS] = "emissions", [CHECK_LINES] = "lines",     [CHECK_RULES] = "rules",
    [CHECK_BALANCE] = "balance",     [CHECK_SUMS] = "sums",       [CHECK_BUDGETS] = "budgets",
    [CHECK_COUPONS] = "coupons",     [CHECK_TURNS] = "turns",     [CHECK_INPUTS] = "inputs",
    [CHECK_WATERMARK] = "watermark", [CHECK_TALLIES] = "tallies", [CHECK_STATES] = "states",
    [CHECK_PAGES] = "pages",         [CHECK_KEYS] = "keys",
};

static const char *const words[CHECK_COUNT] = {
    [CHECK_CHAIN] = "blocks dense and chained 区块连续、哈希链完整",
    [CHECK_TIME] = "recorded time never runs backwards 记录时间不倒退",
    [CHECK_POSITIONS] = "input positions only advance 输入位点只前进",
    [CHECK_HOME] = "members in their partition 会员在所属分区",
    [CHECK_ENTRIES] = "entries of a member dense 会员流水连续",
    [CHECK_ONCE] = "every input counts once 每笔输入只计一次",
    [CHECK_EMISSIONS] = "emissions dense 内部消息连续",
    [CHECK_LINES] = "lines add up to the points 明细积分之和",
    [CHECK_RULES] = "points follow from the rules 积分与规则相符",
    [CHECK_BALANCE] = "balances follow from postings 余额与流水相符",
    [CHECK_SUMS] = "sums over members 会员合计",
    [CHECK_BUDGETS] = "budgets never exceeded 预算未超出",
    [CHECK_COUPONS] = "coupons redeemed at most once 优惠券最多使用一次",
    [CHECK_TURNS] = "members once an occasion 每次活动每会员一次",
    [CHECK_INPUTS] = "every input left one record (--deep) 输入逐笔对账",
    [CHECK_WATERMARK] = "Redis is a prefix of the log Redis 水位在日志之内",
    [CHECK_TALLIES] = "totals in Redis Redis 中的合计",
    [CHECK_STATES] = "members in Redis Redis 中的会员",
    [CHECK_PAGES] = "receipt pages in Redis Redis 中的流水页",
    [CHECK_KEYS] = "no other keys in Redis Redis 中无多余的键",
};

void verify_fault(struct verify *verify, enum verify_check check, const char *format, ...) {
    struct verify_result *result = &verify->results[check];
    if (result->faults++ > 0) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->first, sizeof result->first, format, arguments);
    va_end(arguments);
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
               result->faults, words[i]);
        if (result->faults > 0) printf("       first 首个: %s\n", result->first);
    }
    puts(verify_good(results) ? "verify: good 校验通过" : "verify: FAULTS FOUND 发现问题");
}

void verify_print_json(const struct verify_result *results, struct hy_buffer *out) {
    hy_buffer_printf(out, "\"good\":%s,\"checks\":[", verify_good(results) ? "true" : "false");
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const struct verify_result *result = &results[i];
        hy_buffer_printf(out, "%s{\"check\":\"%s\",\"checked\":%" PRIu64 ",\"faults\":%" PRIu64 ",\"first\":",
                         i == 0 ? "" : ",", verify_names[i], result->checked, result->faults);
        json_text(out, result->first);
        hy_buffer_add(out, "}", 1);
    }
    hy_buffer_add(out, "]", 1);
}
