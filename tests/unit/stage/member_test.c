#include "common/stage/member.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/stage/keys.h"
#include "proto/points.pb-c.h"
#include "tests/unit/stage/toy.h"

// What Redis would hold of one member: its state, and pages by number.
struct shelf {
    struct hy_brain brain;
    struct hy_arena arena;
    struct hy_buffer state;
    struct hy_buffer pages[4000];
};

static void buy(struct shelf *shelf, struct hy_member *member, int n, int64_t event_time_ms) {
    Huiyuan__V1__PointsChange change = HUIYUAN__V1__POINTS_CHANGE__INIT;
    change.points = n;
    Huiyuan__V1__Record record = HUIYUAN__V1__RECORD__INIT;
    char id[32];
    snprintf(id, sizeof id, "p%d", n);
    record.input_id = id;
    record.content_hash = (uint64_t)n * 31;
    record.event_time_ms = event_time_ms;
    record.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    record.entry = member->entries + 1;
    struct hy_member_entry entry = {&record, (uint64_t)n, (uint32_t)n % 7, hy_hash64(hy_bytes_of(id))};
    hy_member_apply(&shelf->brain, member, &entry, &change.base);
}

static void save(struct shelf *shelf, struct hy_member *member) {
    hy_buffer_clear(&shelf->state);
    hy_member_save(&shelf->brain, member, &shelf->state);
    for (struct hy_member_page *page = member->pages; page != NULL; page = page->next)
        hy_buffer_add(&shelf->pages[page->number], page->bytes, page->length);
    hy_member_pages_free(member->pages);
    member->pages = NULL;
}

static struct hy_member *load(struct shelf *shelf, const char *id) {
    struct hy_member *member = hy_member_new(&shelf->brain, id, hy_hash64(hy_bytes_of(id)));
    uint64_t first, end;
    cr_assert(
        hy_member_load(&shelf->brain, member, hy_buffer_bytes(&shelf->state), &shelf->arena, &first, &end));
    for (uint64_t page = first; page < end; page++)
        cr_assert(hy_member_load_page(member, hy_buffer_bytes(&shelf->pages[page])), "page %u",
                  (unsigned)page);
    hy_member_load_tail(&shelf->brain, member);
    return member;
}

static struct shelf *new_shelf(void) {
    struct shelf *shelf = calloc(1, sizeof *shelf);
    shelf->brain = toy_brain();
    hy_arena_init(&shelf->arena);
    hy_buffer_init(&shelf->state, 1 << 20);
    for (size_t i = 0; i < 4000; i++)
        hy_buffer_init(&shelf->pages[i], 1 << 16);
    return shelf;
}

static bool find(const struct hy_member *member, int n, struct hy_receipt *ret_receipt) {
    char id[32];
    snprintf(id, sizeof id, "p%d", n);
    return hy_window_find(&member->window, 0, id, hy_hash64(hy_bytes_of(id)), ret_receipt);
}

static bool knows(const struct hy_member *member, int n) {
    struct hy_receipt receipt;
    return find(member, n, &receipt);
}

Test(member, what_is_saved_after_every_purchase_comes_back_whole) {
    struct shelf *shelf = new_shelf();
    struct hy_member *member = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    int64_t sum = 0;
    for (int n = 1; n <= 300; n++) {
        buy(shelf, member, n, 1000 + n);
        sum += n;
        save(shelf, member);
        struct hy_member *again = load(shelf, "m");
        cr_assert_eq(((struct toy_state *)hy_member_state(again))->sum, sum);
        cr_assert_eq(again->entries, (uint64_t)n);
        for (int k = 1; k <= n; k++) {
            struct hy_receipt receipt;
            cr_assert(find(again, k, &receipt), "purchase %d of %d", k, n);
            cr_assert_eq(receipt.content_hash, (uint64_t)k * 31);
            cr_assert_eq(receipt.seq, (uint64_t)k);
        }
        cr_assert_not(knows(again, n + 1));
        hy_member_free(&shelf->brain, again);
    }
}

Test(member, what_one_purchase_writes_does_not_grow_with_history) {
    struct shelf *shelf = new_shelf();
    struct hy_member *member = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    size_t most_early = 0, most_late = 0;
    for (int n = 1; n <= 20000; n++) {
        buy(shelf, member, n, 1000 + n);
        save(shelf, member);
        size_t *most = n <= 100 ? &most_early : &most_late;
        if (shelf->state.length > *most) *most = shelf->state.length;
    }
    // Numbers grow by some bytes in each of the receipts of a page.
    cr_assert_lt(most_late, most_early + 12 * HY_PAGE_RECEIPTS, "%zu bytes early, %zu late", most_early,
                 most_late);
}

Test(member, only_pages_that_reach_into_the_window_are_loaded) {
    struct shelf *shelf = new_shelf();
    struct hy_member *member = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    for (int n = 1; n <= 1000; n++)
        buy(shelf, member, n, (int64_t)n * (TOY_WINDOW_MS / 20)); // about 20 purchases a window
    save(shelf, member);
    struct hy_member *again = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    uint64_t first, end;
    cr_assert(
        hy_member_load(&shelf->brain, again, hy_buffer_bytes(&shelf->state), &shelf->arena, &first, &end));
    cr_assert_leq(end - first, 4);
    cr_assert_eq(end, 1000 / HY_PAGE_RECEIPTS);
    hy_member_free(&shelf->brain, again);
    again = load(shelf, "m");
    cr_assert(knows(again, 990));
    cr_assert_not(knows(again, 900), "older than the window");
}

Test(member, an_older_event_does_not_move_the_horizon_back) {
    struct shelf *shelf = new_shelf();
    struct hy_member *member = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    buy(shelf, member, 1, 10 * TOY_WINDOW_MS);
    int64_t horizon = hy_member_horizon_ms(&shelf->brain, member, 0);
    buy(shelf, member, 2, 9 * TOY_WINDOW_MS + 1);
    cr_assert_eq(hy_member_horizon_ms(&shelf->brain, member, 0), horizon);
    cr_assert(knows(member, 2));
}

Test(member, another_members_bytes_are_refused) {
    struct shelf *shelf = new_shelf();
    struct hy_member *member = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    buy(shelf, member, 1, 1);
    save(shelf, member);
    struct hy_member *other = hy_member_new(&shelf->brain, "n", hy_hash64(hy_bytes_of("n")));
    uint64_t first, end;
    cr_assert_not(
        hy_member_load(&shelf->brain, other, hy_buffer_bytes(&shelf->state), &shelf->arena, &first, &end));
}

Test(member, a_latest_time_before_1970_is_none) {
    struct shelf *shelf = new_shelf();
    struct hy_member *member = hy_member_new(&shelf->brain, "m", hy_hash64(hy_bytes_of("m")));
    member->newest_ms[0] = INT64_MIN; // only in bytes that somebody damaged
    cr_assert_eq(hy_member_horizon_ms(&shelf->brain, member, 0), INT64_MIN);
}
