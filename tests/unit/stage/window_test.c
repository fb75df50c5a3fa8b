#include "common/stage/window.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"

static uint64_t hash_of(const char *id) {
    return hy_hash64(hy_bytes_of(id));
}

static void add_of_class(struct hy_window *window, uint64_t number, int64_t event_time_ms,
                         uint32_t input_class, size_t note_bytes) {
    static uint8_t note[5000];
    char id[32];
    snprintf(id, sizeof id, "p%u", (unsigned)number);
    Huiyuan__V1__Receipt receipt = HUIYUAN__V1__RECEIPT__INIT;
    receipt.input_id = id;
    receipt.content_hash = number * 31;
    receipt.event_time_ms = event_time_ms;
    receipt.seq = number * 2;
    receipt.index = (uint32_t)number % 7;
    receipt.input_class = input_class;
    receipt.entry = number;
    receipt.outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
    receipt.code = "no_program";
    memset(note, (int)number & 255, note_bytes);
    receipt.note = (ProtobufCBinaryData){note_bytes, note};
    hy_window_add(window, &receipt, hash_of(id));
}

static void add(struct hy_window *window, uint64_t number, int64_t event_time_ms) {
    add_of_class(window, number, event_time_ms, 0, number % 40);
}

static bool has(const struct hy_window *window, uint64_t number) {
    char id[32];
    struct hy_receipt receipt;
    snprintf(id, sizeof id, "p%u", (unsigned)number);
    if (!hy_window_find(window, 0, id, hash_of(id), &receipt)) return false;
    cr_assert(hy_bytes_equal(receipt.input_id, hy_bytes_of(id)));
    cr_assert_eq(receipt.content_hash, number * 31);
    cr_assert_eq(receipt.seq, number * 2);
    cr_assert_eq(receipt.index, number % 7);
    cr_assert_eq(receipt.entry, number);
    cr_assert_eq((int)receipt.outcome, (int)HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED);
    cr_assert(hy_bytes_equal(receipt.code, hy_bytes_of("no_program")));
    cr_assert_eq(receipt.note.length, number % 40);
    for (size_t i = 0; i < receipt.note.length; i++)
        cr_assert_eq(receipt.note.data[i], number & 255);
    return true;
}

// A sliding window over 20,000 receipts, against a plain rule: found if and only if not expired. Pages turn
// every eight.
static void slide_from(uint64_t width, uint32_t base) {
    struct hy_window window;
    hy_window_init(&window);
    window.base = window.first = window.tail = base;
    for (uint64_t number = 1; number <= 20000; number++) {
        add(&window, number, (int64_t)number);
        if (number % 8 == 0) hy_window_turn_page(&window);
        int64_t horizon[HY_CLASSES_LIMIT] = {(int64_t)number - (int64_t)width};
        if (hy_window_begins_before(&window, horizon[0])) hy_window_expire(&window, horizon);
        cr_assert(has(&window, number));
        cr_assert(!has(&window, number + 1));
        if (number > width) {
            cr_assert(has(&window, number - width));
            cr_assert(!has(&window, number - width - 1));
            cr_assert_eq(hy_window_oldest_entry(&window), number - width);
        }
    }
    cr_assert_lt(window.room, (width + 16) * 85 * 4, "what is forgotten goes");
    hy_window_free(&window);
}

Test(window, few_receipts_are_found_until_they_expire) {
    slide_from(5, 0);
}

Test(window, many_receipts_are_found_until_they_expire) {
    slide_from(5000, 0);
}

Test(window, around_the_switch_to_hashed_slots_all_are_found) {
    for (uint64_t width = 1; width < 40; width += 3)
        slide_from(width, 0);
}

Test(window, places_are_counted_anew_before_they_run_out) {
    for (uint64_t width = 2; width < 200; width += 39)
        slide_from(width, UINT32_C(0x80000000) - 10000);
}

Test(window, classes_do_not_see_each_other) {
    struct hy_window window;
    struct hy_receipt receipt;
    hy_window_init(&window);
    add_of_class(&window, 42, 1, 1, 0);
    cr_assert(!hy_window_find(&window, 0, "p42", hash_of("p42"), &receipt));
    cr_assert(hy_window_find(&window, 1, "p42", hash_of("p42"), &receipt));
    hy_window_free(&window);
}

