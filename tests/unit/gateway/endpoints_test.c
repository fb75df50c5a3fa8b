// The endpoints, through HTTP, on a fake engine.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/contract/limits.h"
#include "proto/points.pb-c.h"
#include "proto/purchases.pb-c.h"
#include "services/gateway/request.h"
#include "tests/unit/gateway/fake_engine.h"
#include "tests/unit/gateway/fixture.h"

#define PURCHASE                                                                              \
    "{\"purchase_id\":\"P1\",\"member_id\":\"M1\",\"store_id\":\"S1\",\"channel\":\"STORE\"," \
    "\"occurred_at\":\"2026-01-02T03:04:05Z\",\"lines\":[{\"line_id\":\"1\",\"paid_fen\":1000}]}"

static int start_post(const char *headers, const char *body) {
    return send_json("POST", "/v1/purchases", headers, body);
}

static int post(const char *headers, const char *body) {
    return receive(start_post(headers, body));
}

TestSuite(endpoints, .init = fixture_begin, .fini = fixture_end, .timeout = 20);

// ---- purchases

static uint8_t answer_body[256];
static Huiyuan__V1__RecordName record = HUIYUAN__V1__RECORD_NAME__INIT;
static Huiyuan__V1__Answer answer = HUIYUAN__V1__ANSWER__INIT;

static void given_outcome(Huiyuan__V1__Outcome outcome, const char *code) {
    static char code_text[32], one[] = "1", purchase[] = "P1", member[] = "M1";
    Huiyuan__V1__LinePoints line = HUIYUAN__V1__LINE_POINTS__INIT;
    line.line_id = one;
    line.points = 10;
    Huiyuan__V1__LinePoints *lines[] = {&line};
    Huiyuan__V1__PointsAnswer points = HUIYUAN__V1__POINTS_ANSWER__INIT;
    points.purchase_id = purchase;
    points.member_id = member;
    points.points = 10;
    points.balance = 110;
    points.lines = lines;
    points.n_lines = 1;
    answer.body = (ProtobufCBinaryData){huiyuan__v1__points_answer__pack(&points, answer_body), answer_body};
    record.partition = 7;
    record.seq = 12;
    record.index = 3;
    answer.record = &record;
    answer.outcome = outcome;
    snprintf(code_text, sizeof code_text, "%s", code);
    answer.code = code_text;
    fake_engine.outcome = COMMAND_ANSWERED;
    fake_engine.answer = &answer;
}

#define POINTS_JSON                                                                                    \
    "{\"purchase_id\":\"P1\",\"member_id\":\"M1\",\"entry\":\"7-12-3\",\"points\":10,\"balance\":110," \
    "\"lines\":[{\"line_id\":\"1\",\"points\":10}]}"

Test(endpoints, an_accepted_purchase_is_answered_with_its_points) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    cr_assert_eq(post("", PURCHASE), 201);
    cr_assert_str_eq(body(), POINTS_JSON);
    cr_assert_not(has("Idempotent-Replayed"));
    cr_assert(has("Cache-Control: no-store\r\n"));
    cr_assert(has("X-Content-Type-Options: nosniff\r\n"));
}

Test(endpoints, a_retry_gets_the_same_bytes_and_a_header_that_says_so) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE, "");
    cr_assert_eq(post("", PURCHASE), 201);
    cr_assert_str_eq(body(), POINTS_JSON);
    cr_assert(has("Idempotent-Replayed: true\r\n"));
}

Test(endpoints, the_event_carries_what_was_posted_and_where_to_answer) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    fake_engine.hold = true;
    const char *trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    int fd = start_post(trace, PURCHASE);
    while (fake_engine.appends == 0)
        usleep(1000);
    usleep(20000); // until the handler has come back
    struct command_request held = fake_engine.request;
    cr_assert(hy_bytes_equal(held.key, hy_bytes_of("M1")));
    cr_assert_eq(held.partition, hy_partition_of(hy_bytes_of("M1"), PARTITIONS));
    cr_assert_eq(held.wait_ms, 5000);
    Huiyuan__V1__StoreEvent *event =
        huiyuan__v1__store_event__unpack(NULL, held.value.length, held.value.data);
    cr_assert_not_null(event);
    cr_assert_str_eq(event->reply_to, "gw-1");
    cr_assert_str_eq(event->command_id, held.command_id);
    cr_assert_eq(strncmp(event->traceparent, "00-0af7651916cd43dd8448eb211c80319c-", 36), 0);
    cr_assert_str_eq(event->purchase->purchase_id, "P1");
    cr_assert_eq(event->purchase->lines[0]->paid_fen, 1000);
    huiyuan__v1__store_event__free_unpacked(event, NULL);
    held.done(held.context, COMMAND_ANSWERED, &answer);
    cr_assert_eq(receive(fd), 201);
    cr_assert(has("00-0af7651916cd43dd8448eb211c80319c-"));
}

