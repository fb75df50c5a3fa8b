#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/contract/fixture.h"

static struct hy_arena arena;

static void init(void) {
    hy_arena_init(&arena);
}

static void fini(void) {
    hy_arena_free(&arena);
}

TestSuite(purchase_json, .init = init, .fini = fini);

static const char RIGHT[] =
    "{\"purchase_id\": \"sh-001-20261122-0007\", \"member_id\": \"m-1000042\", \"store_id\": \"sh-001\","
    " \"channel\": \"STORE\", \"occurred_at_ms\": 1795327200000, \"currency\": \"CNY\","
    " \"lines\": [{\"line_id\": \"1\", \"sku\": \"6901234567892\", \"category\": \"\\u62a4肤\", \"brand\": "
    "\"百雀羚\","
    "  \"quantity\": 2, \"paid_fen\": 12900},"
    " {\"paid_fen\": 4550, \"quantity\": 2, \"brand\": \"百雀羚\", \"category\": \"COSMETICS\", \"sku\": "
    "\"6901234567892\","
    "  \"line_id\": \"2\"},"
    " {\"line_id\": \"3\", \"sku\": \"6901234567892\", \"category\": \"GROCERY\", \"brand\": \"百雀羚\", "
    "\"quantity\": 2,"
    "  \"paid_fen\": 0}],"
    " \"payments\": [{\"method\": \"WECHAT\", \"amount_fen\": 17000}, {\"method\": \"GIFT_CARD\", "
    "\"amount_fen\": 450}]}";

// The right text with its first `from` replaced.
static const char *with(const char *from, const char *to) {
    const char *at = strstr(RIGHT, from);
    cr_assert(at != NULL, "the test's own text lacks %s", from);
    return hy_arena_printf(&arena, "%.*s%s%s", (int)(at - RIGHT), RIGHT, to, at + strlen(from));
}

static Huiyuan__V1__Purchase *then_read(const char *json) {
    Huiyuan__V1__Purchase *purchase = NULL;
    struct hy_error error = hy_purchase_from_json(hy_bytes_of(json), &arena, &purchase);
    cr_assert(error.code == HY_OK, "%s at %s: %s", hy_code_name(error.code), error.field, error.detail);
    return purchase;
}

static void then_refused(const char *json, enum hy_code code, const char *field) {
    Huiyuan__V1__Purchase *purchase = NULL;
    struct hy_error error = hy_purchase_from_json(hy_bytes_of(json), &arena, &purchase);
    cr_assert(error.code == code, "%s (%s) instead of %s: %.200s", hy_code_name(error.code), error.field,
              hy_code_name(code), json);
    cr_assert_eq(purchase, NULL);
    cr_assert(error.detail != NULL && *error.detail != '\0');
    if (field == NULL) {
        cr_assert_eq((void *)error.field, NULL);
    } else {
        cr_assert_str_eq((char *)error.field, (char *)field);
    }
}

Test(purchase_json, means_the_same_as_the_message) {
    Huiyuan__V1__Purchase *purchase = then_read(RIGHT);
    cr_assert_eq(hy_purchase_hash(purchase, &arena), hy_purchase_hash(right_purchase(&arena), &arena));
    cr_assert_eq((int)hy_purchase_check(purchase, &arena).code, HY_OK);
}

Test(purchase_json, fields_may_be_left_out) {
    Huiyuan__V1__Purchase *purchase = then_read("{}");
    cr_assert_eq((int)hy_purchase_check(purchase, &arena).code, HY_MISSING_FIELD);
    Huiyuan__V1__Purchase empty = HUIYUAN__V1__PURCHASE__INIT;
    cr_assert_eq(hy_purchase_hash(purchase, &arena), hy_purchase_hash(&empty, &arena));
}

Test(purchase_json, a_time_may_be_text) {
    Huiyuan__V1__Purchase *purchase = then_read(
        with("\"occurred_at_ms\": 1795327200000", "\"occurred_at\": \"2026-11-22T14:00:00+08:00\""));
    cr_assert_eq(purchase->occurred_at_ms, 1795327200000);
    then_refused(with("\"occurred_at_ms\": 1795327200000", "\"occurred_at\": \"2026-11-22T14:00:00\""),
                 HY_INVALID_FIELD, "occurred_at");
    then_refused(with("\"occurred_at_ms\": 1795327200000", "\"occurred_at\": 1795327200000"),
                 HY_INVALID_FIELD, "occurred_at");
    then_refused(with("\"occurred_at_ms\": 1795327200000",
                      "\"occurred_at_ms\": 1795327200000, \"occurred_at\": \"2026-11-22T14:00:00+08:00\""),
                 HY_INVALID_FIELD, "occurred_at");
}

