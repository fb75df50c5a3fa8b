#include <criterion/criterion.h>

#include "services/gateway/prefer.h"
#include "services/gateway/trace.h"

static struct hy_arena arena;

static void begin(void) {
    hy_arena_init(&arena);
}

static void end(void) {
    hy_arena_free(&arena);
}

TestSuite(prefer, .init = begin, .fini = end);

Test(prefer, nothing_said_means_the_default) {
    struct prefer prefer = prefer_parse(NULL);
    cr_assert_not(prefer.respond_async);
    cr_assert_eq(prefer.wait_ms, -1);
    cr_assert_null(prefer_applied(&prefer, &arena));
}

Test(prefer, both_preferences_are_read_in_any_order_and_case) {
    const char *headers[] = {"respond-async, wait=3", "Wait=3,  RESPOND-ASYNC",
                             "handling=lenient,wait=3 ,respond-async"};
    for (size_t i = 0; i < 3; i++) {
        struct prefer prefer = prefer_parse(headers[i]);
        cr_assert(prefer.respond_async, "%s", headers[i]);
        cr_assert_eq(prefer.wait_ms, 3000, "%s", headers[i]);
        cr_assert_str_eq(prefer_applied(&prefer, &arena), "respond-async, wait=3");
    }
}

Test(prefer, a_long_wait_is_cut_and_says_so) {
    struct prefer prefer = prefer_parse("wait=86400");
    cr_assert_eq(prefer.wait_ms, PREFER_WAIT_LIMIT_MS);
    cr_assert_str_eq(prefer_applied(&prefer, &arena), "wait=20");
}

Test(prefer, what_is_not_understood_is_ignored) {
    const char *headers[] = {"wait=", "wait=x",  "wait=-1", "wait=1x", "respond-asynchronously",
                             ",,",    "wait = 1"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct prefer prefer = prefer_parse(headers[i]);
        cr_assert_not(prefer.respond_async, "%s", headers[i]);
        cr_assert_eq(prefer.wait_ms, -1, "%s", headers[i]);
    }
}

Test(prefer, an_idempotency_key_comes_bare_or_in_quotes) {
    const char *key = NULL;
    cr_assert(idempotency_key_parse("K-1", &arena, &key));
    cr_assert_str_eq(key, "K-1");
    cr_assert(idempotency_key_parse("\"8e03978e-40d5\"", &arena, &key));
    cr_assert_str_eq(key, "8e03978e-40d5");
}

Test(prefer, an_idempotency_key_that_is_no_id_is_refused) {
    const char *long_key = "12345678901234567890123456789012345678901234567890123456789012345";
    const char *keys[] = {"", "\"\"", "a b", "a/b", "\"a", "鍵", long_key};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *key = NULL;
        cr_assert_not(idempotency_key_parse(keys[i], &arena, &key), "%s", keys[i]);
        cr_assert_null(key);
    }
}

Test(prefer, json_is_known_by_its_media_type) {
    cr_assert(is_json("application/json"));
    cr_assert(is_json("Application/JSON ; charset=utf-8"));
    cr_assert_not(is_json(NULL));
    cr_assert_not(is_json("application/jsonp"));
    cr_assert_not(is_json("text/plain; application/json"));
}

Test(prefer, an_entity_tag_is_found_in_its_list) {
    cr_assert(etag_is_in("\"1-2\"", "\"1-2\""));
    cr_assert(etag_is_in("\"0-0\", W/\"1-2\"", "\"1-2\""));
    cr_assert(etag_is_in("*", "\"1-2\""));
    cr_assert_not(etag_is_in("\"1-22\"", "\"1-2\""));
    cr_assert_not(etag_is_in(NULL, "\"1-2\""));
    cr_assert_not(etag_is_in("", "\"1-2\""));
}

Test(trace, a_valid_trace_goes_on_with_a_new_span) {
    const char *incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    char mine[TRACEPARENT_BYTES];
    trace_take(incoming, mine);
    cr_assert_eq(strncmp(mine, incoming, 36), 0);
    cr_assert_neq(strncmp(mine + 36, incoming + 36, 16), 0);
    cr_assert_str_eq(mine + 52, "-00");
}

Test(trace, an_invalid_trace_is_replaced) {
    const char *bad[] = {NULL,
                         "",
                         "x",
                         "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                         "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                         "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                         "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                         "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
                         "00-0af7651916cd43dd8448eb211c8031\r\nb7ad6b7169203331----01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char mine[TRACEPARENT_BYTES];
        trace_take(bad[i], mine);
        cr_assert_eq(strlen(mine), 55);
        cr_assert_neq(strncmp(mine + 3, "0af7651916cd43dd8448eb211c80319c", 32), 0);
        char again[TRACEPARENT_BYTES];
        trace_take(mine, again); // what we make is valid ourselves
        cr_assert_eq(strncmp(mine, again, 36), 0);
    }
}