static void command_id_of(const char *text, char ret_id[HY_COMMAND_ID_BYTES]) {
    fake_engine.outcome = COMMAND_PENDING;
    cr_assert_eq(post("", text), 202);
    const char *location = strstr(response, "Location: /v1/commands/") + strlen("Location: /v1/commands/");
    snprintf(ret_id, HY_COMMAND_ID_BYTES, "%.*s", (int)strcspn(location, "\r"), location);
}

Test(endpoints, the_same_purchase_has_the_same_handle_and_another_one_another) {
    char first[HY_COMMAND_ID_BYTES], again[HY_COMMAND_ID_BYTES], other[HY_COMMAND_ID_BYTES];
    command_id_of(PURCHASE, first);
    command_id_of("{\"member_id\":\"M1\",\"purchase_id\":\"P1\",\"store_id\":\"S1\",\"channel\":\"STORE\","
                  "\"currency\":\"CNY\","
                  "\"occurred_at_ms\":1767323045000,\"lines\":[{\"paid_fen\":1000,\"line_id\":\"1\"}]}",
                  again);
    command_id_of("{\"member_id\":\"M1\",\"purchase_id\":\"P1\",\"store_id\":\"S1\",\"channel\":\"STORE\","
                  "\"occurred_at_ms\":1767323045000,\"lines\":[{\"paid_fen\":1001,\"line_id\":\"1\"}]}",
                  other);
    cr_assert_str_eq(first, again);
    cr_assert_str_neq(first, other);
}

Test(endpoints, what_is_not_known_in_time_can_be_read_later) {
    fake_engine.outcome = COMMAND_PENDING;
    cr_assert_eq(post("", PURCHASE), 202);
    cr_assert(has("Location: /v1/commands/"));
    cr_assert(has("Retry-After: 1\r\n"));
    cr_assert(has("\"status\":\"pending\""));
    cr_assert_not(has("Preference-Applied"));
}

Test(endpoints, who_prefers_not_to_wait_waits_only_for_kafka) {
    fake_engine.outcome = COMMAND_PENDING;
    cr_assert_eq(post("Prefer: respond-async\r\n", PURCHASE), 202);
    cr_assert(has("Preference-Applied: respond-async\r\n"));
    cr_assert_eq(fake_engine.request.wait_ms, 0);
    cr_assert_eq(post("Prefer: respond-async, wait=2\r\n", PURCHASE), 202);
    cr_assert_eq(fake_engine.request.wait_ms, 2000);
}

Test(endpoints, refusals_are_problems_of_their_code) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_CONFLICT, "id_reused");
    cr_assert_eq(post("", PURCHASE), 422);
    cr_assert(has("Content-Type: application/problem+json\r\n"));
    cr_assert(has("\"code\":\"id_reused\""));
    cr_assert(has("\"field\":\"purchase_id\""));
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED, "no_program");
    cr_assert_eq(post("", PURCHASE), 422);
    cr_assert(has("\"code\":\"no_program\""));
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE, "no_program");
    cr_assert_eq(post("", PURCHASE), 422);
    cr_assert(has("\"code\":\"no_program\""));
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_REJECTED, "some code of a newer version");
    cr_assert_eq(post("", PURCHASE), 500);
    cr_assert(has("\"code\":\"internal\""));
}

