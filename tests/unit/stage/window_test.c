#include "common/stage/window.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct hy_window *window, uint64_t id, int64_t event_time_ms) {
    struct hy_receipt receipt = {
        .id_hash = id * 0x9e3779b97f4a7c15u, .event_time_ms = event_time_ms, .entry = (uint32_t)id};
    char note[16];
    int length = snprintf(note, sizeof note, "n%u", (unsigned)id);
    hy_window_add(window, &receipt, hy_bytes(note, (size_t)length));
}

static bool has(const struct hy_window *window, uint64_t id) {
    const struct hy_receipt *receipt = hy_window_find(window, 0, id * 0x9e3779b97f4a7c15u);
    if (receipt == NULL) return false;
    char note[16];
    int length = snprintf(note, sizeof note, "n%u", (unsigned)id);
    cr_assert(hy_bytes_equal(hy_window_note(window, receipt), hy_bytes(note, (size_t)length)), "note of %u",
              (unsigned)id);
    return true;
}

// A sliding window over 20,000 receipts, against a plain rule: found if and only if not expired.
static void slide(uint64_t width) {
    struct hy_window window = {0};
    for (uint64_t id = 1; id <= 20000; id++) {
        add(&window, id, (int64_t)id);
        int64_t horizon[HY_CLASSES_LIMIT] = {(int64_t)id - (int64_t)width};
        hy_window_expire(&window, horizon);
        cr_assert(has(&window, id));
        cr_assert(!has(&window, id + 1));
        if (id > width) {
            cr_assert(has(&window, id - width));
            cr_assert(!has(&window, id - width - 1));
            cr_assert_eq(hy_window_oldest(&window)->entry, id - width);
        }
    }
    hy_window_free(&window);
}

Test(window, few_receipts_are_found_until_they_expire) {
    slide(5);
}

Test(window, many_receipts_are_found_until_they_expire) {
    slide(5000);
}

Test(window, a_window_around_the_switch_to_an_index_works) {
    for (uint64_t width = 28; width < 70; width += 3)
        slide(width);
}

Test(window, classes_do_not_see_each_other) {
    struct hy_window window = {0};
    struct hy_receipt receipt = {.id_hash = 42, .input_class = 1};
    hy_window_add(&window, &receipt, hy_bytes("", 0));
    cr_assert_null(hy_window_find(&window, 0, 42));
    cr_assert_not_null(hy_window_find(&window, 1, 42));
    hy_window_free(&window);
}