Test(window, ids_with_the_same_hash_are_told_apart) {
    struct hy_window window;
    struct hy_receipt receipt;
    hy_window_init(&window);
    add_of_class(&window, 42, 1, 0, 0);
    cr_assert(!hy_window_find(&window, 0, "p43", hash_of("p42"), &receipt));
    hy_window_free(&window);
}

// They stand on the page, but are recognised otherwise; the window does not begin with one.
Test(window, what_comes_once_by_its_nature_is_on_the_page_alone) {
    struct hy_window window;
    struct hy_receipt receipt;
    hy_window_init(&window);
    add_of_class(&window, 1, 5, HY_SINGLE_CLASS, 0);
    cr_assert_eq(hy_window_oldest_entry(&window), 0);
    add(&window, 2, 6);
    cr_assert_eq(hy_window_oldest_entry(&window), 2);
    add_of_class(&window, 3, 7, HY_SINGLE_CLASS, 0);
    add(&window, 4, 8);
    hy_window_expire(&window, (int64_t[HY_CLASSES_LIMIT]){7});
    cr_assert_eq(hy_window_oldest_entry(&window), 4);
    cr_assert(!hy_window_find(&window, HY_SINGLE_CLASS, "p3", hash_of("p3"), &receipt));
    cr_assert(has(&window, 4));
    hy_window_expire(&window, (int64_t[HY_CLASSES_LIMIT]){100});
    cr_assert_eq(hy_window_oldest_entry(&window), 0);
    add(&window, 5, 200);
    cr_assert_eq(hy_window_oldest_entry(&window), 5);
    hy_window_free(&window);
}

Test(window, a_receipt_larger_than_all_others_is_kept_whole) {
    struct hy_window window;
    struct hy_receipt receipt;
    hy_window_init(&window);
    add(&window, 1, 1);
    add_of_class(&window, 2, 2, 0, 5000);
    add(&window, 3, 3);
    cr_assert(hy_window_find(&window, 0, "p2", hash_of("p2"), &receipt));
    cr_assert_eq(receipt.note.length, 5000);
    cr_assert(has(&window, 1) && has(&window, 3));
    hy_window_free(&window);
}

Test(window, pages_are_put_before_the_tail) {
    struct hy_window first;
    struct hy_window again;
    hy_window_init(&first);
    hy_window_init(&again);
    uint8_t pages[2][4096];
    size_t lengths[2];
    for (uint64_t number = 1; number <= 19; number++) {
        add(&first, number, (int64_t)number);
        if (number % 8 != 0) continue;
        struct hy_bytes page = hy_window_tail(&first);
        memcpy(pages[number / 8 - 1], page.data, lengths[number / 8 - 1] = page.length);
        hy_window_turn_page(&first);
    }
    struct hy_bytes tail = hy_window_tail(&first);
    Huiyuan__V1__ReceiptPage *read = huiyuan__v1__receipt_page__unpack(NULL, tail.length, tail.data);
    cr_assert_eq(read->n_receipts, 3);
    for (size_t i = 0; i < 3; i++)
        hy_window_put(&again, read->receipts[i]);
    for (size_t i = 0; i < 2; i++)
        cr_assert(hy_window_put_page(&again, hy_bytes(pages[i], lengths[i])));
    hy_window_index(&again);
    for (uint64_t number = 1; number <= 19; number++)
        cr_assert(has(&again, number), "%u", (unsigned)number);
    cr_assert(hy_bytes_equal(hy_window_tail(&again), hy_window_tail(&first)));
    cr_assert_eq(hy_window_oldest_entry(&again), 1);
    huiyuan__v1__receipt_page__free_unpacked(read, NULL);
    hy_window_free(&first);
    hy_window_free(&again);
}

Test(window, bytes_that_are_no_receipts_are_refused) {
    struct hy_window window;
    hy_window_init(&window);
    static const uint8_t cut[] = {6 << 3 | 2, 5, 1 << 3 | 2, 9, 'x', 'y', 'z'};
    static const uint8_t other[] = {5 << 3 | 2, 2, 1 << 3 | 2, 0};
    cr_assert(!hy_window_put_page(&window, hy_bytes(cut, sizeof cut)));
    cr_assert(!hy_window_put_page(&window, hy_bytes(other, sizeof other)));
    hy_window_free(&window);
}
