// GET /v1/members/{member_id}/entries: a member's ledger, newest first. The newest entries are with the
// member's state, the others in full pages that never change again; entries are numbered from 1, so a place
// in the list is a number, and new entries do not move it.
#include <stdlib.h>
#include <string.h>

#include "common/contract/limits.h"
#include "services/gateway/cursor.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/member_read.h"
#include "services/gateway/outcome.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"

enum {
    LIMIT_DEFAULT = 20,
    LIMIT_MAX = 100,
    PAGES_LIMIT = LIMIT_MAX / HY_PAGE_RECEIPTS + 2, // a list may begin and end inside a page
};

struct listing {
    uint64_t limit;
    uint64_t before;    // entries below this number; 0: from the newest on
    uint64_t low, high; // the numbers to show; none when low > high
    struct member_read *member;
    const Huiyuan__V1__MemberState *state;
    const Huiyuan__V1__PointsState *points;
    json_t *entries;
    struct hy_key keys[PAGES_LIMIT];
    struct hy_bytes key_bytes[PAGES_LIMIT];
    size_t page_count;
    struct engine_read pages;
};

// A decline is remembered, but is no entry of the ledger.
static bool is_shown(const struct listing *listing, const Huiyuan__V1__Receipt *receipt) {
    return receipt->entry >= listing->low && receipt->entry <= listing->high &&
           receipt->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
}

static void show_newest_first(struct listing *listing, Huiyuan__V1__Receipt **receipts, size_t count) {
    for (size_t i = count; i-- > 0;) {
        if (!is_shown(listing, receipts[i])) continue;
        json_t *entry = render_entry(listing->member->space.partition, receipts[i], listing->points);
        if (entry != NULL) json_array_append_new(listing->entries, entry);
    }
}

static void finish(struct listing *listing) {
    struct request *request = listing->member->request;
    json_t *json = json_object();
    json_object_set_new(json, "member_id", json_string(request->id));
    json_object_set_new(json, "entries", listing->entries);
    char cursor[CURSOR_BYTES];
    cursor_make(request->id, listing->low, cursor);
    json_object_set_new(json, "next_cursor", listing->low > 1 ? json_string(cursor) : json_null());
    request_answer(request, 200, json);
}

// A page that is not there: Redis is being filled again.
static bool show_pages(struct listing *listing, const struct hy_store_answer *answer) {
    struct hy_arena *arena = &listing->member->request->arena;
    if (answer->status != HY_STORE_OK || answer->count < listing->page_count) return false;
    for (size_t i = listing->page_count; i-- > 0;) {
        struct hy_bytes bytes = answer->values[i];
        if (bytes.data == NULL) return false;
        Huiyuan__V1__ReceiptPage *page =
            huiyuan__v1__receipt_page__unpack(&arena->protobuf, bytes.length, bytes.data);
        if (page == NULL) return false;
        show_newest_first(listing, page->receipts, page->n_receipts);
    }
    return true;
}

static void pages_read(void *context, const struct hy_store_answer *answer) {
    struct listing *listing = context;
    if (show_pages(listing, answer)) {
        finish(listing);
        return;
    }
    json_decref(listing->entries);
    outcome_away(listing->member->request);
}

static void read_pages(struct listing *listing, uint64_t last_number) {
    struct member_read *member = listing->member;
    uint64_t first = (listing->low - 1) / HY_PAGE_RECEIPTS;
    uint64_t last = (last_number - 1) / HY_PAGE_RECEIPTS;
    for (uint64_t page = first; page <= last; page++) {
        struct hy_key *key = &listing->keys[listing->page_count];
        *key = hy_key_page(&member->space, member->request->id, page);
        listing->key_bytes[listing->page_count++] = hy_key_bytes(key);
    }
    listing->pages = (struct engine_read){
        .keys = listing->key_bytes, .count = listing->page_count, .done = pages_read, .context = listing};
    engine_read(member->request->gateway->engine, &listing->pages);
}

static void list(struct member_read *member, const Huiyuan__V1__MemberState *state) {
    struct listing *listing = member->context;
    listing->member = member;
    listing->state = state;
    listing->points = huiyuan__v1__points_state__unpack(&member->request->arena.protobuf, state->state.len,
                                                        state->state.data);
    listing->entries = json_array();
    listing->high = state->entries;
    if (listing->before > 0 && listing->before - 1 < listing->high) listing->high = listing->before - 1;
    listing->low = listing->high > listing->limit ? listing->high - listing->limit + 1 : 1;
    show_newest_first(listing, state->tail, state->n_tail);
    uint64_t in_pages = state->entries - state->entries % HY_PAGE_RECEIPTS;
    uint64_t last_number = listing->high < in_pages ? listing->high : in_pages;
    if (listing->low <= last_number)
        read_pages(listing, last_number);
    else
        finish(listing);
}

static bool read_limit(struct request *request, struct listing *listing) {
    const char *text = hy_http_query(request->exchange, "limit");
    listing->limit = LIMIT_DEFAULT;
    if (text == NULL) return true;
    size_t length = strlen(text);
    if (length < 1 || length > 3 || strspn(text, "0123456789") != length) return false;
    listing->limit = strtoull(text, NULL, 10);
    return listing->limit >= 1 && listing->limit <= LIMIT_MAX;
}

static bool read_cursor(struct request *request, struct listing *listing) {
    const char *cursor = hy_http_query(request->exchange, "cursor");
    return cursor == NULL || cursor_parse(request->id, cursor, &listing->before);
}

static void entries(struct request *request) {
    struct listing *listing = hy_arena_zero(&request->arena, sizeof *listing);
    if (!read_limit(request, listing))
        request_refuse(request, (struct hy_error){HY_INVALID_FIELD, "limit", "1 … 100"});
    else if (!read_cursor(request, listing))
        request_refuse(
            request, (struct hy_error){HY_INVALID_FIELD, "cursor",
                                       "a next_cursor of this member's list / 该会员列表返回的 next_cursor"});
    else
        member_read(request, list, listing);
}

const struct route entries_get = {
    .method = "GET",
    .path = "/v1/members/{member_id}/entries",
    .operation = "listEntries",
    .summary = "A member's ledger entries, newest first",
    .roles = STORE | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {PATH_MEMBER_ID("M10001"),
                   {.name = "limit",
                    .in = "query",
                    .type = "integer",
                    .min = 1,
                    .max = LIMIT_MAX,
                    .example = "20",
                    .help =
                        "How many at most; 20 when not said. A page may hold fewer although more follow."},
                   {.name = "cursor",
                    .in = "query",
                    .type = "string",
                    .help = "next_cursor of the page before. New entries do not move it."}},
    .replies = {{.status = 200, .schema = "EntryPage", .help = "next_cursor is null on the last page."}},
    .problems = {HY_NOT_FOUND, HY_INVALID_FIELD, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL,
                 HY_CORRUPT},
    .handle = entries,
};