Test(endpoints, without_kafka_or_redis_it_is_503_and_a_retry_is_invited) {
    fake_engine.outcome = COMMAND_AWAY;
    cr_assert_eq(post("", PURCHASE), 503);
    cr_assert(has("Retry-After: 1\r\n"));
    fake_engine.store = HY_STORE_AWAY;
    cr_assert_eq(post("Idempotency-Key: K\r\n", PURCHASE), 503);
    cr_assert_eq(get("/v1/members/M1"), 503);
    cr_assert_eq(get("/v1/members/M1/entries"), 503);
    cr_assert_eq(get("/v1/commands/7-0123456789abcdef"), 503);
}

Test(endpoints, an_idempotency_key_stands_for_a_missing_purchase_id) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    const char *without =
        "{\"member_id\":\"M1\",\"store_id\":\"S1\",\"channel\":\"STORE\",\"occurred_at_ms\":1767323045000,"
        "\"lines\":[{\"line_id\":\"1\",\"paid_fen\":1000}]}";
    cr_assert_eq(post("", without), 422);
    cr_assert(has("\"code\":\"missing_field\""));
    cr_assert(has("\"field\":\"purchase_id\""));
    cr_assert_eq(fake_engine.appends, 0);
    cr_assert_eq(post("Idempotency-Key: \"K-9\"\r\n", without), 201);
    cr_assert_eq(fake_engine.appends, 1);
}

Test(endpoints, an_idempotency_key_is_bound_to_its_body) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    cr_assert_eq(post("Idempotency-Key: K\r\n", PURCHASE), 201);
    cr_assert_eq(post("Idempotency-Key: K\r\n", PURCHASE), 201);
    cr_assert_eq(
        post("Idempotency-Key: K\r\n",
             "{\"purchase_id\":\"P2\",\"member_id\":\"M1\",\"store_id\":\"S1\",\"channel\":\"STORE\","
             "\"occurred_at\":\"2026-01-02T03:04:05Z\",\"lines\":[{\"line_id\":\"1\",\"paid_fen\":1000}]}"),
        422);
    cr_assert(has("\"code\":\"idempotency_key_reused\""));
    cr_assert_eq(fake_engine.appends, 2);
}

Test(endpoints, what_breaks_the_contract_never_reaches_kafka) {
    cr_assert_eq(post("", "{"), 400);
    cr_assert_eq(post("", "[]"), 400);
    cr_assert_eq(post("", "{\"surprise\":1}"), 422);
    cr_assert_eq(post("Idempotency-Key: a b\r\n", PURCHASE), 422);
    cr_assert_eq(
        post("",
             "{\"purchase_id\":\"P1\",\"member_id\":\"M1\",\"store_id\":\"S1\",\"channel\":\"STORE\","
             "\"occurred_at\":\"2099-01-02T03:04:05Z\",\"lines\":[{\"line_id\":\"1\",\"paid_fen\":1000}]}"),
        422);
    cr_assert(has("\"code\":\"in_future\""));
    cr_assert_eq(request("POST", "/v1/purchases", "Content-Type: text/plain\r\nContent-Length: 0\r\n"), 415);
    cr_assert_eq(fake_engine.appends, 0);
}

Test(endpoints, more_than_the_limit_of_waiting_requests_are_sent_away) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    fake_engine.hold = true;
    struct command_request held[2];
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = start_post("", PURCHASE);
        while (fake_engine.appends <= i)
            usleep(1000);
        usleep(20000);
        held[i] = fake_engine.request;
    }
    cr_assert_eq(post("", PURCHASE), 429);
    cr_assert(has("Retry-After: 1\r\n"));
    for (int i = 0; i < 2; i++) {
        held[i].done(held[i].context, COMMAND_ANSWERED, &answer);
        cr_assert_eq(receive(fds[i]), 201);
    }
    fake_engine.hold = false;
    cr_assert_eq(post("", PURCHASE), 201);
}

// ---- commands

Test(endpoints, an_outcome_is_read_again_by_its_handle) {
    given_outcome(HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED, "");
    uint8_t packed[512];
    size_t size = huiyuan__v1__answer__pack(&answer, packed);
    struct hy_key_space space = {"t:", "points", 7};
    struct hy_key key = hy_key_answer(&space, "7-0123456789abcdef");
    fake_engine_put(hy_key_bytes(&key), hy_bytes(packed, size));
    cr_assert_eq(get("/v1/commands/7-0123456789abcdef"), 200);
    cr_assert_str_eq(body(), POINTS_JSON);
    cr_assert_eq(get("/v1/commands/7-0123456789abcdee"), 202);
    cr_assert(has("Retry-After: 1\r\n"));
}

