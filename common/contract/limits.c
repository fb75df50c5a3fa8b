#include "common/contract/limits.h"

#include <inttypes.h>
#include <string.h>

#define ID_FORM    "ASCII letters and digits and - _ . : @ + = ~"
#define ID_FORM_ZH "ASCII 字母、数字和 - _ . : @ + = ~"

// 2000-01-01 to 2100-01-01 UTC: whoever sends seconds, or microseconds, is told so.
#define EARLIEST_MS INT64_C(946684800000)
#define LATEST_MS   INT64_C(4102444800000)

// The protobuf enums count their values from 1 in this order; a unit test holds the names equal.
static const char *const CHANNELS[] = {"STORE", "ONLINE", "APP", "MINI_PROGRAM", "PARTNER", NULL};
static const char *const METHODS[] = {"CASH",      "CARD",        "WECHAT",       "ALIPAY", "OTHER_MONEY",
                                      "GIFT_CARD", "POINTS_PAID", "STORED_VALUE", NULL};

static const char *const LANGUAGES[] = {"zh", "en", NULL}; // as Language of members.proto

#define ID(of, name, what)                                                               \
    {                                                                                    \
        .message = of, .field = name, .type = HY_FIELD_TEXT, .required = true, .min = 1, \
        .max = HY_ID_LIMIT_BYTES, .form = ID_FORM, .form_zh = ID_FORM_ZH, .help = what,  \
        .text_form = HY_FORM_ID                                                          \
    }
#define OPTIONAL_ID(of, name, what)                                                              \
    {                                                                                            \
        .message = of, .field = name, .type = HY_FIELD_TEXT, .min = 1, .max = HY_ID_LIMIT_BYTES, \
        .form = ID_FORM, .form_zh = ID_FORM_ZH, .help = what, .text_form = HY_FORM_ID            \
    }
#define TEXT(of, name, bytes, what)                                                      \
    {                                                                                    \
        .message = of, .field = name, .type = HY_FIELD_TEXT, .max = bytes, .help = what, \
        .text_form = HY_FORM_TEXT                                                        \
    }
#define INTEGER(of, name, must, low, high, what)                                                           \
    {                                                                                                      \
        .message = of, .field = name, .type = HY_FIELD_INTEGER, .required = must, .min = low, .max = high, \
        .help = what                                                                                       \
    }
#define CHOICE(of, name, of_these, what)                                                     \
    {                                                                                        \
        .message = of, .field = name, .type = HY_FIELD_CHOICE, .required = true, .min = 1,   \
        .max = sizeof(of_these) / sizeof(of_these)[0] - 1, .help = what, .choices = of_these \
    }
#define LIST(of, name, must, low, high, what)                                                           \
    {                                                                                                   \
        .message = of, .field = name, .type = HY_FIELD_LIST, .required = must, .min = low, .max = high, \
        .help = what                                                                                    \
    }