Test(purchase_json, unknown_fields_are_named_with_their_path) {
    then_refused(with("\"store_id\"", "\"shop\""), HY_UNKNOWN_FIELD, "shop");
    then_refused(with("\"store_id\"", "\"\""), HY_UNKNOWN_FIELD, "\"\"");
    then_refused(with("\"sku\"", "\"SKU\""), HY_UNKNOWN_FIELD, "lines[0].SKU");
    then_refused(with("\"amount_fen\": 450", "\"amount\": 450"), HY_UNKNOWN_FIELD, "payments[1].amount");
    // Only a purchase has a time as text.
    then_refused(with("\"amount_fen\": 450", "\"occurred_at\": \"2026-11-22T14:00:00Z\""), HY_UNKNOWN_FIELD,
                 "payments[1].occurred_at");
    then_refused(hy_arena_printf(&arena, "{\"%s\": 1}", letters(&arena, 65)), HY_UNKNOWN_FIELD, "(…)");
}

Test(purchase_json, wrong_types_are_named_with_their_path) {
    static const struct {
        const char *from, *to, *field;
    } CASES[] = {
        {"\"m-1000042\"", "1000042", "member_id"},
        {"\"m-1000042\"", "null", "member_id"},
        {"\"STORE\"", "\"store\"", "channel"},
        {"\"STORE\"", "1", "channel"},
        {"\"STORE\"", "\"CHANNEL_UNSPECIFIED\"", "channel"},
        {"1795327200000", "\"1795327200000\"", "occurred_at_ms"},
        {"1795327200000", "1795327200000.0", "occurred_at_ms"},
        {"1795327200000", "1.7953272e12", "occurred_at_ms"},
        {"12900", "129.00", "lines[0].paid_fen"},
        {"12900", "true", "lines[0].paid_fen"},
        {"\"quantity\": 2", "\"quantity\": -1", "lines[0].quantity"},
        {"\"quantity\": 2", "\"quantity\": 4294967296", "lines[0].quantity"},
        {"\"quantity\": 2", "\"quantity\": 1.0", "lines[0].quantity"},
        {"\"GIFT_CARD\"", "\"GIFTCARD\"", "payments[1].method"},
        {"{\"method\": \"WECHAT\", \"amount_fen\": 17000}", "17000", "payments[0]"},
        {"{\"method\": \"WECHAT\", \"amount_fen\": 17000}", "[]", "payments[0]"},
        {"[{\"method\": \"WECHAT\", \"amount_fen\": 17000}, {\"method\": \"GIFT_CARD\", \"amount_fen\": "
         "450}]",
         "{}", "payments"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        then_refused(with(CASES[i].from, CASES[i].to), HY_INVALID_FIELD, CASES[i].field);
    }
}

Test(purchase_json, what_is_no_json_object_is_malformed) {
    static const char *const WRONG[] = {
        "",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{",
        "{\"lines\": [}",
        "{} {}",
        "{\"member_id\": \"\\u0000\"}",
        "{'a': 1}",
        "{\"member_id\": \"\xff\"}",
        "{\"occurred_at_ms\": 99999999999999999999}",
        "{\"occurred_at_ms\": NaN}",
        "{\"occurred_at_ms\": 01}",
        "{\"member_id\": \"a\",}",
        "\xef\xbb\xbf{}",
        "{\"member_id\": \"a\", \"member_id\": \"a\"}",
        "{\"lines\": [{\"sku\": \"a\", \"sku\": \"b\"}]}",
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        then_refused(WRONG[i], HY_MALFORMED, NULL);
    }
}

Test(purchase_json, depth_and_size_are_bounded) {
    char *deep = letters(&arena, 200000);
    memset(deep, '[', 200000);
    then_refused(deep, HY_MALFORMED, NULL);
    then_read("{\"member_id\": \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\\"[ {\"}");
    then_refused(letters(&arena, HY_MESSAGE_LIMIT_BYTES + 1), HY_TOO_LARGE, NULL);
}

Test(purchase_json, any_text_cut_short_or_with_one_byte_changed_is_read_or_refused_in_peace) {
    char text[sizeof RIGHT];
    for (size_t i = 0; i < sizeof RIGHT - 1; i++) {
        Huiyuan__V1__Purchase *purchase;
        memcpy(text, RIGHT, sizeof text);
        struct hy_error cut = hy_purchase_from_json(hy_bytes(text, i), &arena, &purchase);
        cr_assert_eq((int)cut.code, HY_MALFORMED);
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(RIGHT[i] ^ (1 << bit));
            purchase = NULL;
            struct hy_error error = hy_purchase_from_json(hy_bytes_of(text), &arena, &purchase);
            cr_assert((error.code == HY_OK) == (purchase != NULL));
            if (purchase != NULL) hy_purchase_check(purchase, &arena);
        }
        hy_arena_reset(&arena);
    }
}