Test(endpoints, what_is_no_handle_is_not_found) {
    const char *paths[] = {"/v1/commands/x",
                           "/v1/commands/16-0123456789abcdef",
                           "/v1/commands/7-0123456789abcde",
                           "/v1/commands/7-0123456789abcdeg",
                           "/v1/commands/",
                           "/v1/commands"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_assert_eq(get(paths[i]), 404, "%s", paths[i]);
}

// ---- members

enum { NOTE_BYTES = 64 };

struct ledger {
    Huiyuan__V1__Receipt receipts[256];
    uint8_t notes[256][NOTE_BYTES];
    char ids[256][24];
};

// Member M1 with entries numbered 1 … count, each worth its number; every tenth was declined.
static void given_entries(struct ledger *ledger, uint64_t count) {
    struct hy_key_space space = {"t:", "points", hy_partition_of(hy_bytes_of("M1"), PARTITIONS)};
    Huiyuan__V1__Receipt *pointers[256];
    for (uint64_t i = 0; i < count; i++) {
        Huiyuan__V1__Receipt *receipt = pointers[i] = &ledger->receipts[i];
        huiyuan__v1__receipt__init(receipt);
        Huiyuan__V1__PointsNote note = HUIYUAN__V1__POINTS_NOTE__INIT;
        note.points = (int64_t)i + 1;
        note.type = HUIYUAN__V1__ENTRY_TYPE__EARN;
        snprintf(ledger->ids[i], sizeof ledger->ids[i], "P%" PRIu64, i + 1);
        receipt->input_id = ledger->ids[i];
        receipt->entry = i + 1;
        receipt->event_time_ms = 1767323045000;
        receipt->seq = 100 + i;
        receipt->outcome = (i + 1) % 10 == 0 ? HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED
                                             : HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
        receipt->note =
            (ProtobufCBinaryData){huiyuan__v1__points_note__pack(&note, ledger->notes[i]), ledger->notes[i]};
    }
    uint8_t packed[4096];
    uint64_t pages = count / HY_PAGE_RECEIPTS;
    for (uint64_t page = 0; page < pages; page++) {
        Huiyuan__V1__ReceiptPage message = HUIYUAN__V1__RECEIPT_PAGE__INIT;
        message.n_receipts = HY_PAGE_RECEIPTS;
        message.receipts = &pointers[page * HY_PAGE_RECEIPTS];
        struct hy_key key = hy_key_page(&space, "M1", page);
        fake_engine_put(hy_key_bytes(&key),
                        hy_bytes(packed, huiyuan__v1__receipt_page__pack(&message, packed)));
    }
    Huiyuan__V1__PointsState points = HUIYUAN__V1__POINTS_STATE__INIT;
    points.balance = 1500;
    points.earned = 2000;
    points.spend_fen = 250000;
    points.purchases = count;
    points.last_purchase_at_ms = 1767323045000;
    uint8_t state[64];
    Huiyuan__V1__MemberState message = HUIYUAN__V1__MEMBER_STATE__INIT;
    message.seq = 99;
    message.entries = count;
    message.state = (ProtobufCBinaryData){huiyuan__v1__points_state__pack(&points, state), state};
    message.n_tail = count - pages * HY_PAGE_RECEIPTS;
    message.tail = &pointers[pages * HY_PAGE_RECEIPTS];
    struct hy_key key = hy_key_member(&space, "M1");
    fake_engine_put(hy_key_bytes(&key), hy_bytes(packed, huiyuan__v1__member_state__pack(&message, packed)));
}

static struct ledger ledger;

Test(endpoints, a_member_is_shown) {
    given_entries(&ledger, 3);
    cr_assert_eq(get("/v1/members/M1"), 200);
    cr_assert_str_eq(
        body(), "{\"member_id\":\"M1\",\"points\":{\"balance\":1500,\"earned\":2000},\"spend_fen\":250000,"
                "\"purchases\":3,\"last_purchase_at\":\"2026-01-02T03:04:05.000Z\"}");
    cr_assert(has("ETag: \"99-3\"\r\n"));
    cr_assert(has("Cache-Control: no-store\r\n"));
}

Test(endpoints, a_member_that_has_not_changed_is_not_sent_again) {
    given_entries(&ledger, 3);
    cr_assert_eq(request("GET", "/v1/members/M1", "If-None-Match: \"99-3\"\r\n"), 304);
    cr_assert_str_eq(body(), "");
    cr_assert_eq(request("GET", "/v1/members/M1", "If-None-Match: \"98-3\"\r\n"), 200);
}

Test(endpoints, an_unknown_or_impossible_member_is_not_found) {
    const char *paths[] = {
        "/v1/members/M2",
        "/v1/members/a%20b",
        "/v1/members/%E4%BC%9A",
        "/v1/members/a%2Fb",
        "/v1/members/1234567890123456789012345678901234567890123456789012345678901234567890",
        "/v1/members/",
        "/v1/members//entries",
        "/v1/members/M2/entries",
        "/v1/members/M1/entries/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        cr_assert_eq(get(paths[i]), 404, "%s", paths[i]);
        cr_assert(has("application/problem+json"));
    }
}

// Follows the cursors; returns how many entries were seen, and checks that they come newest first without a
// hole.
static int walk(const char *member_path, int limit, int newest) {
    char path[256];
    snprintf(path, sizeof path, "%s?limit=%d", member_path, limit);
    int seen = 0;
    int expected = newest;
    for (;;) {
        cr_assert_eq(get(path), 200);
        json_t *page = json_loads(body(), 0, NULL);
        size_t index;
        json_t *entry;
        json_array_foreach(json_object_get(page, "entries"), index, entry) {
            if (expected % 10 == 0) expected--;
            cr_assert_eq(json_integer_value(json_object_get(entry, "points")), expected);
            expected--;
            seen++;
        }
        const char *cursor = json_string_value(json_object_get(page, "next_cursor"));
        if (cursor != NULL) snprintf(path, sizeof path, "%s?limit=%d&cursor=%s", member_path, limit, cursor);
        json_decref(page);
        if (cursor == NULL) return seen;
    }
}

Test(endpoints, entries_come_newest_first_whatever_the_page_size) {
    given_entries(&ledger, 205);
    const int limits[] = {1, 7, 8, 9, 20, 99, 100};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        cr_assert_eq(walk("/v1/members/M1/entries", limits[i], 205), 205 - 20);
}

Test(endpoints, few_entries_and_exactly_full_pages_are_listed) {
    const uint64_t counts[] = {1, 7, 8, 9, 16};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        fake_engine_reset();
        given_entries(&ledger, counts[i]);
        int declined = (int)counts[i] / 10;
        cr_assert_eq(walk("/v1/members/M1/entries", 3, (int)counts[i]), (int)counts[i] - declined);
        cr_assert_eq(walk("/v1/members/M1/entries", 100, (int)counts[i]), (int)counts[i] - declined);
    }
}