// clang-format off
const struct hy_limit hy_limits[] = {
    [HY_LIMIT_PURCHASE_ID] = ID("Purchase", "purchase_id",
        "names the purchase; the same id of the same member is the same purchase"),
    [HY_LIMIT_MEMBER_ID] = ID("Purchase", "member_id", "who bought; also the key of the Kafka message"),
    [HY_LIMIT_STORE_ID] = ID("Purchase", "store_id", "where, also of an online shop"),
    [HY_LIMIT_CHANNEL] = CHOICE("Purchase", "channel", CHANNELS, "how"),
    [HY_LIMIT_OCCURRED_AT_MS] = INTEGER("Purchase", "occurred_at_ms", true, EARLIEST_MS, LATEST_MS,
        "when: Unix time in milliseconds; at most 24 hours ahead of the service's clock"),
    [HY_LIMIT_LINES] = LIST("Purchase", "lines", true, 1, HY_LINES_LIMIT,
        "what; each line_id once; together at most 1000000000 fen"),
    [HY_LIMIT_PAYMENTS] = LIST("Purchase", "payments", false, 0, HY_PAYMENTS_LIMIT,
        "how it was paid; none: all of it with money; otherwise they add up to the lines"),
    [HY_LIMIT_CURRENCY] = {.message = "Purchase", .field = "currency", .type = HY_FIELD_TEXT, .min = 3, .max = 3,
        .form = "three capital letters (ISO 4217)", .form_zh = "三个大写字母（ISO 4217）", .help = "empty: CNY", .text_form = HY_FORM_CURRENCY},
    [HY_LIMIT_LINE_ID] = ID("PurchaseLine", "line_id", "names the line within its purchase; a return refers to it"),
    [HY_LIMIT_SKU] = TEXT("PurchaseLine", "sku", 64, "the article"),
    [HY_LIMIT_CATEGORY] = TEXT("PurchaseLine", "category", 64, "as the program's rules name it"),
    [HY_LIMIT_BRAND] = TEXT("PurchaseLine", "brand", 64, "as the program's rules name it"),
    [HY_LIMIT_QUANTITY] = INTEGER("PurchaseLine", "quantity", false, 0, 1000000,
        "pieces; 0: not counted, for example weighed goods"),
    [HY_LIMIT_PAID_FEN] = INTEGER("PurchaseLine", "paid_fen", false, 0, HY_AMOUNT_LIMIT_FEN,
        "paid for the whole line after discounts, in fen (1/100 yuan)"),
    [HY_LIMIT_METHOD] = CHOICE("Payment", "method", METHODS, "GIFT_CARD and POINTS_PAID earn no points; all others are money"),
    [HY_LIMIT_AMOUNT_FEN] = INTEGER("Payment", "amount_fen", false, 0, HY_AMOUNT_LIMIT_FEN, "in fen (1/100 yuan)"),
    [HY_LIMIT_PHONE] = {.message = "NewMember", .field = "phone", .type = HY_FIELD_TEXT, .required = true, .min = 9, .max = 16,
        .form = "+ and 8 … 15 digits (E.164), or a Chinese mobile number of 11 digits",
        .form_zh = "+ 加 8 … 15 位数字（E.164），或 11 位中国手机号",
        .help = "who the member is: one phone, one member; it cannot be changed", .text_form = HY_FORM_ID},
    [HY_LIMIT_NAME] = TEXT("NewMember", "name", 120, "as the member wants to be called"),
    [HY_LIMIT_BIRTHDAY] = {.message = "NewMember", .field = "birthday", .type = HY_FIELD_TEXT, .min = 10, .max = 10,
        .form = "YYYY-MM-DD, from 1900 on, not in the future", .form_zh = "YYYY-MM-DD，1900 年起，不晚于今天", .help = "the day of birth", .text_form = HY_FORM_ID},
    [HY_LIMIT_EMAIL] = {.message = "NewMember", .field = "email", .type = HY_FIELD_TEXT, .min = 6, .max = 254,
        .form = "an address in ASCII: name@host.domain", .form_zh = "ASCII 邮箱地址：name@host.domain", .help = "where e-mail goes", .text_form = HY_FORM_TEXT},
    [HY_LIMIT_LANGUAGE] = {.message = "NewMember", .field = "language", .type = HY_FIELD_CHOICE, .min = 1, .max = 2,
        .help = "of messages; zh when not said", .choices = LANGUAGES},
    [HY_LIMIT_REDEEM_STORE_ID] = ID("Redemption", "store_id", "where the coupon is used"),
    [HY_LIMIT_REDEEM_PURCHASE_ID] = OPTIONAL_ID("Redemption", "purchase_id", "the purchase that it is used for"),
    [HY_LIMIT_REDEMPTION_ID] = OPTIONAL_ID("Redemption", "redemption_id",
        "names this use: the same one again is answered the same; required unless the request has an Idempotency-Key"),
};
// clang-format on

const size_t hy_limit_count = sizeof hy_limits / sizeof hy_limits[0];

const struct hy_limit *hy_limit_find(const char *message, const char *field) {
    for (size_t i = 0; i < hy_limit_count; i++) {
        const struct hy_limit *limit = &hy_limits[i];
        if (strcmp(limit->message, message) == 0 && strcmp(limit->field, field) == 0) return limit;
    }
    return NULL;
}
