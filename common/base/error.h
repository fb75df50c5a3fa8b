// Errors are values, and every code stands once in this table: what to do with it, its HTTP status, its
// texts.
#pragma once

#include <stdbool.h>

// What the one who meets the error does with it.
enum hy_disposition {
    HY_REJECT, // the input is at fault: refuse it, keep it in dead-letters, go on
    HY_RETRY,  // the world is at fault: try again later
    HY_FATAL,  // going on could corrupt state: stop loudly
};

// X(name, disposition, HTTP status, English, Chinese). The wire name of a code is its name in lower case.
#define HY_CODES(X)                                                                                          \
    X(OK, HY_REJECT, 200, "ok", "成功")                                                                      \
    X(MALFORMED, HY_REJECT, 400, "the message cannot be decoded", "消息无法解析")                            \
    X(TOO_LARGE, HY_REJECT, 413, "the message is larger than the contract allows", "消息超过约定的大小上限") \
    X(MISSING_FIELD, HY_REJECT, 422, "a required field is missing or empty", "缺少必填字段")                 \
    X(INVALID_FIELD, HY_REJECT, 422, "a field is outside its allowed range or form",                         \
      "字段超出允许的范围或格式")                                                                            \
    X(UNKNOWN_FIELD, HY_REJECT, 422, "a field is not known", "未知字段")                                     \
    X(AMOUNT_MISMATCH, HY_REJECT, 422, "the payments do not add up to the lines",                            \
      "支付金额之和与明细金额之和不一致")                                                                    \
    X(TOO_OLD, HY_REJECT, 422, "older than the window in which duplicates are recognised",                   \
      "早于去重窗口，无法判断是否重复")                                                                      \
    X(IN_FUTURE, HY_REJECT, 422, "the event time lies in the future", "事件时间在未来")                      \
    X(ID_REUSED, HY_REJECT, 422, "this id was used before with other content", "该编号已被使用且内容不同")   \
    X(NO_PROGRAM, HY_REJECT, 422, "no program version was in effect at that time",                           \
      "当时没有生效的会员计划版本")                                                                          \
    X(CURRENCY_NOT_ACCEPTED, HY_REJECT, 422, "the program does not accept this currency",                    \
      "会员计划不接受该币种")                                                                                \
    X(OVERFLOW, HY_REJECT, 422, "the result would exceed the range of points", "结果超出积分的取值范围")     \
    X(EMISSION_GAP, HY_REJECT, 409, "an emission before this one is missing", "缺少此前的内部消息")          \
    X(NOT_FOUND, HY_REJECT, 404, "not found", "未找到")                                                      \
    X(METHOD_NOT_ALLOWED, HY_REJECT, 405, "method not allowed", "不支持该请求方法")                          \
    X(UNSUPPORTED_MEDIA_TYPE, HY_REJECT, 415, "the body must be application/json",                           \
      "请求体必须为 application/json")                                                                       \
    X(IDEMPOTENCY_KEY_REUSED, HY_REJECT, 422, "this Idempotency-Key was used with another body",             \
      "该 Idempotency-Key 已用于不同的请求体")                                                               \
    X(UNAUTHORIZED, HY_REJECT, 401, "an API key is required", "需要有效的 API 密钥")                         \
    X(FORBIDDEN, HY_REJECT, 403, "the role of this API key does not allow it", "该 API 密钥的角色无此权限")  \
    X(MEMBER_UNKNOWN, HY_REJECT, 404, "no such member is enrolled", "没有该会员")                            \
    X(MEMBER_ERASED, HY_REJECT, 410, "this member was erased", "该会员已被删除")                             \
    X(MEMBER_CHANGED, HY_REJECT, 412, "the member was changed meanwhile: read again",                        \
      "会员资料已被修改，请重新读取")                                                                        \
    X(COUPON_UNKNOWN, HY_REJECT, 404, "no such coupon", "没有该优惠券")                                      \
    X(COUPON_REDEEMED, HY_REJECT, 409, "the coupon was redeemed already", "该优惠券已被使用")                \
    X(COUPON_EXPIRED, HY_REJECT, 409, "the coupon has expired", "该优惠券已过期")                            \
    X(TOO_MANY_REQUESTS, HY_RETRY, 429, "too many requests; try again later", "请求过多，请稍后再试")        \
    X(UNAVAILABLE, HY_RETRY, 503, "a part of the system is not reachable; try again",                        \
      "系统的某个部分暂不可用，请重试")                                                                      \
    X(INTERNAL, HY_FATAL, 500, "an internal error", "内部错误")                                              \
    X(CORRUPT, HY_FATAL, 500, "a log or a stored state is corrupt", "日志或存储状态已损坏")

enum hy_code {
#define X(name, disposition, status, en, zh) HY_##name,
    HY_CODES(X)
#undef X
        HY_CODE_COUNT
};

// `field` and `detail` are static strings, or live as long as the arena that made the error; NULL when there
// is none.
struct hy_error {
    enum hy_code code;
    const char *field;  // path of the field at fault: "lines[2].paid_fen"
    const char *detail; // what would be right, in English and Chinese: "0 … 1000000000"
};

#define HY_NO_ERROR ((struct hy_error){HY_OK, NULL, NULL})

enum hy_disposition hy_code_disposition(enum hy_code code);
int hy_code_http_status(enum hy_code code);
const char *hy_code_name(enum hy_code code); // "too_old"
const char *hy_code_english(enum hy_code code);
const char *hy_code_chinese(enum hy_code code);
// False when no code has that wire name; then *ret_code is untouched.
bool hy_code_by_name(const char *name, enum hy_code *ret_code);