Test(endpoints, an_entry_says_what_when_and_why) {
    given_entries(&ledger, 1);
    cr_assert_eq(get("/v1/members/M1/entries"), 200);
    uint32_t partition = hy_partition_of(hy_bytes_of("M1"), PARTITIONS);
    char expected[512];
    snprintf(expected, sizeof expected,
             "{\"member_id\":\"M1\",\"entries\":[{\"entry\":\"%" PRIu32
             "-100-0\",\"type\":\"EARN\",\"points\":1,"
             "\"balance_after\":0,\"occurred_at\":\"2026-01-02T03:04:05.000Z\",\"purchase_id\":\"P1\",\"line_"
             "points\":[]}],"
             "\"next_cursor\":null}",
             partition);
    cr_assert_str_eq(body(), expected);
}

Test(endpoints, new_entries_do_not_move_a_cursor) {
    given_entries(&ledger, 40);
    cr_assert_eq(get("/v1/members/M1/entries?limit=5"), 200);
    json_t *page = json_loads(body(), 0, NULL);
    char path[256];
    snprintf(path, sizeof path, "/v1/members/M1/entries?limit=5&cursor=%s",
             json_string_value(json_object_get(page, "next_cursor")));
    json_decref(page);
    cr_assert_eq(get(path), 200);
    static char before[4096];
    snprintf(before, sizeof before, "%s", body());
    fake_engine_reset();
    given_entries(&ledger, 77);
    cr_assert_eq(get(path), 200);
    cr_assert_str_eq(body(), before);
}

Test(endpoints, a_bad_limit_or_a_foreign_cursor_is_refused) {
    given_entries(&ledger, 40);
    const char *queries[] = {"limit=0", "limit=101",  "limit=x", "limit=-1",
                             "limit=",  "limit=0020", "cursor=", "cursor=AQAAAAAAAAAVAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "/v1/members/M1/entries?%s", queries[i]);
        cr_assert_eq(get(path), 422, "%s", queries[i]);
        cr_assert(has(strncmp(queries[i], "limit", 5) == 0 ? "\"field\":\"limit\"" : "\"field\":\"cursor\""));
    }
}

Test(endpoints, a_missing_page_is_never_shown_as_a_shorter_ledger) {
    given_entries(&ledger, 3);
    struct hy_key_space space = {"t:", "points", hy_partition_of(hy_bytes_of("M1"), PARTITIONS)};
    fake_engine_reset();
    Huiyuan__V1__MemberState message = HUIYUAN__V1__MEMBER_STATE__INIT;
    message.entries = 16;
    uint8_t packed[64];
    struct hy_key key = hy_key_member(&space, "M1");
    fake_engine_put(hy_key_bytes(&key), hy_bytes(packed, huiyuan__v1__member_state__pack(&message, packed)));
    cr_assert_eq(get("/v1/members/M1/entries"), 503);
}

// ---- the rest

Test(endpoints, wrong_methods_are_told_the_right_ones) {
    cr_assert_eq(get("/v1/purchases"), 405);
    cr_assert(has("Allow: POST\r\n"));
    cr_assert_eq(request("PUT", "/v1/members/M1", ""), 405);
    cr_assert(has("Allow: GET, HEAD, PATCH, DELETE\r\n"));
    cr_assert_eq(get("/nowhere"), 404);
}

Test(endpoints, head_is_get_without_a_body) {
    given_entries(&ledger, 3);
    cr_assert_eq(request("HEAD", "/v1/members/M1", ""), 200);
    cr_assert_str_eq(body(), "");
    cr_assert(has("ETag: \"99-3\"\r\n"));
    cr_assert_eq(request("HEAD", "/nowhere", ""), 404);
}

Test(endpoints, readiness_names_what_is_missing_and_liveness_does_not_care) {
    cr_assert_eq(get("/readyz"), 200);
    fake_engine.lacks = "redis";
    cr_assert_eq(get("/readyz"), 503);
    cr_assert(has("\"reason\":\"redis\""));
    cr_assert_eq(get("/livez"), 200);
    fake_engine.still_ms = 60000;
    cr_assert_eq(get("/livez"), 503);
    fake_engine.lacks = NULL;
    atomic_store(&gateway.draining, true);
    cr_assert_eq(get("/readyz"), 503);
    cr_assert(has("\"reason\":\"draining\""));
}

Test(endpoints, requests_are_counted_by_route_and_class) {
    get("/v1/members/M7");
    get("/v1/members/M8");
    get("/nowhere");
    cr_assert_eq(get("/metrics"), 200);
    cr_assert(has("\nhuiyuan_http_requests_total{method=\"GET\",route=\"/v1/members/"
                  "{member_id}\",status=\"4xx\"} 2\n"));
    cr_assert(has("\nhuiyuan_http_requests_total{method=\"other\",route=\"other\",status=\"4xx\"} 1\n"));
    cr_assert(has("\nhuiyuan_http_request_seconds_count 3\n"));
    cr_assert(has("\nhuiyuan_http_requests_pending 0\n"));
    const char *head = strstr(response, "# TYPE huiyuan_http_requests_total counter\n");
    cr_assert_not_null(head);
    cr_assert_null(strstr(head + 1, "# TYPE huiyuan_http_requests_total"));
}

Test(endpoints, the_document_is_served) {
    cr_assert_eq(get("/openapi.json"), 200);
    cr_assert(has("\"openapi\": \"3.1.0\""));
}
